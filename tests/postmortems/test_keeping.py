"""Versions and actions: added once, kept for good, done only with evidence."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from storykit import APPROVER, COMMANDER, START, declare

from incidents import timeline
from incidents.errors import BadInput, Conflict, NotFound
from incidents.models import Incident
from postmortems import actions, versions
from postmortems.answers import answer
from postmortems.check import check
from postmortems.draft import draft
from postmortems.models import Action, PostmortemVersion
from postmortems.record import gather

TODAY = START.date()


def add(session: Session, incident: Incident, key: str = "k1", **changed: Any) -> Action:
    fields: dict[str, Any] = {
        "type": "prevent",
        "title": "Put the customer into the cache key",
        "owner": APPROVER,
        "due": TODAY + timedelta(days=14),
        "priority": "high",
        "by": COMMANDER,
        "key": key,
    }
    return actions.add(session, incident, **(fields | changed))


def test_a_draft_is_saved_once_per_key_with_one_timeline_entry(session: Session, story: Incident) -> None:
    made = draft(gather(session, story))
    first = versions.save_draft(session, story, made, by=COMMANDER, key="press:1")
    again = versions.save_draft(session, story, made, by=COMMANDER, key="press:1")
    assert again is first
    assert (first.version, first.state, first.body) == (1, "draft", made.body)
    assert [entry.kind for entry in timeline.entries(session, story.id)].count("postmortem") == 1
    assert timeline.verify(session, story.id) is None


def test_another_press_is_the_next_version_and_the_old_one_stays(session: Session, story: Incident) -> None:
    made = draft(gather(session, story))
    versions.save_draft(session, story, made, by=COMMANDER, key="press:1")
    versions.save_draft(session, story, made, by=APPROVER, key="press:2")
    assert [(v.version, v.author) for v in versions.list_versions(session, story)] == [(1, COMMANDER), (2, APPROVER)]
    latest = versions.latest(session, story)
    assert latest is not None
    assert latest.version == 2


def test_saving_a_draft_does_not_change_the_next_draft(session: Session, story: Incident) -> None:
    made = draft(gather(session, story))
    versions.save_draft(session, story, made, by=COMMANDER, key="press:1")
    assert draft(gather(session, story)).body == made.body


def test_an_incident_without_a_draft_has_no_latest(session: Session, bare: Incident) -> None:
    assert versions.latest(session, bare) is None
    assert versions.list_versions(session, bare) == []


def test_the_citations_are_kept_with_the_version(session: Session, story: Incident) -> None:
    version = versions.save_draft(session, story, draft(gather(session, story)), by=COMMANDER, key="p")
    session.expire(version)
    assert {"ref": "T1", "what": "declared"}.items() <= version.citations[0].items()


def test_the_database_refuses_two_versions_with_one_number(session: Session, story: Incident) -> None:
    version = versions.save_draft(session, story, draft(gather(session, story)), by=COMMANDER, key="p")
    columns = {c.name: getattr(version, c.name) for c in PostmortemVersion.__table__.columns if c.name != "id"}
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(sa.insert(PostmortemVersion).values({**columns, "key": "other"}))


def test_an_action_is_added_once_and_the_next_draft_holds_it(session: Session, story: Incident) -> None:
    action = add(session, story)
    assert add(session, story) is action
    record = gather(session, story)
    body = draft(record).body
    expected = (
        f"- [P{action.id}] prevent, priority high, open: “Put the customer into the cache key”"
        " Owner: a responder. Due 2026-03-16."
    )
    assert expected in body
    assert check(body, record) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "wish"),
        ("priority", "urgent"),
        ("title", " \x00 "),
        ("title", "x" * 201),
        ("owner", " "),
        ("due", date(2020, 1, 1)),
    ],
)
def test_an_action_that_breaks_a_rule_names_the_field_and_saves_nothing(
    session: Session, story: Incident, field: str, value: Any
) -> None:
    before = len(timeline.entries(session, story.id))
    with pytest.raises(BadInput) as refused:
        add(session, story, **{field: value})
    assert refused.value.field == field
    assert session.scalar(sa.select(sa.func.count()).select_from(Action)) == 0
    assert len(timeline.entries(session, story.id)) == before


def test_an_action_is_done_only_with_evidence(session: Session, story: Incident) -> None:
    action = add(session, story)
    with pytest.raises(BadInput):
        actions.complete(session, story, action.id, "  ", by=APPROVER, key="done:1")
    assert action.state == "open"
    actions.complete(session, story, action.id, "test cache_tenant passes", by=APPROVER, key="done:1")
    assert (action.state, action.done_by, action.evidence) == ("done", APPROVER, "test cache_tenant passes")


def test_completing_twice_with_one_key_is_one_and_with_another_is_refused(session: Session, story: Incident) -> None:
    action = add(session, story)
    actions.complete(session, story, action.id, "done", by=APPROVER, key="done:1")
    actions.complete(session, story, action.id, "done", by=APPROVER, key="done:1")
    with pytest.raises(Conflict, match="completed this action already"):
        actions.complete(session, story, action.id, "done", by=COMMANDER, key="done:2")
    assert [entry.kind for entry in timeline.entries(session, story.id)].count("action_done") == 1


def test_an_action_of_another_incident_is_not_found(session: Session, story: Incident) -> None:
    action = add(session, story)
    other = declare(session, "Another incident.")
    with pytest.raises(NotFound):
        actions.complete(session, other, action.id, "done", by=APPROVER, key="done:1")


def test_the_database_refuses_done_without_evidence(session: Session, story: Incident) -> None:
    action = add(session, story)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(sa.update(Action).where(Action.id == action.id).values(state="done"))


def test_overdue_is_open_and_past_its_day_longest_first(
    session: Session, story: Incident, at: Callable[[float], None]
) -> None:
    late = add(session, story, "k1", due=TODAY + timedelta(days=1))
    later = add(session, story, "k2", due=TODAY)
    done = add(session, story, "k3", due=TODAY)
    actions.complete(session, story, done.id, "done", by=APPROVER, key="d")
    assert actions.overdue(session, TODAY) == []
    assert actions.overdue(session, TODAY + timedelta(days=2)) == [later, late]
    other = declare(session, "Another incident.")
    assert actions.overdue(session, TODAY + timedelta(days=2), incident=other) == []


def test_an_answer_is_taken_once_and_only_to_a_known_question(session: Session, bare: Incident) -> None:
    assert answer(session, bare, "trigger", "a deploy", by=COMMANDER, key="a") is True
    assert answer(session, bare, "trigger", "a deploy", by=COMMANDER, key="a") is False
    with pytest.raises(BadInput):
        answer(session, bare, "favourite_colour", "blue", by=COMMANDER, key="b")
