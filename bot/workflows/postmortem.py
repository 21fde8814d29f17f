"""The postmortem draft: written from the record, saved as a version, offered in the channel as Markdown."""

from datetime import timedelta

from dbos import DBOS
from sqlalchemy.orm import Session

from bot.effects import Card, Share
from bot.parts import parts
from bot.record import times_against_targets
from bot.workflows.carry import carry_out
from incidents import timeline
from incidents.models import Incident
from postmortems.draft import draft
from postmortems.record import gather
from postmortems.versions import save_draft


@DBOS.workflow(name="offer_postmortem")
def offer_postmortem(incident_id: int, by: str, key: str) -> None:
    """Save a new draft and share it."""
    number, body, version = parts().durable.transact("draft", write_draft, incident_id, by, key)
    name = f"{number}-postmortem-draft-{version}.md"
    words = (
        f"A postmortem draft of {number}, from the record only. What the record does not say is named as a gap; "
        "fill those, then have it reviewed."
    )
    carry_out(Share(incident_id, name, f"{number} postmortem draft {version}", body, words), key, incident_id)
    carry_out(Card(incident_id), key, incident_id)


def write_draft(session: Session, incident_id: int, by: str, key: str) -> tuple[str, str, int]:
    """(number, Markdown, version) of the draft saved under this key."""
    incident = session.get_one(Incident, incident_id)
    targets: dict[str, timedelta] = {
        name.lower(): target for name, (_, target) in times_against_targets(incident).items() if target is not None
    }
    people = {user: parts().directory.name(user) for user in timeline_people(session, incident_id)}
    record = gather(session, incident, targets=targets, people=people)
    version = save_draft(session, incident, draft(record), by=by, key=key)
    return incident.number, version.body, version.version


def timeline_people(session: Session, incident_id: int) -> set[str]:
    """The user ids that act on the timeline."""
    return {entry.actor for entry in timeline.entries(session, incident_id)}
