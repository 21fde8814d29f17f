"""Drafts of messages to people outside the response. The bot keeps and shows them; people send them."""

from sqlalchemy.orm import Session

from bot.acts import Done, act, incident_of
from bot.effects import Post
from bot.inbox import Item
from bot.parts import parts
from bot.views.comms import draft_message
from incidents import timeline
from incidents.access import Action, Person
from incidents.lifecycle import check_text
from playbooks import comms, filling

REHEARSED = "EXERCISE. NOT REAL."


@act("comms")
def draft(session: Session, item: Item, who: Person) -> Done:
    """A person has edited a template: into the channel, ready to copy, and onto the timeline."""
    incident = incident_of(session, item, who, Action.RESPOND)
    template = comms.find(parts().playbooks, str(item.payload["template"]))
    text = check_text("text", str(item.payload["text"]))
    if incident.kind == "exercise" and not text.startswith(REHEARSED):  # people copy it; the mark must come along
        text = f"{REHEARSED}\n\n{text}"
    blanks, look = filling.left(text), comms.cautions(text)
    timeline.append(
        session,
        incident.id,
        "comms",
        who.user_id,
        f"Drafted, not sent: {template.title}" + (f" ({len(blanks)} blanks left)" if blanks else ""),
        key=item.key,
        data={"template": template.key, "text": text, "blanks": blanks, "cautions": look},
    )
    return Done(
        incident.id, [Post(incident.id, draft_message(incident.number, who.user_id, template, text, blanks, look))]
    )
