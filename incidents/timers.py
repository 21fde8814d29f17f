"""Timers: rows that are due. Setting one is idempotent by key; firing it is the workflow's business."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents.clock import now
from incidents.db import insert_once
from incidents.models import Timer


def set_timer(
    session: Session,
    kind: str,
    key: str,
    due_at: datetime,
    *,
    incident_id: int | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Set a timer once: the same key again changes nothing, also where replicas set it at the same moment."""
    insert_once(session, Timer, kind=kind, key=key, due_at=due_at, incident_id=incident_id, payload=payload or {})


def cancel(session: Session, incident_id: int, kind: str | None = None) -> None:
    """Cancel the waiting timers of one incident, all or those of one kind."""
    waiting = sa.update(Timer).where(
        Timer.incident_id == incident_id, Timer.fired_at.is_(None), Timer.cancelled_at.is_(None)
    )
    session.execute((waiting if kind is None else waiting.where(Timer.kind == kind)).values(cancelled_at=now()))


def due(session: Session, limit: int = 500) -> Sequence[Timer]:
    """Timers whose time has come, oldest first."""
    query = (
        sa.select(Timer)
        .where(Timer.fired_at.is_(None), Timer.cancelled_at.is_(None), Timer.due_at <= now())
        .order_by(Timer.due_at)
        .limit(limit)
    )
    return session.scalars(query).all()


def claim(session: Session, timer_id: int) -> Timer | None:
    """Mark a timer fired and return it; None when it was fired or cancelled meanwhile."""
    timer = session.get(Timer, timer_id, with_for_update=True)
    if timer is None or timer.fired_at is not None or timer.cancelled_at is not None:
        return None
    timer.fired_at = now()
    session.flush()
    return timer
