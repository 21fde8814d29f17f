"""The clocks' blocks: they fit Slack's limits, carry their small print, and show hostile words as words."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.views import clock_alarms, clock_forms, clocks
from bot.views.clocks import ClockFacts, ClockLine
from incidents.clock_reading import Owed
from incidents.models import RegulatorClock
from integrations.slack import Message
from sandbox.blocks import block_faults, view_faults
from sandbox.story.fields import words_of
from severity.clocks import Clock, load_clocks

BOOK = load_clocks()
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOSTILE = "<!channel> *bold* <https://evil.example|click> \u202egnp.exe"


def row_of(clock: Clock, state: str = "proposed", reason: str | None = None) -> RegulatorClock:
    return RegulatorClock(
        id=7,
        incident_id=3,
        clock=clock.id,
        stage=clock.stages[0].id,
        state=state,
        because="may apply because the AI system lists it",
        decided_by="U0PRIVACY1",
        declined_reason=reason,
    )


def owed_of(row: RegulatorClock) -> list[Owed]:
    clock = BOOK.clock(row.clock)
    stamps = dict.fromkeys(BOOK.stamps, NOW - timedelta(hours=1))
    return [Owed(row, stage, BOOK.due_from(clock.id, stamps, stage.id)) for stage in clock.stages]


def line(clock: Clock, state: str = "proposed", reason: str | None = None) -> ClockLine:
    row = row_of(clock, state, reason)
    return clocks.line_of(BOOK, row, owed_of(row), assumed=state == "proposed")


def facts(lines: list[ClockLine]) -> ClockFacts:
    stamps = dict.fromkeys(BOOK.stamps, (NOW, "U0PRIVACY1"))
    return ClockFacts(3, "INC-3", lines, stamps, False, BOOK.notice, BOOK.stamps)


def small_print(message: Message, clock: Clock) -> None:
    words = words_of({"text": message.text, "blocks": message.blocks})
    assert "Not legal advice" in message.text
    assert clock.source.cite in words
    assert ("Contested: " if clock.contested else "Not contested.") in words


@pytest.mark.parametrize("state", ["proposed", "running", "declined", "submitted"])
def test_every_shipped_clock_at_once_fits_one_message(state: str) -> None:
    message = clocks.clocks_message(facts([line(each, state, "no" * 500) for each in BOOK]))
    assert block_faults(message.blocks, "message") == []


@pytest.mark.parametrize("clock", list(BOOK), ids=lambda clock: clock.id)
def test_every_clock_is_shown_with_its_small_print(clock: Clock) -> None:
    small_print(clocks.clocks_message(facts([line(clock)])), clock)
    small_print(clocks.started_message("INC-3", "U0PRIVACY1", line(clock, "running"), BOOK.notice), clock)
    small_print(clocks.submitted_message("INC-3", "U0PRIVACY1", line(clock, "running"), "initial"), clock)


@pytest.mark.parametrize("clock", [each for each in BOOK if each.id != "eu-aia-26-5"], ids=lambda clock: clock.id)
def test_every_warning_and_alarm_carries_its_small_print_and_names_the_incident(clock: Clock) -> None:
    report = owed_of(row_of(clock, "running"))[0]
    for message in (
        clock_alarms.warning_message("INC-3", "C0INCIDEN1", 3, "Support assistant", report, "2 hours are left"),
        clock_alarms.passed_message("INC-3", None, 3, report),
    ):
        small_print(message, clock)
        assert message.text.startswith("INC-3: ")
        assert block_faults(message.blocks, "message") == []


@pytest.mark.parametrize("clock", list(BOOK), ids=lambda clock: clock.id)
def test_every_form_of_every_clock_fits_slack(clock: Clock) -> None:
    shown, stages = line(clock), list(clock.stages)
    asked = [(f"stamp.{name}", meaning, NOW, True) for name, meaning in BOOK.stamps.items()]
    for view in (
        clock_forms.start_modal("INC-3", shown, stages, stages[0].id, asked, BOOK.notice, "{}"),
        clock_forms.decline_modal("INC-3", shown, BOOK.notice, "{}"),
        clock_forms.submit_modal("INC-3", shown, stages, NOW, "{}"),
        clock_forms.stamp_modal("INC-3", list(BOOK.stamps.items()), NOW, BOOK.notice, "{}"),
    ):
        assert view_faults(view) == []
        assert "Not legal advice" in words_of(view)


def test_a_reason_is_shown_as_words_whatever_it_contains() -> None:
    message = clocks.clocks_message(facts([line(BOOK.clock("eu-gdpr-33"), "declined", HOSTILE)]))
    words = words_of({"blocks": message.blocks})
    assert "&lt;!channel&gt;" in words
    assert "<!channel>" not in words
    assert "<https" not in words
    assert "\u202e" not in words


def test_the_card_has_a_line_per_running_clock_the_soonest_first_and_counts_the_undecided() -> None:
    running = [line(BOOK.clock(each), "running") for each in ("eu-aia-73-2", "eu-gdpr-33")]
    shown = clocks.card_lines([*running, line(BOOK.clock("us-hipaa"))], NOW)
    assert [text.split("*")[1] for text in shown[:2]] == ["GDPR, personal-data breach", "EU AI Act, serious incident"]
    assert "contested" in shown[1]
    assert shown[2].startswith("❔ 1 report to authorities may be owed")
    assert shown[-1] == "_Not legal advice._"


def test_the_card_says_what_was_due() -> None:
    shown = clocks.card_lines([line(BOOK.clock("eu-gdpr-33"), "running")], NOW + timedelta(hours=80))
    assert "*was due*" in shown[0]


def test_no_clock_leaves_the_card_alone() -> None:
    assert clocks.card_lines([line(BOOK.clock("eu-gdpr-33"), "declined", "no")], NOW) == []
