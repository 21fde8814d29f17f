"""Acknowledging and roles."""

from sqlalchemy.orm import Session

from bot.acts import Done, act, incident_of
from bot.effects import AnswerPages, Card, Invite, Post
from bot.inbox import Item
from bot.views.blocks import person
from bot.views.card import ROLE_NAMES, ROLE_WORDS
from incidents import lifecycle
from incidents.access import Action, Person
from incidents.errors import Conflict
from integrations.slack import Message


@act("acknowledge")
def acknowledge(session: Session, item: Item, who: Person) -> Done:
    """Stamp `acknowledged`."""
    incident = incident_of(session, item, who, Action.RESPOND)
    lifecycle.acknowledge(session, incident, by=who.user_id, key=item.key)
    return Done(incident.id, [AnswerPages(incident.id, "acknowledge"), Card(incident.id)])


@act("role")
def assign_role(session: Session, item: Item, who: Person) -> Done:
    """Give a role to the person named, or to the one who pressed."""
    incident = incident_of(session, item, who, Action.RESPOND)
    role, user = str(item.payload["role"]), str(item.payload.get("user") or who.user_id)
    before = lifecycle.holders(session, incident.id).get(role)
    if item.payload.get("take") and before not in (None, user):
        raise Conflict(f"<@{before}> is {ROLE_WORDS[role].lower()} already. Use *Assign a role* to hand it over.")
    if not lifecycle.assign(session, incident, role, user, by=who.user_id, key=item.key):
        raise Conflict(f"{person(user)} holds that role already. Nothing was changed.")
    words = f"{person(user)} is now {ROLE_NAMES[role]}."
    return Done(incident.id, [Card(incident.id), Invite(incident.id, (user,)), Post(incident.id, Message(words))])
