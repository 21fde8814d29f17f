"""Exercises that are planned: a day, a scenario, a system, a facilitator. Tables and their verbs.

A planned exercise is taken up when its scenario is set up near its day. A reminder is written down before it is sent,
so that it is given once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents import inventory, timers
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotFound
from incidents.models import Base
from playbooks.models import Exercise

REMIND = "planned_exercise"  # kind of timer
AHEAD = timedelta(days=1)  # how long before it the facilitator is reminded
NEAR = timedelta(days=1)  # how far from its time an exercise may be set up and still be the planned one
FARTHEST = timedelta(days=2 * 366)


class PlannedExercise(Base):
    """An exercise that somebody planned. It is cancelled or held, never deleted: calendars have to hear of it."""

    __tablename__ = "planned_exercises"
    __table_args__ = (
        sa.CheckConstraint("state IN ('planned', 'cancelled', 'held')", name="state"),
        # Held without the exercise would count for nothing that anybody can look at.
        sa.CheckConstraint("(state = 'held') = (exercise_id IS NOT NULL)", name="held_as"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one submit plans one exercise
    team_id: Mapped[str] = mapped_column(sa.String(40), index=True)
    scenario_id: Mapped[str] = mapped_column(sa.String(80))
    title: Mapped[str] = mapped_column(sa.String(150))
    minutes: Mapped[int]
    system_id: Mapped[str | None] = mapped_column(sa.ForeignKey("systems.id"))  # the real system it is held for
    facilitator: Mapped[str] = mapped_column(sa.String(40))
    at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(sa.String(64))  # whose wall clock it was planned by
    state: Mapped[str] = mapped_column(sa.String(10), default="planned")
    revision: Mapped[int] = mapped_column(default=0)  # a calendar's SEQUENCE; a reminder of an earlier one is void
    exercise_id: Mapped[int | None] = mapped_column(sa.ForeignKey("exercises.id"), unique=True)
    planned_by: Mapped[str] = mapped_column(sa.String(40))
    changed_by: Mapped[str] = mapped_column(sa.String(40))
    changed_at: Mapped[datetime]

    @property
    def number(self) -> str:
        """`PLAN-<n>`, the name people use."""
        return f"PLAN-{self.id}"


class ProgrammeReminder(Base):
    """Something due that was said once. The key names what, and the day it was due."""

    __tablename__ = "programme_reminders"

    key: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    at: Mapped[datetime]


def plan(
    session: Session,
    *,
    key: str,
    team_id: str,
    scenario_id: str,
    title: str,
    minutes: int,
    system_id: str | None,
    facilitator: str,
    at: datetime,
    zone: str,
    by: str,
) -> PlannedExercise:
    """Plan an exercise, once per `key`. Raises BadInput naming the form's field."""
    found = session.scalars(sa.select(PlannedExercise).where(PlannedExercise.key == key)).first()
    if found is not None:
        return found
    _check_time(at)
    if system_id is not None and system_id not in {system.id for system in inventory.every(session)}:
        raise BadInput("system", "This system is not in the inventory any more. Nothing was saved.")
    row = PlannedExercise(
        key=key,
        team_id=team_id,
        scenario_id=scenario_id,
        title=title,
        minutes=minutes,
        system_id=system_id,
        facilitator=facilitator,
        at=at,
        zone=zone,
        planned_by=by,
        changed_by=by,
        changed_at=now(),
    )
    session.add(row)
    session.flush()
    _set_reminder(session, row)
    return row


def move(session: Session, row: PlannedExercise, at: datetime, *, facilitator: str, by: str) -> bool:
    """Another time, or somebody else to lead it; False where both are as they were."""
    _require_planned(row)
    if (at, facilitator) == (row.at, row.facilitator):
        return False
    _check_time(at)
    row.at, row.facilitator = at, facilitator
    _changed(session, row, by)
    _set_reminder(session, row)
    return True


def cancel(session: Session, row: PlannedExercise, *, by: str) -> None:
    """It is not held."""
    _require_planned(row)
    row.state = "cancelled"
    _changed(session, row, by)


def find(session: Session, team_id: str, plan_id: int) -> PlannedExercise:
    """A planned exercise of this workspace, locked. Raises NotFound in the same words for absent and foreign ones."""
    row = session.get(PlannedExercise, plan_id, with_for_update=True, populate_existing=True)
    if row is None or row.team_id != team_id:
        raise NotFound(f"There is no planned exercise PLAN-{plan_id}. Nothing was changed.")
    return row


def ahead(session: Session, team_id: str | None = None) -> Sequence[PlannedExercise]:
    """What is still to be held, the next one first; also what should have been held and was not."""
    query = sa.select(PlannedExercise).where(PlannedExercise.state == "planned").order_by(PlannedExercise.at)
    return session.scalars(query if team_id is None else query.where(PlannedExercise.team_id == team_id)).all()


def every(session: Session, team_id: str | None = None) -> Sequence[PlannedExercise]:
    """All that were ever planned, for a calendar: what was cancelled has to be taken out of it. None: anywhere."""
    query = sa.select(PlannedExercise).order_by(PlannedExercise.id)
    return session.scalars(query if team_id is None else query.where(PlannedExercise.team_id == team_id)).all()


def take_up(session: Session, exercise: Exercise) -> PlannedExercise | None:
    """The plan that this exercise carries out: same scenario, within a day of its time, the nearest one."""
    near = [
        row
        for row in ahead(session, exercise.team_id)
        if row.scenario_id == exercise.scenario_id and abs(row.at - exercise.created_at) <= NEAR
    ]
    if not near:
        return None
    row = min(near, key=lambda each: (abs(each.at - exercise.created_at), each.id))
    row.state, row.exercise_id = "held", exercise.id
    _changed(session, row, exercise.facilitator)
    return row


def of_exercises(session: Session) -> dict[int, PlannedExercise]:
    """The plans that were carried out, by exercise."""
    query = sa.select(PlannedExercise).where(PlannedExercise.exercise_id.is_not(None))
    return {int(row.exercise_id or 0): row for row in session.scalars(query)}


def said_first(session: Session, key: str) -> bool:
    """Write down that this is being said; False where it was before."""
    if session.get(ProgrammeReminder, key) is not None:
        return False
    session.add(ProgrammeReminder(key=key, at=now()))
    session.flush()
    return True


def _require_planned(row: PlannedExercise) -> None:
    if row.state != "planned":
        words = "was held already" if row.state == "held" else "was cancelled"
        raise Conflict(f"{row.number} {words}. Nothing was changed; plan another one.")


def _check_time(at: datetime) -> None:
    if at < now():
        raise BadInput("at", "This time is over. Choose one that is still to come.")
    if at > now() + FARTHEST:
        raise BadInput("at", "This is more than two years away. Choose an earlier day.")


def _changed(session: Session, row: PlannedExercise, by: str) -> None:
    row.revision += 1
    row.changed_by, row.changed_at = by, now()
    session.flush()


def _set_reminder(session: Session, row: PlannedExercise) -> None:
    due = max(row.at - AHEAD, now())
    payload = {"plan": row.id, "revision": row.revision}
    timers.set_timer(session, REMIND, f"planned:{row.id}:{row.revision}", due, payload=payload)
