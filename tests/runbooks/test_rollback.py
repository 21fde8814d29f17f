"""Two people, one plan, one execution: the verbs of a rollback, and abuse cases 6 to 14 as far as they decide them."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import clock, lifecycle, milestones, timeline
from incidents.db import reading, writing
from incidents.errors import BadInput, Conflict, NotFound
from incidents.models import Incident
from integrations.rollback.base import Drifted, Outcome, Plan, Snapshot, perform
from integrations.rollback.kinds import build_target
from runbooks import approvals, plans, progress, rollback
from runbooks import engine as run_engine
from runbooks.approvals import Refused
from runbooks.models import RollbackApproval, RollbackExecution, RollbackPlan, RunbookStep

REPORTER, ASKER, APPROVER, THIRD = "U0SUPPORT1", "U0ONCALL01", "U0RAILEAD1", "U0PRIVACY1"
RESPONDERS = frozenset({ASKER, APPROVER, THIRD})
ENTRY = {"id": "model-version", "kind": "openfeature", "title": "Model version", "class": "disruptive", "to": "v1"}
PLAN = Plan("v2", "v1", "all requests", "would set v1")
SNAPSHOT = Snapshot({"model": "v2", "share": 1e20}, {"flags.json": "0" * 64})


def _propose(session: Session, incident_id: int, **changes: Any) -> RollbackPlan:
    given: dict[str, Any] = {"target_entry": ENTRY, "plan": PLAN, "snapshot": SNAPSHOT, "by": ASKER, "key": "press"}
    return plans.propose(session, session.get_one(Incident, incident_id), **(given | changes))


def _approve(session: Session, plan: RollbackPlan, **changes: Any) -> RollbackPlan | Refused:
    given: dict[str, Any] = {"by": APPROVER, "responders": RESPONDERS, "now": clock.now()}
    return approvals.approve(session, plan.id, changes.pop("plan_hash", plan.plan_hash), **(given | changes))


def _begin(session: Session, plan: RollbackPlan, **changes: Any) -> rollback.Execution | Refused:
    given: dict[str, Any] = {"target_entry": ENTRY, "responders": RESPONDERS}
    return rollback.begin(session, plan.id, **(given | changes))


def _begun(session: Session, plan: RollbackPlan, **changes: Any) -> rollback.Execution:
    execution = _begin(session, plan, **changes)
    assert isinstance(execution, rollback.Execution), execution
    return execution


def _verified(session: Session, incident_id: int, **changes: Any) -> RollbackPlan:
    plan = _propose(session, incident_id, **changes)
    _approve(session, plan)
    rollback.finish(session, _begun(session, plan).id, Outcome(True, "v1"))
    return rollback.record_verification(session, plan.id, True, "the service says v1")


def _code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def _refusals(session: Session, incident_id: int) -> list[tuple[str, str]]:
    entries = timeline.entries(session, incident_id)
    return [(entry.actor, str(entry.data["code"])) for entry in entries if entry.kind == "refusal"]


@pytest.fixture
def plan(engine: sa.Engine, incident_id: int) -> RollbackPlan:
    with writing(engine) as session:
        return _propose(session, incident_id)


def test_the_whole_way_from_plan_to_verified(engine, incident_id):
    with writing(engine) as session:
        plan = _propose(session, incident_id)
        assert plan.state == "planned"
        assert plan.expires_at - plan.requested_at == timedelta(minutes=15)
        _approve(session, plan)
        assert plan.state == "approved"
        execution = _begun(session, plan)
        assert plan.state == "executing"
        assert execution.action.plan == PLAN
        rollback.finish(session, execution.id, Outcome(True, "v1"))
        assert plan.state == "executed"
        rollback.record_verification(session, plan.id, True, "the service says v1")
        assert plan.state == "verified"
        assert timeline.verify(session, incident_id) is None


def test_a_verified_rollback_proposes_mitigated_by_its_approver(engine, incident_id):
    with writing(engine) as session:
        _verified(session, incident_id)
        incident = session.get_one(Incident, incident_id)
        stamp = milestones.current(session, incident_id, "mitigated")
        assert stamp is not None
        assert (stamp.source, stamp.actor, stamp.confirmed_by) == ("rollback", APPROVER, None)
        assert milestones.current(session, incident_id, "verified") is not None
        assert incident.status == "open", "only a person says that the harm has stopped"


def test_a_verified_rollback_ends_its_runbook_step(engine, incident_id, small):
    with writing(engine) as session:
        incident = session.get_one(Incident, incident_id)
        run = run_engine.start(session, incident, small, by=ASKER, key="run")
        run_engine.collect(session, run.id, "save", by=ASKER, kind="text", value="x")
        step = session.scalars(sa.select(RunbookStep).where(RunbookStep.step_id == "contain")).one()
        _verified(session, incident_id, step_id=step.id)
        following = progress.next_step(session, run.id)
        assert following is not None
        assert following.step_id == "still"


def test_a_failed_verification_is_loud_and_contains_nothing(engine, incident_id):
    with writing(engine) as session:
        plan = _propose(session, incident_id)
        _approve(session, plan)
        rollback.finish(session, _begun(session, plan).id, Outcome(True, "v1"))
        rollback.record_verification(session, plan.id, False, "the service says v2")
        assert (plan.state, plan.seen) == ("failed", "the service says v2")
        assert session.get_one(Incident, incident_id).status == "open"
        assert milestones.current(session, incident_id, "mitigated") is None
        assert any("NOT VERIFIED" in entry.text for entry in timeline.entries(session, incident_id))


def test_a_verification_can_pass_later_but_never_unpass(engine, incident_id):
    with writing(engine) as session:
        plan = _propose(session, incident_id)
        _approve(session, plan)
        rollback.finish(session, _begun(session, plan).id, Outcome(True, "v1"))
        rollback.record_verification(session, plan.id, False, "the service says v2")
        rollback.record_verification(session, plan.id, True, "the service says v1")
        rollback.record_verification(session, plan.id, False, "a late answer")
        assert (plan.state, plan.seen) == ("verified", "the service says v1")


def test_a_target_that_refuses_for_good_fails_the_plan_and_says_so(engine, incident_id):
    with writing(engine) as session:
        plan = _propose(session, incident_id)
        _approve(session, plan)
        rollback.failed(session, _begun(session, plan).id, "The flags file cannot be read.")
        assert (plan.state, plan.seen) == ("failed", "The flags file cannot be read.")


def test_the_same_press_makes_one_plan(engine, incident_id, plan):
    with writing(engine) as session:
        assert _propose(session, incident_id).id == plan.id


def test_a_plan_that_changes_nothing_is_refused(engine, incident_id):
    with writing(engine) as session, pytest.raises(Conflict, match="change nothing"):
        _propose(session, incident_id, plan=Plan("v1", "v1", "", ""))


def test_an_entry_with_an_unknown_class_is_refused(engine, incident_id):
    with writing(engine) as session, pytest.raises(BadInput, match="harmless"):
        _propose(session, incident_id, target_entry=ENTRY | {"class": "harmless"})


def test_an_entry_without_a_class_needs_two_people(engine, incident_id):
    with writing(engine) as session:
        entry = {name: value for name, value in ENTRY.items() if name != "class"}
        assert _propose(session, incident_id, target_entry=entry).action_class == "disruptive"


def test_evidence_is_kept_to_the_byte(engine, incident_id, plan):
    with reading(engine) as session:
        assert plans.snapshot_of(session.get_one(RollbackPlan, plan.id)) == SNAPSHOT


def test_a_routine_action_needs_one_responder_who_may_be_the_requester(engine, incident_id):
    with writing(engine) as session:
        plan = _propose(session, incident_id, target_entry=ENTRY | {"class": "routine"})
        assert _code(_approve(session, plan, by=REPORTER)) == "not-a-responder"
        _approve(session, plan, by=ASKER)
        assert plan.state == "approved"


@pytest.mark.parametrize("action_class", ["disruptive", "critical"])
def test_a_worse_action_needs_a_second_person(engine, incident_id, action_class):
    with writing(engine) as session:
        plan = _propose(session, incident_id, target_entry=ENTRY | {"class": action_class})
        assert _code(_approve(session, plan, by=ASKER, typed=plan.plan_hash[:8])) == "own-plan"
        _approve(session, plan, typed=plan.plan_hash[:8])
        assert plan.state == "approved"


@pytest.mark.parametrize("typed", ["", "0000000", "not it"])
def test_a_critical_action_is_approved_by_typing_the_beginning_of_its_hash(engine, incident_id, typed):
    with writing(engine) as session:
        plan = _propose(session, incident_id, target_entry=ENTRY | {"class": "critical"})
        assert _code(_approve(session, plan, typed=typed)) == "not-typed"
        assert plan.state == "planned"
        _approve(session, plan, typed=f" {plan.plan_hash[:8].upper()} ")
        assert plan.state == "approved"


def test_abuse_06_a_stranger_cannot_approve_and_the_attempt_is_on_the_record(engine, incident_id, plan):
    with writing(engine) as session:
        assert _code(_approve(session, plan, by=REPORTER)) == "not-a-responder"
    with reading(engine) as session:
        assert session.get_one(RollbackPlan, plan.id).state == "planned"
        assert _refusals(session, incident_id) == [(REPORTER, "not-a-responder")]


def test_abuse_07_the_requester_never_approves_also_on_a_second_click(engine, incident_id, plan):
    for _ in range(2):
        with writing(engine) as session:
            assert _code(_approve(session, plan, by=ASKER)) == "own-plan"
    with reading(engine) as session:
        assert _refusals(session, incident_id) == [(ASKER, "own-plan")] * 2


def test_abuse_07_a_second_account_of_the_requester_is_the_requester(engine, incident_id):
    with writing(engine) as session:
        plan = _propose(session, incident_id, person="oncall@sandbox.invalid")
        answer = _approve(session, plan, by=THIRD, person="OnCall@sandbox.invalid ")
        assert _code(answer) == "own-plan"


def test_abuse_07_where_slack_says_who_one_of_two_accounts_is_nobody_can_tell_and_it_is_denied(engine, incident_id):
    with writing(engine) as session:
        plan = _propose(session, incident_id, person="oncall@sandbox.invalid")
        assert _code(_approve(session, plan, by=THIRD)) == "unknown-person"
        _approve(session, plan, by=THIRD, person="privacy@sandbox.invalid")
        assert plan.state == "approved"


def test_abuse_07_who_asked_is_told_apart_by_what_slack_says_now_where_it_said_nothing_then(engine, incident_id):
    with writing(engine) as session:
        plan = _propose(session, incident_id)
        same = _approve(session, plan, by=THIRD, person="oncall@sandbox.invalid", requester="Oncall@sandbox.invalid")
        assert _code(same) == "own-plan"
        _approve(session, plan, by=THIRD, person="privacy@sandbox.invalid", requester="oncall@sandbox.invalid")
        assert plan.state == "approved"


@pytest.mark.parametrize(
    "lie", [{"approver": ASKER}, {"approver_person": ASKER.casefold()}, {"action_class": "routine", "approver": ASKER}]
)
def test_abuse_07_the_database_refuses_an_approval_by_the_requester(engine, plan, lie):
    honest = {
        "plan_id": plan.id,
        "plan_hash": plan.plan_hash,
        "action_class": plan.action_class,
        "requested_by": plan.requested_by,
        "requester_person": plan.requester_person,
        "approver": APPROVER,
        "approver_person": APPROVER.casefold(),
        "at": clock.now(),
    }
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as session:
        session.add(RollbackApproval(**(honest | lie)))


def test_what_a_rollback_leaves_open_is_told_to_who_resolves(engine, incident_id, plan):
    def told() -> list[str]:
        return plans.unfinished(session, incident_id)

    with writing(engine) as session:
        assert told() == ["Model version: v2 → v1 waits for approval."]
        _approve(session, plan)
        execution = _begun(session, plan)
        assert told() == ["Model version: v2 → v1 is being carried out."]
        rollback.finish(session, execution.id, Outcome(True, "v1"))
        rollback.record_verification(session, plan.id, False, "the service says v2")
        assert told() == ["Model version: v2 → v1 could not be verified."]
        _verified(session, incident_id, key="again")
        assert told() == []


def test_abuse_08_an_approver_who_left_the_group_no_longer_counts(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)
        assert _code(_begin(session, plan, responders=RESPONDERS - {APPROVER})) == "approver-left"
    with writing(engine) as session:
        again = session.get_one(RollbackPlan, plan.id)
        assert again.state == "planned"
        assert session.scalar(sa.select(sa.func.count()).select_from(RollbackExecution)) == 0
        _approve(session, again, by=THIRD)
        assert _begun(session, again).approver == THIRD


@pytest.mark.parametrize("responders", [None, frozenset()])
def test_abuse_09_a_group_that_cannot_be_read_denies_everybody(engine, incident_id, plan, responders):
    with writing(engine) as session:
        assert _code(_approve(session, plan, responders=responders)) == "no-responders"
        _approve(session, plan)
        assert _code(_begin(session, plan, responders=responders)) == "no-responders"
        assert session.get_one(RollbackPlan, plan.id).state == "planned", "it can be approved again"
        _approve(session, plan, by=THIRD)
        assert _begun(session, plan).approver == THIRD


def test_abuse_10_a_changed_plan_takes_its_approval_with_it(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)
        changed = _propose(session, incident_id, plan=Plan("v2", "v0", "all requests", "would set v0"), key="changed")
        assert changed.plan_hash != plan.plan_hash
        assert _code(_begin(session, plan)) == "void"
        assert _code(_begin(session, changed)) == "not-approved"
        assert _code(_approve(session, changed, plan_hash=plan.plan_hash)) == "changed"


@pytest.mark.parametrize(
    "change", [{"to_value": "v9"}, {"target_id": "other"}, {"blast_radius": "1 %"}, {"snapshot": "{}"}]
)
def test_abuse_10_a_plan_edited_behind_our_back_is_void(engine, incident_id, plan, change):
    with writing(engine) as session:
        _approve(session, plan)
    with writing(engine) as session:
        session.execute(sa.update(RollbackPlan).where(RollbackPlan.id == plan.id).values(**change))
    with writing(engine) as session:
        assert _code(_begin(session, plan)) == "tampered"
        assert session.get_one(RollbackPlan, plan.id).state == "void"


def test_abuse_10_the_database_refuses_a_new_hash_under_an_approval(engine, plan):
    with writing(engine) as session:
        _approve(session, plan)
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as session:
        session.execute(sa.update(RollbackPlan).where(RollbackPlan.id == plan.id).values(plan_hash="f" * 64))


def test_abuse_10_a_target_that_the_operator_changed_needs_a_new_plan(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)
        assert _code(_begin(session, plan, target_entry=ENTRY | {"file": "elsewhere"})) == "entry-changed"


def test_abuse_10_a_target_that_the_operator_took_out_needs_a_new_plan(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)
        assert _code(_begin(session, plan, target_entry=None)) == "entry-changed"
        assert session.get_one(RollbackPlan, plan.id).state == "void"
        assert _refusals(session, incident_id) == [("rollback", "entry-changed")]


def test_a_plan_approved_while_another_incident_changes_its_target_can_be_made_again(
    engine, incident_id, other_incident_id, plan
):
    with writing(engine) as session:
        other = _propose(session, other_incident_id, key="other")
        _approve(session, plan)
        _approve(session, other)
        rollback.finish(session, _begun(session, plan).id, Outcome(True, "v1"))
        assert _code(_begin(session, other)) == "busy"
        assert other.state == "void"


def test_abuse_11_an_expired_plan_is_neither_approved_nor_carried_out(engine, incident_id, plan):
    with writing(engine) as session:
        assert _code(_approve(session, plan, now=plan.expires_at)) == "expired"
        assert session.get_one(RollbackPlan, plan.id).state == "void"
        second = _propose(session, incident_id, key="again")
        _approve(session, second)
        with clock.travel(timedelta(minutes=15)):
            assert _code(_begin(session, second)) == "expired"


def test_abuse_11_a_closed_incident_takes_no_approval_and_no_execution(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)
        session.get_one(Incident, incident_id).status = "closed"
    with writing(engine) as session:
        assert _code(_begin(session, plan)) == "closed"
        assert _code(_approve(session, plan)) == "void"
        with pytest.raises(Conflict, match="closed"):
            _propose(session, incident_id, key="later")


def test_abuse_12_a_button_edited_to_another_plan_does_not_fit_its_hash(engine, other_incident_id, plan):
    with writing(engine) as session:
        other = _propose(session, other_incident_id, key="other")
        assert _code(_approve(session, other, plan_hash=plan.plan_hash)) == "changed"
        assert other.state == "planned"


def test_abuse_12_a_button_edited_to_a_plan_that_does_not_exist_finds_nothing(engine, plan):
    with writing(engine) as session, pytest.raises(NotFound):
        approvals.approve(session, 999, plan.plan_hash, by=APPROVER, responders=RESPONDERS, now=clock.now())


def test_abuse_13_of_two_approvers_at_once_one_counts_and_the_other_is_told_who(engine, incident_id, plan):
    def press(user: str) -> RollbackPlan | Refused:
        with writing(engine) as session:
            return _approve(session, plan, by=user)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(press, [APPROVER, THIRD]))
    told = [answer for answer in answers if isinstance(answer, Refused)]
    assert [answer.code for answer in told] == ["already-approved"]
    winner = APPROVER if isinstance(answers[0], RollbackPlan) else THIRD
    assert f"<@{winner}>" in told[0].message


def test_abuse_13_a_worker_that_crashes_after_the_change_carries_on_and_changes_once(engine, incident_id, tmp_path):
    file = tmp_path / "flags.json"
    flag = {"state": "ENABLED", "variants": {"v1": "v1", "v2": "v2"}, "defaultVariant": "v2"}
    file.write_text(json.dumps({"flags": {"assistant-model": flag}}))
    entry = ENTRY | {"file": str(file), "flag": "assistant-model"}
    target = build_target(entry)
    snapshot = target.snapshot()
    with writing(engine) as session:
        plan = _propose(session, incident_id, target_entry=entry, plan=target.plan(snapshot), snapshot=snapshot)
        _approve(session, plan)
    with writing(engine) as session:
        first = _begun(session, plan, target_entry=entry)
    perform(target, first.action)  # and here the worker dies, its answer lost
    with writing(engine) as session:
        second = _begun(session, plan, target_entry=entry)
    assert second == first
    assert perform(target, second.action) == Outcome(changed=False, seen="v1")
    with writing(engine) as session:
        rollback.finish(session, second.id, Outcome(False, "v1"))
        rollback.finish(session, second.id, Outcome(False, "v1"))
        assert _begun(session, plan, target_entry=entry).finished
    seen = target.verify(plans.as_plan(plan))
    with writing(engine) as session:
        rollback.record_verification(session, plan.id, seen.ok, seen.seen)
        assert session.get_one(RollbackPlan, plan.id).state == "verified"
        assert session.scalar(sa.select(sa.func.count()).select_from(RollbackExecution)) == 1


def test_abuse_13_eight_workers_beginning_at_once_get_one_execution(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)

    def work(_: int) -> rollback.Execution:
        with writing(engine) as session:
            return _begun(session, plan)

    with ThreadPoolExecutor(8) as pool:
        assert len({execution.id for execution in pool.map(work, range(8))}) == 1


def test_abuse_13_a_group_change_after_the_start_does_not_strand_a_crashed_execution(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)
        first = _begun(session, plan)
        assert _begun(session, plan, responders=None) == first


def test_abuse_14_a_target_that_is_not_as_planned_stops_and_asks(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)
        rollback.finish(session, _begun(session, plan).id, Drifted("v2", "v3"))
    with writing(engine) as session:
        stopped = session.get_one(RollbackPlan, plan.id)
        assert stopped.state == "stopped"
        assert "v3 is there now" in stopped.seen
        assert session.get_one(Incident, incident_id).status == "open"
        assert _propose(session, incident_id, plan=Plan("v3", "v1", "", ""), key="again").state == "planned"


def test_an_exercise_never_touches_a_system(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)
        session.get_one(Incident, incident_id).kind = "exercise"
        session.flush()
        assert _code(_begin(session, plan)) == "exercise"


def test_another_incidents_rollback_of_the_same_target_is_waited_for(engine, incident_id, plan):
    with writing(engine) as session:
        _approve(session, plan)
        _begun(session, plan)
        with pytest.raises(Conflict, match="INC-1 is changing"):
            _propose(session, incident_id, key="second")


def test_a_rejected_plan_is_final(engine, incident_id, plan):
    with writing(engine) as session:
        assert _code(approvals.reject(session, plan.id, by=REPORTER, reason="no", responders=RESPONDERS)) == (
            "not-a-responder"
        )
        approvals.reject(session, plan.id, by=APPROVER, reason="the flag is wrong", responders=RESPONDERS)
        assert _code(_approve(session, plan, by=THIRD)) == "rejected"


def test_a_plan_nobody_approved_in_time_expires_by_itself(engine, incident_id, plan):
    with writing(engine) as session:
        assert plans.expire(session, clock.now()) == []
        assert [expired.id for expired in plans.expire(session, plan.expires_at)] == [plan.id]
        assert plans.expire(session, plan.expires_at) == []


def _propose_undo(session: Session, plan: RollbackPlan, **changes: Any) -> RollbackPlan:
    given: dict[str, Any] = {"target_entry": ENTRY, "snapshot": SNAPSHOT, "by": ASKER, "key": "undo", "reason": "worse"}
    return plans.propose_undo(session, plan.id, **(given | changes))


def test_an_undo_is_a_plan_of_its_own_that_another_person_approves(engine, incident_id):
    with writing(engine) as session:
        original = _verified(session, incident_id)
        undo = _propose_undo(session, original)
        assert (undo.from_value, undo.to_value) == ("v1", "v2")
        assert _code(_approve(session, undo, by=ASKER)) == "own-plan"
        _approve(session, undo)
        execution = _begun(session, undo)
        assert execution.action.undoes == plans.as_plan(original)
        rollback.finish(session, execution.id, Outcome(True, "v2"))
        rollback.record_verification(session, undo.id, True, "the service says v2")
        assert (undo.state, original.state) == ("verified", "undone")


def test_an_undo_that_leaves_nothing_containing_the_incident_opens_it_again(engine, incident_id):
    with writing(engine) as session:
        undo = _propose_undo(session, _verified(session, incident_id))
        _approve(session, undo)
        rollback.finish(session, _begun(session, undo).id, Outcome(True, "v2"))
        rollback.record_verification(session, undo.id, True, "the service says v2")
        assert session.get_one(Incident, incident_id).status == "open"
        assert milestones.current(session, incident_id, "mitigated") is None
        lifecycle.mitigate(session, session.get_one(Incident, incident_id), by=ASKER, key="by hand")


def test_only_what_was_carried_out_can_be_undone_and_only_once(engine, incident_id, plan):
    with writing(engine) as session, pytest.raises(Conflict, match="planned"):
        _propose_undo(session, plan)
    with writing(engine) as session:
        original = _verified(session, incident_id, key="another")
        undo = _propose_undo(session, original)
        assert _propose_undo(session, original).id == undo.id
        _approve(session, undo)
        rollback.finish(session, _begun(session, undo).id, Outcome(True, "v2"))
        rollback.record_verification(session, undo.id, True, "v2")
        with pytest.raises(Conflict, match="undone"):
            _propose_undo(session, original, key="second undo")
        with pytest.raises(Conflict, match="is an undo itself"):
            _propose_undo(session, undo, key="third undo")


def test_an_undo_needs_a_reason(engine, incident_id):
    with writing(engine) as session:
        original = _verified(session, incident_id)
        with pytest.raises(BadInput, match="Say why"):
            _propose_undo(session, original, reason=" ")


def test_verification_of_something_that_never_ran_is_refused(engine, plan):
    with writing(engine) as session, pytest.raises(Conflict, match="nothing to verify"):
        rollback.record_verification(session, plan.id, True, "v1")
