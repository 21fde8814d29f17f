"""Office-hours slots: which is on, which is next, when to remind, and what is refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.duty import Schedule, load_schedule, next_on, now_on, remind_at
from severity.errors import ContentError

FILE = """\
zone: Europe/Berlin
slots:
  - {day: Tuesday, from: "14:00", to: "15:00", experts: [U0RAILEAD1]}
  - day: thursday
    from: "16:00"
    to: "17:00"
    zone: America/New_York
    experts: [U0PRIVACY1, U0RAILEAD1]
"""


@pytest.fixture
def schedule(tmp_path: Path) -> Schedule:
    return _load(tmp_path, FILE)


def _load(folder: Path, text: str) -> Schedule:
    path = folder / "office_hours.yaml"
    path.write_text(text, encoding="utf-8")
    return load_schedule(path)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_slot_that_is_on_is_known_by_its_own_zone(schedule: Schedule) -> None:
    on = now_on(schedule, _utc("2026-11-24 13:30"))  # 14:30 in Berlin, a Tuesday
    assert on is not None and on.experts == ("U0RAILEAD1",)
    assert now_on(schedule, _utc("2026-11-24 14:00")) is None, "the end is not part of it"
    on = now_on(schedule, _utc("2026-11-26 21:15"))  # 16:15 in New York
    assert on is not None and on.experts == ("U0PRIVACY1", "U0RAILEAD1")


def test_the_next_slot_is_the_one_that_begins_first(schedule: Schedule) -> None:
    coming = next_on(schedule, _utc("2026-11-24 13:30"))
    assert coming is not None and coming.start == _utc("2026-11-26 21:00")
    coming = next_on(schedule, _utc("2026-11-26 22:30"))
    assert coming is not None and coming.start == _utc("2026-12-01 13:00")


def test_a_slot_keeps_its_local_time_when_the_clocks_change(schedule: Schedule) -> None:
    summer, winter = next_on(schedule, _utc("2026-10-19 00:00")), next_on(schedule, _utc("2026-10-26 00:00"))
    assert summer is not None and summer.start == _utc("2026-10-20 12:00")
    assert winter is not None and winter.start == _utc("2026-10-27 13:00")


def test_without_slots_nobody_is_on(tmp_path: Path) -> None:
    nobody = load_schedule(tmp_path / "absent.yaml")
    assert now_on(nobody, _utc("2026-11-24 13:30")) is None
    assert next_on(nobody, _utc("2026-11-24 13:30")) is None


@pytest.mark.parametrize(
    ("asked", "reminded"),
    [
        ("2026-11-24 13:30", "2026-11-24 14:00"),  # in a slot: when it ends
        ("2026-11-24 13:50", "2026-11-25 13:50"),  # too late in a slot for anybody to take it
        ("2026-11-25 09:00", "2026-11-26 09:00"),  # a working day
        ("2026-11-27 09:00", "2026-11-30 09:00"),  # Friday to Monday
        ("2026-10-23 08:00", "2026-10-26 09:00"),  # over the end of summer time: ten o'clock both times
    ],
)
def test_a_question_nobody_took_is_reminded_of_when_the_slot_ends_or_after_a_working_day(
    schedule: Schedule, asked: str, reminded: str
) -> None:
    assert remind_at(schedule, _utc(asked)) == _utc(reminded)


def test_a_reminder_never_comes_before_the_question(schedule: Schedule) -> None:
    moment = _utc("2026-11-21 00:00")
    for hours in range(0, 24 * 14, 5):
        asked = moment + timedelta(hours=hours)
        assert timedelta(0) < remind_at(schedule, asked) - asked < timedelta(days=4)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (FILE.replace("15:00", "13:00"), "office_hours.yaml:3: slots[0].to: must be later than from, on the same day"),
        (FILE.replace("thursday", "someday"), "office_hours.yaml:4: slots[1].day: "),
        (FILE.replace("Europe/Berlin", "Berlin"), "office_hours.yaml:1: zone: is not a time zone"),
        (FILE.replace("[U0RAILEAD1]", "[]"), "office_hours.yaml:3: slots[0].experts: "),
        (FILE.replace("[U0RAILEAD1]", "['@lead']"), "office_hours.yaml:3: slots[0].experts[0]: "),
        (FILE.replace('"14:00"', "2 pm"), "office_hours.yaml:3: slots[0].from: "),
        (FILE + "slot: []\n", "office_hours.yaml:9: slot: "),
        ("slots: 3\n", "office_hours.yaml:1: slots: "),
    ],
)
def test_a_bad_schedule_is_refused_with_file_line_key_and_reason(tmp_path: Path, text: str, refusal: str) -> None:
    with pytest.raises(ContentError) as refused:
        _load(tmp_path, text)
    assert str(refused.value).startswith(refusal)
