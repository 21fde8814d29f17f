"""After an exercise: ratings proposed and confirmed, the hot wash, the improvement plan. Verbs on their tables."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotFound
from playbooks import running
from playbooks.models import Exercise, ExerciseRating, HotWashAnswer, Improvement
from playbooks.scenario import Scenario
from playbooks.score import Outcome, Rating, Shown, by_objective, coverage, may_confirm, parts_tested, rate

GENERAL_QUESTIONS = ("What went well, and should stay?", "What got in the way?", "What one thing should we change?")
QUESTIONS = 8  # a short form: more would not be answered


def questions(scenario: Scenario) -> tuple[str, ...]:
    """What the hot wash asks: the scenario's own questions, or three that always fit."""
    return (scenario.hot_wash or GENERAL_QUESTIONS)[:QUESTIONS]


def propose(session: Session, exercise: Exercise, outcomes: Sequence[Outcome]) -> None:
    """Write down what the evidence gives for every objective, once."""
    standing = {row.objective_id for row in ratings(session, exercise.id)}
    scenario = running.scenario_of(exercise)
    left_out = {objective.id: objective.left_out for objective in scenario.objectives}
    for objective_id, found in by_objective(scenario, outcomes).items():
        proposed = rate(found, left_out[objective_id])
        if proposed is not None and objective_id not in standing:
            session.add(ExerciseRating(exercise_id=exercise.id, objective_id=objective_id, proposed=proposed))
    session.flush()


def ratings(session: Session, exercise_id: int) -> list[ExerciseRating]:
    """The ratings in the scenario's order."""
    return ratings_of(session, [exercise_id])[exercise_id]


def ratings_of(session: Session, exercise_ids: Sequence[int]) -> dict[int, list[ExerciseRating]]:
    """The ratings of several exercises, in one query."""
    query = sa.select(ExerciseRating).where(ExerciseRating.exercise_id.in_(exercise_ids)).order_by(ExerciseRating.id)
    found: dict[int, list[ExerciseRating]] = {exercise_id: [] for exercise_id in exercise_ids}
    for row in session.scalars(query):
        found[row.exercise_id].append(row)
    return found


def shown_ratings(session: Session, exercise: Exercise, outcomes: Sequence[Outcome]) -> list[Shown]:
    """The rating of each objective, also of those that are not rated; nothing while the exercise goes on."""
    if exercise.live:
        return []
    scenario, rows = running.scenario_of(exercise), {row.objective_id: row for row in ratings(session, exercise.id)}
    sorted_out, shown = by_objective(scenario, outcomes), []
    for objective in scenario.objectives:
        row = rows.get(objective.id)
        proposed, confirmed = (row.proposed, row.confirmed) if row else (None, None)
        given = cast("Rating | None", proposed), cast("Rating | None", confirmed)
        rests_on = coverage(*parts_tested(sorted_out[objective.id]), objective.left_out)
        shown.append(Shown(objective.text, *given, rests_on))
    return shown


def confirm(
    session: Session, exercise: Exercise, objective_id: str, rating: str, reason: str, *, by: str
) -> ExerciseRating:
    """An evaluator's decision on one objective. Raises BadInput for a rating above the evidence, or a change without
    a reason; the field is the form's."""
    if exercise.live:
        raise Conflict(f"{exercise.number} still goes on. Nothing was saved; rate it when it is over.")
    row = next((each for each in ratings(session, exercise.id) if each.objective_id == objective_id), None)
    if row is None:
        raise NotFound("Too little of that objective was tested in this exercise to rate it. Nothing was changed.")
    proposed, reason = cast(Rating, row.proposed), reason.strip()
    if rating not in may_confirm(proposed):
        raise BadInput(f"rating:{objective_id}", f"The evidence gives {proposed}; a rating above it is not possible.")
    if rating != proposed and not reason:
        raise BadInput(f"reason:{objective_id}", f"Say why it is {rating} and not {proposed}.")
    row.confirmed, row.confirmed_by, row.confirmed_at, row.reason = rating, by, now(), reason
    session.flush()
    return row


def answer_hot_wash(
    session: Session, exercise: Exercise, answers: Mapping[str, str], *, by: str, anonymous: bool
) -> None:
    """One participant's answers; sent again, they replace the earlier ones."""
    given = {question: words.strip() for question, words in answers.items() if words.strip()}
    if not given:
        raise BadInput("q0", "Nothing was answered. One line is enough.")
    query = sa.select(HotWashAnswer).where(HotWashAnswer.exercise_id == exercise.id, HotWashAnswer.user == by)
    row = session.scalars(query).first()
    if row is None:
        row = HotWashAnswer(exercise_id=exercise.id, user=by)
        session.add(row)
    row.answers, row.anonymous, row.at = given, anonymous, now()
    session.flush()


def hot_wash(session: Session, exercise_id: int) -> list[HotWashAnswer]:
    """The answers, oldest first."""
    query = sa.select(HotWashAnswer).where(HotWashAnswer.exercise_id == exercise_id).order_by(HotWashAnswer.id)
    return list(session.scalars(query))


def improve(session: Session, exercise: Exercise, text: str, *, owner: str, due: date, by: str, key: str) -> None:
    """Add one line to the improvement plan, once per `key`."""
    if session.execute(sa.select(Improvement.id).where(Improvement.key == key)).first() is not None:
        return
    if due < now().date():
        raise BadInput("due", "This date is over already.")
    session.add(
        Improvement(
            key=key,
            exercise_id=exercise.id,
            text=lifecycle.check_text("text", text),
            owner=owner,
            due=due,
            added_by=by,
            added_at=now(),
        )
    )
    session.flush()


def improvements(session: Session, exercise_id: int) -> list[Improvement]:
    """The improvement plan, oldest line first."""
    query = sa.select(Improvement).where(Improvement.exercise_id == exercise_id).order_by(Improvement.id)
    return list(session.scalars(query))
