"""Carrying effects out: each a durable step that is tried until it works, and said aloud when it does not.

Nothing acknowledged is lost: trouble that may pass is waited out durably (across restarts) for a day; trouble that will
not pass is written on the timeline and shown on the card, and the rest goes on.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dbos import DBOS
from sqlalchemy.orm import Session

from bot.effects import AnswerPages, Card, Effect, Page, Start, TicketComment, perform
from bot.metrics import EFFECTS
from bot.parts import parts
from incidents import timeline
from integrations.errors import OutsideServiceError

log = logging.getLogger("rai.carry")
APART = (Page, AnswerPages, TicketComment)
FIRST_WAIT = 0.5  # seconds; doubles up to LONGEST_WAIT
LONGEST_WAIT = 60.0
TELL_AFTER = 3  # tries before the trouble is shown
GIVE_UP_AFTER = 24 * 60  # tries, about a day


@dataclass(frozen=True)
class Trouble:
    """What the outside said instead of doing it."""

    what: str
    retry_after: float | None
    permanent: bool


def durably(
    name: str, do: Callable[..., Any], *args: Any, incident_id: int | None = None, repeatable: bool = False
) -> Any:
    """Run `do(*args, again)` as a step until it works; its value, or a Trouble that will not pass.

    Called from workflow code only. `incident_id` is whose timeline hears of trouble. `repeatable` is for what may be
    done twice without a look at an earlier try: it is run as `do(*args)`, and nothing asks whether there was one.
    """
    told = False
    for attempt in range(GIVE_UP_AFTER):
        result = DBOS.run_step({"name": name}, _attempt, name, do, args, attempt > 0, repeatable)
        if not isinstance(result, Trouble):
            if told and incident_id is not None:
                _say(incident_id, name, "recovered", "It has worked now.")
            return result
        last = result.permanent or attempt + 1 == GIVE_UP_AFTER
        if incident_id is not None and not told and (last or attempt + 1 >= TELL_AFTER):
            end = "It was given up; a person has to do it." if last else "It is being tried again."
            _say(incident_id, name, "trouble", f"{result.what} {end}")
            told = True
        if last:
            return result
        DBOS.sleep(max(result.retry_after or 0.0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 10))))
    raise AssertionError("the loop returns at its last attempt")


def _attempt(name: str, do: Callable[..., Any], args: tuple[Any, ...], tried: bool, repeatable: bool) -> Any:
    if not repeatable:
        args = (*args, tried or _recovered())
    began = time.monotonic()
    outcome = "done"
    try:
        return do(*args)
    except OutsideServiceError as error:
        outcome = "refused" if error.permanent else "failed"
        return Trouble(str(error), error.retry_after, error.permanent)
    except Exception as error:
        # A fault of our own: tried again too, so that it is made good by the version that mends it.
        outcome = "broken"
        log.exception("the effect %s broke", name)
        return Trouble(f"The bot itself failed at this ({type(error).__name__}); it is in its log.", None, False)
    finally:
        EFFECTS.labels(name, outcome).observe(time.monotonic() - began)


def _recovered() -> bool:
    """Whether an earlier process may have begun this step: the workflow was started more than once."""
    workflow_id = DBOS.workflow_id
    status = DBOS.get_workflow_status(workflow_id) if workflow_id else None
    return status is None or (status.recovery_attempts or 0) > 1


def _say(incident_id: int, name: str, kind: str, text: str) -> None:
    durable = parts().durable
    durable.transact(f"{name}:{kind}", _append, incident_id, name, kind, text)
    if name != "card":
        carry_out(Card(incident_id), f"{DBOS.workflow_id}:{name}:{kind}", None)


def _append(session: Session, incident_id: int, name: str, kind: str, text: str) -> None:
    timeline.append(session, incident_id, kind, "rai-incident", text, data={"effect": name})


def carry_out(effect: Effect, key: str, incident_id: int | None) -> None:
    """Carry out one effect durably under its key."""
    if isinstance(effect, Start):
        from bot.workflows import registry

        parts().durable.start(registry.WORKFLOWS[effect.workflow], effect.workflow_id, *effect.arguments)
        return
    if isinstance(effect, APART):
        parts().durable.start(carry_apart, f"apart:{key}", effect, key, incident_id)
        return
    durably(type(effect).__name__.lower(), _perform, effect, key, incident_id, incident_id=incident_id)


@DBOS.workflow(name="carry_apart")
def carry_apart(effect: Effect, key: str, incident_id: int | None) -> None:
    """One effect by itself, so that a service that is down for hours holds up nothing else."""
    durably(type(effect).__name__.lower(), _perform, effect, key, incident_id, incident_id=incident_id)


def _perform(effect: Effect, key: str, about: int | None, again: bool) -> None:
    perform(effect, key, again, about)
