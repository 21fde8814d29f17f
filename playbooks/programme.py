"""The exercise programme: what was rehearsed, what is due, what was never practised, whether it gets better. Pure.

What counts: an exercise that ended (a stopped one does not) and tested enough to rate something, on the day it ended.
One person alone practises, but rehearses no team: a solo exercise counts for that person and for nothing else. Which
tier an exercise rehearsed is that of the AI system it was planned for; where it was planned for none, the tier its
scenario was written for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints

from playbooks.score import ORDER, Rating
from severity.errors import ContentError
from severity.loading import StrictModel, check_shape, read_yaml
from severity.taxonomy import HARM_CLASS_IDS

FILE = "programme.yaml"
SHIPPED = Path(__file__).with_name(FILE)
TIERS = (0, 1, 2, 3)
COMPARED = 8  # at most this many newest exercises on either side of a comparison; their pairings stay few
LEVEL = 0.05  # as in the digest: a word about a trend needs a test that says it is not chance


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone, such as Europe/Berlin") from None
    return value


Days = Annotated[int, Field(ge=1, le=3650)]


class TierRule(StrictModel):
    """How often a tier is rehearsed. Days."""

    tier: Annotated[int, Field(ge=0, le=3)]
    every_days: Days
    classes_days: Days | None = None
    because: Annotated[str, StringConstraints(min_length=3, max_length=200)]


class Rules(StrictModel):
    """The whole of `programme.yaml`."""

    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    people_days: Days
    tiers: Annotated[tuple[TierRule, ...], Field(min_length=4, max_length=4)]

    def of(self, tier: int) -> TierRule:
        """The rule of one tier."""
        return next(rule for rule in self.tiers if rule.tier == tier)


def load_rules(path: Path | None = None) -> Rules:
    """Read the file. Raises ContentError naming file, line, key and reason."""
    document = read_yaml(path or SHIPPED)
    rules = check_shape(document, Rules)
    faults = []
    for index, rule in enumerate(rules.tiers):
        if rule.tier != index:
            faults.append(document.fault(("tiers", index, "tier"), "the tiers stand once each, from 0 to 3"))
        elif index and rule.every_days < rules.tiers[index - 1].every_days:
            reason = (
                f"tier {rule.tier} would be rehearsed more often than tier {rule.tier - 1}, which is the higher risk"
            )
            faults.append(document.fault(("tiers", index, "every_days"), reason))
    if faults:
        raise ContentError(faults)
    return rules


@dataclass(frozen=True)
class System:
    """An AI system of the inventory; one without a tier is not asked for until it has one."""

    id: str
    name: str
    tier: int | None


@dataclass(frozen=True)
class Rated:
    """The rating of one objective. `confirmed`: by an evaluator; else it is what the evidence gives."""

    capability: str
    rating: Rating
    confirmed: bool


@dataclass(frozen=True)
class Held:
    """One exercise that ended. `system` is the real system it was planned for; `players` are (person, role)."""

    number: str
    title: str
    scenario: str
    on: date
    tier: int
    harm_classes: tuple[str, ...]
    system: str | None
    players: tuple[tuple[str, str], ...]
    ratings: tuple[Rated, ...]
    solo: bool = False


@dataclass(frozen=True)
class Due:
    """When a system has to be rehearsed next. `last` is None where it never was: then it is due today."""

    system: System
    tier: int
    every_days: int
    last: date | None
    by: date
    because: str

    def overdue(self, today: date) -> bool:
        """Whether that day is here, or over."""
        return self.by <= today


@dataclass(frozen=True)
class ClassGap:
    """A harm class that no exercise of a tier has rehearsed in `days`; `scenarios` are the ones that would."""

    tier: int
    harm_class: str
    days: int
    last: date | None
    scenarios: tuple[str, ...]


@dataclass(frozen=True)
class PersonGap:
    """A responder who has not played in `days`; `last` is None for who never has."""

    user: str
    days: int
    last: date | None


@dataclass(frozen=True)
class Practice:
    """How often somebody has played a role in exercises on a harm class, and when last."""

    user: str
    harm_class: str
    role: str
    times: int
    last: date


Direction = Literal["better", "worse", "no clear change", "too few to say"]


@dataclass(frozen=True)
class Trend:
    """The ratings of one harm class or capability over time, oldest first: (day, exercise, ratings), and what they
    allow to say."""

    of: str
    ratings: tuple[tuple[date, str, tuple[Rating, ...]], ...]
    unconfirmed: int
    says: Direction


def due(rules: Rules, systems: Iterable[System], held: Sequence[Held], today: date) -> list[Due]:
    """Every system with a tier, the one that is due first at the top."""
    found = []
    for system in systems:
        if system.tier is None:
            continue
        rule = rules.of(system.tier)
        last = max((each.on for each in held if each.system == system.id and not each.solo), default=None)
        by = today if last is None else last + timedelta(days=rule.every_days)
        found.append(Due(system, system.tier, rule.every_days, last, by, rule.because))
    return sorted(found, key=lambda each: (each.by, each.last is not None, each.tier, each.system.name))


def class_gaps(
    rules: Rules,
    systems: Iterable[System],
    held: Sequence[Held],
    scenarios: Mapping[str, tuple[str, ...]],
    today: date,
) -> list[ClassGap]:
    """What no team of a tier has rehearsed lately, for the tiers that have a system. `scenarios`: id -> classes."""
    tiers = {system.tier for system in systems}
    found = []
    for rule in rules.tiers:
        if rule.tier not in tiers or rule.classes_days is None:
            continue
        for harm_class in HARM_CLASS_IDS:
            days = [
                each.on for each in held if each.tier == rule.tier and harm_class in each.harm_classes and not each.solo
            ]
            last = max(days, default=None)
            if last is None or (today - last).days > rule.classes_days:
                fitting = tuple(sorted(name for name, classes in scenarios.items() if harm_class in classes))
                found.append(ClassGap(rule.tier, harm_class, rule.classes_days, last, fitting))
    return found


def person_gaps(rules: Rules, responders: Iterable[str], held: Sequence[Held], today: date) -> list[PersonGap]:
    """Responders who have not played lately, those who never have first. Leading or rating is not playing."""
    last: dict[str, date] = {}
    for each in held:
        for user, _ in each.players:
            last[user] = max(each.on, last.get(user, each.on))
    found = [
        PersonGap(user, rules.people_days, last.get(user))
        for user in sorted(set(responders))
        if user not in last or (today - last[user]).days > rules.people_days
    ]
    return sorted(found, key=lambda gap: (gap.last or date.min, gap.user))


def practised(held: Iterable[Held]) -> list[Practice]:
    """Person x harm class x role, by person. A solo exercise counts here: that person did play."""
    days: dict[tuple[str, str, str], list[date]] = {}
    for each in held:
        for user, role in dict.fromkeys(each.players):
            for harm_class in each.harm_classes:
                days.setdefault((user, harm_class, role), []).append(each.on)
    order: dict[str, int] = {harm_class: index for index, harm_class in enumerate(HARM_CLASS_IDS)}
    return [
        Practice(user, harm_class, role, len(found), max(found))
        for (user, harm_class, role), found in sorted(days.items(), key=lambda row: (row[0][0], order[row[0][1]]))
    ]


def class_trends(held: Iterable[Held]) -> list[Trend]:
    """How the ratings went, by harm class."""
    return _trends(held, lambda each, _: each.harm_classes, HARM_CLASS_IDS)


def capability_trends(held: Iterable[Held]) -> list[Trend]:
    """How the ratings went, by the capability that an objective belongs to: the same words in every scenario."""
    held = list(held)
    named = sorted({rated.capability for each in held for rated in each.ratings})
    return _trends(held, lambda _, rated: (rated.capability,), named)


def _trends(held: Iterable[Held], belongs: Callable[[Held, Rated], Sequence[str]], names: Sequence[str]) -> list[Trend]:
    teams = sorted((each for each in held if not each.solo), key=lambda each: (each.on, each.number))
    found = []
    for name in names:
        rows: list[tuple[date, str, tuple[Rating, ...]]] = []
        unconfirmed = 0
        for each in teams:
            rated = [one for one in each.ratings if name in belongs(each, one)]
            if rated:
                rows.append((each.on, each.number, tuple(one.rating for one in rated)))
                unconfirmed += sum(1 for one in rated if not one.confirmed)
        if rows:
            found.append(Trend(name, tuple(rows), unconfirmed, direction([ratings for _, _, ratings in rows])))
    return found


def direction(ratings: Sequence[Sequence[Rating]]) -> Direction:
    """What the ratings of exercises, oldest first, allow to say: the newer half against the older.

    An exercise counts once, by the mean place of its ratings on the scale U, M, S, P. "better" or "worse" only when an
    exact permutation test (two-sided, 5 %) says that it is not chance. With fewer than four on either side no outcome
    could say so, and it is said that they are too few. Of an odd number the oldest is left out.
    """
    half = min(len(ratings) // 2, COMPARED)
    if half < 4:
        return "too few to say"
    places = [sum(ORDER.index(rating) for rating in each) / len(each) for each in ratings[-2 * half :]]
    total, newer = sum(places), sum(places[half:])
    observed = abs(2 * newer - total)
    as_far = sum(abs(2 * sum(chosen) - total) >= observed - 1e-9 for chosen in combinations(places, half))
    if as_far > LEVEL * comb(2 * half, half):
        return "no clear change"
    return "better" if 2 * newer > total else "worse"
