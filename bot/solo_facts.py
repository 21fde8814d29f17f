"""A solo exercise as its views want it. Reads only."""

import hashlib
from collections import Counter

from sqlalchemy.orm import Session

from bot import exercise_facts
from bot.views.solo import DoneLine, SoloFacts
from playbooks import afterwards, running, solo
from playbooks.models import Exercise
from playbooks.score import Outcome

SHOWN = 3  # things asked of one person at once; more would be a list, not help


def outcomes(session: Session, exercise: Exercise) -> list[Outcome]:
    """Every expected action as it stands now."""
    facts = exercise_facts.facts(session, exercise)
    return running.judge(session, exercise, running.scenario_of(exercise), facts, running.minute(exercise))


def solo_facts(session: Session, exercise: Exercise, row: solo.SoloExercise) -> SoloFacts:
    """The exercise as the one who plays it sees it: the time and what is asked, not what is coming."""
    scenario, clock = running.scenario_of(exercise), running.clock(exercise)
    found = outcomes(session, exercise)
    following = running.next_inject(session, exercise)
    states = Counter(each.state for each in found)
    hints = solo.hints()
    asked = solo.asked(found) if row.hints and exercise.state in ("running", "paused") else []
    return SoloFacts(
        exercise_id=exercise.id,
        number=exercise.number,
        title=exercise.title,
        state=exercise.state,
        speed=exercise.speed,
        minute=min(running.minute(exercise), float(scenario.minutes)),
        minutes=scenario.minutes,
        channel_id=exercise.channel_id,
        next_at=clock.moment(following[1]) if following else None,
        next_id=following[0].inject_id if following else None,
        ends_at=clock.moment(float(scenario.minutes)),
        hints=row.hints,
        asked=[(hints[each.do].label, each.due) for each in asked[:SHOWN]],
        met=states["met"],
        late=states["late"],
        missed=states["missed"],
        ratings=afterwards.shown_ratings(session, exercise, found),
        done=[
            DoneLine(
                text=each.action.text,
                state=each.state,
                minute=each.fact.minute if each.fact else None,
                due=each.due,
                critical=each.action.critical,
                how=hints[each.action.do].how,
            )
            for each in found
        ],
        cause=scenario.truth.cause,
        traps=scenario.truth.what_is_a_trap,
        ended_because=exercise.ended_because,
    )


def mark(facts: SoloFacts) -> str:
    """What tells one look of the panel from another; the running second does not."""
    shown = (
        facts.state,
        int(facts.minute),
        facts.next_at,
        facts.next_id,
        facts.hints,
        facts.asked,
        facts.met,
        facts.late,
        facts.missed,
        facts.ratings,
    )
    return hashlib.sha256(repr(shown).encode()).hexdigest()
