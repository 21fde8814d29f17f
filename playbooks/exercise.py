"""The exercise clock, and which injects are due on it. Pure: a scenario and what has happened in, times out.

Exercise time is counted in minutes since the start. It runs `speed` times as fast as the wall clock and stands still
while the exercise is paused, so that a scenario written in minutes can be played at any speed.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from playbooks.scenario import START, Condition, Inject, Scenario


@dataclass(frozen=True)
class Leg:
    """From the moment `at`, when the clock showed `minute`, it ran at `speed` (0: it stood still)."""

    at: datetime
    minute: float
    speed: float


@dataclass(frozen=True)
class Clock:
    """The exercise clock as legs, oldest first; none before the start."""

    legs: tuple[Leg, ...] = ()

    def minute(self, moment: datetime) -> float:
        """What the clock showed at a moment: exercise minutes since the start, 0 before it."""
        for leg in reversed(self.legs):
            if moment >= leg.at:
                return leg.minute + (moment - leg.at).total_seconds() / 60 * leg.speed
        return 0.0

    def moment(self, minute: float) -> datetime | None:
        """When the clock will show `minute`, as it runs now; None while it stands still."""
        if not self.legs or self.legs[-1].speed == 0:
            return None
        leg = self.legs[-1]
        return leg.at + timedelta(minutes=max(0.0, minute - leg.minute) / leg.speed)

    def turned(self, at: datetime, speed: float) -> "Clock":
        """The clock with another speed from `at` on."""
        return Clock((*self.legs, Leg(at, self.minute(at), speed)))

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        return {"legs": [[leg.at.isoformat(), leg.minute, leg.speed] for leg in self.legs]}


def clock_of(found: Mapping[str, Any]) -> Clock:
    """The clock of a record."""
    return Clock(tuple(Leg(datetime.fromisoformat(at), minute, speed) for at, minute, speed in found.get("legs") or ()))


@dataclass(frozen=True)
class Choice:
    """Which option of an inject was chosen, and when."""

    option: str
    minute: float


@dataclass(frozen=True)
class Settled:
    """An action that was done in time, or not; `minute` is when that was certain."""

    done: bool
    minute: float


@dataclass(frozen=True)
class Progress:
    """What has happened so far, in exercise minutes. A skipped inject counts for its followers as if it was sent."""

    sent: Mapping[str, float] = field(default_factory=dict)
    skipped: Mapping[str, float] = field(default_factory=dict)
    chosen: Mapping[str, Choice] = field(default_factory=dict)
    settled: Mapping[str, Settled] = field(default_factory=dict)

    @property
    def passed(self) -> dict[str, float]:
        """Injects that are over, sent or not."""
        return {**self.skipped, **self.sent}


def planned(scenario: Scenario, progress: Progress) -> dict[str, float]:
    """The waiting injects whose time is known, with it, in order. What hangs on an open branch is not there yet."""
    waiting = (inject for inject in scenario.injects if inject.id not in progress.passed)
    times = ((inject.id, _time(scenario, inject, progress)) for inject in waiting)
    return dict(sorted(((name, time) for name, time in times if time is not None), key=lambda pair: pair[1]))


def cut_off(scenario: Scenario, progress: Progress, *, early: bool) -> set[str]:
    """The injects that the team was kept from: the skipped ones with what hung on them and, where the exercise ended
    `early`, all that could still have come. What lay on a way that was not taken is not among them."""
    lost = set(progress.skipped)
    while True:
        reached = lost | (set(progress.sent) if early else set())
        waiting = [inject for inject in scenario.injects if inject.id not in progress.passed and inject.id not in lost]
        found = {inject.id for inject in waiting if _open(scenario, inject, progress, reached, early)}
        if not found:
            return lost
        lost |= found


def _open(scenario: Scenario, inject: Inject, progress: Progress, reached: Set[str], early: bool) -> bool:
    """Whether an inject could come after one of `reached`, as far as nothing has been decided otherwise."""

    def unsettled(name: str) -> bool:
        after = scenario.action(name).after
        return name not in progress.settled and (after in reached or (early and after == START))

    if inject.at is not None:
        return early
    if inject.after is not None:
        return inject.after.inject in reached
    if inject.when is not None:
        return unsettled(inject.when.action)
    chosen = {name: choice.option for name, choice in progress.chosen.items()}
    return any(
        any(option.next == inject.id and chosen.get(other.id, option.id) == option.id for option in other.options)
        or any(branch.inject == inject.id and unsettled(branch.if_.action) for branch in other.then)
        for other in scenario.injects
        if other.id in reached
    )


def _time(scenario: Scenario, inject: Inject, progress: Progress) -> float | None:
    """When an inject is to be sent, as far as that is known: by its own trigger, else by the first branch to it."""
    if inject.at is not None:
        return float(inject.at)
    if inject.after is not None:
        start = progress.passed.get(inject.after.inject)
        return None if start is None else start + inject.after.minutes
    if inject.when is not None:
        return _when(inject.when, progress)
    return min(_branches(scenario, inject.id, progress), default=None)


def _branches(scenario: Scenario, inject_id: str, progress: Progress) -> Iterator[float]:
    """When a choice, or how an action came out, led to this inject."""
    for other in scenario.injects:
        choice = progress.chosen.get(other.id)
        if choice and any(option.id == choice.option and option.next == inject_id for option in other.options):
            yield choice.minute
        for branch in other.then:
            minute = _when(branch.if_, progress) if branch.inject == inject_id else None
            if minute is not None and other.id in progress.sent:
                yield max(minute, progress.sent[other.id])


def _when(condition: Condition, progress: Progress) -> float | None:
    settled = progress.settled.get(condition.action)
    return settled.minute if settled is not None and settled.done is not condition.missed else None
