"""Conditions of the decision table: `all`, `any`, `not` over "this fact has one of these answers".

    when: {personal_data: others or worse}
    when: {scope: not sure}
    when: {all: [{personal_data: others or worse}, {scope: many}]}

An answer in words is an answer id, alone or followed by `or worse` or `or better`; a list of them means any of them.
"not sure" has a say of its own only where a condition names it; elsewhere it counts as the answer its fact declares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from severity.facts import NOT_SURE, Fact
from severity.loading import Path_

Report = Callable[[Path_, str], None]


@dataclass(frozen=True, slots=True)
class Answered:
    """True when `fact` has one of the answers at `levels` (places in `Fact.levels`, "not sure" included)."""

    fact: str
    levels: frozenset[int]


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition = Answered | Every | Some | Not


def parse(raw: Any, facts: Mapping[str, Fact], path: Path_, report: Report) -> Condition | None:
    """The condition written at `path`, or None after every fault in it was handed to `report`."""
    if not isinstance(raw, dict) or len(raw) != 1:
        report(path, "must be one of {all: [...]}, {any: [...]}, {not: {...}} or {fact: answer}")
        return None
    (key, value), *_ = raw.items()
    if key in ("all", "any"):
        if not isinstance(value, list) or not value:
            report((*path, key), "must be a list of at least one condition")
            return None
        parts = [parse(part, facts, (*path, key, index), report) for index, part in enumerate(value)]
        known = tuple(part for part in parts if part is not None)
        if len(known) < len(parts):
            return None
        return Every(known) if key == "all" else Some(known)
    if key == "not":
        part = parse(value, facts, (*path, key), report)
        return None if part is None else Not(part)
    if key not in facts:
        report((*path, key), f"undeclared fact; the policy declares {', '.join(facts)}")
        return None
    levels = _levels(value, facts[key], (*path, key), report)
    return None if levels is None else Answered(key, levels)


def _levels(raw: Any, fact: Fact, path: Path_, report: Report) -> frozenset[int] | None:
    choices = raw if isinstance(raw, list) else [raw]
    found: set[int] = set()
    for choice in choices:
        words = str(choice).removesuffix(" or worse").removesuffix(" or better")
        if choice == "not sure":
            found.add(fact.levels[NOT_SURE])
        elif words not in fact.answers:
            report(path, f"unknown answer {choice!r}; {fact.name} can be {', '.join(fact.answers)} or not sure")
            return None
        else:
            found |= _span(str(choice), words, fact)
    if not found:
        report(path, "must name at least one answer")
        return None
    return frozenset(found)


def _span(choice: str, answer: str, fact: Fact) -> set[int]:
    """Levels that `answer`, `answer or worse` or `answer or better` covers, with what "not sure" counts as."""
    level = fact.levels[answer]
    last = len(fact.answers) - 1
    low = 0 if choice.endswith(" or better") else level
    high = last if choice.endswith(" or worse") else level
    covered = set(range(low, high + 1))
    if fact.levels[fact.not_sure_counts_as] in covered:
        covered.add(fact.levels[NOT_SURE])
    return covered


def facts_of(condition: Condition) -> Iterator[str]:
    """Names of the facts a condition reads, in the order written."""
    match condition:
        case Answered(fact=fact):
            yield fact
        case Every(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from facts_of(part)
        case Not(part=part):
            yield from facts_of(part)


Test = Callable[[int], Any]


def compiled(condition: Condition, bit_of: Mapping[tuple[str, int], int]) -> Test:
    """A test over a bit mask that holds one bit per (fact, level) that is the case: truthy when the condition holds."""
    match condition:
        case Answered(fact=fact, levels=levels):
            wanted = sum(bit_of[fact, level] for level in levels)
            return wanted.__and__
        case Every(parts=parts):
            tests = tuple(compiled(part, bit_of) for part in parts)
            return lambda mask: all(test(mask) for test in tests)
        case Some(parts=parts):
            tests = tuple(compiled(part, bit_of) for part in parts)
            return lambda mask: any(test(mask) for test in tests)
        case Not(part=part):
            test = compiled(part, bit_of)
            return lambda mask: not test(mask)
