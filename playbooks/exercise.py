"""The exercise clock, and which injects are due on it. Pure: a scenario and what has happened in, times out.

Exercise time is counted in minutes since the start. It runs `speed` times as fast as the wall clock and stands still
while the exercise is paused, so that a scenario written in minutes can be played at any speed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from playbooks.scenario import Condition, Inject, Scenario


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
