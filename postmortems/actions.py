"""Actions of a postmortem: added with an owner and a day, done with evidence, overdue when the day has passed."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import timeline
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotFound
from incidents.models import Incident
from postmortems.models import Action

TYPES = ("prevent", "detect", "mitigate", "process")
PRIORITIES = ("high", "medium", "low")
TITLE_LENGTH = 200
EVIDENCE_LENGTH = 3000


def add(
    session: Session,
    incident: Incident,
    *,
    type: str,
    title: str,
    owner: str,
    due: date,
    priority: str,
    by: str,
    key: str,
) -> Action:
    """Add an action, once per `key`. Raises BadInput naming the field that breaks a rule."""
    saved = session.scalars(sa.select(Action).where(Action.key == key)).first()
    if saved is not None:
        return saved
    if type not in TYPES:
        raise BadInput("type", f"{type[:40]} is not a type of action. Known: {', '.join(TYPES)}.")
    if priority not in PRIORITIES:
        raise BadInput("priority", f"{priority[:40]} is not a priority. Known: {', '.join(PRIORITIES)}.")
    if not owner.strip():
        raise BadInput("owner", "An action needs an owner: without one nobody will do it.")
    if due < now().date():
        raise BadInput("due", f"{due.isoformat()} has passed. Choose today or a later day.")
    action = Action(
        incident_id=incident.id,
        key=key,
        type=type,
        title=_line("title", title, TITLE_LENGTH),
        owner=owner,
        due=due,
        priority=priority,
        state="open",
        created_by=by,
        created_at=now(),
    )
    session.add(action)
    session.flush()
    timeline.append(
        session,
        incident.id,
        "action_added",
        by,
        f"Action ({type}, {priority}): {action.title}. Owner <@{owner}>, due {due.isoformat()}",
        key=f"action:{key}",
        data={"action": action.id, "due": due.isoformat()},
    )
    return action


def complete(session: Session, incident: Incident, action_id: int, evidence: str, *, by: str, key: str) -> Action:
    """Mark an action of this incident done with its evidence; the same `key` again answers what it did.

    Raises NotFound for an action that is absent or of another incident, Conflict when somebody was first.
    """
    action = session.get(Action, action_id, with_for_update=True)
    if action is None or action.incident_id != incident.id:
        raise NotFound(f"{incident.number} has no such action. Nothing was changed.")
    if action.state == "done":
        if any(entry.key == key for entry in timeline.entries(session, incident.id)):
            return action
        raise Conflict(f"<@{action.done_by}> completed this action already. Nothing was changed.")
    action.evidence = _line("evidence", evidence, EVIDENCE_LENGTH)
    action.state, action.done_by, action.done_at = "done", by, now()
    session.flush()
    timeline.append(
        session,
        action.incident_id,
        "action_done",
        by,
        f"Action done: {action.title}. Evidence: {action.evidence}",
        key=key,
        data={"action": action.id},
    )
    return action


def overdue(session: Session, today: date, *, incident: Incident | None = None) -> Sequence[Action]:
    """Open actions whose day lies before `today` (a UTC day), the longest overdue first."""
    query = sa.select(Action).where(Action.state == "open", Action.due < today).order_by(Action.due, Action.id)
    if incident is not None:
        query = query.where(Action.incident_id == incident.id)
    return session.scalars(query).all()


def _line(field: str, text: str, limit: int) -> str:
    cleaned = text.replace("\x00", "").strip()
    if not cleaned:
        raise BadInput(field, "This cannot be empty.")
    if len(cleaned) > limit:
        raise BadInput(field, f"This is {len(cleaned):,} characters long; {limit:,} fit.")
    return cleaned
