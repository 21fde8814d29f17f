"""The rules of a policy as values: what they test, what they do, and every fault in how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from severity import conditions
from severity.conditions import Condition
from severity.errors import Fault, PolicyError
from severity.facts import Fact
from severity.levels import Severity
from severity.loading import Document, Path_
from severity.schema import CueSpec, FactSpec, PolicyFile, RuleSpec, SeveritySpec


class Effect(StrEnum):
    """What a rule does once its condition holds, in the order in which effects are applied."""

    BASE = "base"
    WORSE = "worse"
    FLOOR = "floor"
    MILDER = "milder"
    AT_MOST = "at most"
    NOT_MATERIALISED = "not materialised"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `amount`: badness of its severity (base, floor, at most) or number of levels (worse, milder)."""

    id: str
    effect: Effect
    amount: int
    when: Condition | None
    """None for the two rules without a condition: the default and "no harm class chosen yet"."""
    because: str
    rationale: str
    owner: str
    source: str
    index: int
    """Place in the file's list of rules; -1 for the rules outside it."""

    @property
    def effect_in_words(self) -> str:
        match self.effect:
            case Effect.BASE:
                return f"severity {Severity.of_badness(self.amount)}"
            case Effect.FLOOR:
                return f"floor {Severity.of_badness(self.amount)}"
            case Effect.AT_MOST:
                return f"at most {Severity.of_badness(self.amount)}"
            case Effect.NOT_MATERIALISED:
                return "counted as not materialised"
            case _:
                return f"{self.amount} level{'s' if self.amount > 1 else ''} {self.effect}"


@dataclass(frozen=True, slots=True)
class Cue:
    """A keyword floor: `floor` holds from a cue in the text until a person answers the fact `until`."""

    name: str
    until: str
    floor: Rule


@dataclass(frozen=True, slots=True)
class Table:
    """Everything an evaluation needs, checked but not yet proved."""

    facts: Mapping[str, Fact]
    rules: tuple[Rule, ...]
    default: Rule | None
    """None only before the proofs, which refuse a policy without one."""
    unclassified: Rule
    cues: Mapping[str, Cue]


def table_of(document: Document, file: PolicyFile) -> Table:
    """The decision table of a policy file. Raises `PolicyError` with every undeclared fact, answer and duplicate."""
    faults: list[Fault] = []

    def report(path: Path_, reason: str) -> None:
        faults.append(document.fault(path, reason))

    facts = {name: _fact(name, spec, report) for name, spec in file.facts.items()}
    rules = [_rule(index, spec, facts, report) for index, spec in enumerate(file.rules)]
    _refuse_duplicates(document, file, report)
    for name, cue in file.provisional.cues.items():
        if cue.until not in facts:
            report(("provisional", "cues", name, "until"), f"undeclared fact {cue.until!r}")
    if faults:
        raise PolicyError(faults)
    return Table(
        facts=facts,
        rules=tuple(rule for rule in rules if rule is not None),
        default=_fixed("default", file.default, Effect.BASE) if file.default else None,
        unclassified=_fixed("unclassified", file.provisional.unclassified, Effect.BASE),
        cues={
            name: Cue(name, cue.until, _fixed(f"cue-{name.replace('_', '-')}", cue, Effect.FLOOR))
            for name, cue in file.provisional.cues.items()
        },
    )


def _fact(name: str, spec: FactSpec, report: conditions.Report) -> Fact:
    if spec.not_sure_counts_as not in spec.answers:
        reason = f"unknown answer {spec.not_sure_counts_as!r}; {name} can be {', '.join(spec.answers)}"
        report(("facts", name, "not_sure_counts_as"), reason)
    return Fact(
        name=name,
        question=spec.question,
        answers=spec.answers,
        not_sure_counts_as=spec.not_sure_counts_as if spec.not_sure_counts_as in spec.answers else [*spec.answers][-1],
        unknown=spec.unknown,
        help=spec.help,
        asked_by=frozenset(spec.asked_by),
    )


def _rule(index: int, spec: RuleSpec, facts: Mapping[str, Fact], report: conditions.Report) -> Rule | None:
    when = conditions.parse(spec.when, facts, ("rules", index, "when"), report)
    if when is None:
        return None
    effect, amount = _effect(spec)
    return Rule(spec.id, effect, amount, when, spec.because, spec.rationale, spec.owner, spec.source, index)


def _effect(spec: RuleSpec) -> tuple[Effect, int]:
    match spec:
        case RuleSpec(severity=Severity() as severity):
            return Effect.BASE, severity.badness
        case RuleSpec(floor=Severity() as severity):
            return Effect.FLOOR, severity.badness
    modifier: Any = spec.modifier
    if modifier.worse:
        return Effect.WORSE, modifier.worse
    if modifier.milder:
        return Effect.MILDER, modifier.milder
    if modifier.at_most:
        return Effect.AT_MOST, modifier.at_most.badness
    return Effect.NOT_MATERIALISED, 0


def _fixed(name: str, spec: SeveritySpec | CueSpec, effect: Effect) -> Rule:
    return Rule(name, effect, spec.severity.badness, None, spec.because, spec.rationale, spec.owner, spec.source, -1)


def _refuse_duplicates(document: Document, file: PolicyFile, report: conditions.Report) -> None:
    seen: dict[str, int] = {}
    for index, rule in enumerate(file.rules):
        if rule.id in seen:
            first = document.line("rules", seen[rule.id], "id")
            report(("rules", index, "id"), f"duplicate id {rule.id!r}, first given on line {first}")
        elif rule.id in ("default", "unclassified") or rule.id.startswith("cue-"):
            report(("rules", index, "id"), f"{rule.id!r} names a rule outside this list; choose another id")
        seen.setdefault(rule.id, index)
