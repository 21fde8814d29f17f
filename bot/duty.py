"""Office hours as an organisation holds them: `office_hours.yaml` of the configuration folder. Pure but for the file.

A slot is a weekday, from and to in a zone, and the experts on duty. Times are local: 14:00 stays 14:00 when the clocks
change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from severity.errors import ContentError, Fault
from severity.loading import StrictModel, check_shape, read_yaml

FILE = "office_hours.yaml"
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SOON = timedelta(minutes=15)
"""A slot that ends sooner than this leaves nobody time to take a question."""
PROMPTS: Final = (
    "Which risk tier does my system need?",
    "Who may approve an exception, and for how long?",
    "Do we need human review before launch?",
    "What must be logged, and for how long?",
)


def _day(value: str) -> str:
    if value.lower() not in DAYS:
        raise ValueError(f"must be one of {', '.join(DAYS)}")
    return value.lower()


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone, such as Europe/Berlin") from None
    return value


Day = Annotated[str, AfterValidator(_day)]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Zone = Annotated[str, AfterValidator(_zone)]
UserId = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,20}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]


class Slot(StrictModel):
    """One weekly slot."""

    day: Day
    from_: Clock = Field(alias="from")
    to: Clock
    zone: Zone | None = None
    experts: tuple[UserId, ...] = Field(min_length=1, max_length=10)


class Schedule(StrictModel):
    """The whole file. Every part may be left out."""

    zone: Zone = "UTC"
    queue_channel: Name | None = None
    fallback_group: Name | None = None
    prompts: tuple[Annotated[str, Field(min_length=1, max_length=75)], ...] = Field(PROMPTS, min_length=1, max_length=4)
    slots: tuple[Slot, ...] = ()

    @property
    def experts(self) -> frozenset[str]:
        """Everybody who is on duty in some slot."""
        return frozenset(expert for slot in self.slots for expert in slot.experts)


@dataclass(frozen=True)
class Hour:
    """A slot on one day. Times are UTC."""

    start: datetime
    end: datetime
    experts: tuple[str, ...]


def load_schedule(path: Path) -> Schedule:
    """Read the file; an empty schedule where it is absent. Raises ContentError naming file, line, key and reason."""
    if not path.exists():
        return Schedule()
    document = read_yaml(path)
    schedule = check_shape(document, Schedule)
    faults: list[Fault] = [
        document.fault(("slots", index, "to"), "must be later than from, on the same day")
        for index, slot in enumerate(schedule.slots)
        if slot.to <= slot.from_
    ]
    if faults:
        raise ContentError(faults)
    return schedule


def now_on(schedule: Schedule, moment: datetime) -> Hour | None:
    """The slot that is on, the one that lasts longest."""
    on = [hour for hour in _hours(schedule, moment) if hour.start <= moment < hour.end]
    return max(on, key=lambda hour: hour.end, default=None)


def next_on(schedule: Schedule, moment: datetime) -> Hour | None:
    """The next slot to begin."""
    return min((h for h in _hours(schedule, moment) if h.start > moment), key=lambda hour: hour.start, default=None)


def remind_at(schedule: Schedule, moment: datetime) -> datetime:
    """When to remind of a question that nobody took: when the slot ends, else after a working day."""
    hour = now_on(schedule, moment)
    if hour is not None and hour.end - moment >= SOON:
        return hour.end
    local = moment.astimezone(ZoneInfo(schedule.zone))
    later = local + timedelta(days=1)  # in local time: nine o'clock stays nine o'clock
    while later.weekday() >= 5:
        later += timedelta(days=1)
    return later.astimezone(UTC)


def _hours(schedule: Schedule, moment: datetime) -> Iterator[Hour]:
    """Every slot from yesterday to a week and a day ahead, so that no zone misses one."""
    for slot in schedule.slots:
        zone = ZoneInfo(slot.zone or schedule.zone)
        today = moment.astimezone(zone).date()
        for ahead in range(-1, 9):
            day = today + timedelta(days=ahead)
            if day.weekday() == DAYS.index(slot.day):
                start, end = (
                    datetime.combine(day, time.fromisoformat(at), zone).astimezone(UTC) for at in (slot.from_, slot.to)
                )
                yield Hour(start, end, slot.experts)
