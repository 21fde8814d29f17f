"""A rollback from plan to verified: planned -> approved -> executing -> executed -> verified | failed | undone.

The targets themselves are asked outside these transactions; their answers are passed in. An undo is a plan too, with
the same approval and the same verbs. `stopped`: the target was not as planned and nothing was changed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, milestones
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotFound
from incidents.models import Incident
from integrations.rollback.base import Action, Drifted, Outcome, Plan, Snapshot
from runbooks import engine
from runbooks.approvals import (
    LIFETIME,
    WAITING,
    Refused,
    canonical,
    canonical_hash,
    change,
    find_locked,
    hash_of,
    in_force,
    person_of,
    record,
    refuse,
    standing,
    void,
    void_approvals,
)
from runbooks.models import OPEN_STATES, RollbackExecution, RollbackPlan, RunbookRun, RunbookStep

CLASSES = ("routine", "disruptive", "critical")
BUSY = ("executing", "executed")


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
    approver: str
    action: Action
    finished: bool


def propose(
    session: Session,
    incident: Incident,
    *,
    target_entry: Mapping[str, Any],
    plan: Plan,
    snapshot: Snapshot,
    by: str,
    key: str,
    step_id: int | None = None,
    person: str | None = None,
) -> RollbackPlan:
    """Put a plan forward; it waits fifteen minutes for approval. The same key answers with the plan it made.

    An earlier waiting plan of this incident for the same target is void with it, and so are its approvals.
    `step_id` is the row id of the runbook step it serves. Raises Conflict, or BadInput for an entry without a class.
    """
    lifecycle.lock(session, incident.id)
    known = _by_key(session, key)
    if known is not None:
        return known
    if incident.status == "closed":
        raise Conflict(f"{incident.number} is closed. Nothing was changed; reopen it to go on.")
    if incident.system_id is None:
        raise Conflict(f"{incident.number} names no AI system yet, so there is nothing to roll back. Set it first.")
    action_class = str(target_entry.get("class") or "disruptive")
    if action_class not in CLASSES:
        raise BadInput("class", f"{action_class!r:.40} is no class of action: {', '.join(CLASSES)}.")
    if plan.from_ == plan.to:
        raise Conflict(f"It is at {plan.to} already; this rollback would change nothing.")
    target_id = str(target_entry["id"])
    _make_room(session, incident, target_id)
    moment = now()
    row = RollbackPlan(
        key=key,
        incident_id=incident.id,
        step_id=step_id,
        undoes_id=None,
        system_id=incident.system_id,
        target_id=target_id,
        kind=str(target_entry["kind"]),
        title=str(target_entry.get("title") or target_id),
        entry_hash=canonical_hash(target_entry),
        action_class=action_class,
        from_value=plan.from_,
        to_value=plan.to,
        blast_radius=plan.blast_radius,
        dry_run=plan.dry_run,
        snapshot=canonical({"values": snapshot.values, "hashes": snapshot.hashes}),
        state="planned",
        requested_by=by,
        requester_person=person_of(person, by),
        requested_at=moment,
        expires_at=moment + LIFETIME,
        seen="",
    )
    return _add(session, row, by, f"Rollback proposed: {change(row)}. Evidence was saved first.")


def propose_undo(
    session: Session,
    plan_id: int,
    *,
    target_entry: Mapping[str, Any],
    snapshot: Snapshot,
    by: str,
    key: str,
    reason: str,
    person: str | None = None,
) -> RollbackPlan:
    """Put forward to take a rollback back: a plan of the same class, which needs its own approval.

    Undoing brings back what was contained, so it is no shortcut. Raises Conflict unless the plan was executed.
    """
    original, incident = find_locked(session, plan_id)
    known = _by_key(session, key)
    if known is not None:
        return known
    reason = reason.strip()
    if not reason:
        raise BadInput("reason", "Say why the rollback should be taken back.")
    if incident.status == "closed":
        raise Conflict(f"{incident.number} is closed. Nothing was changed; reopen it to go on.")
    if original.undoes_id is not None:
        raise Conflict("This is an undo itself. To roll back again, make a new plan.")
    if original.state not in ("verified", "failed"):
        raise Conflict(f"This rollback is {original.state}; only one that was carried out can be undone.")
    _make_room(session, incident, original.target_id)
    moment = now()
    row = RollbackPlan(
        key=key,
        incident_id=incident.id,
        step_id=None,
        undoes_id=original.id,
        system_id=original.system_id,
        target_id=original.target_id,
        kind=original.kind,
        title=original.title,
        entry_hash=canonical_hash(target_entry),
        action_class=original.action_class,
        from_value=original.to_value,
        to_value=original.from_value,
        blast_radius=original.blast_radius,
        dry_run=f"Would put back what was there before the rollback of {original.requested_at:%H:%M UTC}.",
        snapshot=canonical({"values": snapshot.values, "hashes": snapshot.hashes}),
        state="planned",
        requested_by=by,
        requester_person=person_of(person, by),
        requested_at=moment,
        expires_at=moment + LIFETIME,
        seen="",
    )
    return _add(session, row, by, f"Undo proposed: {change(row)} — {reason}")


def begin(
    session: Session, plan_id: int, *, target_entry: Mapping[str, Any], responders: frozenset[str] | None
) -> Execution | Refused:
    """Start the execution of an approved plan, once; called again, also after a crash, it answers with the same one.

    `target_entry` is the operator's entry as it is now, and `responders` the group as it is now: an approver who has
    left it no longer counts, and a changed entry needs a new plan.
    """
    plan, incident = find_locked(session, plan_id)
    execution = _execution_of(session, plan.id)
    if execution is not None:
        return _handed_out(session, plan, execution)
    obstacle = standing(session, plan, incident, now())
    if obstacle is not None:
        return refuse(session, plan, engine.ROLLBACK, obstacle.code, obstacle.message)
    if incident.kind == "exercise":
        return refuse(session, plan, engine.ROLLBACK, "exercise", "This is an exercise: no system is touched.")
    yes = in_force(session, plan)
    if plan.state != "approved" or yes is None or yes.plan_hash != plan.plan_hash:
        return refuse(session, plan, engine.ROLLBACK, "not-approved", "This plan is not approved.")
    if canonical_hash(target_entry) != plan.entry_hash:
        void(session, plan, "the operator changed the target's entry")
        words = "The target's entry in the inventory was changed since. Make a new plan."
        return refuse(session, plan, engine.ROLLBACK, "entry-changed", words)
    if not responders:
        words = (
            "Who belongs to the responders could not be read, so nothing was changed. The approval stands; try again."
        )
        return refuse(session, plan, engine.ROLLBACK, "no-responders", words)
    if yes.approver not in responders:
        void_approvals(session, plan)
        plan.state = "planned"
        session.flush()
        words = f"<@{yes.approver}> is not in the responders' group any more. Another responder must approve."
        return refuse(session, plan, engine.ROLLBACK, "approver-left", words)
    busy = _busy(session, plan.system_id, plan.target_id)
    if busy is not None:
        words = f"INC-{busy.incident_id} is changing {plan.title} right now. Look again when that has ended."
        return refuse(session, plan, engine.ROLLBACK, "busy", words)
    execution = RollbackExecution(
        key=f"rollback-{plan.id}-{plan.plan_hash[:16]}",
        plan_id=plan.id,
        approval_id=yes.id,
        kind="undo" if plan.undoes_id else "execute",
        started_at=now(),
        seen="",
    )
    plan.state = "executing"
    session.add(execution)
    session.flush()
    record(session, plan, engine.ROLLBACK, "executing", f"Carrying out: {change(plan)}", key=f"{execution.key}:begin")
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
    record(session, plan, engine.ROLLBACK, plan.state, text, key=f"{execution.key}:finish")
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
    record(session, plan, engine.ROLLBACK, "failed", words, key=f"{execution.key}:finish")
    return plan


def record_verification(session: Session, plan_id: int, ok: bool, seen: str) -> RollbackPlan:
    """What the target itself said after the change. Verified containment proposes `mitigated`; a person confirms it.

    May be called again: a failed verification can pass later, a passed one stays.
    """
    plan, incident = find_locked(session, plan_id)
    execution = _execution_of(session, plan.id)
    if execution is None or execution.finished_at is None or plan.state not in ("executed", "failed", "verified"):
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
        record(session, plan, engine.ROLLBACK, "failed", text)
    elif plan.undoes_id is not None:
        _after_undo(session, plan, incident, seen)
    else:
        _after_rollback(session, plan, incident, moment, seen)
    return plan


def expire(session: Session, at: datetime) -> list[RollbackPlan]:
    """Void the plans nobody approved or started in time; answers with them. For the ticker."""
    query = sa.select(RollbackPlan.id).where(RollbackPlan.state.in_(WAITING), RollbackPlan.expires_at <= at)
    expired = []
    for plan_id in session.scalars(query.order_by(RollbackPlan.incident_id, RollbackPlan.id)).all():
        plan, incident = find_locked(session, plan_id)
        if plan.state in WAITING and standing(session, plan, incident, at) is not None:
            expired.append(plan)
    return expired


def plans(session: Session, incident_id: int) -> list[RollbackPlan]:
    """All plans of an incident, oldest first."""
    query = sa.select(RollbackPlan).where(RollbackPlan.incident_id == incident_id).order_by(RollbackPlan.id)
    return list(session.scalars(query))


def snapshot_of(row: RollbackPlan) -> Snapshot:
    """The evidence saved with a plan."""
    saved = json.loads(row.snapshot)
    return Snapshot(saved["values"], saved["hashes"])


def as_plan(row: RollbackPlan) -> Plan:
    """The adapter's plan of a row."""
    return Plan(row.from_value, row.to_value, row.blast_radius, row.dry_run)


def _add(session: Session, row: RollbackPlan, by: str, text: str) -> RollbackPlan:
    row.plan_hash = hash_of(row)
    session.add(row)
    session.flush()
    record(session, row, by, "planned", text, key=f"plan:{row.id}:planned")
    return row


def _make_room(session: Session, incident: Incident, target_id: str) -> None:
    """A new plan replaces the waiting ones for the same target; one that is being carried out is left alone."""
    system_id = str(incident.system_id)
    busy = _busy(session, system_id, target_id)
    if busy is not None:
        raise Conflict(f"INC-{busy.incident_id} is changing {busy.title} right now. Look again when that has ended.")
    query = sa.select(RollbackPlan).where(
        RollbackPlan.incident_id == incident.id, RollbackPlan.target_id == target_id, RollbackPlan.state.in_(WAITING)
    )
    for earlier in session.scalars(query).all():
        void(session, earlier, "a newer plan replaces it")


def _busy(session: Session, system_id: str, target_id: str) -> RollbackPlan | None:
    query = sa.select(RollbackPlan).where(
        RollbackPlan.system_id == system_id, RollbackPlan.target_id == target_id, RollbackPlan.state.in_(BUSY)
    )
    return session.scalars(query).first()


def _by_key(session: Session, key: str) -> RollbackPlan | None:
    return session.scalars(sa.select(RollbackPlan).where(RollbackPlan.key == key)).first()


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
    yes = in_force(session, plan)
    return Execution(
        id=execution.id,
        plan_id=plan.id,
        incident_id=plan.incident_id,
        system_id=plan.system_id,
        target_id=plan.target_id,
        approver=yes.approver if yes else "",
        action=Action(execution.key, as_plan(plan), as_plan(original) if original else None),
        finished=execution.finished_at is not None,
    )


def _after_rollback(session: Session, plan: RollbackPlan, incident: Incident, moment: datetime, seen: str) -> None:
    record(session, plan, engine.ROLLBACK, "verified", f"Verified: {change(plan)} — {seen}")
    yes = in_force(session, plan)
    actor = yes.approver if yes else engine.ROLLBACK
    # Clocks of two machines differ a little: contained is never before detected.
    at = max(moment, incident.detected_at) if incident.detected_at else moment
    for name in ("mitigated", "verified"):
        milestones.stamp(session, incident, name, source="rollback", actor=actor, at=at)
    if incident.status == "open":
        incident.status = "mitigated"
    step = session.get(RunbookStep, plan.step_id) if plan.step_id else None
    if step is not None and step.state in OPEN_STATES:
        run = session.get_one(RunbookRun, step.run_id)
        engine.step_done(session, run.id, step.step_id, by=engine.ROLLBACK, note=f"{change(plan)}; {seen}")


def _after_undo(session: Session, plan: RollbackPlan, incident: Incident, seen: str) -> None:
    """What was contained by it is back. With no other verified rollback standing, the incident is open again."""
    original = session.get_one(RollbackPlan, plan.undoes_id)
    original.state = "undone"
    session.flush()
    record(session, plan, engine.ROLLBACK, "verified", f"Undone and verified: {change(plan)} — {seen}")
    others = sa.select(RollbackPlan.id).where(
        RollbackPlan.incident_id == incident.id, RollbackPlan.state == "verified", RollbackPlan.undoes_id.is_(None)
    )
    if incident.status == "mitigated" and session.execute(others.limit(1)).first() is None:
        incident.status = "open"
        record(session, plan, engine.ROLLBACK, "reopened", f"{incident.number} is open again: nothing contains it now")
