"""The severity policy: written rules -> severity, with the path that led there. Pure, and proved before it is used.

An evaluation goes through the table in one fixed order, which `policy.yaml` explains with its reasons:

1. the worst base severity whose rule holds (the worst harm wins, never a sum), else the default;
2. raised by the largest `worse` that holds, once;
3. at least the worst floor that holds;
4. lowered by the largest `milder` that holds;
5. at most the lowest `at_most` that holds;
6. before a person answered: at least the floor of every cue found in the report's words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from severity import conditions, proofs
from severity.errors import ContentError, PolicyError, UnknownAnswer
from severity.facts import NOT_SURE, Fact
from severity.levels import Severity
from severity.loading import Document, check_shape, read_yaml, read_yaml_text
from severity.rules import Effect, Rule, Table, table_of
from severity.schema import PolicyFile, Targets
from severity.taxonomy import HARM_CLASS_IDS

SHIPPED = Path(__file__).with_name("policy.yaml")


class Step(NamedTuple):
    """One rule on the way to the decision, and the severity after it."""

    rule: str
    effect: str
    because: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy answers.

    `because` is a clause to stand after "because": lower case, no full stop. `floor` is the severity below which an
    override needs a second person, or None. `materialised` is False for near misses and everything milder.
    `provisional` while a question of the chosen harm classes is unanswered, or no class is chosen.
    `unanswered` and `not_sure` name those facts; both count as the policy says "not sure" does.
    """

    severity: Severity
    rule: str
    because: str
    path: tuple[Step, ...]
    floor: Severity | None
    materialised: bool
    provisional: bool
    unanswered: tuple[str, ...]
    not_sure: tuple[str, ...]
    policy_hash: str


class _Bits(NamedTuple):
    one: int
    others: int


_TestedRule = tuple[conditions.Test, Rule, frozenset[str]]


class Policy:
    """A checked and proved policy. Make one with `load_policy` or `policy_from_text`; it never changes."""

    def __init__(self, document: Document, file: PolicyFile, table: Table) -> None:
        assert table.default is not None  # proved
        self._default = table.default
        self.version: str = file.version
        self.table = table
        self.targets: Mapping[Severity, Targets] = file.targets
        self._value = document.value
        bit_of = {
            (name, level): 1 << position
            for position, (name, level) in enumerate(
                (name, level) for name, fact in table.facts.items() for level in fact.levels.values()
            )
        }
        self._bits = {
            (name, answer): _Bits(bit_of[name, level], ~sum(bit_of[name, any_] for any_ in fact.levels.values()))
            for name, fact in table.facts.items()
            for answer, level in fact.levels.items()
        }
        self._rules: dict[Effect, tuple[_TestedRule, ...]] = {
            effect: tuple(self._tested(table.rules, effect, bit_of)) for effect in Effect
        }
        self._starts: dict[frozenset[str], tuple[int, tuple[str, ...]]] = {}

    @staticmethod
    def _tested(rules: Iterable[Rule], effect: Effect, bit_of: Mapping[tuple[str, int], int]) -> list[_TestedRule]:
        """Rules of one effect, strongest first, then as written: the first that holds is the one that counts."""
        sign = 1 if effect is Effect.AT_MOST else -1
        ordered = sorted((rule for rule in rules if rule.effect is effect), key=lambda rule: sign * rule.amount)
        return [
            (conditions.compiled(rule.when, bit_of), rule, frozenset(conditions.facts_of(rule.when)))
            for rule in ordered
            if rule.when is not None
        ]

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The questions by name, in the order in which they are asked."""
        return self.table.facts

    @cached_property
    def text(self) -> str:
        """The policy as canonical YAML: store it beside its hash, read it back with `policy_from_text`."""
        return yaml.safe_dump(self._value, sort_keys=False, allow_unicode=True, width=120)

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the content: the same for every layout and comment, another for any other word."""
        canonical = json.dumps(self._value, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def short_hash(self) -> str:
        """The first 12 digits of the hash, for people."""
        return self.hash[:12]

    def questions_for(self, harm_classes: Collection[str], cues: Collection[str] = ()) -> tuple[Fact, ...]:
        """The questions that these harm classes ask, and those that settle a cue found in the report, in order."""
        asked = set(self._start(frozenset(harm_classes))[1]) | {self._cue(cue).until for cue in cues}
        return tuple(fact for name, fact in self.facts.items() if name in asked)

    def evaluate(self, answers: Mapping[str, str | None], harm_classes: Collection[str]) -> Decision:
        """The severity of these answers (fact -> answer id or `not_sure`; None or absent: unanswered).

        A question that a chosen harm class asks and nobody answered counts as "not sure"; a question that none of them
        asks is out of play unless it was answered. Raises `UnknownAnswer` on a fact, answer or class that is not known.
        """
        return self._decide(answers, harm_classes, ())

    def provisional(
        self, answers: Mapping[str, str | None], harm_classes: Collection[str], cues: Collection[str] = ()
    ) -> Decision:
        """As `evaluate`, held up by the cues found in the report's words until a person settles what each asks."""
        return self._decide(answers, harm_classes, cues)

    def _decide(
        self, answers: Mapping[str, str | None], harm_classes: Collection[str], cues: Collection[str]
    ) -> Decision:
        classes = frozenset(harm_classes)
        mask, asked = self._start(classes)
        unsure: list[str] = []
        for name, answer in answers.items():
            if answer is None:
                continue
            bits = self._bits.get((name, answer))
            if bits is None:
                raise self._unknown_answer(name, answer)
            mask = mask & bits.others | bits.one
            if answer == NOT_SURE:
                unsure.append(name)
        unanswered = tuple(name for name in asked if answers.get(name) is None)
        unknown = {*unsure, *unanswered}

        base, base_facts = self._first(Effect.BASE, mask) or (self._default, frozenset())
        if not classes and self.table.unclassified.amount > base.amount:
            base, base_facts = self.table.unclassified, frozenset()
        badness = base.amount
        path = [_step(base, badness)]
        decider, decider_facts = base, base_facts

        raised = self._first(Effect.WORSE, mask)
        if raised is not None and badness < 4:
            badness = min(4, badness + raised[0].amount)
            path.append(_step(raised[0], badness))
            if base is self._default:
                decider, decider_facts = raised
                raised = None
        else:
            raised = None

        floored = self._first(Effect.FLOOR, mask)
        floor = floored[0].amount if floored else -1
        if floored is not None:
            if floor > badness:
                badness = floor
                (decider, decider_facts), raised = floored, None
            path.append(_step(floored[0], badness))

        lowered = self._first(Effect.MILDER, mask)
        if lowered is not None:
            badness, floor = max(0, badness - lowered[0].amount), max(floor - lowered[0].amount, -1)
            path.append(_step(lowered[0], badness))

        capped = self._first(Effect.AT_MOST, mask)
        if capped is not None:
            floor = min(floor, capped[0].amount)
            if capped[0].amount < badness:
                badness = capped[0].amount
                path.append(_step(capped[0], badness))
                (decider, decider_facts), raised = capped, None

        event = self._first(Effect.NOT_MATERIALISED, mask)
        if event is not None:
            path.append(_step(event[0], badness))

        held = self._held(cues, answers)
        if held is not None:
            floor = max(floor, held.amount)
            if held.amount > badness:
                badness = held.amount
                path.append(_step(held, badness))
                decider, decider_facts, raised = held, frozenset(), None

        return Decision(
            severity=Severity.of_badness(badness),
            rule=decider.id,
            because=self._because(decider, decider_facts, raised, unknown, bool(unanswered) or not classes),
            path=tuple(path),
            floor=Severity.of_badness(floor) if floor > 0 else None,
            materialised=event is None,
            provisional=bool(unanswered) or not classes or (held is not None and decider is held),
            unanswered=unanswered,
            not_sure=tuple(unsure),
            policy_hash=self.hash,
        )

    def _first(self, effect: Effect, mask: int) -> tuple[Rule, frozenset[str]] | None:
        for test, rule, facts in self._rules[effect]:
            if test(mask):
                return rule, facts
        return None

    def _held(self, cues: Collection[str], answers: Mapping[str, str | None]) -> Rule | None:
        """The strongest cue that no person has settled: "not sure" does not settle one."""
        open_ = [cue for cue in map(self._cue, cues) if answers.get(cue.until) in (None, NOT_SURE)]
        return max((cue.floor for cue in open_), key=lambda rule: rule.amount, default=None)

    def _because(
        self,
        decider: Rule,
        decider_facts: frozenset[str],
        raised: tuple[Rule, frozenset[str]] | None,
        unknown: set[str],
        provisional: bool,
    ) -> str:
        gaps = [fact.unknown for name, fact in self.facts.items() if name in decider_facts & unknown]
        reason = " and ".join(gaps) or decider.because
        if raised is None:
            return reason
        rule, facts = raised
        if provisional and facts & unknown and (gaps or not decider_facts):
            return rule.because
        return f"{reason}, and {rule.because}"

    def _start(self, classes: frozenset[str]) -> tuple[int, tuple[str, ...]]:
        """The mask in which every asked question is "not sure" and every other one is at its best, and those asked."""
        start = self._starts.get(classes)
        if start is None:
            for unknown in classes - set(HARM_CLASS_IDS):
                raise UnknownAnswer(f"There is no harm class {unknown!r}. They are {', '.join(HARM_CLASS_IDS)}.")
            every = frozenset(HARM_CLASS_IDS)
            asked = tuple(
                name for name, fact in self.facts.items() if fact.asked_by & classes or fact.asked_by == every
            )
            mask = 0
            for name, fact in self.facts.items():
                mask |= self._bits[name, NOT_SURE if name in asked else next(iter(fact.answers))].one
            start = self._starts[classes] = (mask, asked)
        return start

    def _cue(self, name: str) -> Any:
        if name not in self.table.cues:
            raise UnknownAnswer(f"There is no cue {name!r}. The policy knows {', '.join(self.table.cues)}.")
        return self.table.cues[name]

    def _unknown_answer(self, name: str, answer: str) -> UnknownAnswer:
        fact = self.facts.get(name)
        if fact is None:
            return UnknownAnswer(f"There is no fact {name!r}. The policy asks {', '.join(self.facts)}.")
        return UnknownAnswer(f"{name} cannot be {answer!r}. It is one of {', '.join(fact.levels)}.")


def _step(rule: Rule, badness: int) -> Step:
    return Step(rule.id, rule.effect_in_words, rule.because, Severity.of_badness(badness))


def load_policy(path: Path | None = None) -> Policy:
    """The policy in a YAML file, checked and proved; None for the shipped one. Raises `PolicyError` with all faults."""
    try:
        document = read_yaml(path or SHIPPED)
        return _policy(document.text, document.name)
    except PolicyError:
        raise
    except ContentError as error:
        raise PolicyError(error.faults) from error


def policy_from_text(text: str, name: str = "stored policy") -> Policy:
    """The policy in a text, such as the `Policy.text` an old assessment was made with. Raises `PolicyError`."""
    try:
        return _policy(text, name)
    except PolicyError:
        raise
    except ContentError as error:
        raise PolicyError(error.faults) from error


@lru_cache(maxsize=16)  # the proofs of one text come out the same each time, and a policy never changes
def _policy(text: str, name: str) -> Policy:
    document = read_yaml_text(text, name)
    file = check_shape(document, PolicyFile)
    table = table_of(document, file)
    proofs.prove(document, table)
    return Policy(document, file, table)
