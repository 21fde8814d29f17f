"""Who may see and do what: one place, pure, asked again at execution. On doubt the answer is no."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from incidents.errors import NotAllowed, NotFound
from incidents.models import Incident


class Action(StrEnum):
    """What a person asks for, by the right it needs."""

    DECLARE = "declare"
    READ = "read"
    NOTE = "note"
    RESPOND = "respond"


@dataclass(frozen=True)
class Person:
    """Who acts, as Slack's signed payload and directory say. `responder` is None when membership could not be read."""

    user_id: str
    team_id: str
    name: str = ""
    full_member: bool = True  # not a guest, bot, deactivated or from another organisation
    responder: bool | None = False


def visible_to(incident: Incident, person: Person, role_holders: Collection[str]) -> bool:
    """Whether the incident exists at all for this person."""
    if incident.team_id != person.team_id or not person.full_member:
        return False
    if not incident.private:
        return True
    return person.user_id in incident.invited or person.user_id in role_holders


def check(action: Action, person: Person, incident: Incident | None = None, role_holders: Collection[str] = ()) -> None:
    """Raise NotAllowed (or NotFound where even the existence is not theirs to know) unless `person` may."""
    if not person.full_member:
        raise NotAllowed(
            "Only full members of this workspace can use rai-incident. Nothing was changed. "
            "Ask a colleague who is one to report it for you."
        )
    if action is Action.DECLARE:
        return
    if incident is None or not visible_to(incident, person, role_holders):
        raise NotFound("There is no such incident, or it is not yours to see.")
    if action is Action.READ or person.user_id in role_holders:
        return
    if action is Action.NOTE and person.user_id == incident.reporter:
        return
    if person.responder is None:
        raise NotAllowed(
            "Slack did not say who the responders are, so nobody is let through for now. Nothing was changed. "
            "Try again in a minute."
        )
    if not person.responder:
        raise NotAllowed(
            "Only responders can do this. Nothing was changed. "
            "Ask in the channel, or ask an admin to add you to the responders' group."
        )
