"""Periods of a digest: whole days of one zone, and when the digest of a period is due.

A period holds its first day and not the day after its last. Days begin at local midnight, so a week with a change of
the clocks has 167 or 169 hours. A due time that a change skips is the next valid moment; one that occurs twice is the
first of the two.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Every = Literal["weekly", "monthly", "quarterly"]
EVERY: tuple[Every, ...] = get_args(Every)
MONTHS: dict[Every, int] = {"monthly": 1, "quarterly": 3}
WEEK = timedelta(days=7)


def instant(day: date, at: time, zone: str) -> datetime:
    """The moment (UTC) of a local time of day."""
    place = ZoneInfo(zone)
    local = datetime.combine(day, at, place)  # fold 0: the first of two
    moment = local.astimezone(UTC)
    if moment.astimezone(place).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # Skipped: read with the offset from after the change it lies before the change, with the one from before, after.
    early, late = local.replace(fold=1).astimezone(UTC), moment
    changed = late.astimezone(place).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        early, late = (early, middle) if middle.astimezone(place).utcoffset() == changed else (middle, late)
    return late.replace(microsecond=0)


@dataclass(frozen=True)
class Period:
    """Days from `first` (included) to `after` (excluded) in `zone`. `every` is None for one that somebody chose."""

    first: date
    after: date
    zone: str = "UTC"
    every: Every | None = None

    @property
    def start(self) -> datetime:
        """The first moment of it, UTC."""
        return instant(self.first, time(), self.zone)

    @property
    def end(self) -> datetime:
        """The first moment that does not belong to it, UTC."""
        return instant(self.after, time(), self.zone)

    @property
    def days(self) -> int:
        return (self.after - self.first).days

    @property
    def last(self) -> date:
        """The last day of it."""
        return self.after - timedelta(days=1)

    @property
    def previous(self) -> "Period":
        """The one just before it, as long: by the calendar for months and quarters, else by days."""
        first = (
            _shift(self.first, -MONTHS[self.every]) if self.every in MONTHS else self.first - (self.after - self.first)
        )
        return Period(first, self.first, self.zone, self.every)

    @property
    def following(self) -> "Period":
        """The one just after it, as long."""
        after = (
            _shift(self.after, MONTHS[self.every]) if self.every in MONTHS else self.after + (self.after - self.first)
        )
        return Period(self.after, after, self.zone, self.every)

    def weeks(self, count: int) -> list["Period"]:
        """The `count` weeks that end with it, oldest first."""
        firsts = [self.after - WEEK * number for number in range(count, 0, -1)]
        return [Period(first, first + WEEK, self.zone, "weekly") for first in firsts]

    @property
    def title(self) -> str:
        """`9–15 November 2026`, `November 2026`, `2026, third quarter`."""
        if self.every == "monthly":
            return f"{self.first:%B %Y}"
        if self.every == "quarterly":
            return f"{self.first.year}, {('first', 'second', 'third', 'fourth')[self.first.month // 3]} quarter"
        first, last = self.first, self.last
        if first == last:
            return f"{first.day} {first:%B %Y}"
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{last.day} {last:%B %Y}"
        if first.year == last.year:
            return f"{first.day} {first:%B} – {last.day} {last:%B %Y}"
        return f"{first.day} {first:%B %Y} – {last.day} {last:%B %Y}"

    @property
    def these(self) -> str:
        """`this week`, `these 10 days`."""
        return f"{'these' if self.noun.endswith('days') else 'this'} {self.noun}"

    @property
    def noun(self) -> str:
        """What one such period is called: `week`, `month`, `quarter`, or `10 days`."""
        names = {"weekly": "week", "monthly": "month", "quarterly": "quarter", None: f"{self.days} days"}
        return names[self.every] if self.days != 7 else "week"


def of_days(first: date, after: date, zone: str) -> Period:
    """The days that somebody chose: the month or the quarter where they are exactly one."""
    for every, months in MONTHS.items():
        if first.day == 1 and (first.month - 1) % months == 0 and _shift(first, months) == after:
            return Period(first, after, zone, every)
    return Period(first, after, zone)


@dataclass(frozen=True)
class Rhythm:
    """How often, on which weekday (0 is Monday) and at what local time. Months and quarters are told on the first such
    weekday after they have ended; a week is the seven whole days before the day it is told."""

    every: Every
    weekday: int
    at: time
    zone: str

    def due(self, period: Period) -> datetime:
        """When the digest of this period is due, UTC."""
        day = period.after + timedelta(days=(self.weekday - period.after.weekday()) % 7)
        return instant(day, self.at, self.zone)

    def newest(self, moment: datetime) -> Period:
        """The newest period that has ended."""
        today = moment.astimezone(ZoneInfo(self.zone)).date()
        if self.every == "weekly":
            after = today - timedelta(days=(today.weekday() - self.weekday) % 7)
            period = Period(after - WEEK, after, self.zone, self.every)
        else:
            length = MONTHS[self.every]
            after = date(today.year, (today.month - 1) // length * length + 1, 1)
            period = Period(_shift(after, -length), after, self.zone, self.every)
        return period if period.end <= moment else period.previous

    def next(self, moment: datetime) -> Period:
        """The first period whose digest is due after this moment."""
        period = self.newest(moment).previous
        while self.due(period) <= moment:
            period = period.following
        return period


def _shift(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, day.day)
