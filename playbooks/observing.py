"""How an exercise stands: what was expected of it and what came of that, what happened, and what comes next."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from incidents import timeline
from playbooks.exercise import Choice, Progress, Settled, cut_off, planned
from playbooks.finding import inject_of, injects, minute, observations, scenario_of
from playbooks.models import Exercise, ExerciseInject, ExerciseObservation
from playbooks.scenario import Scenario
from playbooks.score import Fact, Outcome, outcomes


def observe(session: Session, exercise: Exercise, scenario: Scenario, facts: Iterable[Fact], shown: float) -> None:
    """Write down how every expected action stands; what was missed may still be done late."""
    rows = {row.action_id: row for row in observations(session, exercise.id)}
    for outcome in judge(session, exercise, scenario, facts, shown):
        if outcome.state not in ("met", "late", "missed"):
            continue
        assert outcome.due is not None
        row = rows.get(outcome.action.id)
        if row is None:
            row = ExerciseObservation(exercise_id=exercise.id, action_id=outcome.action.id)
            session.add(row)
        row.state, row.due_minute = outcome.state, outcome.due
        row.minute = outcome.fact.minute if outcome.fact else None
        row.by = outcome.fact.by if outcome.fact else None
        row.entry_id = outcome.fact.entry if outcome.fact else None
    session.flush()


def judge(
    session: Session, exercise: Exercise, scenario: Scenario, facts: Iterable[Fact], shown: float
) -> list[Outcome]:
    """Every expected action as it stands."""
    so_far, ended = progress(session, exercise), not exercise.live
    lost = cut_off(scenario, so_far, early=ended and shown < scenario.minutes)
    return outcomes(scenario, [*facts, *choices(session, exercise)], so_far.sent, shown, ended=ended, lost=lost)


def choices(session: Session, exercise: Exercise) -> list[Fact]:
    """The options that the team chose, as facts."""
    found = []
    for row in injects(session, exercise.id):
        if row.choice is None or row.chosen_minute is None:
            continue
        label = next(each.label for each in inject_of(exercise, row).options if each.id == row.choice)
        entry = _entry_of(session, exercise, row)
        data = {"inject": row.inject_id, "option": row.choice}
        found.append(Fact("decide", row.chosen_minute, row.chosen_by or "", entry, f"Chosen: {label}", data))
    return found


def _entry_of(session: Session, exercise: Exercise, row: ExerciseInject) -> int | None:
    if exercise.incident_id is None:
        return None
    return timeline.entry_id(session, exercise.incident_id, decision_key(row))


def decision_key(row: ExerciseInject) -> str:
    """The key of the timeline entry of a choice."""
    return f"decision:{row.id}"


def progress(session: Session, exercise: Exercise) -> Progress:
    """What has happened, as the clock's rules want it."""
    rows = injects(session, exercise.id)
    return Progress(
        sent={row.inject_id: row.minute for row in rows if row.state == "delivered" and row.minute is not None},
        skipped={row.inject_id: row.minute for row in rows if row.state == "skipped" and row.minute is not None},
        chosen={
            row.inject_id: Choice(row.choice, row.chosen_minute)
            for row in rows
            if row.choice is not None and row.chosen_minute is not None
        },
        settled={
            row.action_id: Settled(True, row.minute)
            if row.state == "met" and row.minute is not None
            else Settled(False, row.due_minute)
            for row in observations(session, exercise.id)
        },
    )


def standing(session: Session, exercise: Exercise) -> tuple[object, ...]:
    """What a look at the exercise shows; equal while nothing has happened, for a minute of the wall clock at most."""
    return (
        exercise.state,
        int(minute(exercise) / exercise.speed),
        exercise.incident_id,
        tuple((row.inject_id, row.state, row.choice) for row in injects(session, exercise.id)),
        tuple((row.action_id, row.state) for row in observations(session, exercise.id)),
    )


def planned_times(session: Session, exercise: Exercise) -> dict[str, float]:
    """The waiting injects whose time is known, with it, in order."""
    return planned(scenario_of(exercise), progress(session, exercise))


def next_inject(session: Session, exercise: Exercise) -> tuple[ExerciseInject, float] | None:
    """The inject that comes next, and its minute; None when none is known."""
    times = planned_times(session, exercise)
    if not times:
        return None
    name, time = next(iter(times.items()))
    return next(row for row in injects(session, exercise.id) if row.inject_id == name), time
