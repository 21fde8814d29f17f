"""Acts: what a saved inbox item does to the record, and which effects follow. One module per subject.

An act runs inside one transaction. It checks who may (again, at execution), calls verbs of the rooms, and returns what
must happen outside. A RaiIncidentError from it changes nothing and is told to the person who acted.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from sqlalchemy.orm import Session

from bot.effects import Effect
from bot.inbox import Item
from incidents import access, lifecycle
from incidents.access import Action, Person
from incidents.errors import Conflict, NotFound
from incidents.models import Incident, Timer
from playbooks import running


@dataclass(frozen=True)
class Done:
    """What an act leaves to do outside, for which incident."""

    incident_id: int | None
    effects: list[Effect] = field(default_factory=list)


Act = Callable[[Session, Item, Person], Done]
ACTS: dict[str, Act] = {}
Look = Callable[[Item], dict[str, Any]]
LOOKS: dict[str, Look] = {}  # what must be read outside before the act, added to its payload
OnTimer = Callable[[Session, Timer, Incident], list[Effect]]
TIMERS: dict[str, OnTimer] = {}
OnLoneTimer = Callable[[Session, Timer], list[Effect]]
LONE_TIMERS: dict[str, OnLoneTimer] = {}  # of timers that belong to no incident
FRESH: set[str] = set()  # kinds for which people and groups are read anew


def load() -> None:
    """Import every subject, which registers its acts and timers: a new one needs no list."""
    for subject in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{subject.name}")


def act(kind: str, *, fresh: bool = False, look: Look | None = None) -> Callable[[Act], Act]:
    """Register what happens for items of one kind."""

    def register(function: Act) -> Act:
        assert kind not in ACTS, f"two acts for {kind}"
        ACTS[kind] = function
        if fresh:
            FRESH.add(kind)
        if look is not None:
            LOOKS[kind] = look
        return function

    return register


def on_timer(kind: str) -> Callable[[OnTimer], OnTimer]:
    """Register what happens when a timer of one kind is due. Called once per timer, as it is claimed."""

    def register(function: OnTimer) -> OnTimer:
        assert kind not in TIMERS, f"two answers to the timer {kind}"
        TIMERS[kind] = function
        return function

    return register


def on_lone_timer(kind: str) -> Callable[[OnLoneTimer], OnLoneTimer]:
    """Register what happens when a timer of no incident is due. Called once per timer, as it is claimed."""

    def register(function: OnLoneTimer) -> OnLoneTimer:
        assert kind not in LONE_TIMERS, f"two answers to the timer {kind}"
        LONE_TIMERS[kind] = function
        return function

    return register


def incident_of(session: Session, item: Item, who: Person, action: Action) -> Incident:
    """The item's incident, locked, after checking that the person may."""
    wanted = item.payload.get("incident")
    channel = str(item.payload.get("channel") or "")
    incident = meant(session, who, None if wanted is None else str(wanted), channel, action)
    return lifecycle.lock(session, incident.id)


def meant(session: Session, who: Person, number: str | None, channel: str, action: Action) -> Incident:
    """The incident somebody means by its number, or by the channel they are in. Raises NotFound or NotAllowed.

    A number in a button or a form is looked up, never trusted: in an incident's channel only its incident can be meant.
    """
    here = lifecycle.in_channel(session, who.team_id, channel)
    incident = here if number is None else lifecycle.find(session, who.team_id, number)
    if incident is None:
        raise NotFound("This works in an incident's channel. Go there, or name the incident: INC-1.")
    access.check(action, who, incident, set(lifecycle.holders(session, incident.id).values()))
    if here is not None and here.id != incident.id:
        raise NotFound(f"This is the channel of {here.number}, so nothing was changed. Go to {incident.number}'s own.")
    not_rehearsed(session, incident, channel)
    return incident


def not_from_exercise(session: Session, item: Item, who: Person) -> None:
    """What holds for the whole company is not changed from an exercise's channel, where everything said is "not real".
    Raises Conflict."""
    exercise = running.in_channel(session, who.team_id, str(item.payload.get("channel") or ""))
    if exercise is not None:
        raise Conflict(
            f"{exercise.number} is an exercise, and this would be real. Nothing was changed; do it elsewhere."
        )


def not_rehearsed(session: Session, incident: Incident, channel: str) -> None:
    """Nothing real is shown or done in an exercise's channel, where all that is said is "not real". Raises NotFound."""
    if incident.kind == "real" and (exercise := running.in_channel(session, incident.team_id, channel)) is not None:
        raise NotFound(
            f"This is the channel of {exercise.number}, an exercise. {incident.number} is real: go to its own."
        )
