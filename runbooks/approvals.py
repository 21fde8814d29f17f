"""Who may say yes to a rollback: two people, to exactly this plan, for fifteen minutes, once.

By class: `routine` needs one responder, who may be the requester; `disruptive` another person than the requester;
`critical` another person, who types the beginning of the plan's hash, so that it is no slip of the finger.

A refusal is a value, not an exception, because it has written an audit entry that the caller must commit.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, timeline
from incidents.access import UNSURE, one_human, person_of, then_or_now
from incidents.clock import now
from incidents.errors import BadInput, NotFound
from incidents.inventory import REHEARSAL
from incidents.models import Incident
from runbooks.models import BreakGlass, RollbackApproval, RollbackPlan

LIFETIME = timedelta(minutes=15)
TYPED = 8  # characters of the plan's hash that a critical action's approver types
WAITING = ("planned", "approved")


@dataclass(frozen=True)
class Refused:
    """Nothing was changed but the audit entry. `message` is for the person; `code` for programs."""

    code: str
    message: str


def approve(
    session: Session,
    plan_id: int,
    plan_hash: str,
    *,
    by: str,
    responders: frozenset[str] | None,
    now: datetime,
    person: str | None = None,
    requester: str | None = None,
    typed: str = "",
) -> RollbackPlan | Refused:
    """One person's yes to the plan with this hash; the plan is `approved` then.

    `responders` are the members of the responders' group, read fresh; None or empty (not configured, or the read
    failed) denies. `person` identifies the human behind the account (say, the verified e-mail address), so that a
    second account of the requester is the requester; `requester` is the human who asked, as known now, for a plan of
    which nobody could say it then. `typed` is what the approver of a critical action typed: the first characters of
    the hash. Raises NotFound for an unknown plan.
    """
    plan, incident = find_locked(session, plan_id)
    obstacle = barred(session, plan, incident, by=by, responders=responders, plan_hash=plan_hash, at=now)
    if obstacle is not None:
        return refuse(session, plan, by, obstacle.code, obstacle.message)
    if plan.action_class != "routine":
        asked = then_or_now(plan.requester_person, plan.requested_by, requester)
        same = one_human(by, person_of(person, by), plan.requested_by, asked)
        if same:
            words = "You asked for this rollback, so another responder has to approve it."
            return refuse(session, plan, by, "own-plan", words)
        if same is None:
            return refuse(session, plan, by, "unknown-person", UNSURE)
    person = person_of(person, by)
    if plan.action_class == "critical" and typed.strip().casefold() != plan.plan_hash[:TYPED]:
        words = f"This is a critical action: type the first {TYPED} characters of the plan's hash to approve it."
        return refuse(session, plan, by, "not-typed", words)
    session.add(
        RollbackApproval(
            plan_id=plan.id,
            plan_hash=plan.plan_hash,
            action_class=plan.action_class,
            requested_by=plan.requested_by,
            requester_person=plan.requester_person,
            approver=by,
            approver_person=person,
            at=now,
        )
    )
    plan.state = "approved"
    session.flush()
    record(session, plan, by, "approved", f"Rollback approved: {change(plan)}")
    return plan


def reject(
    session: Session, plan_id: int, *, by: str, reason: str, responders: frozenset[str] | None
) -> RollbackPlan | Refused:
    """A responder says no, or the requester withdraws. Final: a new plan can be made. The reason is required."""
    plan, _ = find_locked(session, plan_id)
    reason = reason.strip()
    if not reason:
        raise BadInput("reason", "Say why; the requester will read it.")
    if by != plan.requested_by and by not in (responders or frozenset()):
        return refuse(
            session, plan, by, "not-a-responder", "Only members of the responders' group or the requester may reject."
        )
    if plan.state not in WAITING:
        return refuse(session, plan, by, plan.state, f"This plan is {plan.state} already; it cannot be rejected.")
    void_approvals(session, plan)
    plan.state, plan.seen = "rejected", reason
    session.flush()
    record(session, plan, by, "rejected", f"Rollback rejected: {change(plan)} — {reason}")
    return plan


def barred(
    session: Session,
    plan: RollbackPlan,
    incident: Incident,
    *,
    by: str,
    responders: frozenset[str] | None,
    plan_hash: str,
    at: datetime,
) -> Refused | None:
    """Why this person cannot let this plan go ahead at `at`, whoever else may; or None."""
    if not responders:
        return Refused(
            "no-responders",
            "Who belongs to the responders could not be read, so nobody can approve now. "
            "Check the responders' user group in the settings, then press again.",
        )
    if by not in responders:
        return Refused("not-a-responder", "Only members of the responders' group may approve.")
    obstacle = standing(session, plan, incident, at)
    if obstacle is not None:
        return obstacle
    if plan.state == "approved":
        yes, glass = in_force(session, plan), used(session, plan)
        if glass is not None:
            return Refused("already-approved", f"<@{glass.used_by}> has used break glass for this plan already.")
        return Refused("already-approved", f"<@{yes.approver if yes else '?'}> has approved this plan already.")
    if plan_hash != plan.plan_hash:
        return Refused("changed", "This is not the plan you were shown. Look at the plan again.")
    if (incident.kind == "exercise") is not (plan.kind == REHEARSAL):
        return Refused("exercise", "This is an exercise: no system is touched.")
    return None


def standing(session: Session, plan: RollbackPlan, incident: Incident, at: datetime) -> Refused | None:
    """Why this plan can no longer go ahead, or None. A plan that cannot is void from here on."""
    if plan.state not in WAITING:
        return Refused(plan.state, f"This plan is {plan.state}; nothing was changed.")
    if incident.status == "closed":
        void(session, plan, "the incident is closed")
        return Refused("closed", f"{incident.number} is closed. Nothing was changed.")
    if at >= plan.expires_at:
        void(session, plan, "it expired")
        return Refused(
            "expired", f"This plan expired at {plan.expires_at:%H:%M UTC}. Make a new one: the world may have moved on."
        )
    if hash_of(plan) != plan.plan_hash:
        void(session, plan, "it is not what was proposed")
        return Refused("tampered", "This plan is not what was proposed. It is void; make a new one.")
    return None


def void(session: Session, plan: RollbackPlan, why: str) -> None:
    """Take a waiting plan out of the way, and its approval with it."""
    void_approvals(session, plan)
    plan.state, plan.seen = "void", why
    session.flush()
    record(session, plan, "policy", "void", f"Rollback plan void: {change(plan)}, because {why}")


def void_approvals(session: Session, plan: RollbackPlan) -> None:
    """Nobody's yes counts for this plan any more."""
    session.execute(
        sa.update(RollbackApproval)
        .where(RollbackApproval.plan_id == plan.id, RollbackApproval.voided_at.is_(None))
        .values(voided_at=now())
    )


def in_force(session: Session, plan: RollbackPlan) -> RollbackApproval | None:
    """The yes that counts for this plan, if there is one."""
    return session.scalars(
        sa.select(RollbackApproval).where(RollbackApproval.plan_id == plan.id, RollbackApproval.voided_at.is_(None))
    ).first()


def used(session: Session, plan: RollbackPlan) -> BreakGlass | None:
    """The use of break glass that let this plan go ahead without a second person, if there is one."""
    return session.scalars(sa.select(BreakGlass).where(BreakGlass.plan_id == plan.id)).first()


def find_locked(session: Session, plan_id: int) -> tuple[RollbackPlan, Incident]:
    """The plan, read afresh under its incident's lock. Raises NotFound."""
    incident_id = session.scalar(sa.select(RollbackPlan.incident_id).where(RollbackPlan.id == plan_id))
    if incident_id is None:
        raise NotFound("There is no such rollback plan.")
    incident = lifecycle.lock(session, incident_id)
    return session.get_one(RollbackPlan, plan_id, populate_existing=True), incident


def refuse(session: Session, plan: RollbackPlan, by: str, code: str, message: str) -> Refused:
    """Put a refusal on the record and hand it back."""
    timeline.append(
        session,
        plan.incident_id,
        "refusal",
        by,
        f"Refused for {change(plan)}: {message}",
        data={"plan": plan.id, "code": code},
    )
    return Refused(code, message)


def record(session: Session, plan: RollbackPlan, by: str, what: str, text: str, *, key: str | None = None) -> None:
    """One entry about a plan."""
    data = {
        "plan": plan.id,
        "plan_hash": plan.plan_hash,
        "target": plan.target_id,
        "title": plan.title,
        "from": plan.from_value,
        "to": plan.to_value,
        "undoes": plan.undoes_id,
        "what": what,
    }
    timeline.append(session, plan.incident_id, "rollback", by, text, key=key, data=data)


def change(plan: RollbackPlan) -> str:
    """The change in words: `Model version: v2 → v1`."""
    return f"{plan.title}: {plan.from_value} → {plan.to_value}"


def hash_of(plan: RollbackPlan) -> str:
    """SHA-256 over everything an approver says yes to."""
    content = {
        "incident": plan.incident_id,
        "undoes": plan.undoes_id,
        "system": plan.system_id,
        "target": plan.target_id,
        "kind": plan.kind,
        "title": plan.title,
        "entry": plan.entry_hash,
        "class": plan.action_class,
        "from": plan.from_value,
        "to": plan.to_value,
        "blast_radius": plan.blast_radius,
        "dry_run": plan.dry_run,
        "snapshot": plan.snapshot,
        "requested_by": plan.requested_by,
    }
    return canonical_hash(content)


def canonical(content: Mapping[str, Any]) -> str:
    """JSON in the one form that is hashed and kept."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON object in canonical form."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()
