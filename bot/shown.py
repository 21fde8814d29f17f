"""Messages that show one thing of the record for as long as it lives: a run, a plan. Posted once, then edited."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import record
from bot.parts import parts
from bot.views.clocks import clocks_message
from bot.views.contain import run_message
from bot.views.rollback import PlanFacts, plan_message
from incidents import lifecycle
from incidents.db import reading, writing
from incidents.models import Incident, Link
from integrations.slack import Message
from runbooks import approvals, progress, rollback
from runbooks.models import RollbackPlan


def show_run(run_id: int, again: bool) -> None:
    """The run's one message, as the run stands now."""
    with reading(parts().db) as session:
        run = progress.find_run(session, run_id)
        incident = session.get_one(Incident, run.incident_id)
        steps = progress.outline(session, run_id)
        message = run_message(incident.number, incident.id, run_id, run.title, steps, run.state == "finished")
    _show(run.incident_id, "run", f"run:{run_id}", message, again)


def show_plan(plan_id: int, again: bool) -> None:
    """The plan's one message, as the plan stands now."""
    with reading(parts().db) as session:
        plan = session.get_one(RollbackPlan, plan_id)
        message = plan_message(plan_facts(session, plan))
    _show(plan.incident_id, "plan", f"plan:{plan_id}", message, again)


def show_clocks(incident_id: int, again: bool) -> None:
    """The incident's regulator clocks, as they stand now; nothing while none is proposed."""
    with reading(parts().db) as session:
        facts = record.clock_facts(session, incident_id)
    if facts.lines:
        _show(incident_id, "clocks", f"clocks:{incident_id}", clocks_message(facts), again)


def plan_facts(session: Session, plan: RollbackPlan) -> PlanFacts:
    """A plan as its view wants it."""
    incident = session.get_one(Incident, plan.incident_id)
    yes = approvals.in_force(session, plan)
    return PlanFacts(
        plan_id=plan.id,
        incident_id=plan.incident_id,
        number=incident.number,
        title=plan.title,
        system=record.system_name(session, incident),
        state=plan.state,
        undo=plan.undoes_id is not None,
        from_value=plan.from_value,
        to_value=plan.to_value,
        blast_radius=plan.blast_radius,
        dry_run=plan.dry_run,
        plan_hash=plan.plan_hash,
        snapshot_hashes=rollback.snapshot_of(plan).hashes,
        action_class=plan.action_class,
        requested_by=plan.requested_by,
        approved_by=yes.approver if yes else None,
        expires_at=plan.expires_at,
        seen=plan.seen,
    )


def _show(incident_id: int, kind: str, key: str, message: Message, again: bool) -> None:
    with reading(parts().db) as session:
        shown = session.scalars(sa.select(Link).where(Link.key == key)).first()
        channel = lifecycle.link(session, incident_id, "channel")
    if shown is not None:
        parts().slack.update(shown.name, shown.external_id, message)
    elif channel is not None:
        ts = parts().slack.post(channel.external_id, message, key=key, again=again)
        with writing(parts().db) as session:
            lifecycle.add_link(session, incident_id, kind, key=key, external_id=ts, name=channel.external_id)
