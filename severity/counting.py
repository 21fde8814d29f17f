"""How a legal period is counted: from a start and a limit to a conservative and an outer due time.

`conservative` is the time to work to: nothing is rolled forward. `outer` is the latest end a reader of the rule
could argue for (weekends, public holidays, the two-working-days minimum); it is information, never a plan.
The two are equal where a rule has nothing to roll.
"""

import calendar
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

END_OF_DAY = time(23, 59, 59)
_EARLIEST, _LATEST = 2000, 2199
_LONGEST = 3660


class Counting(StrEnum):
    """The rules a clock may name."""

    HOURS = "hours"
    CALENDAR_DAYS = "calendar-days"
    EU_DAYS = "eu-days"
    EU_MONTHS = "eu-months"
    US_BUSINESS_DAYS = "us-business-days"

    @property
    def words(self) -> str:
        """The rule in one sentence, for people."""
        return _WORDS[self]


_WORDS = {
    Counting.HOURS: "elapsed hours from the start, through nights, weekends and clock changes",
    Counting.CALENDAR_DAYS: "calendar days; the start's own day is not counted; ends with the last day",
    Counting.EU_DAYS: (
        "calendar days; the start's own day is not counted; the outer time rolls to the next working day and holds "
        "at least two working days (Regulation (EEC, Euratom) No 1182/71, Art. 3)"
    ),
    Counting.EU_MONTHS: (
        "ends on the same day number of the later month, or on its last day; the outer time rolls to the next "
        "working day (Regulation (EEC, Euratom) No 1182/71, Art. 3)"
    ),
    Counting.US_BUSINESS_DAYS: (
        "US federal business days; the start's own day is not counted; the outer time also skips days on which "
        "federal offices are closed by executive order"
    ),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Two ends of one period, both aware and in the zone it was counted in; conservative <= outer."""

    conservative: datetime
    outer: datetime


def count(
    rule: Counting,
    amount: int,
    start: datetime,
    zone: ZoneInfo,
    *,
    holidays: str = "BE",
    cutoff: time = END_OF_DAY,
) -> Period:
    """Count `amount` hours, days or months from `start`.

    `start` must be aware; its day is the day it has in `zone`. `holidays` is the country (ISO 3166 alpha-2) whose
    public holidays roll an EU period; `cutoff` is the local time at which the last day ends for the recipient.
    Raises ValueError for a naive or implausible start and for a limit that is not 1..3660.
    """
    if start.tzinfo is None or start.utcoffset() is None:
        raise ValueError("the start needs a UTC offset, such as 2027-12-10T14:00+01:00")
    if not _EARLIEST <= start.year <= _LATEST:
        raise ValueError(f"the start's year {start.year} is not between {_EARLIEST} and {_LATEST}")
    if not 1 <= amount <= _LONGEST:
        raise ValueError(f"a limit of {amount} is not between 1 and {_LONGEST}")
    if rule is Counting.HOURS:
        end = (start.astimezone(UTC) + timedelta(hours=amount)).astimezone(zone)
        return Period(end, end)
    first = start.astimezone(zone).date()
    nominal, latest = _last_days(rule, amount, first, holidays)
    return Period(_at(nominal, cutoff, zone), _at(latest, cutoff, zone))


def _last_days(rule: Counting, amount: int, first: date, holidays: str) -> tuple[date, date]:
    """The nominal and the latest last day of a period that `first` (not itself counted) starts."""
    if rule is Counting.US_BUSINESS_DAYS:
        return _nth(first, amount, _federal_business_day), _nth(first, amount, _federal_office_day)
    working = _working_day_in(holidays)
    if rule is Counting.EU_MONTHS:
        nominal = add_months(first, amount)
        return nominal, _roll(nominal, working)
    nominal = first + timedelta(days=amount)
    if rule is Counting.CALENDAR_DAYS:
        return nominal, nominal
    latest = _roll(nominal, working)
    if amount >= 2:
        latest = max(latest, _nth(first, 2, working))
    return nominal, latest


def add_months(day: date, months: int) -> date:
    """The same day number `months` later, or the month's last day where it has no such number."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, calendar.monthrange(years, month + 1)[1]))


def share(start: datetime, end: datetime, part: float) -> datetime:
    """The instant (UTC) at which `part` (0..1) of the time from `start` to `end` has passed, down to the second.

    Rounded down, so that a warning never comes later than its share says.
    """
    begin = start.astimezone(UTC)
    return begin + timedelta(seconds=math.floor((end.astimezone(UTC) - begin).total_seconds() * part))


def _at(day: date, cutoff: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, cutoff, tzinfo=zone)


def _roll(day: date, counts: Callable[[date], bool]) -> date:
    while not counts(day):
        day += timedelta(days=1)
    return day


def _nth(first: date, amount: int, counts: Callable[[date], bool]) -> date:
    """The `amount`-th day after `first` that counts."""
    day = first
    for _ in range(amount):
        day = _roll(day + timedelta(days=1), counts)
    return day


def _working_day_in(country: str) -> Callable[[date], bool]:
    return lambda day: day.weekday() < 5 and day not in _public_holidays(country, day.year)


def _federal_business_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _public_holidays("US", day.year)


def _federal_office_day(day: date) -> bool:
    return _federal_business_day(day) and day not in _federal_closures(day.year)


# The holidays library is imported where it is first needed: a bot that shows no clock should not pay for it at start.
@cache
def _public_holidays(country: str, year: int) -> frozenset[date]:
    """Public holidays with their observed days (a US holiday on a Saturday is kept on the Friday before)."""
    import holidays

    return frozenset(holidays.country_holidays(country, years=year))


@cache
def _federal_closures(year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays("US", years=year, categories=("public", "government")))


def check_country(code: str) -> str:
    """Return `code` when it names a country whose public holidays are known; ValueError otherwise."""
    from holidays.registry import COUNTRIES

    if not any(code in names[1:] for names in COUNTRIES.values()):
        raise ValueError(f"no public holidays are known for {code!r}; use a two-letter country code such as BE")
    return code


def check_zone(name: str) -> str:
    """Return `name` when it is an IANA time zone; ValueError otherwise."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone is called {name!r}; use a name such as Europe/Brussels") from error
    return name
