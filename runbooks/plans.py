"""Rollback plans: put forward, replaced by newer ones, expired; never edited.

The targets themselves are asked outside these transactions; their answers are passed in. An undo is a plan too, with
the same approval.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle
from incidents.access import person_of
from incidents.clock import now
from incidents.errors import BadInput, Conflict
from incidents.models import Incident
from integrations.rollback.base import Plan, Snapshot
from runbooks.approvals import (
    LIFETIME,
    WAITING,
    canonical,
    canonical_hash,
    change,
    find_locked,
    hash_of,
    record,
    standing,
    void,
)
from runbooks.models import RollbackPlan

CLASSES = ("routine", "disruptive", "critical")
BUSY = ("executing", "executed")
REPLANNED = ("stopped", "void", "rejected", "undone")  # nothing of it stands, so the same may be planned again


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


def newer(session: Session, row: RollbackPlan) -> bool:
    """Whether a later plan of the incident is about the same target, other than those to take this one back."""
    later = sa.select(RollbackPlan.id).where(
        RollbackPlan.incident_id == row.incident_id,
        RollbackPlan.target_id == row.target_id,
        RollbackPlan.id > row.id,
        RollbackPlan.undoes_id.is_distinct_from(row.id),
    )
    return session.execute(later.limit(1)).first() is not None


def unfinished(session: Session, incident_id: int) -> list[str]:
    """What an incident's rollbacks still leave open, in words: who resolves it now should know."""
    return [
        f"{change(row)} {_UNFINISHED[row.state]}"
        for row in plans(session, incident_id)
        if row.state in _UNFINISHED and not (row.state == "failed" and newer(session, row))
    ]


_UNFINISHED = {
    "planned": "waits for approval.",
    "approved": "is approved and about to start.",
    "executing": "is being carried out.",
    "executed": "is carried out and not verified yet.",
    "failed": "could not be verified.",
}


def replaced_by(session: Session, row: RollbackPlan) -> list[int]:
    """The earlier plans of the same target of which nothing stands: what they offer changes with a newer one."""
    query = sa.select(RollbackPlan.id).where(
        RollbackPlan.incident_id == row.incident_id,
        RollbackPlan.target_id == row.target_id,
        RollbackPlan.id < row.id,
        RollbackPlan.state.in_(REPLANNED),
    )
    return list(session.scalars(query.order_by(RollbackPlan.id.desc()).limit(3)))


def snapshot_of(row: RollbackPlan) -> Snapshot:
    """The evidence saved with a plan."""
    saved = json.loads(row.snapshot)
    return Snapshot(saved["values"], saved["hashes"])


def as_plan(row: RollbackPlan) -> Plan:
    """The adapter's plan of a row."""
    return Plan(row.from_value, row.to_value, row.blast_radius, row.dry_run)


def busy_with(session: Session, system_id: str, target_id: str) -> RollbackPlan | None:
    query = sa.select(RollbackPlan).where(
        RollbackPlan.system_id == system_id, RollbackPlan.target_id == target_id, RollbackPlan.state.in_(BUSY)
    )
    return session.scalars(query).first()


def _add(session: Session, row: RollbackPlan, by: str, text: str) -> RollbackPlan:
    row.plan_hash = hash_of(row)
    session.add(row)
    session.flush()
    record(session, row, by, "planned", text, key=f"plan:{row.id}:planned")
    return row


def _make_room(session: Session, incident: Incident, target_id: str) -> None:
    """A new plan replaces the waiting ones for the same target; one that is being carried out is left alone."""
    system_id = str(incident.system_id)
    busy = busy_with(session, system_id, target_id)
    if busy is not None:
        raise Conflict(f"INC-{busy.incident_id} is changing {busy.title} right now. Look again when that has ended.")
    query = sa.select(RollbackPlan).where(
        RollbackPlan.incident_id == incident.id, RollbackPlan.target_id == target_id, RollbackPlan.state.in_(WAITING)
    )
    for earlier in session.scalars(query).all():
        void(session, earlier, "a newer plan replaces it")


def _by_key(session: Session, key: str) -> RollbackPlan | None:
    return session.scalars(sa.select(RollbackPlan).where(RollbackPlan.key == key)).first()
