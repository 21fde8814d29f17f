"""What is proved about a policy each time it is loaded, with a counter-example in words when a proof fails.

- **Every rule decides**: leaving any one rule out changes the severity, the floor or "materialised" somewhere.
- **Total**: every combination of answers has a severity.
- **Monotone**: making any one answer worse never gives a milder severity.
- **Not sure**: answering "not sure" never gives a milder severity than the worst but one answer would.

The proofs are exact: nothing is sampled. Each rule's condition becomes a decision diagram (`diagrams.py`) over all
facts, where every fact ranges over its answers *and* "not sure"; the diagrams are combined with the very operations of
an evaluation (max, add, subtract, min, in `policy.py`'s order) into one diagram of the severity. Comparing that diagram
with one fact held at two answers compares the severities under all combinations of the others at once, because equal
parts of the space of combinations share one node and are visited once.

"Unanswered" needs no proof of its own: a question that is asked counts as "not sure" and one that is not asked as its
best answer, and both are values here. A report without a harm class starts from another base, so the last two are
proved for it too. Cues raise a proved severity to a constant, and "not sure" keeps them: neither can break an order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise, product
from operator import gt, sub

from severity.conditions import Answered, Condition, Every, Not, Some
from severity.diagrams import Diagrams, Node, TooEntangled
from severity.errors import Fault, PolicyError
from severity.facts import NOT_SURE, Fact
from severity.levels import Severity
from severity.loading import Document, Path_
from severity.rules import Effect, Rule, Table

_NO_ANSWER = -1


def prove(document: Document, table: Table) -> None:
    """Prove the table. Raises `PolicyError` with one fault per proof that fails, at the rule or fact to look at."""
    try:
        faults = _Proof(document, table).faults()
    except TooEntangled:
        reason = "cannot be proved: conditions combine so many facts that their combinations cannot be told apart"
        faults = [document.fault(("rules",), reason)]
    if faults:
        raise PolicyError(faults)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Diagrams of what an evaluation answers."""

    severity: Node
    floor: Node
    materialised: Node


class Space:
    """All combinations of answers, and functions over them."""

    def __init__(self, facts: Mapping[str, Fact]) -> None:
        self.facts = tuple(facts.values())
        self.place = {fact.name: index for index, fact in enumerate(self.facts)}
        self.diagrams = Diagrams([len(fact.levels) for fact in self.facts])

    def condition(self, condition: Condition) -> Node:
        """1 where the condition holds, else 0."""
        match condition:
            case Answered(fact=fact, levels=levels):
                return self.diagrams.choice(self.place[fact], levels)
            case Not(part=part):
                return self.diagrams.combine(sub, self.diagrams.leaf(1), self.condition(part))
            case Every(parts=parts):
                return self._fold(min, [self.condition(part) for part in parts])
            case Some(parts=parts):
                return self._fold(max, [self.condition(part) for part in parts])

    def strongest(self, rules: Iterable[Rule], conditions: Mapping[str, Node], effect: Effect, none: int) -> Node:
        """The amount of the strongest rule of this effect that holds, or `none`."""
        best = min if effect is Effect.AT_MOST else max
        node = self.diagrams.leaf(none)
        for rule in rules:
            if rule.effect is effect:
                node = self.diagrams.combine(_strongest_of(best, rule.amount), node, conditions[rule.id])
        return node

    def outcome(self, rules: Iterable[Rule], conditions: Mapping[str, Node], start: int) -> Outcome:
        """The evaluation of `policy.py`, for all combinations at once. `start` is the base when no rule gives one."""
        rules = tuple(rules)
        combine, strongest = self.diagrams.combine, self.strongest
        floor = strongest(rules, conditions, Effect.FLOOR, -1)
        milder = strongest(rules, conditions, Effect.MILDER, 0)
        at_most = strongest(rules, conditions, Effect.AT_MOST, 4)
        base = combine(max, strongest(rules, conditions, Effect.BASE, -1), self.diagrams.leaf(start))
        raised = combine(_raised, base, strongest(rules, conditions, Effect.WORSE, 0))
        lowered = combine(_lowered, combine(max, raised, floor), milder)
        held = combine(_lowered_floor, floor, milder)
        return Outcome(
            severity=combine(min, lowered, at_most),
            floor=combine(min, held, at_most),
            materialised=strongest(rules, conditions, Effect.NOT_MATERIALISED, -1),
        )

    def words(self, values: Mapping[int, int], leave_out: int | None = None) -> str:
        """The combination as a person reads it; answers at their best are left unsaid."""
        said = [
            f"{fact.name} {_answer(fact, values[index])!r}"
            for index, fact in enumerate(self.facts)
            if index != leave_out and values.get(index, 0) != 0
        ]
        return f"with {' and '.join(said)}, the rest at its best" if said else "with every other answer at its best"

    def _fold(self, operation: Callable[[int, int], int], nodes: list[Node]) -> Node:
        first, *rest = nodes
        for node in rest:
            first = self.diagrams.combine(operation, first, node)
        return first


class _Proof:
    """The proofs of one table; each method answers with the faults it found."""

    def __init__(self, document: Document, table: Table) -> None:
        self._document, self._rules, self._table = document, table.rules, table
        self._space = Space(table.facts)
        self._diagrams = self._space.diagrams
        self._holds = {rule.id: self._space.condition(rule.when) for rule in table.rules if rule.when is not None}

    def faults(self) -> list[Fault]:
        default = self._table.default
        if default is None:
            return [self._not_total()]
        return [*self._never_deciding(default), *self._out_of_order(default)]

    def _not_total(self) -> Fault:
        base = self._space.strongest(self._rules, self._holds, Effect.BASE, _NO_ANSWER)
        gap = self._diagrams.find(lambda value, _: value == _NO_ANSWER, base, base)
        reason = "is missing"
        if gap is not None:
            reason += f"; not total: {self._space.words(gap)}, no rule gives a severity"
        return self._document.fault(("default",), reason)

    def _never_deciding(self, default: Rule) -> Iterator[Fault]:
        """A fault for every rule that could be left out without any combination noticing."""
        whole = self._space.outcome(self._rules, self._holds, default.amount)
        for rule in self._rules:
            others = [other for other in self._rules if other is not rule]
            if self._space.outcome(others, self._holds, default.amount) == whole:
                reason = f"rule {rule.id!r} can never decide: {self._why_never(rule, others)}"
                yield self._document.fault(("rules", rule.index, "when"), reason)

    def _why_never(self, rule: Rule, others: list[Rule]) -> str:
        own = self._holds[rule.id]
        if own == self._diagrams.leaf(0):
            return "its condition is never true"
        for other in others:
            stronger = other.amount <= rule.amount if rule.effect is Effect.AT_MOST else other.amount >= rule.amount
            if stronger and other.effect in (rule.effect, Effect.FLOOR if rule.effect is Effect.BASE else None):
                alone = self._diagrams.find(lambda mine, theirs: mine > theirs, own, self._holds[other.id])
                if alone is None:
                    return f"whenever it holds, {other.id!r} holds too and is at least as strong"
        return "wherever it holds, other rules already give at least as much"

    def _out_of_order(self, default: Rule) -> Iterator[Fault]:
        """Faults of monotone and of "not sure", at most one of each per fact."""
        unclassified = max(default.amount, self._table.unclassified.amount)
        starts = {default.amount: "", unclassified: ", before a harm class is chosen"}
        if unclassified == default.amount:
            starts = {default.amount: ""}
        severities = {
            when: self._space.outcome(self._rules, self._holds, start).severity for start, when in starts.items()
        }
        for fact in self._space.facts:
            yield from islice(self._drops(fact, "not monotone", pairwise(fact.answers), severities), 1)
            unsure = [(fact.worst_but_one, NOT_SURE)]
            yield from islice(self._drops(fact, '"not sure" is too mild', unsure, severities), 1)

    def _drops(
        self, fact: Fact, name: str, pairs: Iterable[tuple[str, str]], severities: Mapping[str, Node]
    ) -> Iterator[Fault]:
        """A fault wherever the second answer of a pair gives a milder severity than the first."""
        index = self._space.place[fact.name]
        for (low, high), (when, severity) in product(pairs, severities.items()):
            before = self._diagrams.fixed(severity, index, fact.levels[low])
            after = self._diagrams.fixed(severity, index, fact.levels[high])
            drop = self._diagrams.combine(gt, before, after)
            found = self._diagrams.find(lambda one, _: one == 1, drop, drop)
            if found is None:
                continue
            was, now = {**found, index: fact.levels[low]}, {**found, index: fact.levels[high]}
            reason = (
                f"{name}: {self._space.words(found, leave_out=index)}{when}, {fact.name} {low!r} gives "
                f"{Severity.of_badness(self._diagrams.at(severity, was))} but {high!r} only "
                f"{Severity.of_badness(self._diagrams.at(severity, now))}"
            )
            where = ("facts", fact.name, "not_sure_counts_as") if high == NOT_SURE else self._culprit(fact, was, now)
            yield self._document.fault(where, reason)

    def _culprit(self, fact: Fact, was: dict[int, int], now: dict[int, int]) -> Path_:
        """Where to look: the rule that stops raising, or starts lowering, between two combinations."""
        for rule in self._rules:
            turns_on = rule.effect in (Effect.MILDER, Effect.AT_MOST)
            before, after = (self._diagrams.at(self._holds[rule.id], values) for values in (was, now))
            if rule.effect is not Effect.NOT_MATERIALISED and (before, after) == (not turns_on, turns_on):
                return ("rules", rule.index, "when")
        return ("facts", fact.name)


@cache  # one function per effect and amount, so that the diagrams remember what it made
def _strongest_of(best: Callable[[int, int], int], amount: int) -> Callable[[int, int], int]:
    return lambda so_far, holds: best(so_far, amount) if holds else so_far


def _raised(badness: int, levels: int) -> int:
    return min(4, badness + levels)


def _lowered(badness: int, levels: int) -> int:
    return max(0, badness - levels)


def _lowered_floor(floor: int, levels: int) -> int:
    return max(-1, floor - levels)


def _answer(fact: Fact, level: int) -> str:
    return list(fact.levels)[level]
