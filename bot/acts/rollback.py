"""Rollbacks: plan, approve, reject, undo. The targets are asked by workflows; here people decide."""

from sqlalchemy.orm import Session

from bot.acts import Done, act, incident_of
from bot.effects import Card, Effect, PlanMessage, Post, Start, Tell
from bot.inbox import Item
from bot.parts import parts
from bot.views.blocks import spoken
from bot.views.rollback import rejected_message
from incidents.access import Action, Person
from incidents.clock import now
from incidents.errors import Conflict, NotFound
from incidents.models import Incident
from integrations.slack import Message
from runbooks import approvals, plans, rollback
from runbooks.approvals import Refused, change
from runbooks.models import OPEN_STATES, RollbackPlan, RunbookStep

SHOWN = 16  # characters of the plan's hash on its buttons


@act("rollback_plan")
def plan(session: Session, item: Item, who: Person) -> Done:
    """Make a plan: the target is asked outside this transaction."""
    incident = incident_of(session, item, who, Action.RESPOND)
    step = str(item.payload.get("step_row") or "")
    arguments = (incident.id, str(item.payload["target"]), who.user_id, item.key, step, _told(item))
    return Done(incident.id, [Start("plan_rollback", f"plan:{item.key}", arguments)])


@act("rollback_approve", fresh=True)
def approve(session: Session, item: Item, who: Person) -> Done:
    """One person's yes to the plan as it was shown to them; it starts the execution."""
    incident, row = plan_of(session, item, who, Action.READ)
    outcome = approvals.approve(
        session,
        row.id,
        shown_hash(item, row),
        by=who.user_id,
        responders=parts().directory.responders(),
        now=now(),
        person=parts().directory.human(who.user_id),
        requester=parts().directory.human(row.requested_by),
        typed=str(item.payload.get("typed") or ""),
    )
    if isinstance(outcome, Refused):
        return Done(incident.id, [say(item, outcome.message), PlanMessage(row.id)])
    return Done(incident.id, [PlanMessage(row.id), execution(session, row)])


@act("rollback_reject")
def reject(session: Session, item: Item, who: Person) -> Done:
    """A responder says no, with a reason."""
    incident, row = plan_of(session, item, who, Action.READ)
    outcome = approvals.reject(
        session, row.id, by=who.user_id, reason=str(item.payload["words"]), responders=parts().directory.responders()
    )
    effects: list[Effect] = [PlanMessage(row.id), Card(incident.id)]
    if isinstance(outcome, Refused):
        effects.insert(0, say(item, outcome.message))
    elif who.user_id != row.requested_by:
        message = rejected_message(incident.number, change(row), row.seen, who.user_id, row.requested_by)
        effects.append(Post(incident.id, message))
    return Done(incident.id, effects)


@act("rollback_replan")
def replan(session: Session, item: Item, who: Person) -> Done:
    """Make the same plan again for the world as it is now: its target had moved on, or nobody approved in time."""
    incident, row = plan_of(session, item, who)
    if row.state not in plans.REPLANNED or row.undoes_id is not None or plans.newer(session, row):
        raise Conflict("There is a newer plan already, or this one still stands. Nothing was changed.")
    step = session.get(RunbookStep, row.step_id) if row.step_id else None
    open_step = str(step.id) if step is not None and step.state in OPEN_STATES else ""
    arguments = (incident.id, row.target_id, who.user_id, item.key, open_step, _told(item))
    return Done(incident.id, [Start("plan_rollback", f"plan:{item.key}", arguments)])


@act("rollback_undo")
def undo(session: Session, item: Item, who: Person) -> Done:
    """Ask to take a rollback back: a plan of its own."""
    incident, row = plan_of(session, item, who)
    arguments = (row.id, who.user_id, item.key, str(item.payload["words"]), _told(item))
    return Done(incident.id, [Start("undo_rollback", f"undo:{item.key}", arguments)])


@act("rollback_verify")
def verify(session: Session, item: Item, who: Person) -> Done:
    """Ask the system again whether the change took effect."""
    incident, row = plan_of(session, item, who)
    if row.state not in rollback.VERIFIABLE:
        raise Conflict(f"This rollback is {row.state}, so there is nothing to check. Nothing was changed.")
    return Done(incident.id, [Start("verify_rollback", f"verify:{item.key}", (row.id,))])


def execution(session: Session, row: RollbackPlan) -> Start:
    """Carry the plan out on the word that stands now. Started once for each such word: a plan whose approver had left
    the group is approved again by another."""
    authority = approvals.in_force(session, row)
    word = f"yes-{authority.id}" if authority is not None else "break-glass"
    return Start("execute_rollback", f"rollback:{row.id}:{word}", (row.id,))


def plan_of(
    session: Session, item: Item, who: Person, action: Action = Action.RESPOND
) -> tuple[Incident, RollbackPlan]:
    """The incident and plan of a button or form, looked up: the plan must be the incident's own.

    Where the verb itself asks who may, `action` is READ: its refusal goes on the record.
    """
    incident = incident_of(session, item, who, action)
    row = session.get(RollbackPlan, int(item.payload["plan"]))
    if row is None or row.incident_id != incident.id:
        raise NotFound("That plan does not belong to this incident. Nothing was changed.")
    return incident, row


def _told(item: Item) -> str:
    return str(item.payload.get("channel") or "")


def shown_hash(item: Item, row: RollbackPlan) -> str:
    """The hash of the plan that was shown. A button carries its beginning; the record holds the whole."""
    shown = str(item.payload.get("hash") or "")
    return row.plan_hash if len(shown) >= SHOWN and row.plan_hash.startswith(shown) else shown


def say(item: Item, words: str) -> Tell:
    """Words of ours for the person who acted."""
    return Tell(item.user, Message(spoken(words)), item.payload.get("channel"), item.payload.get("response_url"))
