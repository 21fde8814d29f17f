"""The days that somebody asks a digest of on the command line."""

from datetime import date

import pytest

from bot.digest.preview import period_of
from incidents.errors import BadInput


@pytest.mark.parametrize(
    ("first", "after", "zone", "words"),
    [
        (date(9999, 12, 31), None, "UTC", "--from 9999-12-31: a digest tells of days from 1900-01-01 to 2999-12-31"),
        (None, date(1, 1, 3), "UTC", "--to 0001-01-03: a digest tells of days"),
        (date(2026, 11, 9), date(2026, 11, 9), "UTC", "--to 2026-11-09 must be later than --from 2026-11-09"),
        (date(1900, 1, 1), date(2026, 1, 1), "UTC", "60 years at most"),
        (None, None, "../etc/passwd", "--zone: '../etc/passwd' is no time zone"),
    ],
)
def test_days_that_no_digest_tells_of_are_refused_by_name(
    first: date | None, after: date | None, zone: str, words: str
) -> None:
    with pytest.raises(BadInput, match=words.replace(".", r"\.")):
        period_of(first, after, zone)


def test_one_end_is_enough_for_a_week() -> None:
    weeks = period_of(date(2026, 11, 9), None, "UTC"), period_of(None, date(2026, 11, 16), "UTC")
    assert weeks[0] == weeks[1]
    assert weeks[0].title == "9–15 November 2026"
