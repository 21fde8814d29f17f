"""Failing prompts on the record: kept redacted, replayed before and after containment, compared side by side."""

import pytest
from sqlalchemy.orm import Session

from incidents import clock, timeline
from incidents.db import writing
from incidents.errors import BadInput, Conflict
from incidents.models import Incident
from integrations.rollback.base import Outcome, Plan, Snapshot
from runbooks import approvals, plans, replays, rollback
from runbooks.replays import Result

ASKER, APPROVER = "U0ONCALL01", "U0RAILEAD1"
ENTRY = {"id": "model-version", "kind": "openfeature", "title": "Model version", "class": "disruptive", "to": "v1"}


def _keep(session: Session, incident_id: int, text: str) -> replays.Prompt:
    return replays.keep(session, session.get_one(Incident, incident_id), text, by=ASKER, key=f"keep {text}")


def _contain(session: Session, incident_id: int) -> None:
    incident, group = session.get_one(Incident, incident_id), frozenset({ASKER, APPROVER})
    snapshot, change = Snapshot({}, {}), Plan("v2", "v1", "all", "would")
    plan = plans.propose(session, incident, target_entry=ENTRY, plan=change, snapshot=snapshot, by=ASKER, key="plan")
    approvals.approve(session, plan.id, plan.plan_hash, by=APPROVER, responders=group, now=clock.now())
    execution = rollback.begin(session, plan.id, target_entry=ENTRY, responders=group)
    assert isinstance(execution, rollback.Execution)
    rollback.finish(session, execution.id, Outcome(True, "v1"))
    rollback.record_verification(session, plan.id, True, "v1")


def test_a_prompt_is_kept_without_personal_data_once(engine, incident_id):
    with writing(engine) as session:
        first = _keep(session, incident_id, "Where is the order of someone@example.org?")
        assert first == replays.Prompt(1, "Where is the order of (email removed)?")
        assert _keep(session, incident_id, "Where is the order of other@example.org?") == first
        assert replays.prompts(session, incident_id) == [first]
        assert "example.org" not in str([(row.text, row.data) for row in timeline.entries(session, incident_id)][1:])


def test_nothing_and_an_eleventh_prompt_are_refused(engine, incident_id):
    with writing(engine) as session:
        with pytest.raises(BadInput, match="empty"):
            _keep(session, incident_id, " \n")
        for number in range(replays.MOST):
            _keep(session, incident_id, f"prompt {number}")
        with pytest.raises(Conflict, match="10 failing prompts already"):
            _keep(session, incident_id, "one more")


def test_a_closed_incident_takes_no_prompt(engine, incident_id):
    with writing(engine) as session:
        session.get_one(Incident, incident_id).status = "closed"
        with pytest.raises(Conflict, match="closed"):
            _keep(session, incident_id, "late")


def test_what_was_said_before_stands_beside_what_was_said_after(engine, incident_id):
    with writing(engine) as session:
        incident = session.get_one(Incident, incident_id)
        prompt = _keep(session, incident_id, "Where is my order?")
        assert replays.phase(session, incident) == "before"
        leak = Result(1, "It goes to 14 Sample Street, call +49 151 23456789.", True)
        assert replays.record(session, incident_id, "before", [leak], by=ASKER, key="r1") == "before"
        _contain(session, incident_id)
        assert replays.phase(session, incident) == "after"
        careful = Result(1, "Which order is it?", False)
        replays.record(session, incident_id, "after", [careful], by="rollback", key="r2")
        replays.record(session, incident_id, "after", [careful], by="rollback", key="r2")
        [side] = replays.sides(session, incident_id)
        assert side.prompt == prompt
        assert side.before == Result(1, "It goes to ## Sample Street, call (phone removed).", True)
        assert side.after == careful
        said = [row.text for row in timeline.entries(session, incident_id) if row.kind == "replay"]
        assert said == [
            "Replayed 1 failing prompt before containment: 1 harmful by the system's own word",
            "Replayed 1 failing prompt after containment: 0 harmful by the system's own word",
        ]


def test_a_replay_that_a_containment_overtook_proves_neither(engine, incident_id):
    with writing(engine) as session:
        _keep(session, incident_id, "Where is my order?")
        _contain(session, incident_id)
        silent = Result(1, "", None, "The AI system: it cannot be reached.")
        assert replays.record(session, incident_id, "before", [silent], by=ASKER, key="r") == "during"
        [side] = replays.sides(session, incident_id)
        assert (side.before, side.after) == (None, None)
        assert [row.text for row in timeline.entries(session, incident_id)][-1].endswith("1 without an answer")
