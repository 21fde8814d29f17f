"""Rollbacks: plan, approve, reject, undo. The targets are asked by workflows; here people decide."""

from sqlalchemy.orm import Session

from bot.acts import Done, act, incident_of
from bot.effects import Card, Effect, PlanMessage, Start, Tell
from bot.inbox import Item
from bot.parts import parts
from bot.views.blocks import spoken
from incidents.access import Action, Person
from incidents.clock import now
from incidents.errors import NotFound
from incidents.models import Incident
from integrations.slack import Message
from runbooks import approvals
from runbooks.approvals import Refused
from runbooks.models import RollbackPlan


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
    incident, row = _plan(session, item, who)
    shown = str(item.payload.get("hash") or "")
    # The button carries the hash's beginning; the record holds the whole.
    plan_hash = row.plan_hash if shown and row.plan_hash.startswith(shown) else shown
    outcome = approvals.approve(
        session,
        row.id,
        plan_hash,
        by=who.user_id,
        responders=parts().directory.responders(),
        now=now(),
        person=parts().directory.human(who.user_id),
    )
    if isinstance(outcome, Refused):
        return Done(incident.id, [_say(item, outcome.message), PlanMessage(row.id)])
    return Done(
        incident.id,
        [PlanMessage(row.id), Start("execute_rollback", f"rollback:{row.id}", (row.id,))],
    )


@act("rollback_reject")
def reject(session: Session, item: Item, who: Person) -> Done:
    """A responder says no, with a reason."""
    incident, row = _plan(session, item, who)
    outcome = approvals.reject(
        session, row.id, by=who.user_id, reason=str(item.payload["words"]), responders=parts().directory.responders()
    )
    effects: list[Effect] = [PlanMessage(row.id), Card(incident.id)]
    if isinstance(outcome, Refused):
        effects.insert(0, _say(item, outcome.message))
    return Done(incident.id, effects)


@act("rollback_undo")
def undo(session: Session, item: Item, who: Person) -> Done:
    """Ask to take a rollback back: a plan of its own."""
    incident, row = _plan(session, item, who)
    arguments = (row.id, who.user_id, item.key, str(item.payload["words"]), _told(item))
    return Done(incident.id, [Start("undo_rollback", f"undo:{item.key}", arguments)])


@act("rollback_verify")
def verify(session: Session, item: Item, who: Person) -> Done:
    """Ask the system again whether the change took effect."""
    incident, row = _plan(session, item, who)
    return Done(incident.id, [Start("verify_rollback", f"verify:{item.key}", (row.id,))])


def _plan(session: Session, item: Item, who: Person) -> tuple[Incident, RollbackPlan]:
    incident = incident_of(session, item, who, Action.RESPOND)
    row = session.get(RollbackPlan, int(item.payload["plan"]))
    if row is None or row.incident_id != incident.id:
        raise NotFound("That plan does not belong to this incident. Nothing was changed.")
    return incident, row


def _told(item: Item) -> str:
    return str(item.payload.get("channel") or "")


def _say(item: Item, words: str) -> Tell:
    return Tell(item.user, Message(spoken(words)), item.payload.get("channel"), item.payload.get("response_url"))
