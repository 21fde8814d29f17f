"""The named cases of a policy, `policy_tests.yaml`: facts -> severity and rule, as a policy lead writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from severity.errors import ContentError, Fault, PolicyError, UnknownAnswer
from severity.explain import Situation, decide
from severity.loading import Document, StrictModel, check_shape, read_yaml
from severity.policy import Decision, Policy
from severity.schema import Cue, Sev, Text
from severity.taxonomy import HarmClassId

SHIPPED_CASES = Path(__file__).with_name("policy_tests.yaml")


class _Case(StrictModel):
    name: Text
    harm_classes: tuple[HarmClassId, ...]
    facts: dict[str, str] = Field(default={})
    unanswered: bool = False
    cues: tuple[Cue, ...] = ()
    severity: Sev
    rule: str
    floor: Sev | None = None
    materialised: bool | None = None
    provisional: bool = False


class _CaseFile(StrictModel):
    usually: dict[str, str]
    cases: Annotated[tuple[_Case, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case came out. `faults` is empty when it passed; each names what was expected and what was answered."""

    name: str
    line: int
    situation: Situation
    decision: Decision
    faults: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.faults


def run_cases(policy: Policy, path: Path | None = None) -> list[CaseResult]:
    """Every case of a file (None: the shipped one) against a policy.

    Raises `PolicyError` when the file is wrong, a name is used twice, or a case asks what the policy does not know.
    """
    try:
        document = read_yaml(path or SHIPPED_CASES)
        file = check_shape(document, _CaseFile)
    except ContentError as error:
        raise PolicyError(error.faults) from error
    results: list[CaseResult] = []
    faults: list[Fault] = []
    names: set[str] = set()
    for index, case in enumerate(file.cases):
        if case.name in names:
            faults.append(document.fault(("cases", index, "name"), f"duplicate name {case.name!r}"))
        names.add(case.name)
        try:
            results.append(_run(policy, case, file.usually, document, index))
        except UnknownAnswer as error:
            faults.append(document.fault(("cases", index), str(error)))
    if faults:
        raise PolicyError(faults)
    return results


def _run(policy: Policy, case: _Case, usually: Mapping[str, str], document: Document, index: int) -> CaseResult:
    rest: dict[str, str] = {}
    if not case.unanswered:
        rest = {fact.name: next(iter(fact.answers)) for fact in policy.questions_for(case.harm_classes)} | dict(usually)
    situation = Situation({**rest, **case.facts}, case.harm_classes, case.cues)
    decision = decide(policy, situation)
    expected = {"severity": case.severity, "rule": case.rule, "provisional": case.provisional}
    expected |= {name: getattr(case, name) for name in ("floor", "materialised") if name in case.model_fields_set}
    faults = tuple(
        f"{name}: expected {_word(value)}, the policy answers {_word(getattr(decision, name))}"
        for name, value in expected.items()
        if getattr(decision, name) != value
    )
    return CaseResult(case.name, document.line("cases", index), situation, decision, faults)


def _word(value: object) -> str:
    return "none" if value is None else str(value)
