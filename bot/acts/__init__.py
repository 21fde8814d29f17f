"""Acts: what a saved inbox item does to the record, and which effects follow. One module per subject.

An act runs inside one transaction. It checks who may (again, at execution), calls verbs of the rooms, and returns what
must happen outside. A RaiIncidentError from it changes nothing and is told to the person who acted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from bot.effects import Effect
from bot.inbox import Item
from incidents import access, lifecycle
from incidents.access import Action, Person
from incidents.errors import NotFound
from incidents.models import Incident


@dataclass(frozen=True)
class Done:
    """What an act leaves to do outside, for which incident."""

    incident_id: int | None
    effects: list[Effect] = field(default_factory=list)


Act = Callable[[Session, Item, Person], Done]
ACTS: dict[str, Act] = {}
Look = Callable[[Item], dict[str, Any]]
LOOKS: dict[str, Look] = {}  # what must be read outside before the act, added to its payload
FRESH: set[str] = set()  # kinds for which people and groups are read anew


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


def incident_of(session: Session, item: Item, who: Person, action: Action) -> Incident:
    """The item's incident, locked, after checking that the person may. The id in a button is looked up, never trusted:
    a button pressed in an incident's channel can only mean that incident."""
    wanted = item.payload.get("incident")
    here = lifecycle.in_channel(session, who.team_id, str(item.payload.get("channel") or ""))
    if wanted is None:
        if here is None:
            raise NotFound("This works in an incident's channel. Go there, or name the incident: INC-1.")
        wanted = here.id
    if here is not None and str(here.id) != str(wanted):
        raise NotFound("That button does not belong to this incident. Nothing was changed.")
    incident = lifecycle.find(session, who.team_id, str(wanted))
    access.check(action, who, incident, set(lifecycle.holders(session, incident.id).values()))
    return lifecycle.lock(session, incident.id)
