"""What the clocks answer: due times, walls, proposals and warnings, with the small print that goes with each."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from severity.clock_rows import Clock, Limit, Stage
from severity.counting import share

_WARN_AT_SHARE = ((0.5, "50 % of the time has passed"), (0.8, "80 % of the time has passed"))
_WARN_BEFORE = (timedelta(hours=2), "2 hours are left")


@dataclass(frozen=True, slots=True)
class Due:
    """When one report of one clock is due.

    `conservative` is the time to work to, `outer` is information; both are in the clock's zone, and both are None for
    a duty without a number ("immediately"). `start` is what they were counted from.
    """

    clock: Clock
    stage: Stage
    start: datetime
    conservative: datetime | None
    outer: datetime | None
    contested: str | None
    notice: str

    @property
    def counting(self) -> str:
        return self.stage.limit.counting.value if isinstance(self.stage.limit, Limit) else self.stage.limit

    @property
    def source(self) -> str:
        return str(self.clock.source)

    @property
    def zone(self) -> str:
        return self.clock.zone

    @property
    def starts_at(self) -> str:
        return self.stage.starts_at

    @property
    def in_force(self) -> bool:
        """Whether the duty already existed on the day of the start."""
        return self.clock.in_force(self.start)

    def as_json(self) -> dict[str, Any]:
        """Plain values; times in ISO 8601 in the clock's zone, null for "immediately"."""
        limit = self.stage.limit
        return {
            "clock": self.clock.id,
            "title": self.clock.title,
            "stage": self.stage.id,
            "report": self.stage.title,
            "starts_at": self.stage.starts_at,
            "start": self.start.astimezone(ZoneInfo(self.zone)).isoformat(),
            "conservative": self.conservative.isoformat() if self.conservative else None,
            "outer": self.outer.isoformat() if self.outer else None,
            "limit": limit.words if isinstance(limit, Limit) else limit,
            "counting": self.counting,
            "counting_rule": limit.counting.words if isinstance(limit, Limit) else "shown without a number",
            "zone": self.zone,
            "contested": self.contested is not None,
            "contested_because": self.contested,
            "source": self.source,
            "enabled": self.clock.enabled,
            "applies_from": str(self.clock.applies_from) if self.clock.applies_from else None,
            "in_force": self.in_force,
            "note": self.clock.note,
            "notice": self.notice,
            "stages": {stage.id: stage.title for stage in self.clock.stages},
        }

    def as_text(self) -> str:
        """A few lines for people."""
        if self.conservative is None or self.outer is None:
            when = "immediately"
        else:
            when = f"work to {_spoken(self.conservative)} (outer limit, for information: {_spoken(self.outer)})"
        lines = [f"{self.clock.title}, {self.stage.title.lower()}: {when}"]
        if not self.in_force:
            lines.append(self.clock.since)
        return "\n".join([*lines, _small_print(self.clock, self.contested, self.notice)])


@dataclass(frozen=True, slots=True)
class Wall:
    """A limit that runs whether or not the stage's own stamp exists (DORA: 24 hours from awareness)."""

    clock: Clock
    stage: Stage
    at: datetime
    waiting_for: str | None
    contested: str | None
    notice: str

    def breached(self, now: datetime) -> bool:
        """Whether the wall had passed at `now` while the stage's own stamp was still missing."""
        return self.waiting_for is not None and now.timestamp() > self.at.timestamp()

    def as_text(self) -> str:
        wall = self.stage.wall
        assert wall is not None
        waiting = f", although “{self.waiting_for}” has no time yet" if self.waiting_for else ""
        return "\n".join(
            [
                f"{self.clock.title}, {self.stage.title.lower()}: no later than {_spoken(self.at)}, "
                f"{wall.words} from {wall.starts_at.replace('_', ' ')}{waiting}",
                _small_print(self.clock, self.contested, self.notice),
            ]
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A clock that may apply. A named person starts it, or declines it with a reason."""

    clock: Clock
    stage: Stage
    because: str
    contested: str | None
    notice: str

    def as_json(self) -> dict[str, Any]:
        return {
            "clock": self.clock.id,
            "title": self.clock.title,
            "stage": self.stage.id,
            "starts_at": self.stage.starts_at,
            "limit": self.stage.limit.words if isinstance(self.stage.limit, Limit) else self.stage.limit,
            "because": self.because,
            "contested": self.contested is not None,
            "contested_because": self.contested,
            "source": str(self.clock.source),
            "applies_from": str(self.clock.applies_from) if self.clock.applies_from else None,
            "notice": self.notice,
        }

    def as_text(self) -> str:
        return f"{self.clock.title} {self.because}\n{_small_print(self.clock, self.contested, self.notice)}"


@dataclass(frozen=True, slots=True)
class Warn:
    """One instant at which the legal role is told, once."""

    at: datetime
    because: str


def warnings(due: Due, start: datetime) -> list[Warn]:
    """When (UTC) to warn of a due time: 50 %, 80 %, and 2 hours before the conservative time, in order.

    Instants that fall together are told once, those at or before `start` are left out; a duty without a number has
    none.
    """
    if due.conservative is None:
        return []
    end = due.conservative.astimezone(UTC)
    before, left = _WARN_BEFORE
    instants = [(share(start, end, part), words) for part, words in _WARN_AT_SHARE]
    told: dict[datetime, str] = {}
    for at, words in sorted([*instants, (end - before, left)]):
        if at > start.astimezone(UTC):
            told[at] = f"{told[at]}; {words}" if at in told else words
    return [Warn(at, words) for at, words in told.items()]


def _spoken(moment: datetime) -> str:
    return f"{moment:%a %d %b %Y %H:%M %Z}"


def _small_print(clock: Clock, contested: str | None, notice: str) -> str:
    disputed = f"Contested: {contested}" if contested else "Not contested."
    return f"Source: {clock.source}. {disputed}\n{notice}"
