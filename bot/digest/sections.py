"""What a digest tells of other rooms: overdue actions, exercises, questions that office hours could not answer."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.digest.value import Exercise, OverdueAction, Pointer
from incidents.digest_rows import Scope, rooms
from incidents.models import Incident
from incidents.periods import Period
from postmortems.models import Action

_PRIORITY = sa.case({"high": 0, "medium": 1, "low": 2}, value=Action.priority)


def overdue_actions(session: Session, scope: Scope, today: date) -> list[OverdueAction]:
    """Open actions whose day has passed: the most important first, then the longest overdue."""
    query = (
        sa.select(Action)
        .join(Incident, Incident.id == Action.incident_id)
        .where(Action.state == "open", Action.due < today, *scope.counted())
        .order_by(_PRIORITY, Action.due, Action.id)
    )
    actions = session.scalars(query).all()
    known = rooms(session, [action.incident_id for action in actions])
    return [
        OverdueAction(
            f"INC-{action.incident_id}",
            action.title,
            action.owner,
            action.due,
            action.priority,
            Pointer(f"INC-{action.incident_id}", *known.get(action.incident_id, (None, None))),
        )
        for action in actions
    ]


def exercises(session: Session, period: Period, at: datetime) -> tuple[list[Exercise], list[Exercise]]:
    """(done in the period, due by now or within the next period). Empty until exercises are part of the record."""
    return [], []


def gaps(session: Session, period: Period) -> list[str]:
    """Questions of the period that office hours had no answer to. Empty until questions are part of the record."""
    return []
