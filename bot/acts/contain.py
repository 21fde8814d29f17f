"""Containment: starting a runbook, and one press per step."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from bot.acts import Done, act, incident_of, replay
from bot.effects import Card, Effect, Invite, RunMessage, Tell
from bot.inbox import Item
from bot.next_facts import next_facts
from bot.parts import parts
from bot.views.next import next_message
from incidents import lifecycle
from incidents.access import Action, Person
from incidents.clock import now
from incidents.errors import BadInput, NotFound
from incidents.models import Incident
from runbooks import engine, progress
from runbooks.catalogue import require


@act("contain")
def start(session: Session, item: Item, who: Person) -> Done:
    """Start a runbook."""
    incident = incident_of(session, item, who, Action.RESPOND)
    definition = require(parts().catalogue, str(item.payload["runbook"]))
    run = engine.start(session, incident, definition, by=who.user_id, key=item.key)
    return Done(incident.id, _shown(incident, run.id))


@act("next")
def show_next(session: Session, item: Item, who: Person) -> Done:
    """What is next for the one who asks; only they see it."""
    incident = incident_of(session, item, who, Action.READ)
    message = next_message(next_facts(session, incident, who, now()))
    answer = Tell(who.user_id, message, item.payload.get("channel"), item.payload.get("response_url"))
    return Done(incident.id, [answer])


def _step(session: Session, item: Item, who: Person) -> tuple[Incident, int, str]:
    """The incident, run and step of a pressed button; the run must be the incident's own."""
    incident = incident_of(session, item, who, Action.RESPOND)
    run = progress.find_run(session, int(item.payload["run"]))
    if run.incident_id != incident.id:
        raise NotFound("That step does not belong to this incident. Nothing was changed.")
    return incident, run.id, str(item.payload["step"])


def _shown(incident: Incident, run_id: int) -> list[Effect]:
    return [RunMessage(run_id), Card(incident.id)]


def _words(item: Item) -> str:
    return str(item.payload.get("words") or "")


def _verb(kind: str, do: Callable[[Session, int, str, Item, Person], Any]) -> None:
    @act(kind)
    def apply(session: Session, item: Item, who: Person) -> Done:
        incident, run_id, step_id = _step(session, item, who)
        do(session, run_id, step_id, item, who)
        return Done(incident.id, _shown(incident, run_id))


def _who_it_is(item: Item) -> dict[str, bool]:
    person = parts().directory.person(str(item.payload["user"]), item.team_id)
    return {"member": person.full_member, "responder": person.responder is not False}


@act("step_assign", look=_who_it_is)
def assign(session: Session, item: Item, who: Person) -> Done:
    """Give a step to a colleague, and bring them into the channel."""
    incident, run_id, step_id = _step(session, item, who)
    user = str(item.payload["user"])
    if not item.payload["member"]:
        raise BadInput("user", "A step can be given to full members of this workspace only. Nothing was changed.")
    if not item.payload["responder"] and user not in lifecycle.holders(session, incident.id).values():
        raise BadInput(
            "user",
            f"<@{user}> could not act on it: only responders and people with a role in {incident.number} can. "
            "Nothing was changed. Give them a role first (*Assign a role*), or choose a responder.",
        )
    engine.step_assign(session, run_id, step_id, by=who.user_id, user=user)
    lifecycle.invite(incident, user)  # else a private incident would not be there for them
    return Done(incident.id, [*_shown(incident, run_id), Invite(incident.id, (user,))])


_verb("step_start", lambda s, run, step, item, who: engine.step_start(s, run, step, by=who.user_id))
_verb("step_done", lambda s, run, step, item, who: engine.step_done(s, run, step, by=who.user_id, note=_words(item)))
_verb("step_skip", lambda s, run, step, item, who: engine.step_skip(s, run, step, by=who.user_id, reason=_words(item)))
_verb(
    "step_na",
    lambda s, run, step, item, who: engine.step_not_applicable(s, run, step, by=who.user_id, reason=_words(item)),
)
_verb(
    "step_failed", lambda s, run, step, item, who: engine.step_failed(s, run, step, by=who.user_id, what=_words(item))
)
_verb(
    "step_decide",
    lambda s, run, step, item, who: engine.decide(s, run, step, by=who.user_id, choice=str(item.payload["choice"])),
)


@act("evidence")
def evidence(session: Session, item: Item, who: Person) -> Done:
    """Save evidence on a collect step: words, links, queries, files. The last one finishes the step."""
    incident, run_id, step_id = _step(session, item, who)
    found: list[tuple[Any, str]] = [("file", str(file)) for file in item.payload.get("files") or []]
    if _words(item).strip():
        found.append((str(item.payload.get("kind") or "text"), _words(item)))
    for index, (kind, value) in enumerate(found):
        last = index == len(found) - 1
        engine.collect(session, run_id, step_id, by=who.user_id, kind=kind, value=value, finish=last)
    if not found:
        engine.step_done(session, run_id, step_id, by=who.user_id)  # says what is missing
    effects = _shown(incident, run_id)
    if item.payload.get("failing") and _words(item).strip():
        effects += replay.kept(session, incident, _words(item), item, who)
    return Done(incident.id, effects)
