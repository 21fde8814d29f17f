"""Counting rules: the vocabulary's vectors, and what must hold for every start."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severity.counting import Counting, add_months, check_country, check_zone, count, share

BRUSSELS = ZoneInfo("Europe/Brussels")
NEW_YORK = ZoneInfo("America/New_York")

starts = st.datetimes(datetime(2001, 1, 1), datetime(2198, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
near_starts = st.datetimes(datetime(2024, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
rules = st.sampled_from(list(Counting))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("days", "aware", "conservative", "outer"),
    [
        (2, "2027-12-10T14:00+01:00", "2027-12-12T23:59:59+01:00", "2027-12-14T23:59:59+01:00"),
        (2, "2027-12-09T14:00+01:00", "2027-12-11T23:59:59+01:00", "2027-12-13T23:59:59+01:00"),
        (2, "2027-12-23T14:00+01:00", "2027-12-25T23:59:59+01:00", "2027-12-27T23:59:59+01:00"),
        (10, "2027-12-15T14:00+01:00", "2027-12-25T23:59:59+01:00", "2027-12-27T23:59:59+01:00"),
    ],
)
def test_eu_day_periods_match_the_vocabularys_vectors(days: int, aware: str, conservative: str, outer: str) -> None:
    period = count(Counting.EU_DAYS, days, at(aware), BRUSSELS)

    assert period.conservative.isoformat() == conservative
    assert period.outer.isoformat() == outer


def test_four_business_days_over_thanksgiving_match_the_vocabularys_vector() -> None:
    period = count(Counting.US_BUSINESS_DAYS, 4, at("2026-11-25T11:00-05:00"), NEW_YORK)

    assert period.conservative.date().isoformat() == period.outer.date().isoformat() == "2026-12-02"


def test_a_saturday_holiday_observed_on_friday_is_no_business_day() -> None:
    period = count(Counting.US_BUSINESS_DAYS, 1, at("2026-07-02T11:00-04:00"), NEW_YORK)

    assert period.conservative.date().isoformat() == "2026-07-06"


def test_a_day_closed_by_executive_order_only_moves_the_outer_time() -> None:
    period = count(Counting.US_BUSINESS_DAYS, 1, at("2025-12-23T11:00-05:00"), NEW_YORK)

    assert period.conservative.date().isoformat() == "2025-12-24"
    assert period.outer.date().isoformat() == "2025-12-29"


def test_a_one_day_period_does_not_need_two_working_days() -> None:
    period = count(Counting.EU_DAYS, 1, at("2027-12-09T14:00+01:00"), BRUSSELS)

    assert period.outer.date().isoformat() == "2027-12-10"


def test_hours_are_elapsed_hours_when_clocks_go_back() -> None:
    period = count(Counting.HOURS, 24, at("2026-10-24T12:00+02:00"), BRUSSELS)

    assert period.conservative.isoformat() == "2026-10-25T11:00:00+01:00"


def test_hours_are_elapsed_hours_when_clocks_go_forward() -> None:
    period = count(Counting.HOURS, 24, at("2027-03-27T12:00+01:00"), BRUSSELS)

    assert period.conservative.isoformat() == "2027-03-28T13:00:00+02:00"


def test_the_starts_day_is_its_day_in_the_clocks_zone() -> None:
    late_in_new_york = at("2027-12-09T20:00-05:00")  # already the 10th in Brussels

    assert count(Counting.CALENDAR_DAYS, 2, late_in_new_york, BRUSSELS).conservative.day == 12
    assert count(Counting.CALENDAR_DAYS, 2, late_in_new_york, NEW_YORK).conservative.day == 11


def test_a_month_after_the_31st_ends_with_the_shorter_month() -> None:
    period = count(Counting.EU_MONTHS, 1, at("2027-01-31T09:00+01:00"), BRUSSELS)

    assert period.conservative.isoformat() == "2027-02-28T23:59:59+01:00"
    assert period.outer.isoformat() == "2027-03-01T23:59:59+01:00"


def test_a_cutoff_ends_the_last_day_early() -> None:
    period = count(Counting.US_BUSINESS_DAYS, 4, at("2026-11-25T11:00-05:00"), NEW_YORK, cutoff=time(17, 30))

    assert period.conservative.isoformat() == "2026-12-02T17:30:00-05:00"


def test_holidays_are_those_of_the_named_country() -> None:
    aware = at("2027-07-19T09:00+02:00")  # two days later is Belgium's national day

    assert count(Counting.EU_DAYS, 2, aware, BRUSSELS, holidays="BE").outer.day == 22
    assert count(Counting.EU_DAYS, 2, aware, BRUSSELS, holidays="DE").outer.day == 21


def test_a_start_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="UTC offset"):
        count(Counting.HOURS, 1, datetime(2027, 1, 1), BRUSSELS)  # noqa: DTZ001


@pytest.mark.parametrize("year", [1, 1999, 2200, 9999])
def test_an_implausible_year_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match="year"):
        count(Counting.HOURS, 1, datetime(year, 6, 1, tzinfo=UTC), BRUSSELS)


@pytest.mark.parametrize("amount", [0, -1, 3661])
def test_an_implausible_limit_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        count(Counting.EU_DAYS, amount, datetime(2027, 6, 1, tzinfo=UTC), BRUSSELS)


def test_unknown_countries_and_zones_are_refused() -> None:
    with pytest.raises(ValueError, match="country code"):
        check_country("XX")
    with pytest.raises(ValueError, match="time zone"):
        check_zone("Europe/Nowhere")
    with pytest.raises(ValueError, match="time zone"):
        check_zone("../etc/passwd")


@settings(deadline=None)
@given(rule=rules, amount=st.integers(1, 90), start=starts)
def test_the_conservative_time_is_after_the_start_and_never_after_the_outer_one(
    rule: Counting, amount: int, start: datetime
) -> None:
    period = count(rule, amount, start, BRUSSELS)

    assert start.timestamp() < period.conservative.timestamp() <= period.outer.timestamp()


@settings(deadline=None)
@given(rule=rules, amount=st.integers(1, 90), start=near_starts, later=st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_later_start_is_never_due_earlier(rule: Counting, amount: int, start: datetime, later: timedelta) -> None:
    first, second = (count(rule, amount, each, BRUSSELS) for each in (start, start + later))

    assert first.conservative.timestamp() <= second.conservative.timestamp()
    assert first.outer.timestamp() <= second.outer.timestamp()


@settings(deadline=None)
@given(rule=rules, amount=st.integers(1, 60), start=near_starts)
def test_a_longer_limit_is_never_due_earlier(rule: Counting, amount: int, start: datetime) -> None:
    shorter, longer = (count(rule, each, start, BRUSSELS) for each in (amount, amount + 1))

    assert shorter.conservative.timestamp() <= longer.conservative.timestamp()
    assert shorter.outer.timestamp() <= longer.outer.timestamp()


@settings(deadline=None)
@given(amount=st.integers(2, 60), start=near_starts)
def test_the_outer_time_is_a_working_day_after_at_least_two_working_days(amount: int, start: datetime) -> None:
    import holidays

    end = count(Counting.EU_DAYS, amount, start, BRUSSELS).outer.date()
    belgian = holidays.country_holidays("BE")
    day = start.astimezone(BRUSSELS).date()
    working = 0
    while day < end:
        day += timedelta(days=1)
        working += day.weekday() < 5 and day not in belgian

    assert end.weekday() < 5 and end not in belgian
    assert working >= 2


@given(day=st.dates(), months=st.integers(0, 24))
def test_months_keep_the_day_number_or_clamp_to_the_months_end(day: object, months: int) -> None:
    from datetime import date

    assert isinstance(day, date)
    if day.year > 9990:
        day = day.replace(year=2028, day=min(day.day, 28))
    end = add_months(day, months)

    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    assert end.day == day.day or (end.day < day.day and (end + timedelta(days=1)).day == 1)


def test_a_share_is_rounded_down_so_that_no_warning_is_late() -> None:
    start = at("2027-01-01T00:00+00:00")

    assert share(start, start + timedelta(seconds=5), 0.5) == start + timedelta(seconds=2)
