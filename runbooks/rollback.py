"""A plan carried out: planned -> approved -> executing -> executed -> verified | failed | undone.

The targets themselves are asked outside these transactions; their answers are passed in. `stopped`: the target was not
as planned and nothing was changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, milestones
from incidents.clock import now
from incidents.errors import Conflict, NotFound
from incidents.inventory import REHEARSAL
from incidents.models import Incident
from integrations.rollback.base import Action, Drifted, Outcome
from runbooks import engine
from runbooks.approvals import (
    Refused,
    canonical_hash,
    change,
    find_locked,
    in_force,
    record,
    refuse,
    standing,
    used,
    void,
    void_approvals,
)
from runbooks.models import (
    OPEN_STATES,
    BreakGlass,
    RollbackApproval,
    RollbackExecution,
    RollbackPlan,
    RunbookRun,
    RunbookStep,
)
from runbooks.moves import ROLLBACK
from runbooks.plans import as_plan, busy_with

VERIFIABLE = ("executed", "failed", "verified")


@dataclass(frozen=True)
class Execution:
    """The one execution of a plan: hand `action` to `integrations.rollback.base.perform`, also after a crash.

    `finished` means that the target has answered; verification may still be due.
    """

    id: int
    plan_id: int
    incident_id: int
    system_id: str
    target_id: str
    approver: str  # or who used break glass
    action: Action
    finished: bool


def begin(
    session: Session, plan_id: int, *, target_entry: Mapping[str, Any] | None, responders: frozenset[str] | None
) -> Execution | Refused:
    """Start the execution of an approved plan, once; called again, also after a crash, it answers with the same one.

    `target_entry` is the operator's entry as it is now (None: taken out), and `responders` the group as it is now: an
    approver who has left it no longer counts, and a changed entry needs a new plan. A refusal leaves no approved plan
    behind, which nobody could start again: it is void, or waits for another yes.
    """
    plan, incident = find_locked(session, plan_id)
    execution = _execution_of(session, plan.id)
    if execution is not None:
        return _handed_out(session, plan, execution)
    obstacle = standing(session, plan, incident, now())
    if obstacle is not None:
        return refuse(session, plan, ROLLBACK, obstacle.code, obstacle.message)
    if (incident.kind == "exercise") is not (plan.kind == REHEARSAL):
        void(session, plan, "it belongs to another kind of incident")
        return refuse(session, plan, ROLLBACK, "exercise", "This is an exercise: no system is touched.")
    authority = _authority(session, plan)
    if plan.state != "approved" or authority is None or authority.plan_hash != plan.plan_hash:
        return refuse(session, plan, ROLLBACK, "not-approved", "This plan is not approved.")
    if target_entry is None or canonical_hash(target_entry) != plan.entry_hash:
        void(session, plan, "the operator changed the target's entry")
        words = "The target's entry in the inventory was changed since. Make a new plan."
        return refuse(session, plan, ROLLBACK, "entry-changed", words)
    if not responders:
        next_ = _wait_again(session, plan, authority, "who belongs to the responders could not be read")
        words = f"Who belongs to the responders could not be read, so nothing was changed. {next_}"
        return refuse(session, plan, ROLLBACK, "no-responders", words)
    who = _name(authority)
    if who not in responders:
        next_ = _wait_again(session, plan, authority, "who let it go ahead is not a responder any more")
        words = f"<@{who}> is not in the responders' group any more. {next_}"
        return refuse(session, plan, ROLLBACK, "approver-left", words)
    busy = busy_with(session, plan.system_id, plan.target_id)
    if busy is not None:
        void(session, plan, f"INC-{busy.incident_id} is changing the same target")
        words = f"INC-{busy.incident_id} is changing {plan.title} right now. Make a new plan when that has ended."
        return refuse(session, plan, ROLLBACK, "busy", words)
    execution = RollbackExecution(
        key=f"rollback-{plan.id}-{plan.plan_hash[:16]}",
        plan_id=plan.id,
        approval_id=authority.id if isinstance(authority, RollbackApproval) else None,
        break_glass_id=authority.id if isinstance(authority, BreakGlass) else None,
        kind="undo" if plan.undoes_id else "execute",
        started_at=now(),
        seen="",
    )
    plan.state = "executing"
    session.add(execution)
    session.flush()
    record(session, plan, ROLLBACK, "executing", f"Carrying out: {change(plan)}", key=f"{execution.key}:begin")
    return _handed_out(session, plan, execution)


def finish(session: Session, execution_id: int, outcome: Outcome | Drifted) -> RollbackPlan:
    """The target has answered. `executed` now needs verification; `stopped` asks people what to do."""
    execution, plan, _ = _find_execution(session, execution_id)
    if execution.finished_at is not None:
        return plan
    execution.finished_at = now()
    if isinstance(outcome, Drifted):
        execution.seen = plan.seen = str(outcome)
        plan.state = "stopped"
        text = f"Stopped: {change(plan)} — {outcome} Make a new plan if it is still wanted."
    else:
        execution.seen = plan.seen = outcome.seen
        plan.state = "executed"
        text = f"Carried out: {change(plan)}; not verified yet"
    session.flush()
    record(session, plan, ROLLBACK, plan.state, text, key=f"{execution.key}:finish")
    return plan


def failed(session: Session, execution_id: int, what: str) -> RollbackPlan:
    """The target refused for good. Whether it changed anything is for `record_verification` or a person to find out."""
    execution, plan, _ = _find_execution(session, execution_id)
    if execution.finished_at is not None:
        return plan
    execution.finished_at = now()
    execution.seen = plan.seen = what
    plan.state = "failed"
    session.flush()
    words = f"FAILED: {change(plan)} — {what} The incident is not contained by this."
    record(session, plan, ROLLBACK, "failed", words, key=f"{execution.key}:finish")
    return plan


def record_verification(session: Session, plan_id: int, ok: bool, seen: str) -> RollbackPlan:
    """What the target itself said after the change. Verified containment proposes `mitigated`; a person confirms it.

    May be called again: a failed verification can pass later, a passed one stays.
    """
    plan, incident = find_locked(session, plan_id)
    execution = _execution_of(session, plan.id)
    if execution is None or execution.finished_at is None or plan.state not in VERIFIABLE:
        raise Conflict(f"This rollback is {plan.state}; there is nothing to verify.")
    if plan.state == "verified":
        return plan
    moment = now()
    execution.verified, execution.verified_at = ok, moment
    execution.seen = plan.seen = seen
    plan.state = "verified" if ok else "failed"
    session.flush()
    if not ok:
        text = f"NOT VERIFIED: {change(plan)} — {seen}. The incident is not contained by this."
        record(session, plan, ROLLBACK, "failed", text)
    elif plan.undoes_id is not None:
        _after_undo(session, plan, incident, seen)
    else:
        _after_rollback(session, plan, incident, moment, seen)
    return plan


def _authority(session: Session, plan: RollbackPlan) -> RollbackApproval | BreakGlass | None:
    """What lets this plan go ahead: another person's yes, or break glass."""
    return used(session, plan) or in_force(session, plan)


def _wait_again(session: Session, plan: RollbackPlan, authority: RollbackApproval | BreakGlass, because: str) -> str:
    """Take back what let the plan go ahead; answers with what is next. Break glass is used once for each plan."""
    if isinstance(authority, BreakGlass):
        void(session, plan, because)
        return "Make a new plan if it is wanted."
    void_approvals(session, plan)
    plan.state = "planned"
    session.flush()
    return "The plan waits for a responder's approval again."


def _name(authority: RollbackApproval | BreakGlass) -> str:
    return authority.used_by if isinstance(authority, BreakGlass) else authority.approver


def _who(session: Session, plan: RollbackPlan) -> str:
    authority = _authority(session, plan)
    return ROLLBACK if authority is None else _name(authority)


def _execution_of(session: Session, plan_id: int) -> RollbackExecution | None:
    query = sa.select(RollbackExecution).where(RollbackExecution.plan_id == plan_id)
    return session.scalars(query.execution_options(populate_existing=True)).first()


def _find_execution(session: Session, execution_id: int) -> tuple[RollbackExecution, RollbackPlan, Incident]:
    plan_id = session.scalar(sa.select(RollbackExecution.plan_id).where(RollbackExecution.id == execution_id))
    if plan_id is None:
        raise NotFound("There is no such rollback execution.")
    plan, incident = find_locked(session, plan_id)
    return session.get_one(RollbackExecution, execution_id, populate_existing=True), plan, incident


def _handed_out(session: Session, plan: RollbackPlan, execution: RollbackExecution) -> Execution:
    original = session.get_one(RollbackPlan, plan.undoes_id) if plan.undoes_id else None
    return Execution(
        id=execution.id,
        plan_id=plan.id,
        incident_id=plan.incident_id,
        system_id=plan.system_id,
        target_id=plan.target_id,
        approver=_who(session, plan),
        action=Action(execution.key, as_plan(plan), as_plan(original) if original else None),
        finished=execution.finished_at is not None,
    )


def _after_rollback(session: Session, plan: RollbackPlan, incident: Incident, moment: datetime, seen: str) -> None:
    record(session, plan, ROLLBACK, "verified", f"Verified: {change(plan)} — {seen}")
    # Clocks of two machines differ a little: contained is never before detected.
    at = max(moment, incident.detected_at) if incident.detected_at else moment
    actor = _who(session, plan)
    if incident.status == "open":
        because = f"this was verified: {change(plan)}"
        key = f"plan:{plan.id}:mitigated"
        lifecycle.propose_mitigated(session, incident, by=actor, at=at, because=because, key=key)
    milestones.stamp(session, incident, "verified", source="rollback", actor=actor, at=at)
    step = session.get(RunbookStep, plan.step_id) if plan.step_id else None
    if step is not None and step.state in OPEN_STATES:
        run = session.get_one(RunbookRun, step.run_id)
        engine.step_done(session, run.id, step.step_id, by=ROLLBACK, note=f"{change(plan)}; {seen}")


def _after_undo(session: Session, plan: RollbackPlan, incident: Incident, seen: str) -> None:
    """What was contained by it is back. With no other verified rollback standing, the incident is open again."""
    original = session.get_one(RollbackPlan, plan.undoes_id)
    original.state = "undone"
    session.flush()
    record(session, plan, ROLLBACK, "verified", f"Undone and verified: {change(plan)} — {seen}")
    others = sa.select(RollbackPlan.id).where(
        RollbackPlan.incident_id == incident.id, RollbackPlan.state == "verified", RollbackPlan.undoes_id.is_(None)
    )
    if incident.status not in ("open", "mitigated") or session.execute(others.limit(1)).first() is not None:
        return
    for name in ("mitigated", "verified"):
        milestones.withdraw(session, incident, name)
    incident.status = "open"
    incident.ongoing = "yes"
    record(session, plan, ROLLBACK, "reopened", f"{incident.number} is open: nothing contains it now")
