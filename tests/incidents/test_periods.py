"""Whole days of a zone, and due times that stay right when the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.periods import Every, Period, Rhythm, instant, of_days

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo")


def test_a_time_that_the_change_skips_is_the_next_valid_one() -> None:
    assert instant(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_time_that_occurs_twice_is_the_first_one() -> None:
    assert instant(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_day_without_midnight_begins_at_its_first_moment() -> None:
    """Cairo's clocks go from 00:00 to 01:00 on the last Friday of April."""
    assert instant(date(2026, 4, 24), time(), "Africa/Cairo") == datetime(2026, 4, 23, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "hours"), [(date(2026, 3, 23), 167), (date(2026, 10, 19), 169), (date(2026, 6, 1), 168)]
)
def test_a_week_with_a_change_of_the_clocks_is_an_hour_shorter_or_longer(first: date, hours: int) -> None:
    week = Period(first, first + timedelta(days=7), "Europe/Berlin", "weekly")
    assert week.end - week.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("every", "first", "previous", "following", "title"),
    [
        ("weekly", date(2026, 1, 5), date(2025, 12, 29), date(2026, 1, 12), "5–11 January 2026"),
        ("monthly", date(2026, 1, 1), date(2025, 12, 1), date(2026, 2, 1), "January 2026"),
        ("quarterly", date(2026, 1, 1), date(2025, 10, 1), date(2026, 4, 1), "2026, first quarter"),
    ],
)
def test_periods_follow_each_other_by_the_calendar(
    every: Every, first: date, previous: date, following: date, title: str
) -> None:
    after = {"weekly": date(2026, 1, 12), "monthly": date(2026, 2, 1), "quarterly": date(2026, 4, 1)}[every]
    period = Period(first, after, "UTC", every)
    assert (period.previous.first, period.previous.after) == (previous, first)
    assert period.following.first == following
    assert period.following.previous == period
    assert period.title == title


def test_months_are_told_on_the_first_such_weekday_after_they_ended() -> None:
    rhythm = Rhythm("monthly", 0, time(9), "UTC")
    november = Period(date(2026, 11, 1), date(2026, 12, 1), "UTC", "monthly")
    assert rhythm.due(november) == datetime(2026, 12, 7, 9, tzinfo=UTC)
    assert rhythm.newest(datetime(2026, 12, 1, tzinfo=UTC)) == november
    assert rhythm.next(datetime(2026, 12, 3, tzinfo=UTC)) == november


@pytest.mark.parametrize(
    ("first", "after", "title"),
    [
        (date(2026, 2, 1), date(2026, 3, 1), "February 2026"),
        (date(2026, 7, 1), date(2026, 10, 1), "2026, third quarter"),
        (date(2026, 8, 1), date(2026, 11, 1), "1 August – 31 October 2026"),
        (date(2026, 1, 31), date(2026, 2, 28), "31 January – 27 February 2026"),
    ],
)
def test_chosen_days_that_are_a_month_or_a_quarter_are_called_one(first: date, after: date, title: str) -> None:
    assert of_days(first, after, "UTC").title == title


@given(
    st.sampled_from(("weekly", "monthly", "quarterly")),
    st.integers(0, 6),
    st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None)),
    st.sampled_from(ZONES),
    st.integers(1_704_067_200, 1_830_000_000).map(lambda at: datetime.fromtimestamp(at, UTC)),
)
def test_the_next_period_is_the_first_one_due_later(
    every: Every, weekday: int, at: time, zone: str, moment: datetime
) -> None:
    rhythm = Rhythm(every, weekday, at, zone)
    upcoming, newest = rhythm.next(moment), rhythm.newest(moment)
    assert rhythm.due(upcoming.previous) <= moment < rhythm.due(upcoming)
    assert newest.end <= moment < newest.following.end
    assert rhythm.due(upcoming) >= upcoming.end


def test_the_weeks_of_a_trend_end_with_the_period() -> None:
    weeks = Period(date(2026, 1, 1), date(2026, 4, 1)).weeks(26)
    assert weeks[-1].after == date(2026, 4, 1)
    assert all(one.after == other.first for one, other in pairwise(weeks))
