"""One saved item from the inbox: who is it, may they, what does the record say, and what follows outside."""

import logging
from dataclasses import replace
from typing import Any

from dbos import DBOS
from sqlalchemy.orm import Session

from bot import acts, inbox
from bot.effects import Effect, Tell
from bot.inbox import Item
from bot.parts import parts
from bot.views.blocks import spoken
from bot.workflows.carry import Trouble, carry_out, durably
from incidents.access import Person
from integrations.slack import Message
from severity.errors import RaiIncidentError

log = logging.getLogger("rai.handle")


@DBOS.workflow(name="handle")
def handle(item: Item) -> None:
    """Apply one item exactly once, then carry out its effects in order."""
    who = DBOS.run_step({"name": "who"}, identify, item)
    if item.kind in acts.LOOKS:
        seen = durably("look", _look, item)
        if isinstance(seen, Trouble):
            carry_out(tell(item, seen.what), f"{item.key}:trouble", None)
            parts().durable.transact("done", inbox.mark_done, item.key)
            return
        item = replace(item, payload={**item.payload, **seen})
    try:
        incident_id, effects = parts().durable.transact("apply", apply, item, who)
    except Exception as error:
        # The transaction was rolled back and its failure is checkpointed: a recovery comes here again.
        log.exception("the act %s broke", item.kind)
        broken = f"The bot itself failed at this ({type(error).__name__}). Nothing was changed; it is in its log."
        incident_id, effects = None, [tell(item, broken)]
    for index, effect in enumerate(effects):
        carry_out(effect, f"{item.key}:{index}", incident_id)
    parts().durable.transact("done", inbox.mark_done, item.key)


def _look(item: Item, again: bool) -> dict[str, Any]:
    return acts.LOOKS[item.kind](item)


def identify(item: Item) -> Person:
    """The person behind the signed payload, looked up now; read fresh where two people must differ."""
    return parts().directory.person(item.user, item.team_id, fresh=item.kind in acts.FRESH)


def apply(session: Session, item: Item, who: Person) -> tuple[int | None, list[Effect]]:
    """Run the item's act. A refusal changes nothing and becomes words for the person."""
    with session.begin_nested() as savepoint:
        try:
            done = acts.ACTS[item.kind](session, item, who)
        except RaiIncidentError as error:
            savepoint.rollback()
            return None, [tell(item, str(error))]
    return done.incident_id, done.effects


def tell(item: Item, words: str) -> Tell:
    """Words for the person who acted, where they acted."""
    return Tell(
        user=item.user,
        message=Message(spoken(words)),
        channel=item.payload.get("channel"),
        response_url=item.payload.get("response_url"),
        thread_ts=item.payload.get("thread_ts"),
        exercise_id=item.payload.get("exercise"),
    )
