"""One responder alone in an emergency, and the review by another that must follow: abuse case 45 at its verbs."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import clock, lifecycle, timeline
from incidents.db import reading, writing
from incidents.errors import BadInput, Conflict, NotAllowed
from incidents.models import Incident, Timer
from integrations.rollback.base import Outcome, Plan, Snapshot
from runbooks import approvals, break_glass, plans, rollback
from runbooks.approvals import Refused
from runbooks.models import BreakGlass, RollbackExecution, RollbackPlan

REPORTER, ALONE, OTHER = "U0SUPPORT1", "U0ONCALL01", "U0RAILEAD1"
RESPONDERS = frozenset({ALONE, OTHER})
ENTRY = {"id": "model-version", "kind": "openfeature", "title": "Model version", "class": "critical", "to": "v1"}


@pytest.fixture
def plan(engine: sa.Engine, incident_id: int) -> RollbackPlan:
    with writing(engine) as session:
        return _propose(session, incident_id)


def _propose(session: Session, incident_id: int, key: str = "press") -> RollbackPlan:
    return plans.propose(
        session,
        session.get_one(Incident, incident_id),
        target_entry=ENTRY,
        plan=Plan("v2", "v1", "all requests", "would set v1"),
        snapshot=Snapshot({"model": "v2"}, {}),
        by=ALONE,
        key=key,
    )


def _use(session: Session, plan: RollbackPlan, **changes: Any) -> BreakGlass | Refused:
    given: dict[str, Any] = {"by": ALONE, "reason": "It shows addresses now.", "responders": RESPONDERS, "key": "use"}
    return break_glass.use(session, plan.id, changes.pop("plan_hash", plan.plan_hash), **(given | changes))


def _used(session: Session, plan: RollbackPlan, **changes: Any) -> BreakGlass:
    row = _use(session, plan, **changes)
    assert isinstance(row, BreakGlass), row
    return row


def _review(session: Session, row: BreakGlass, **changes: Any) -> BreakGlass:
    given: dict[str, Any] = {
        "by": OTHER,
        "verdict": "justified",
        "words": "Nobody else woke.",
        "responders": RESPONDERS,
    }
    return break_glass.review(session, row.id, **(given | changes))


def _begin(session: Session, plan: RollbackPlan, responders: frozenset[str] = RESPONDERS) -> object:
    return rollback.begin(session, plan.id, target_entry=ENTRY, responders=responders)


def test_abuse_45_one_responder_alone_executes_even_a_critical_plan(engine, incident_id, plan):
    with writing(engine) as session:
        _used(session, plan)
        execution = _begin(session, plan)
        assert isinstance(execution, rollback.Execution), execution
        assert execution.approver == ALONE
        rollback.finish(session, execution.id, Outcome(True, "v1"))
        done = rollback.record_verification(session, plan.id, True, "the service says v1")
        assert done.state == "verified"
        said = [entry.text for entry in timeline.entries(session, incident_id) if entry.kind == "break_glass"]
        assert said == [
            "Break glass used for Model version: v2 → v1: one responder alone, because: It shows addresses now."
        ]


def test_abuse_45_the_same_press_twice_is_one_use_and_another_is_told_who(engine, plan):
    with writing(engine) as session:
        first = _used(session, plan)
        assert _used(session, plan).id == first.id
        again = _use(session, plan, key="another press", by=OTHER)
        assert isinstance(again, Refused)
        assert f"<@{ALONE}> has used break glass" in again.message
        approved = approvals.approve(
            session, plan.id, plan.plan_hash, by=OTHER, responders=RESPONDERS, now=clock.now(), typed=plan.plan_hash[:8]
        )
        assert isinstance(approved, Refused)
    with reading(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(BreakGlass)) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"by": REPORTER}, "not-a-responder"),
        ({"responders": None}, "no-responders"),
        ({"responders": frozenset()}, "no-responders"),
        ({"plan_hash": "0" * 64}, "changed"),
    ],
)
def test_abuse_45_only_a_responder_and_only_for_the_plan_that_was_shown(engine, plan, changes, code):
    with writing(engine) as session:
        refused = _use(session, plan, **changes)
        assert isinstance(refused, Refused)
        assert refused.code == code


def test_abuse_45_an_expired_plan_stays_expired(engine, plan, monkeypatch):
    monkeypatch.setattr(break_glass, "now", lambda: plan.expires_at)
    with writing(engine) as session:
        refused = _use(session, plan)
        assert isinstance(refused, Refused)
        assert refused.code == "expired"


@pytest.mark.parametrize(("change", "code"), [({"status": "closed"}, "closed"), ({"kind": "exercise"}, "exercise")])
def test_abuse_45_a_closed_incident_and_an_exercise_change_nothing(engine, incident_id, plan, change, code):
    with writing(engine) as session:
        for name, value in change.items():
            setattr(session.get_one(Incident, incident_id), name, value)
        refused = _use(session, plan)
        assert isinstance(refused, Refused)
        assert refused.code == code


def test_abuse_45_without_a_reason_nothing_happens(engine, plan):
    with pytest.raises(BadInput, match="cannot be empty"), writing(engine) as session:
        _use(session, plan, reason=" \u200b ")


def test_abuse_45_who_left_the_group_before_it_started_executes_nothing_but_is_reviewed(engine, incident_id, plan):
    with writing(engine) as session:
        _used(session, plan)
        refused = _begin(session, plan, responders=frozenset({OTHER}))
        assert isinstance(refused, Refused)
        assert refused.code == "approver-left"
    with reading(engine) as session:
        assert session.get_one(RollbackPlan, plan.id).state == "void"
        assert len(break_glass.unreviewed(session, incident_id)) == 1


@pytest.mark.parametrize(
    "account", [{"by": ALONE}, {"by": OTHER, "person": " Oncall@sandbox.invalid"}, {"by": OTHER, "person": None}]
)
def test_abuse_45_who_used_it_cannot_review_it_by_any_account(engine, plan, account):
    with writing(engine) as session:
        row = _used(session, plan, person="oncall@sandbox.invalid")
    with pytest.raises(NotAllowed, match="another responder"), writing(engine) as session:
        _review(session, row, **account)


def test_abuse_45_a_review_is_possible_where_slack_says_only_later_who_used_it(engine, plan):
    with writing(engine) as session:
        row = _used(session, plan)
        with pytest.raises(NotAllowed, match="two people"):
            _review(session, row, by=OTHER, person="privacy@sandbox.invalid")
        with pytest.raises(NotAllowed, match="another responder"):
            _review(session, row, by=OTHER, person="oncall@sandbox.invalid", user="oncall@sandbox.invalid")
        _review(session, row, by=OTHER, person="privacy@sandbox.invalid", user="oncall@sandbox.invalid")
        assert row.reviewed_by == OTHER


def test_abuse_45_the_database_refuses_a_review_by_who_used_it(engine, plan):
    with writing(engine) as session:
        row = _used(session, plan)
    with pytest.raises(sa.exc.IntegrityError, match="reviewed_by_another"), writing(engine) as session:
        kept = session.get_one(BreakGlass, row.id)
        kept.verdict, kept.words, kept.reviewed_at = "justified", "fine", clock.now()
        kept.reviewed_by, kept.reviewer_person = ALONE, "somebody-else"


def test_abuse_45_a_stranger_cannot_review_and_nobody_twice(engine, plan):
    with writing(engine) as session:
        row = _used(session, plan)
    with pytest.raises(NotAllowed, match="responders' group"), writing(engine) as session:
        _review(session, row, by=REPORTER)
    with writing(engine) as session:
        _review(session, row, verdict="not_justified")
    with pytest.raises(Conflict, match=f"<@{OTHER}> has reviewed"), writing(engine) as session:
        _review(session, row)


def test_abuse_45_while_the_review_stands_the_incident_cannot_be_closed(engine, incident_id, plan):
    with writing(engine) as session:
        row = _used(session, plan)
        incident = session.get_one(Incident, incident_id)
        assert any("Break glass was used" in line for line in lifecycle.missing_for_resolve(session, incident, 0))
    with pytest.raises(sa.exc.IntegrityError, match="reviewed_before_closed"), writing(engine) as session:
        session.get_one(Incident, incident_id).status = "closed"
    with writing(engine) as session:
        _review(session, row)
    with writing(engine) as session:
        session.get_one(Incident, incident_id).status = "closed"


def test_a_review_is_reminded_of_after_four_hours_and_then_daily(engine, incident_id, plan):
    with writing(engine) as session:
        row = _used(session, plan)
        break_glass.remind(session, row)
        break_glass.remind(session, row)
        due = session.scalars(sa.select(Timer.due_at).where(Timer.kind == break_glass.REVIEW)).all()
        waits = sorted(round((at - row.at) / timedelta(hours=1)) for at in due)
        assert waits == [4, 24]


def test_the_database_refuses_an_execution_on_no_authority_or_two(engine, incident_id, plan):
    with pytest.raises(sa.exc.IntegrityError, match="one_authority"), writing(engine) as session:
        session.add(RollbackExecution(key="x", plan_id=plan.id, kind="execute", started_at=clock.now(), seen=""))
