"""Timers that came due: a missed update, an overdue step, a plan nobody approved. Each reminds once."""

import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy.orm import Session

from bot.acts import LONE_TIMERS, TIMERS, on_timer
from bot.effects import Card, Direct, Effect, PlanMessage, Post, RunMessage
from bot.parts import parts
from bot.views.blocks import escape, section
from bot.views.respond import overdue_message
from bot.workflows.carry import carry_out
from incidents import lifecycle, timeline, timers
from incidents.clock import now
from incidents.models import Incident, Timer
from integrations.slack import Message
from runbooks import engine, plans, progress


@DBOS.workflow(name="timer")
def fire_timer(timer_id: int) -> None:
    """One due timer: claimed and answered in one transaction, then its effects."""
    incident_id, effects = parts().durable.transact("claim", _claim, timer_id)
    for index, effect in enumerate(effects):
        carry_out(effect, f"timer:{timer_id}:{index}", incident_id)


def _claim(session: Session, timer_id: int) -> tuple[int | None, list[Effect]]:
    incident_id = session.scalar(sa.select(Timer.incident_id).where(Timer.id == timer_id))
    if incident_id is None:
        lone = timers.claim(session, timer_id)
        return None, LONE_TIMERS[lone.kind](session, lone) if lone else []
    # The incident's lock first, as acts take it: one that sets timers anew would else wait for us, and we for it.
    incident = lifecycle.lock(session, incident_id)
    claimed = timers.claim(session, timer_id)
    return incident.id, TIMERS[claimed.kind](session, claimed, incident) if claimed else []


@on_timer("update_due")
def update_due(session: Session, timer: Timer, incident: Incident) -> list[Effect]:
    """The update that somebody promised did not come."""
    if incident.status not in ("open", "mitigated"):
        return []
    commander = lifecycle.holders(session, incident.id).get("commander")
    words = f"The update promised for {timer.due_at:%H:%M UTC} did not come"
    timeline.append(session, incident.id, "reminder", "clock", words, key=f"timer:{timer.id}")
    return [Post(incident.id, overdue_message(incident.number, timer.due_at, commander)), Card(incident.id)]


@DBOS.workflow(name="upkeep")
def upkeep(minute: str) -> None:
    """Once a minute, by whichever replica comes first: waits that ended, steps and plans past their time."""
    effects = parts().durable.transact("upkeep", _upkeep)
    for index, (incident_id, effect) in enumerate(effects):
        carry_out(effect, f"upkeep:{minute}:{index}", incident_id)


def _upkeep(session: Session) -> list[tuple[int | None, Effect]]:
    """What must be shown and said, each with the incident it belongs to where it does not say so itself."""
    moment = now()
    effects: list[tuple[int | None, Effect]] = []
    for step in engine.finish_waits(session, moment):
        effects.append((None, RunMessage(step.run_id)))
    for plan in plans.expire(session, moment):
        effects.append((None, PlanMessage(plan.id)))
    for late in progress.overdue(session, moment):
        if late.step.row_id is None or not engine.reminded(session, late.step.row_id, late.level):
            continue
        incident = session.get_one(Incident, late.incident_id)
        words = f"⏰ {incident.number}: the step “{escape(late.step.title, 150)}” is past its time."
        if late.whom is not None:
            effects.append((incident.id, Direct(late.whom, Message(words))))
        else:
            nobody = f"{words} Nobody holds the role it belongs to ({escape(late.step.owner, 60)}): who takes it?"
            effects.append((incident.id, Post(incident.id, Message(nobody, [section(nobody)]))))
    return effects
