"""Failing prompts: kept by a person, replayed at a press."""

from sqlalchemy.orm import Session

from bot.acts import Done, act, incident_of
from bot.effects import Effect, ReplayMessage, Start
from bot.inbox import Item
from incidents.access import Action, Person
from incidents.models import Incident
from runbooks import replays


@act("prompt_keep")
def keep(session: Session, item: Item, who: Person) -> Done:
    """Keep a prompt, and ask the system at once: before containment this is what the later answer is compared with."""
    incident = incident_of(session, item, who, Action.RESPOND)
    return Done(incident.id, kept(session, incident, str(item.payload["prompt"]), item, who))


@act("replay")
def replay(session: Session, item: Item, who: Person) -> Done:
    """Replay the kept prompts now."""
    incident = incident_of(session, item, who, Action.RESPOND)
    return Done(incident.id, [_start(incident, item, who)])


def kept(session: Session, incident: Incident, text: str, item: Item, who: Person) -> list[Effect]:
    """Keep a prompt and what follows from it."""
    url = item.payload.get("source_url")
    replays.keep(session, incident, text, by=who.user_id, key=f"{item.key}:prompt", source_url=url)
    return [ReplayMessage(incident.id), _start(incident, item, who)]


def _start(incident: Incident, item: Item, who: Person) -> Start:
    arguments = (incident.id, who.user_id, f"replay:{item.key}", str(item.payload.get("channel") or ""))
    return Start("replay", f"replay:{item.key}", arguments)
