"""Who may see and do what: one place, pure, asked again at execution. On doubt the answer is no."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from incidents.errors import NotAllowed, not_found
from incidents.models import Incident

UNSURE = (
    "Slack did not say whether you and who acted first are two people. Nothing was changed. "
    "Try again in a minute, or let another responder do it."
)


class Action(StrEnum):
    """What a person asks for, by the right it needs."""

    ASK = "ask"
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
    if not incident.private and incident.kind == "real":
        return True  # one that is only rehearsed is for its own people, so that nobody else takes it for real
    return person.user_id in incident.invited or person.user_id in role_holders


def check(action: Action, person: Person, incident: Incident | None = None, role_holders: Collection[str] = ()) -> None:
    """Raise NotAllowed (or NotFound where even the existence is not theirs to know) unless `person` may."""
    if not person.full_member:
        raise NotAllowed(
            "Only full members of this workspace can use rai-incident. Nothing was changed. "
            "Ask a colleague who is one to report it for you."
        )
    if action in (Action.ASK, Action.DECLARE):
        return
    assert incident is not None, f"{action} is about an incident"
    if not visible_to(incident, person, role_holders):
        raise not_found(incident.id)
    if action is Action.READ or person.user_id in role_holders:
        return
    if action is Action.NOTE and person.user_id == incident.reporter:
        return
    require_responder(person)


def require_responder(person: Person, what: str = "do this") -> None:
    """Raise NotAllowed unless Slack said that the person is a responder; None means it did not say.

    `what` completes “Only responders can …”.
    """
    if not person.full_member or person.responder is False:
        raise NotAllowed(
            f"Only responders can {what}. Nothing was changed. "
            "Ask in the channel, or ask an admin to add you to the responders' group."
        )
    if person.responder is None:
        raise NotAllowed(
            "Slack did not say who the responders are, so nobody is let through for now. Nothing was changed. "
            "Try again in a minute."
        )


def require_admin(is_admin: bool | None) -> None:
    """Raise NotAllowed unless Slack said, just now, that the person is an admin; None means it did not say."""
    if is_admin is None:
        raise NotAllowed(
            "Slack did not say who the admins are, so nobody is let through for now. Nothing was changed. "
            "Try again in a minute; if it stays so, the admins' user group is missing (ADMINS_GROUP)."
        )
    if not is_admin:
        raise NotAllowed("Only members of the admins' user group can change the policy. Nothing was changed.")


def check_tiering(person: Person, owner: str) -> None:
    """Raise NotAllowed unless `person` may say which risk tier a system is in: its owner, or a responder."""
    if not person.full_member or not (person.responder or person.user_id == owner):
        raise NotAllowed(
            f"Only responders and the system's owner (<@{owner}>) can decide its tier. Nothing was changed."
        )


def may_answer(person: Person, experts: Collection[str]) -> bool:
    """Whether `person` may answer questions of the office hours and review its FAQ: experts on duty, and responders."""
    return person.full_member and (person.user_id in experts or person.responder is True)


def person_of(person: str | None, account: str) -> str:
    """The human behind an account, in the form in which two are compared; the account where nobody could say."""
    return (person or account).strip().casefold()


def then_or_now(then: str, account: str, now: str | None) -> str:
    """The human behind an account as written down `then`; as known `now`, where nobody could say it then."""
    return then if then != person_of(None, account) else person_of(now, account)


def one_human(account: str, person: str, other: str, others_person: str) -> bool | None:
    """Whether two accounts are one human's; None where that is known of one of them only, which is no proof of two.

    Where it is known of neither, the workspace does not say, and two accounts count as two.
    """
    if account == other or person == others_person:
        return True
    known = person != person_of(None, account), others_person != person_of(None, other)
    return False if known[0] == known[1] else None
