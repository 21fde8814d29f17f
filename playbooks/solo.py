"""One person alone: what is asked of them now, and the hint that helps when they are stuck. Table, and pure words.

A solo exercise is an exercise like every other, whose only person plays every role. What this adds is a row that
remembers whether hints are wanted and which were given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.models import Base
from playbooks.models import Exercise
from playbooks.scenario import DOS, Scenario
from playbooks.score import Outcome
from severity.errors import ContentError
from severity.loading import StrictModel, check_shape, read_yaml

HINTS = Path(__file__).with_name("hints.yaml")
COLLEAGUE = "rehearsed colleague"  # says the second yes where a solo exercise needs two people; no account is called so
PATIENCE = 0.4  # of an action's time may pass before its hint comes by itself


class SoloExercise(Base):
    """What a solo exercise remembers beside the exercise itself."""

    __tablename__ = "solo_exercises"

    exercise_id: Mapped[int] = mapped_column(sa.ForeignKey("exercises.id"), primary_key=True)
    hints: Mapped[bool] = mapped_column(default=True)
    hinted: Mapped[list[str]] = mapped_column(default=list)  # actions whose hint was given
    seen: Mapped[str] = mapped_column(sa.String(64), default="")  # what the panel showed last, as a hash


class Hint(StrictModel):
    """How one kind of action is done with the bot: the button, and what can be typed instead."""

    label: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    how: Annotated[str, StringConstraints(min_length=10, max_length=400)]
    why: Annotated[str, StringConstraints(min_length=10, max_length=300)]


class _Hints(StrictModel):
    hints: Annotated[dict[str, Hint], Field(min_length=1)]


@cache
def hints() -> dict[str, Hint]:
    """The hint of every kind of action. Raises ContentError if the file was damaged or lacks one."""
    document = read_yaml(HINTS)
    found = check_shape(document, _Hints).hints
    missing = sorted(set(DOS) ^ set(found))
    if missing:
        raise ContentError([document.fault(("hints",), f"{', '.join(missing)}: each kind of action has one hint")])
    return found


def of(session: Session, exercise_id: int) -> SoloExercise | None:
    """The solo row of an exercise; None for an exercise of several."""
    return session.get(SoloExercise, exercise_id)


def remember(session: Session, exercise: Exercise, *, wanted: bool) -> SoloExercise:
    """Make an exercise a solo one; once."""
    row = of(session, exercise.id) or SoloExercise(exercise_id=exercise.id, hints=wanted, hinted=[], seen="")
    session.add(row)
    session.flush()
    return row


def roles(scenario: Scenario, user: str) -> dict[str, Sequence[str]]:
    """Every role of the scenario, played by one person."""
    return {role.id: [user] for role in scenario.roles}


@dataclass(frozen=True)
class Asked:
    """One thing that is asked of the player now, and until which minute."""

    action_id: str
    do: str
    text: str
    due: float
    critical: bool


def asked(found: Sequence[Outcome]) -> list[Asked]:
    """What still has time, the one whose time ends first at the top."""
    waiting = [
        Asked(each.action.id, each.action.do, each.action.text, each.due, each.action.critical)
        for each in found
        if each.state == "waiting" and each.due is not None
    ]
    return sorted(waiting, key=lambda each: (each.due, not each.critical))


def stuck_on(found: Sequence[Outcome], given: Sequence[str], minute: float) -> Asked | None:
    """The action whose hint is due: a good part of its time is over, and it was not given before."""
    started = {each.action.id: each.action.within for each in found}
    for each in asked(found):
        left = each.due - minute
        if each.action_id not in given and left <= (1 - PATIENCE) * started[each.action_id]:
            return each
    return None
