"""Failing prompts replayed, durably: each is one step, so that a restart asks the system no prompt it has answered."""

from hashlib import sha256

from dbos import DBOS
from sqlalchemy.orm import Session

from bot.effects import ReplayMessage, Tell
from bot.parts import parts
from bot.views.blocks import spoken
from bot.workflows.carry import carry_out
from incidents.models import Incident
from integrations.errors import OutsideServiceError
from integrations.rollback.base import TargetError
from integrations.slack import Message
from runbooks import replays
from runbooks.replays import Phase, Prompt, Result


@DBOS.workflow(name="replay")
def replay(incident_id: int, by: str, key: str, channel: str) -> None:
    """Ask the system every kept prompt once, and show what it says beside what it said before.

    `by` is who asked for it, or `rollback` after the first verified containment; `channel` is where they are told.
    """
    begun = parts().durable.transact("prompts", _begin, incident_id)
    if isinstance(begun, str):
        if channel:
            carry_out(Tell(by, Message(spoken(begun)), channel), f"{key}:refused", None)
        return
    system_id, phase, prompts = begun
    results = []
    for prompt in prompts:
        # One try: a system that does not answer is an answer too, and nobody should wait for the others behind it.
        results.append(
            DBOS.run_step({"name": "ask"}, _ask, incident_id, system_id, prompt, _fresh(incident_id, key, prompt))
        )
    parts().durable.transact("replayed", _record, incident_id, phase, results, by, key)
    carry_out(ReplayMessage(incident_id), f"{key}:shown", incident_id)


def _begin(session: Session, incident_id: int) -> tuple[str, Phase, list[Prompt]] | str:
    incident = session.get_one(Incident, incident_id)
    if incident.kind == "exercise":
        return "This is an exercise: no system is asked."
    system = parts().system(incident.system_id or "")
    if system is None or system.ask is None or system.endpoint is None:
        return "The inventory does not say how to ask this system (`endpoint` and `ask`), so nothing can be replayed."
    prompts = replays.prompts(session, incident_id)
    if not prompts:
        return "No failing prompt is kept yet. Keep one first: *Keep as failing prompt* on a message."
    return system.id, replays.phase(session, incident), prompts


def _fresh(incident_id: int, key: str, prompt: Prompt) -> str:
    """A session of its own for every prompt of every replay: what was said before must not colour the answer."""
    return f"rai-incident-{incident_id}-{sha256(key.encode()).hexdigest()[:8]}-{prompt.number}"


def _ask(incident_id: int, system_id: str, prompt: Prompt, session: str) -> Result:
    system = parts().system(system_id)
    if system is None:
        return Result(prompt.number, "", None, "The inventory does not name its endpoint any more.")
    try:
        reply = parts().world(incident_id).asker.ask(system, prompt.text, session)
    except (OutsideServiceError, TargetError) as error:
        return Result(prompt.number, "", None, str(error))
    return replays.masked(Result(prompt.number, reply.text, reply.harmful))


def _record(session: Session, incident_id: int, phase: Phase, results: list[Result], by: str, key: str) -> None:
    replays.record(session, incident_id, phase, results, by=by, key=key)
