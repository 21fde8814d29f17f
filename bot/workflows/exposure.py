"""The requests of each whole day, asked of Prometheus once it is over, for the systems whose entry says where."""

import logging
from datetime import UTC, date, datetime, time, timedelta

from dbos import DBOS
from sqlalchemy.orm import Session

from bot.acts import on_lone_timer
from bot.effects import Effect, Start
from bot.parts import parts
from bot.workflows.carry import Trouble, durably
from incidents import exposure, timers
from incidents.clock import now
from incidents.db import writing
from incidents.exposure import Reading
from incidents.models import Timer
from integrations import prometheus

TIMER = "exposure"
AFTER = time(0, 30)  # of the next day, UTC: what was scraped last is there
log = logging.getLogger("rai.exposure")


def begin_asking() -> None:
    """Set the timer of the last whole day, where any system says where its requests are counted."""
    if any(system.exposure for system in parts().systems):
        with writing(parts().db) as session:
            _arm(session, (now() - timedelta(days=1)).date())


@on_lone_timer(TIMER)
def day_over(session: Session, timer: Timer) -> list[Effect]:
    """A day is over: ask for it, and wait for the next. After an outage each missed day is asked for."""
    day = date.fromisoformat(timer.payload["day"])
    _arm(session, day + timedelta(days=1))
    return [Start("fetch_exposure", f"exposure:{day}", (day.isoformat(),))]


@DBOS.workflow(name="fetch_exposure")
def fetch_exposure(day: str) -> None:
    """Ask for every system; one that does not answer holds up no other for longer than its tries."""
    for system in parts().systems:
        if system.exposure is None:
            continue
        found = durably("exposure", ask, system.id, day)
        if isinstance(found, Trouble):
            log.error("the requests of %s on %s are not known: %s", system.id, day, found.what)
        elif found is not None:
            parts().durable.transact("exposure", keep, system.id, day, found)


def ask(system_id: str, day: str, again: bool) -> int | None:
    """One system's requests of one day."""
    system = parts().system(system_id)
    source = system.exposure if system else None
    if source is None:
        return None
    end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), UTC)
    return prometheus.ask(
        source.prometheus,
        source.query,
        end,
        token_env=source.token_env,
        allow_private=source.allow_private,
        ca_file=parts().settings.ca_file,
    )


def keep(session: Session, system_id: str, day: str, requests: int) -> None:
    """Write it down."""
    exposure.store(session, [Reading(system_id, date.fromisoformat(day), requests)], "prometheus")


def _arm(session: Session, day: date) -> None:
    due = datetime.combine(day + timedelta(days=1), AFTER, UTC)
    timers.set_timer(session, TIMER, f"exposure:{day}", due, payload={"day": day.isoformat()})
