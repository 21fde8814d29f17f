"""The life of an incident: each verb, what it refuses, and the milestones it leaves."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from recordkit import LEAD, ONCALL, REPORTER, TEAM, open_one
from sqlalchemy.orm import Session

from incidents import lifecycle, milestones, timeline, timers
from incidents.clock import now, travel
from incidents.errors import BadInput, Conflict, NotFound
from incidents.models import Incident, Timer


def _kinds(session: Session, incident: Incident) -> list[str]:
    return [entry.kind for entry in timeline.entries(session, incident.id)]


def _stamps(session: Session, incident: Incident) -> set[str]:
    session.expire(incident, ["milestones"])
    return {row.name for row in incident.milestones if row.superseded_at is None}


def _resolved(session: Session, incident: Incident) -> None:
    lifecycle.mitigate(session, incident, by=ONCALL, key="m")
    lifecycle.resolve(session, incident, "It was rolled back.", by=ONCALL, key="r", missing=["x"], anyway=True)


# opening


def test_opening_stamps_reported_detected_and_declared(session: Session, incident: Incident) -> None:
    assert _stamps(session, incident) == {"reported", "detected", "declared"}
    assert _kinds(session, incident) == ["declared", "severity"]
    assert incident.severity_provisional
    assert incident.status == "open"
    assert incident.number == f"INC-{incident.id}"


def test_opening_twice_with_one_key_is_one_incident(session: Session, incident: Incident) -> None:
    assert open_one(session).id == incident.id
    assert _kinds(session, incident) == ["declared", "severity"]


def test_a_reported_message_was_detected_when_it_was_written(session: Session) -> None:
    written = now() - timedelta(hours=3)
    incident = open_one(session, reported_at=written)
    assert incident.detected_at == written


def test_a_message_from_the_future_was_detected_now(session: Session) -> None:
    incident = open_one(session, reported_at=now() + timedelta(days=1))
    assert incident.detected_at is not None
    assert incident.detected_at <= now()


@pytest.mark.parametrize("text", ["", "   \n\t ", "\x00", "\u200b\u202e\u2066 \u200d"])
def test_a_report_without_a_visible_word_is_refused(session: Session, text: str) -> None:
    with pytest.raises(BadInput) as refused:
        open_one(session, description=text)
    assert refused.value.field == "what_happened"
    assert session.scalar(sa.select(sa.func.count()).select_from(Incident)) == 0, "nothing was half-written"


def test_a_report_of_3000_characters_fits_and_one_more_is_refused_with_the_rule(session: Session) -> None:
    assert len(open_one(session, description="x" * 3000).description) == 3000
    with pytest.raises(BadInput, match="3,001 characters long; 3,000 fit"):
        open_one(session, "declare:2", description="x" * 3001)


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("It broke.\nAnd more.", "It broke."),
        ("  many   spaces \n x", "many spaces"),
        ("\u200b\u202e\nIt broke.", "It broke."),
        ("word " * 40, ("word " * 15).strip() + "…"),
        ("x" * 200, "x" * 79 + "…"),
    ],
)
def test_the_title_is_the_first_readable_line_cut_at_a_word(description: str, title: str) -> None:
    assert lifecycle.title_of(description) == title


# finding


@pytest.mark.parametrize("spelled", ["INC-{}", "inc-{}", "{}", " INC-{} ", "#{}"])
def test_an_incident_is_found_by_its_number_however_it_is_spelled(
    session: Session, incident: Incident, spelled: str
) -> None:
    assert lifecycle.find(session, TEAM, spelled.format(incident.id)).id == incident.id


@pytest.mark.parametrize("spelled", ["INC-999", "999", "INC-0", "INC--1", "", "9" * 50, "INC-１", "1; DROP TABLE", "%"])
def test_an_unknown_incident_is_refused_in_words(session: Session, incident: Incident, spelled: str) -> None:
    with pytest.raises(NotFound, match="not yours to see"):
        lifecycle.find(session, TEAM, spelled)


def test_abuse_16_an_incident_of_another_workspace_is_refused_in_the_words_for_an_absent_one(
    session: Session, incident: Incident
) -> None:
    with pytest.raises(NotFound) as foreign:
        lifecycle.find(session, "T0ELSEWHERE", incident.number)
    with pytest.raises(NotFound) as absent:
        lifecycle.find(session, TEAM, "INC-999")
    assert str(foreign.value).replace(incident.number, "INC-n") == str(absent.value).replace("INC-999", "INC-n")


def test_what_a_person_typed_as_a_number_is_not_said_back_to_slack(session: Session) -> None:
    with pytest.raises(NotFound) as refused:
        lifecycle.find(session, TEAM, "<!channel> <https://evil.invalid|here>")
    assert not set("<>") & set(str(refused.value))


# acknowledging, roles, notes


def test_acknowledging_stamps_and_a_second_person_is_told_who_was_first(session: Session, incident: Incident) -> None:
    lifecycle.acknowledge(session, incident, by=ONCALL, key="a")
    with pytest.raises(Conflict, match=rf"<@{ONCALL}> acknowledged {incident.number} already"):
        lifecycle.acknowledge(session, incident, by=LEAD, key="b")
    assert incident.acknowledged_at is not None
    assert _kinds(session, incident).count("acknowledged") == 1


def test_a_role_passes_from_one_person_to_the_next(session: Session, incident: Incident) -> None:
    assert lifecycle.assign(session, incident, "commander", ONCALL, by=LEAD, key="1")
    assert not lifecycle.assign(session, incident, "commander", ONCALL, by=LEAD, key="2")
    assert lifecycle.assign(session, incident, "commander", LEAD, by=LEAD, key="3")
    assert lifecycle.holders(session, incident.id) == {"commander": LEAD}
    assert len(incident.roles) == 2
    assert f"was <@{ONCALL}>" in timeline.entries(session, incident.id)[-1].text


def test_an_unknown_role_is_refused_with_the_known_ones(session: Session, incident: Incident) -> None:
    with pytest.raises(BadInput, match="commander, communications, scribe, legal"):
        lifecycle.assign(session, incident, "boss", ONCALL, by=LEAD, key="1")


def test_whoever_gets_a_role_is_invited(session: Session, incident: Incident) -> None:
    lifecycle.assign(session, incident, "scribe", "U0COMMS001", by=LEAD, key="1")
    assert incident.invited == [REPORTER, ONCALL, "U0COMMS001"]


def test_a_note_is_kept_once_per_key_and_an_empty_one_is_refused(session: Session, incident: Incident) -> None:
    assert lifecycle.note(session, incident, "seen", by=ONCALL, key="n")
    assert not lifecycle.note(session, incident, "seen", by=LEAD, key="n")
    with pytest.raises(BadInput, match="cannot be empty"):
        lifecycle.note(session, incident, "  ", by=ONCALL, key="n2")


def test_a_pinned_note_is_its_authors_and_says_who_pinned_it(session: Session, incident: Incident) -> None:
    lifecycle.note(session, incident, "seen", by=ONCALL, key="n", author=REPORTER)
    entry = timeline.entries(session, incident.id)[-1]
    assert (entry.actor, entry.data) == (REPORTER, {"pinned_by": ONCALL})


# updates and timers


def test_an_update_promises_the_next_and_the_promise_replaces_the_former(session: Session, incident: Incident) -> None:
    lifecycle.post_update(session, incident, "one", timedelta(minutes=30), by=ONCALL, key="1")
    lifecycle.post_update(session, incident, "two", timedelta(minutes=60), by=ONCALL, key="2")
    rows = session.scalars(sa.select(Timer).order_by(Timer.id)).all()
    assert [row.cancelled_at is not None for row in rows] == [True, False]
    assert rows[1].due_at == incident.next_update_at


def test_an_update_without_a_promise_cancels_the_former(session: Session, incident: Incident) -> None:
    lifecycle.post_update(session, incident, "one", timedelta(minutes=30), by=ONCALL, key="1")
    lifecycle.post_update(session, incident, "two", None, by=ONCALL, key="2")
    assert incident.next_update_at is None
    with travel(timedelta(days=1)):
        assert timers.due(session) == []


def test_a_timer_is_due_at_its_time_and_claimed_once(session: Session, incident: Incident) -> None:
    timers.set_timer(session, "t", "k", now() + timedelta(minutes=5), incident_id=incident.id)
    timers.set_timer(session, "t", "k", now(), incident_id=incident.id)
    assert timers.due(session) == []
    with travel(timedelta(minutes=6)):
        (due,) = timers.due(session)
        assert timers.claim(session, due.id) is not None
        assert timers.claim(session, due.id) is None
        assert timers.due(session) == []


def test_a_timer_cancelled_meanwhile_is_not_claimed(session: Session, incident: Incident) -> None:
    timers.set_timer(session, "t", "k", now(), incident_id=incident.id)
    (due,) = timers.due(session)
    timers.cancel(session, incident.id, "t")
    session.expire_all()
    assert timers.claim(session, due.id) is None
    assert timers.claim(session, 10_000) is None


# mitigating, resolving, reopening


def test_mitigating_stamps_and_a_second_time_is_refused(session: Session, incident: Incident) -> None:
    lifecycle.mitigate(session, incident, by=ONCALL, key="m")
    assert (incident.status, incident.ongoing) == ("mitigated", "no")
    with pytest.raises(Conflict, match="mitigated already"):
        lifecycle.mitigate(session, incident, by=LEAD, key="m2")


def test_resolving_needs_mitigated_first(session: Session, incident: Incident) -> None:
    with pytest.raises(Conflict, match="Mark it mitigated first"):
        lifecycle.resolve(session, incident, "done", by=ONCALL, key="r", missing=[], anyway=True)
    assert incident.status == "open"


def test_resolving_says_everything_that_is_missing_and_the_gaps_go_on_the_record(
    session: Session, incident: Incident
) -> None:
    before = lifecycle.missing_for_resolve(session, incident, open_steps=1)
    assert [line.split()[0] for line in before] == ["When", "Nobody", "It", "The", "No", "1"]
    lifecycle.mitigate(session, incident, by=ONCALL, key="m")
    missing = lifecycle.missing_for_resolve(session, incident, open_steps=0)
    with pytest.raises(Conflict, match=r"Still missing:\n• When the harm began"):
        lifecycle.resolve(session, incident, "done", by=ONCALL, key="r", missing=missing, anyway=False)
    lifecycle.resolve(session, incident, "done", by=ONCALL, key="r", missing=missing, anyway=True)
    entry = timeline.entries(session, incident.id)[-1]
    assert (entry.kind, entry.data["missing"]) == ("resolved", missing)


def test_nothing_is_missing_when_everything_was_done(session: Session, incident: Incident) -> None:
    lifecycle.acknowledge(session, incident, by=ONCALL, key="a")
    lifecycle.assign(session, incident, "commander", ONCALL, by=ONCALL, key="c")
    lifecycle.mitigate(session, incident, by=ONCALL, key="m")
    milestones.stamp(session, incident, "onset", source="resolve", actor=ONCALL, at=now() - timedelta(hours=1))
    incident.severity_provisional = False
    assert lifecycle.missing_for_resolve(session, incident, open_steps=0) == []
    lifecycle.resolve(session, incident, "done", by=ONCALL, key="r", missing=[], anyway=False)
    assert incident.status == "resolved"


def test_resolving_ends_the_promise_of_an_update(session: Session, incident: Incident) -> None:
    lifecycle.post_update(session, incident, "one", timedelta(minutes=30), by=ONCALL, key="1")
    _resolved(session, incident)
    assert incident.next_update_at is None
    with travel(timedelta(days=1)):
        assert timers.due(session) == []


def test_nothing_is_done_to_a_resolved_incident(session: Session, incident: Incident) -> None:
    _resolved(session, incident)
    before = _kinds(session, incident)
    for attempt in (
        lambda: lifecycle.acknowledge(session, incident, by=LEAD, key="x"),
        lambda: lifecycle.assign(session, incident, "scribe", LEAD, by=LEAD, key="x"),
        lambda: lifecycle.post_update(session, incident, "x", None, by=LEAD, key="x"),
        lambda: lifecycle.mitigate(session, incident, by=LEAD, key="x"),
        lambda: lifecycle.resolve(session, incident, "x", by=LEAD, key="x", missing=[], anyway=True),
    ):
        with pytest.raises(Conflict, match=r"is resolved, so nothing was changed\. Reopen it"):
            attempt()
    assert _kinds(session, incident) == before


def test_reopening_goes_on_with_the_former_stamps_kept(session: Session, incident: Incident) -> None:
    _resolved(session, incident)
    lifecycle.reopen(session, incident, "It is back.", by=LEAD, key="o")
    assert (incident.status, incident.mitigated_at, incident.resolved_at) == ("open", None, None)
    assert _stamps(session, incident) == {"reported", "detected", "declared"}
    assert len(incident.milestones) == 5
    lifecycle.mitigate(session, incident, by=ONCALL, key="m2")
    assert "mitigated" in _stamps(session, incident)


def test_reopening_an_open_incident_is_refused(session: Session, incident: Incident) -> None:
    with pytest.raises(Conflict, match="open already"):
        lifecycle.reopen(session, incident, "x", by=LEAD, key="o")


# milestones by hand (abuse case 41)


def test_a_time_in_the_future_is_refused(session: Session, incident: Incident) -> None:
    with pytest.raises(BadInput, match="cannot be in the future"):
        milestones.stamp(session, incident, "onset", source="x", actor=ONCALL, at=now() + timedelta(minutes=5))
    assert milestones.stamp(session, incident, "onset", source="x", actor=ONCALL, at=now() + timedelta(seconds=30))


def test_mitigated_before_detected_needs_a_correction_with_a_name(session: Session, incident: Incident) -> None:
    early = now() - timedelta(days=1)
    with pytest.raises(BadInput, match="before detected"):
        milestones.stamp(session, incident, "mitigated", source="rollback", actor="rollback", at=early)
    milestones.stamp(session, incident, "mitigated", source="button", actor=ONCALL, confirmed_by=ONCALL)
    milestones.correct(session, incident, "mitigated", early, actor=LEAD, reason="It had stopped by itself.")
    assert incident.times_confirmed_by == LEAD
    assert incident.mitigated_at == early
    assert milestones.times(incident).ttm == timedelta(0)
    assert "It had stopped by itself." in timeline.entries(session, incident.id)[-1].text
    assert [row.superseded_at is None for row in incident.milestones if row.name == "mitigated"] == [False, True]


def test_an_unknown_milestone_is_refused_with_the_known_ones(session: Session, incident: Incident) -> None:
    with pytest.raises(BadInput, match="Known: onset, detected"):
        milestones.stamp(session, incident, "noticed", source="x", actor=ONCALL)


def test_the_four_times_are_what_the_design_says() -> None:
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    minute = timedelta(minutes=1)
    incident = Incident(
        onset_at=start,
        detected_at=start + 10 * minute,
        declared_at=start + 12 * minute,
        acknowledged_at=start + 15 * minute,
        mitigated_at=start + 60 * minute,
        resolved_at=start + 120 * minute,
    )
    assert milestones.times(incident) == milestones.Times(10 * minute, 3 * minute, 50 * minute, 110 * minute)
    assert milestones.times(Incident(detected_at=start)) == milestones.Times(None, None, None, None)


def test_a_link_is_remembered_once_per_key(session: Session, incident: Incident) -> None:
    for external in ("C1", "C2"):
        lifecycle.add_link(session, incident.id, "channel", key="channel:1", external_id=external)
    found = lifecycle.link(session, incident.id, "channel")
    assert found is not None
    assert found.external_id == "C1"
    inside = lifecycle.in_channel(session, TEAM, "C1")
    assert inside is not None
    assert inside.id == incident.id
    assert lifecycle.in_channel(session, "T0ELSEWHERE", "C1") is None
