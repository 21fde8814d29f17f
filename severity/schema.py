"""The shape of `policy.yaml`, as pydantic types. What the words mean is in the file's own header."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from severity.facts import NOT_SURE
from severity.levels import Severity
from severity.loading import StrictModel
from severity.taxonomy import HARM_CLASS_IDS, HarmClassId

_DURATION = re.compile(r"([1-9][0-9]{0,4}) (min|h|days?)")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "day": timedelta(days=1), "days": timedelta(days=1)}


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f'must be a duration such as "15 min", "4 h" or "3 days", not {value!r:.40}')
    return int(match[1]) * _UNITS[match[2]]


def _severity(value: Any) -> Severity:
    if value not in list(Severity):
        raise ValueError(f"bad severity {value!r:.40}; it is one of {', '.join(Severity)}")
    return Severity(value)


def _classes(value: Any) -> Any:
    return HARM_CLASS_IDS if value == "all" else value


Text = Annotated[str, Field(min_length=1, max_length=2000)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", max_length=60)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Sev = Annotated[Severity, BeforeValidator(_severity)]
Cue = Literal["minor", "death", "injury", "self_harm", "leaked_data", "regulator"]
"""What the deterministic cue lexicon can find in a text; see the `provisional` section of the policy."""


class Reasoned(StrictModel):
    """What every decision of the policy must carry: words for the person, why, who answers for it, and where from."""

    because: Text
    rationale: Text
    owner: Text
    source: Text


class FactSpec(StrictModel):
    question: Text
    answers: dict[Id, Text] = Field(min_length=2)
    not_sure_counts_as: str
    unknown: Text
    help: Text
    asked_by: Annotated[tuple[HarmClassId, ...], BeforeValidator(_classes), Field(min_length=1)]

    @field_validator("answers")
    @classmethod
    def _not_sure_is_ours(cls, answers: dict[str, str]) -> dict[str, str]:
        if NOT_SURE in answers:
            raise ValueError('"not_sure" is offered for every fact; leave it out of the answers')
        return answers


class Modifier(StrictModel):
    worse: Annotated[int, Field(ge=1, le=4)] | None = None
    milder: Annotated[int, Field(ge=1, le=4)] | None = None
    at_most: Sev | None = None
    materialised: Literal[False] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Modifier:
        if len(self.model_fields_set) != 1:
            raise ValueError("must have exactly one of worse, milder, at_most, materialised")
        return self


class RuleSpec(Reasoned):
    id: Id
    when: Any
    severity: Sev | None = None
    floor: Sev | None = None
    modifier: Modifier | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> RuleSpec:
        if len(self.model_fields_set & {"severity", "floor", "modifier"}) != 1:
            raise ValueError("must have exactly one of severity, floor, modifier")
        return self


class SeveritySpec(Reasoned):
    severity: Sev


class CueSpec(Reasoned):
    severity: Sev
    until: str


class ProvisionalSpec(StrictModel):
    unclassified: SeveritySpec
    cues: dict[Cue, CueSpec]


class Targets(StrictModel):
    """What is promised for one severity. None: no target. Times run on the clock, the review on business days."""

    detect: Duration | None
    acknowledge: Duration | None
    triage: Duration | None
    containment_plan: Duration | None
    mitigate: Duration | None
    update_every: Duration | None
    review_business_days: Annotated[int, Field(ge=1, le=60)] | None


class PolicyFile(StrictModel):
    version: Text
    facts: dict[Id, FactSpec] = Field(min_length=1, max_length=60)
    default: SeveritySpec | None = None
    """Required; its absence is found by the proof that every combination has an answer."""
    rules: tuple[RuleSpec, ...] = Field(min_length=1, max_length=150)
    provisional: ProvisionalSpec
    targets: dict[Sev, Targets]

    @field_validator("targets")
    @classmethod
    def _every_severity(cls, targets: dict[Severity, Targets]) -> dict[Severity, Targets]:
        missing = [severity for severity in Severity if severity not in targets]
        if missing:
            raise ValueError(f"has no targets for {', '.join(missing)}")
        return targets
