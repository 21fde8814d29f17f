"""Explaining decisions: the path in words, what would change it, and what another policy would have said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from severity.errors import RaiIncidentError, UnknownAnswer
from severity.facts import NOT_SURE
from severity.levels import Severity
from severity.policy import Decision, Policy
from severity.strict_json import read_json


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision is made from: answers by fact, harm classes, and cues found in the report's words."""

    answers: Mapping[str, str | None]
    harm_classes: Collection[str] = ()
    cues: Collection[str] = ()


class Change(NamedTuple):
    """Answering `fact` with `answer`, and nothing else changed, gives `severity`."""

    fact: str
    answer: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Past:
    """An assessment that was made: `id` is the caller's name for it."""

    id: str
    situation: Situation


@dataclass(frozen=True, slots=True)
class Difference:
    """A past assessment that another policy answers differently; `after` is None when it cannot answer at all."""

    id: str
    before: Decision
    after: Decision | None
    reason: str


def decide(policy: Policy, situation: Situation) -> Decision:
    """The decision on a situation, cues included."""
    return policy.provisional(situation.answers, situation.harm_classes, situation.cues)


def situation_from_json(text: str, name: str = "facts") -> Situation:
    """A situation as people write it to a file: `{"harm_classes": ["H4"], "facts": {"scope": "few"}, "cues": []}`.

    Without `facts`, the other keys are the facts themselves. Raises `RaiIncidentError` naming the field; `name` is what
    it calls the file.
    """
    raw = read_json(text, name)
    if not isinstance(raw, dict):
        raise RaiIncidentError(
            'The facts must be an object such as {"harm_classes": ["H4"], "facts": {"scope": "few"}}.'
        )
    classes, cues = _names(raw, "harm_classes"), _names(raw, "cues")
    rest = {key: value for key, value in raw.items() if key not in ("harm_classes", "cues")}
    answers = rest.pop("facts", None) if "facts" in rest else rest
    if not isinstance(answers, dict) or (answers is not rest and rest):
        raise RaiIncidentError('"facts" must be an object of fact and answer, beside harm_classes and cues only.')
    for name, answer in answers.items():
        if answer is not None and not isinstance(answer, str):
            raise RaiIncidentError(f"{name} must be an answer in quotes or null, not {answer!r:.40}.")
    return Situation(answers, classes, cues)


def _names(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = raw.get(key) or ()
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise RaiIncidentError(f"{key} must be a list of names in quotes.")
    return tuple(names)


def in_words(policy: Policy, situation: Situation, decision: Decision) -> list[str]:
    """The path of a decision, one sentence a line: result, every step, then what is not known and how it counted."""
    kind = ", provisional" if decision.provisional else ""
    lines = [f"{decision.severity}{kind}, because {decision.because} (rule {decision.rule})."]
    lines += [f"{step.severity} after {step.rule}: {step.effect}, because {step.because}." for step in decision.path]
    for name in (*decision.not_sure, *decision.unanswered):
        fact = policy.facts[name]
        said = "Not sure" if name in decision.not_sure else "Unanswered"
        lines.append(f"{said}: {fact.question} It counts as: {fact.label(fact.not_sure_counts_as)}.")
    settles = {cue.until for cue in policy.table.cues.values() if cue.name in situation.cues}
    for name in policy.facts:
        if name in settles and situation.answers.get(name) in (None, NOT_SURE):
            lines.append(f"Held up by words in the report until a person answers: {policy.facts[name].question}")
    if decision.floor is not None:
        lines.append(f"Lowering it below {decision.floor} takes a second person.")
    lines.append(f"Policy version {policy.version}, {policy.short_hash}.")
    return lines


def what_would_change(
    policy: Policy, answers: Mapping[str, str | None], harm_classes: Collection[str], cues: Collection[str] = ()
) -> tuple[Change, ...]:
    """Every single other answer that gives another severity, in the order in which questions are asked."""
    now = policy.provisional(answers, harm_classes, cues).severity
    asked = {fact.name for fact in policy.questions_for(harm_classes, cues)}
    changes = []
    for name, fact in policy.facts.items():
        current = answers.get(name)
        if name not in asked and current is None:
            continue
        for answer in fact.levels:
            severity = policy.provisional({**answers, name: answer}, harm_classes, cues).severity
            if answer != current and severity is not now:
                changes.append(Change(name, answer, severity))
    return tuple(changes)


def answerable(policy: Policy, past: Iterable[Past]) -> list[Past]:
    """The past assessments that a policy can answer at all; others were made with questions it does not ask."""
    found = []
    for item in past:
        try:
            decide(policy, item.situation)
        except UnknownAnswer:
            continue
        found.append(item)
    return found


def diff(before: Policy, after: Policy, past: Iterable[Past]) -> list[Difference]:
    """The past assessments whose severity, floor or "materialised" another policy would answer differently.

    One that `after` cannot answer is listed with the reason; one that `before` cannot answer raises `UnknownAnswer`.
    """
    differences = []
    for item in past:
        old = decide(before, item.situation)
        try:
            new = decide(after, item.situation)
        except UnknownAnswer as error:
            differences.append(Difference(item.id, old, None, str(error)))
            continue
        if (old.severity, old.floor, old.materialised) != (new.severity, new.floor, new.materialised):
            differences.append(Difference(item.id, old, new, _reason(old, new)))
    return differences


def _reason(old: Decision, new: Decision) -> str:
    if old.severity is not new.severity:
        return f"{old.severity} by {old.rule} becomes {new.severity} by {new.rule}"
    if old.floor is not new.floor:
        return f"the floor {old.floor or 'none'} becomes {new.floor or 'none'}"
    return f"materialised {old.materialised} becomes {new.materialised}"
