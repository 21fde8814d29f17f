"""Exercises and what belongs to them, found again; and whether one stands so that something may be done with it."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents.clock import now
from incidents.errors import Conflict, NotFound
from playbooks.exercise import Clock, clock_of
from playbooks.models import LIVE, Exercise, ExerciseInject, ExerciseObservation, ExerciseParticipant
from playbooks.scenario import Inject, Scenario


def scenario_of(exercise: Exercise) -> Scenario:
    """The scenario as it was when the exercise was started."""
    return Scenario.model_validate_json(json.dumps(exercise.scenario))


def find(session: Session, team_id: str, exercise_id: int) -> Exercise:
    """An exercise of this workspace. Raises NotFound in the same words for absent and foreign ones."""
    exercise = session.get(Exercise, exercise_id)
    if exercise is None or exercise.team_id != team_id:
        raise NotFound(f"There is no exercise EX-{exercise_id}. Nothing was changed.")
    return exercise


def lock(session: Session, exercise_id: int) -> Exercise:
    """The exercise, locked for this transaction."""
    session.flush()
    return session.get_one(Exercise, exercise_id, with_for_update=True, populate_existing=True)


def in_channel(session: Session, team_id: str, channel_id: str) -> Exercise | None:
    """The exercise whose channel this is."""
    query = sa.select(Exercise).where(Exercise.team_id == team_id, Exercise.channel_id == channel_id)
    return session.scalars(query).first() if channel_id else None


def of_incident(session: Session, incident_id: int) -> Exercise | None:
    """The exercise that an incident belongs to."""
    return session.scalars(sa.select(Exercise).where(Exercise.incident_id == incident_id)).first()


def live(session: Session, team_id: str | None = None) -> Sequence[Exercise]:
    """The exercises that go on, oldest first."""
    query = sa.select(Exercise).where(Exercise.state.in_(LIVE)).order_by(Exercise.id)
    return session.scalars(query if team_id is None else query.where(Exercise.team_id == team_id)).all()


def every(session: Session, team_id: str | None = None) -> Sequence[Exercise]:
    """All exercises, or those of one workspace, newest first."""
    query = sa.select(Exercise).order_by(Exercise.id.desc())
    return session.scalars(query if team_id is None else query.where(Exercise.team_id == team_id)).all()


def rooms(session: Session) -> dict[str, str]:
    """The channels of all exercises, with the number of each."""
    query = sa.select(Exercise).where(Exercise.channel_id.is_not(None))
    return {str(row.channel_id): row.number for row in session.scalars(query)}


def people(session: Session, exercise_id: int) -> dict[str, list[str]]:
    """Role -> people; evaluators under EVALUATOR."""
    return people_of(session, [exercise_id])[exercise_id]


def people_of(session: Session, exercise_ids: Sequence[int]) -> dict[int, dict[str, list[str]]]:
    """The people of several exercises, in one query."""
    query = (
        sa.select(ExerciseParticipant.exercise_id, ExerciseParticipant.role, ExerciseParticipant.user)
        .where(ExerciseParticipant.exercise_id.in_(exercise_ids))
        .order_by(ExerciseParticipant.id)
    )
    found: dict[int, dict[str, list[str]]] = {exercise_id: {} for exercise_id in exercise_ids}
    for exercise_id, role, user in session.execute(query):
        found[exercise_id].setdefault(role, []).append(user)
    return found


def everybody(session: Session, exercise: Exercise) -> list[str]:
    """Everyone of the exercise: facilitator, players, evaluators."""
    players = [user for users in people(session, exercise.id).values() for user in users]
    return list(dict.fromkeys([exercise.facilitator, *players]))


def injects(session: Session, exercise_id: int) -> list[ExerciseInject]:
    """The exercise's injects in the scenario's order, improvised ones last."""
    query = sa.select(ExerciseInject).where(ExerciseInject.exercise_id == exercise_id).order_by(ExerciseInject.id)
    return list(session.scalars(query))


def inject_of(exercise: Exercise, row: ExerciseInject) -> Inject:
    """What an inject says."""
    if row.improvised:
        return Inject.model_validate_json(json.dumps(row.improvised))
    return scenario_of(exercise).inject(row.inject_id)


def observations(session: Session, exercise_id: int) -> list[ExerciseObservation]:
    """How the expected actions came out so far."""
    query = sa.select(ExerciseObservation).where(ExerciseObservation.exercise_id == exercise_id)
    return list(session.scalars(query))


def find_held(session: Session, exercise_id: int, lever: str) -> dict[str, Any] | None:
    """What a rehearsed rollback has made of a lever; None while nobody has moved it."""
    held: dict[str, Any] | None = session.get_one(Exercise, exercise_id).levers.get(lever)
    return held


def clock(exercise: Exercise) -> Clock:
    """The exercise clock."""
    return clock_of(exercise.legs)


def minute(exercise: Exercise) -> float:
    """What the exercise clock shows now, at most the scenario's last minute; after the end, what it showed then."""
    return min(clock(exercise).minute(exercise.ended_at or now()), float(exercise.scenario["minutes"]))


def require_live(exercise: Exercise) -> None:
    """Conflict unless the exercise still goes on."""
    if not exercise.live:
        raise Conflict(f"{exercise.number} has ended. Nothing was changed.")


def require_begun(exercise: Exercise) -> None:
    """Conflict unless the exercise is running or paused."""
    require_live(exercise)
    if exercise.state == "ready":
        raise Conflict(f"{exercise.number} has not begun yet. Nothing was changed; the facilitator presses *Begin*.")
