"""Regulator clocks of an incident: proposed by the rows, decided by people, counted from stamps, warned of once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from recordkit import LEAD, ONCALL, REPORTER, open_one
from sqlalchemy.orm import Session

from incidents import clock, clock_reading, clocks, lifecycle, milestones, timeline, timers
from incidents.errors import BadInput, Conflict, NotAllowed, NotFound
from incidents.models import Incident, RegulatorClock, Stamp, Timer
from severity.clocks import Clocks, load_clocks

BOOK = load_clocks()
LEGAL = "U0PRIVACY1"
DORA, GDPR = "eu-dora-19", "eu-gdpr-33"
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
Travel = Callable[[timedelta], None]


@pytest.fixture(autouse=True)
def to(monkeypatch: pytest.MonkeyPatch) -> Travel:
    """Stand at NOW; the fixture's value moves there plus a span."""

    def go(by: timedelta) -> None:
        for module in (clock, clocks, lifecycle, milestones, timeline, timers):
            monkeypatch.setattr(module, "now", lambda: NOW + by)

    go(timedelta(0))
    return go


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def propose(session: Session, incident: Incident, *regimes: str, **answers: str) -> list[RegulatorClock]:
    incident.harm_classes = ["H4"]
    return clocks.propose_for(session, incident, BOOK, regimes=regimes, answers=answers, at=NOW)


def started(session: Session, incident: Incident, clock_id: str, **stamps: datetime) -> RegulatorClock:
    regime = BOOK.clock(clock_id).regime
    row = next(row for row in propose(session, incident, regime) if row.clock == clock_id)
    return clocks.start(session, incident, BOOK, row.id, stamps=stamps, by=ONCALL, key=f"start:{clock_id}")


def waiting(session: Session, incident: Incident, kind: str) -> list[Timer]:
    query = sa.select(Timer).where(Timer.incident_id == incident.id, Timer.kind == kind)
    query = query.where(Timer.fired_at.is_(None), Timer.cancelled_at.is_(None)).order_by(Timer.due_at)
    return list(session.scalars(query))


def texts(session: Session, incident: Incident, kind: str) -> list[str]:
    return [entry.text for entry in timeline.entries(session, incident.id) if entry.kind == kind]


# proposing


def test_a_regime_and_a_harm_class_propose_a_clock_with_its_reason(session: Session, incident: Incident) -> None:
    [row] = propose(session, incident, "gdpr")
    assert (row.clock, row.state, row.decided_by) == (GDPR, "proposed", None)
    assert row.because == "may apply because the AI system lists gdpr and harm class H4 is marked"


def test_proposing_twice_proposes_nothing_new_and_writes_nothing(session: Session, incident: Incident) -> None:
    propose(session, incident, "gdpr")
    before = len(timeline.entries(session, incident.id))
    assert propose(session, incident, "gdpr") == []
    assert len(timeline.entries(session, incident.id)) == before


def test_a_proposal_nobody_decided_moves_to_the_stricter_report(session: Session, incident: Incident) -> None:
    incident.harm_classes = ["H1"]
    [row] = clocks.propose_for(session, incident, BOOK, regimes=["ca-sb53"], answers={}, at=NOW)
    assert row.stage == "initial"
    clocks.propose_for(session, incident, BOOK, regimes=["ca-sb53"], answers={"physical_harm": "grave"}, at=NOW)
    assert row.stage == "imminent"
    clocks.propose_for(session, incident, BOOK, regimes=["ca-sb53"], answers={}, at=NOW)
    assert row.stage == "imminent"


def test_a_decision_stands_when_new_answers_come(session: Session, incident: Incident) -> None:
    [row] = propose(session, incident, "gdpr")
    clocks.decline(session, incident, BOOK, row.id, "No personal data was in it", by=ONCALL, key="no")
    propose(session, incident, "gdpr", personal_data="special")
    assert row.state == "declined"


# deciding


def test_starting_counts_from_the_stamp_that_was_said(session: Session, incident: Incident) -> None:
    row = started(session, incident, GDPR, awareness=NOW - hours(10))
    assert (row.state, row.decided_by) == ("running", ONCALL)
    assert row.start_at == NOW - hours(10)
    assert row.conservative_at == row.outer_at == NOW + hours(62)
    assert any("Started GDPR" in text for text in texts(session, incident, "clock"))
    assert any("became aware" in text for text in texts(session, incident, "stamp"))


def test_a_started_clock_cannot_be_started_again(session: Session, incident: Incident) -> None:
    row = started(session, incident, GDPR, awareness=NOW)
    with pytest.raises(Conflict, match="started this clock already"):
        clocks.start(session, incident, BOOK, row.id, stamps={}, by=LEAD, key="again")


def test_a_stamp_in_the_future_is_refused(session: Session, incident: Incident) -> None:
    [row] = propose(session, incident, "gdpr")
    with pytest.raises(BadInput, match="in the future"):
        clocks.start(session, incident, BOOK, row.id, stamps={"awareness": NOW + hours(1)}, by=ONCALL, key="s")


def test_a_clock_of_another_incident_is_not_found(session: Session, incident: Incident) -> None:
    [row] = propose(session, incident, "gdpr")
    other = open_one(session, "declare:other")
    with pytest.raises(NotFound):
        clocks.start(session, other, BOOK, row.id, stamps={}, by=ONCALL, key="s")


def test_declining_needs_a_reason_and_keeps_it(session: Session, incident: Incident) -> None:
    [row] = propose(session, incident, "gdpr")
    with pytest.raises(BadInput):
        clocks.decline(session, incident, BOOK, row.id, "  ", by=ONCALL, key="no")
    clocks.decline(session, incident, BOOK, row.id, "Only synthetic data", by=ONCALL, key="no")
    assert (row.state, row.declined_reason) == ("declined", "Only synthetic data")


def test_while_somebody_is_legal_only_they_or_the_commander_decline_or_submit(
    session: Session, incident: Incident
) -> None:
    lifecycle.assign(session, incident, "legal", LEGAL, by=ONCALL, key="r1")
    row = started(session, incident, GDPR, awareness=NOW)
    with pytest.raises(NotAllowed, match=LEGAL):
        clocks.decline(session, incident, BOOK, row.id, "no", by=ONCALL, key="no")
    with pytest.raises(NotAllowed, match=LEGAL):
        clocks.mark_submitted(session, incident, BOOK, row.id, "initial", at=NOW, by=ONCALL, key="sent")
    lifecycle.assign(session, incident, "commander", LEAD, by=LEAD, key="r2")
    clocks.mark_submitted(session, incident, BOOK, row.id, "initial", at=NOW, by=LEAD, key="sent")
    assert row.state == "submitted"


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "running"},
        {"state": "declined", "decided_by": ONCALL, "decided_at": NOW},
        {"state": "forgotten"},
        {"conservative_at": NOW, "outer_at": NOW - hours(1)},
    ],
)
def test_the_database_refuses_a_decision_without_a_name_or_a_reason(
    session: Session, incident: Incident, broken: dict[str, object]
) -> None:
    plain = {"incident_id": incident.id, "clock": GDPR, "stage": "initial", "state": "proposed", "because": "."}
    session.add(RegulatorClock(**{**plain, "proposed_at": NOW, **broken}))
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()


def test_the_database_refuses_a_submission_of_no_clock(session: Session, incident: Incident) -> None:
    session.add(Stamp(incident_id=incident.id, name="initial_submitted", at=NOW, recorded_at=NOW, actor=ONCALL))
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()


# submitting


def test_submitting_the_only_report_ends_the_clock_and_its_timers(session: Session, incident: Incident) -> None:
    row = started(session, incident, GDPR, awareness=NOW)
    assert waiting(session, incident, clocks.WARNING)
    clocks.mark_submitted(session, incident, BOOK, row.id, "initial", at=NOW, by=ONCALL, key="sent", reference="SA-7")
    assert row.state == "submitted"
    assert row.conservative_at is None
    assert not waiting(session, incident, clocks.WARNING) + waiting(session, incident, clocks.PASSED)
    assert any("Reference: SA-7" in text for text in texts(session, incident, "clock"))


def test_a_report_is_marked_submitted_once(session: Session, incident: Incident) -> None:
    row = started(session, incident, DORA, awareness=NOW, classified=NOW)
    clocks.mark_submitted(session, incident, BOOK, row.id, "initial", at=NOW, by=ONCALL, key="sent")
    with pytest.raises(Conflict, match="submitted already"):
        clocks.mark_submitted(session, incident, BOOK, row.id, "initial", at=NOW, by=ONCALL, key="sent again")


def test_doras_intermediate_report_runs_from_submitting_the_initial_notice(
    session: Session, incident: Incident
) -> None:
    row = started(session, incident, DORA, awareness=NOW - hours(10), classified=NOW - hours(1))
    assert (row.due_stage, row.conservative_at) == ("initial", NOW + hours(3))
    clocks.mark_submitted(session, incident, BOOK, row.id, "initial", at=NOW, by=ONCALL, key="1")
    assert (row.state, row.due_stage, row.conservative_at) == ("running", "intermediate", NOW + hours(72))
    clocks.mark_submitted(session, incident, BOOK, row.id, "intermediate", at=NOW, by=ONCALL, key="2")
    assert (row.state, row.due_stage) == ("running", "final")
    clocks.mark_submitted(session, incident, BOOK, row.id, "final", at=NOW, by=ONCALL, key="3")
    assert row.state == "submitted"


def test_a_report_that_repeats_is_due_again_until_the_incident_is_resolved(
    session: Session, incident: Incident, to: Travel
) -> None:
    row = started(session, incident, "eu-gpai-9.3", awareness=NOW)
    clocks.mark_submitted(session, incident, BOOK, row.id, "other", at=NOW, by=ONCALL, key="1")
    first = row.conservative_at
    to(timedelta(days=20))
    clocks.mark_submitted(session, incident, BOOK, row.id, "interim", at=NOW + timedelta(days=20), by=ONCALL, key="2")
    assert row.due_stage == "interim"
    assert first is not None
    assert row.conservative_at == first + timedelta(days=20)
    lifecycle.mitigate(session, incident, by=ONCALL, key="m")
    lifecycle.resolve(session, incident, "Over", by=ONCALL, key="r", missing=[], anyway=True)
    clocks.recount(session, incident, BOOK)
    assert row.due_stage == "final"


# stamps


def test_a_later_stamp_corrects_an_earlier_one_and_both_stay(session: Session, incident: Incident) -> None:
    row = started(session, incident, GDPR, awareness=NOW - hours(10))
    clocks.stamp(session, incident, BOOK, "awareness", NOW - hours(30), by=LEGAL, key="better")
    assert row.conservative_at == NOW + hours(42)
    assert [(each.at, each.actor) for each in clock_reading.said(session, incident.id)] == [
        (NOW - hours(10), ONCALL),
        (NOW - hours(30), LEGAL),
    ]
    assert "was 2026-11-18 02:00" in texts(session, incident, "stamp")[-1]


def test_the_secs_days_run_only_once_materiality_is_determined(session: Session, incident: Incident) -> None:
    row = started(session, incident, "us-sec-1.05")
    assert row.conservative_at is None
    [report] = clock_reading.owed(session, incident, BOOK, row)
    assert report.waits_for == "materiality_determined"
    clocks.stamp(session, incident, BOOK, "materiality_determined", NOW, by=LEGAL, key="material")
    assert row.conservative_at is not None
    assert row.conservative_at.date().isoformat() == "2026-11-24"


def test_nobody_can_stamp_a_submission_as_if_it_were_a_time(session: Session, incident: Incident) -> None:
    with pytest.raises(BadInput):
        clocks.stamp(session, incident, BOOK, "initial_submitted", NOW, by=LEGAL, key="x")


# warnings


def test_warnings_stand_at_half_at_four_fifths_and_two_hours_before(session: Session, incident: Incident) -> None:
    started(session, incident, GDPR, awareness=NOW)
    at = [timer.due_at for timer in waiting(session, incident, clocks.WARNING)]
    assert at == [NOW + hours(36), NOW + hours(57.6), NOW + hours(70)]
    assert [timer.due_at for timer in waiting(session, incident, clocks.PASSED)] == [NOW + hours(72)]


def test_of_warnings_that_are_past_when_a_clock_starts_only_the_last_is_given(
    session: Session, incident: Incident
) -> None:
    started(session, incident, GDPR, awareness=NOW - hours(60))
    assert [timer.payload["because"] for timer in waiting(session, incident, clocks.WARNING)] == [
        "80 % of the time has passed",
        "2 hours are left",
    ]
    assert len(timers.due(session)) == 1


def test_a_clock_started_after_its_time_alarms_at_once_and_warns_of_nothing(
    session: Session, incident: Incident
) -> None:
    started(session, incident, GDPR, awareness=NOW - hours(80))
    assert [timer.kind for timer in timers.due(session)] == [clocks.PASSED]
    assert waiting(session, incident, clocks.WARNING) == []


def test_a_warning_that_was_given_is_not_given_again_when_something_else_is_stamped(
    session: Session, incident: Incident, to: Travel
) -> None:
    started(session, incident, GDPR, awareness=NOW)
    to(hours(40))
    [half] = timers.due(session)
    assert timers.claim(session, half.id)
    clocks.stamp(session, incident, BOOK, "causal_link_suspected", NOW, by=LEGAL, key="link")
    assert timers.due(session) == []
    assert len(waiting(session, incident, clocks.WARNING)) == 2


def test_a_corrected_stamp_takes_back_old_warnings_and_correcting_it_again_brings_them_back(
    session: Session, incident: Incident
) -> None:
    started(session, incident, GDPR, awareness=NOW)
    first = [timer.due_at for timer in waiting(session, incident, clocks.WARNING)]
    clocks.stamp(session, incident, BOOK, "awareness", NOW - hours(5), by=LEGAL, key="b")
    assert [timer.due_at + hours(5) for timer in waiting(session, incident, clocks.WARNING)] == first
    clocks.stamp(session, incident, BOOK, "awareness", NOW, by=LEGAL, key="c")
    assert [timer.due_at for timer in waiting(session, incident, clocks.WARNING)] == first


def test_a_clock_that_does_not_apply_warns_of_nothing(session: Session, incident: Incident) -> None:
    row = started(session, incident, GDPR, awareness=NOW)
    clocks.decline(session, incident, BOOK, row.id, "Test data", by=ONCALL, key="no")
    assert not waiting(session, incident, clocks.WARNING) + waiting(session, incident, clocks.PASSED)


def test_a_timer_of_a_report_that_was_sent_meanwhile_says_nothing(
    session: Session, incident: Incident, to: Travel
) -> None:
    row = started(session, incident, GDPR, awareness=NOW)
    to(hours(40))
    [half] = timers.due(session)
    assert clock_reading.still_due(session, incident, BOOK, half)
    clocks.mark_submitted(session, incident, BOOK, row.id, "initial", at=NOW, by=ONCALL, key="sent")
    assert clock_reading.still_due(session, incident, BOOK, half) is None


def test_warnings_go_on_after_the_incident_is_resolved(session: Session, incident: Incident) -> None:
    started(session, incident, GDPR, awareness=NOW)
    lifecycle.mitigate(session, incident, by=ONCALL, key="m")
    lifecycle.resolve(session, incident, "Over", by=ONCALL, key="r", missing=[], anyway=True)
    clocks.recount(session, incident, BOOK)
    assert len(waiting(session, incident, clocks.WARNING)) == 3


# the wall


def test_dora_aware_at_eight_and_classified_30_hours_later_has_alarmed_at_the_24_hours(
    session: Session, incident: Incident, to: Travel
) -> None:
    row = started(session, incident, DORA, awareness=NOW)
    [wall] = waiting(session, incident, clocks.WALL)
    assert wall.due_at == NOW + hours(24)
    to(hours(24) + timedelta(seconds=1))
    assert wall.id in [timer.id for timer in timers.due(session)]
    [broken] = BOOK.walls(DORA, clock_reading.stamps_of(session, incident, row))
    assert broken.breached(clocks.now())
    timers.claim(session, wall.id)
    to(hours(30))
    clocks.stamp(session, incident, BOOK, "classified", NOW + hours(30), by=LEGAL, key="classified")
    assert waiting(session, incident, clocks.WALL) == []


def test_classifying_in_time_takes_the_wall_away(session: Session, incident: Incident) -> None:
    started(session, incident, DORA, awareness=NOW)
    clocks.stamp(session, incident, BOOK, "classified", NOW, by=LEGAL, key="classified")
    assert waiting(session, incident, clocks.WALL) == []
    assert [timer.due_at for timer in waiting(session, incident, clocks.PASSED)] == [NOW + hours(4)]


def test_the_wall_runs_while_nobody_has_decided_from_when_it_was_first_noticed(
    session: Session, incident: Incident
) -> None:
    propose(session, incident, "dora")
    [wall] = waiting(session, incident, clocks.WALL)
    assert incident.detected_at is not None
    assert wall.due_at == incident.detected_at + hours(24)
    assert waiting(session, incident, clocks.WARNING) == []


def test_the_walls_alarm_is_not_doubled_by_the_alarm_of_the_time_itself(session: Session, incident: Incident) -> None:
    started(session, incident, DORA, awareness=NOW)
    assert waiting(session, incident, clocks.PASSED) == []


def test_the_timeline_holds_after_all_of_it(session: Session, incident: Incident) -> None:
    row = started(session, incident, DORA, awareness=NOW - hours(2), classified=NOW)
    clocks.mark_submitted(session, incident, BOOK, row.id, "initial", at=NOW, by=ONCALL, key="1")
    clocks.decline(session, incident, BOOK, row.id, "Not major after all", by=ONCALL, key="no")
    assert timeline.verify(session, incident.id) is None
    assert REPORTER not in {entry.actor for entry in timeline.entries(session, incident.id) if entry.kind == "clock"}


def test_every_shipped_clock_can_be_started_with_what_its_form_asks(session: Session) -> None:
    book: Clocks = BOOK
    for number, each in enumerate(book):
        incident = open_one(session, f"declare:{number}")
        row = RegulatorClock(
            incident_id=incident.id,
            clock=each.id,
            stage=each.stages[0].id,
            state="proposed",
            because="may apply",
            proposed_at=NOW,
        )
        session.add(row)
        session.flush()
        stamps = dict.fromkeys(clock_reading.counts_from(each, row.stage), NOW)
        clocks.start(session, incident, book, row.id, stamps=stamps, by=ONCALL, key="s")
        assert clock_reading.owed(session, incident, book, row)[0].due is not None
