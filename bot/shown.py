"""Messages that show one thing of the record for as long as it lives: a card, a run, a plan. Posted once, then edited.

Two acts may show the same thing at once, and the older words may reach Slack last. So whoever has shown something reads
the record again and goes on until what was sent is what it says.
"""

import threading
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import record
from bot.parts import parts
from bot.views.break_glass import VERDICTS
from bot.views.card import CardFacts
from bot.views.classify import Answer, answer_message
from bot.views.clocks import clocks_message
from bot.views.contain import run_message
from bot.views.replay import Compared, Said, replay_message
from bot.views.rollback import GlassFacts, PlanFacts, plan_message
from incidents import assessing, lifecycle, milestones
from incidents.db import reading, writing
from incidents.models import Assessment, Incident, Link
from incidents.opening import cues_of
from integrations.slack import Message
from runbooks import approvals, plans, progress, replays
from runbooks.models import BreakGlass, RollbackPlan
from severity.explain import what_would_change

_POSTING = [threading.Lock() for _ in range(64)]  # by key: within a process the first to post is the only one


def show_run(run_id: int, again: bool) -> None:
    """The run's one message, as the run stands now."""

    def look(session: Session) -> tuple[int, Message]:
        run = progress.find_run(session, run_id)
        incident = session.get_one(Incident, run.incident_id)
        steps = progress.outline(session, run_id)
        finished = run.state == "finished"
        return incident.id, run_message(incident.number, incident.id, run_id, run.title, steps, finished)

    _show("run", f"run:{run_id}", look, again)


def show_plan(plan_id: int, again: bool) -> None:
    """The plan's one message, as the plan stands now."""

    def look(session: Session) -> tuple[int, Message]:
        plan = session.get_one(RollbackPlan, plan_id)
        return plan.incident_id, plan_message(plan_facts(session, plan))

    _show("plan", f"plan:{plan_id}", look, again)


def show_replay(incident_id: int, again: bool) -> None:
    """The failing prompts of an incident, with what the system said before and after; nothing while none is kept."""

    def look(session: Session) -> tuple[int, Message] | None:
        incident = session.get_one(Incident, incident_id)
        prompts = [
            Compared(side.prompt.number, side.prompt.text, _said(side.before), _said(side.after))
            for side in replays.sides(session, incident_id)
        ]
        can_ask = _can_ask(incident)
        return (incident_id, replay_message(incident.number, incident_id, prompts, can_ask)) if prompts else None

    _show("replay", f"replay:{incident_id}", look, again)


def _said(result: replays.Result | None) -> Said | None:
    return Said(result.reply, result.harmful, result.trouble) if result else None


def _can_ask(incident: Incident) -> bool:
    system = parts().system(incident.system_id or "")
    return system is not None and system.ask is not None


def show_assessment(assessment_id: int, again: bool) -> None:
    """What an assessment's answers give by the policy they were given to, and what was decided on it."""

    def look(session: Session) -> tuple[int, Message]:
        row = assessing.get(session, assessment_id)
        incident = session.get_one(Incident, row.incident_id)
        return incident.id, answer_message(answer_of(session, row, incident))

    _show("assessment", f"assessment:{assessment_id}", look, again)


def answer_of(session: Session, row: Assessment, incident: Incident) -> Answer:
    """An assessment as its view wants it."""
    policy = parts().policy_in_force.by_hash(session, row.policy_hash)
    cues = cues_of(incident.suggestion)
    return Answer(
        incident_id=incident.id,
        number=incident.number,
        assessment_id=row.id,
        by=row.by,
        state=row.state,
        decision=policy.provisional(row.answers, row.harm_classes, cues),
        would_change=[
            (policy.facts[change.fact].question, policy.facts[change.fact].label(change.answer), str(change.severity))
            for change in what_would_change(policy, row.answers, row.harm_classes, cues)
        ],
        decided=row.severity,
        confirmed_by=row.confirmed_by,
        second_by=row.second_by,
        reason=row.override_reason,
    )


def show_clocks(incident_id: int, again: bool) -> None:
    """The incident's regulator clocks, as they stand now; nothing while none is proposed."""

    def look(session: Session) -> tuple[int, Message] | None:
        facts = record.clock_facts(session, incident_id)
        return (incident_id, clocks_message(facts)) if facts.lines else None

    _show("clocks", f"clocks:{incident_id}", look, again)


def keep_shown(incident_id: int, kind: str, view: Callable[[CardFacts], Message], sent: Message | None = None) -> bool:
    """The incident in its message of one kind; False where none was posted yet. `sent` is what it shows already."""
    while True:
        with reading(parts().db) as session:
            link = lifecycle.link(session, incident_id, kind)
            if link is None:
                return False
            incident = session.get_one(Incident, incident_id)
            message = view(record.card_facts(session, incident_id))
            world = parts().world_of(session, incident)
        if message == sent:
            return True
        world.room.update(link.name, link.external_id, message)
        sent = message


def plan_facts(session: Session, plan: RollbackPlan) -> PlanFacts:
    """A plan as its view wants it."""
    incident = session.get_one(Incident, plan.incident_id)
    yes = approvals.in_force(session, plan)
    proposal = milestones.proposed(session, incident.id, "mitigated") if plan.state == "verified" else None
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
        snapshot_hashes=plans.snapshot_of(plan).hashes,
        action_class=plan.action_class,
        requested_by=plan.requested_by,
        approved_by=yes.approver if yes else None,
        expires_at=plan.expires_at,
        seen=plan.seen,
        glass=_glass_facts(approvals.used(session, plan)),
        proposed_at=proposal.at if proposal is not None and not plan.undoes_id else None,
        replay=_replay(session, plan, incident),
        again=plan.state in plans.REPLANNED and plan.undoes_id is None and not plans.newer(session, plan),
        rehearsed=incident.kind != "real",
    )


def _replay(session: Session, plan: RollbackPlan, incident: Incident) -> str:
    """What the plan's message offers about failing prompts."""
    if plan.state not in ("planned", "verified", "failed") or not _can_ask(incident):
        return ""
    return "replay" if replays.prompts(session, incident.id) else "keep"


def _glass_facts(row: BreakGlass | None) -> GlassFacts | None:
    if row is None:
        return None
    review = f"{VERDICTS[row.verdict]}. {row.words}" if row.verdict else None
    return GlassFacts(row.id, row.used_by, row.reason, review, row.reviewed_by)


def _show(kind: str, key: str, look: Callable[[Session], tuple[int, Message] | None], again: bool) -> None:
    sent = None
    with _POSTING[hash(key) % len(_POSTING)]:
        while True:
            with reading(parts().db) as session:
                found = look(session)
                shown = session.scalars(sa.select(Link).where(Link.key == key)).first()
                channel = lifecycle.link(session, found[0], "channel") if found else None
                world = parts().world_of(session, session.get_one(Incident, found[0])) if found else None
            if found is None or world is None or channel is None or found[1] == sent:
                return
            incident_id, message = found
            if shown is not None:
                world.room.update(shown.name, shown.external_id, message)
                sent = message
            else:
                ts = world.room.post(channel.external_id, message, key=key, again=again)
                with writing(parts().db) as session:
                    lifecycle.add_link(session, incident_id, kind, key=key, external_id=ts, name=channel.external_id)
                sent = None if again else message  # one found again shows what it said then
