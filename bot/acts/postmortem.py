"""Asking for a postmortem draft."""

from sqlalchemy.orm import Session

from bot.acts import Done, act, incident_of
from bot.effects import Start
from bot.inbox import Item
from incidents.access import Action, Person


@act("postmortem")
def postmortem(session: Session, item: Item, who: Person) -> Done:
    """A new draft, from the record as it is now."""
    incident = incident_of(session, item, who, Action.RESPOND)
    return Done(
        incident.id,
        [Start("offer_postmortem", f"postmortem:{item.key}", (incident.id, who.user_id, item.key))],
    )
