"""Rollbacks, durably: the target is asked in steps, the record changes in transactions, and one key goes through all.

Killed anywhere, the workflow goes on where it was: `begin` hands out the same execution again, and the target
recognises its key, so the world changes once. What happened is asked of the target, never remembered.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dbos import DBOS
from sqlalchemy.orm import Session

from bot.effects import Card, Direct, Effect, Page, PlanMessage, Post, RunMessage, Start, Tell, TicketComment
from bot.parts import parts
from bot.views.blocks import escape, spoken
from bot.views.rollback import failed_message, stopped_message
from bot.workflows.carry import Trouble, carry_out, durably
from incidents import lifecycle
from incidents.errors import Conflict
from incidents.models import Incident
from integrations.errors import OutsideServiceError
from integrations.rollback import base
from integrations.rollback.base import Drifted, Outcome, Plan, Snapshot, TargetError, Verification
from integrations.slack import Message
from runbooks import plans, replays, rollback
from runbooks.approvals import Refused, change
from runbooks.models import RollbackPlan, RunbookStep
from runbooks.moves import ROLLBACK
from runbooks.rollback import Execution
from severity.errors import RaiIncidentError


@DBOS.workflow(name="plan_rollback")
def plan_rollback(incident_id: int, target_id: str, by: str, key: str, step_row: str, channel: str) -> None:
    """Save evidence, ask the target what would change, and put the plan forward."""
    system_id = parts().durable.transact("system", _system_of, incident_id)
    looked = durably("ask the target", _look, incident_id, system_id, target_id, incident_id=incident_id)
    if isinstance(looked, Trouble):
        carry_out(Tell(by, Message(escape(looked.what)), channel), f"{key}:trouble", incident_id)
        return
    snapshot, plan = looked
    row = int(step_row) if step_row else None
    outcome = parts().durable.transact(
        "propose", _propose, incident_id, system_id, target_id, plan, snapshot, by, key, row
    )
    _tell_or_show(outcome, by, channel, key, incident_id)


@DBOS.workflow(name="undo_rollback")
def undo_rollback(plan_id: int, by: str, key: str, reason: str, channel: str) -> None:
    """Put forward to take a rollback back."""
    system_id, target_id, incident_id = parts().durable.transact("target", _target_of, plan_id)
    looked = durably("ask the target", _snapshot, incident_id, system_id, target_id, incident_id=incident_id)
    if isinstance(looked, Trouble):
        carry_out(Tell(by, Message(escape(looked.what)), channel), f"{key}:trouble", incident_id)
        return
    outcome = parts().durable.transact("propose", _propose_undo, plan_id, system_id, target_id, looked, by, key, reason)
    _tell_or_show(outcome, by, channel, key, incident_id)


@DBOS.workflow(name="execute_rollback")
def execute_rollback(plan_id: int) -> None:
    """Carry an approved plan out once, ask the system whether it took effect, and say so."""
    system_id, target_id, incident_id = parts().durable.transact("target", _target_of, plan_id)
    # Asked until Slack answers: an approval that was given must not hang on one lost answer. A plan that expires
    # meanwhile is refused below.
    responders = durably("responders", _responders, incident_id, incident_id=incident_id)
    if isinstance(responders, Trouble):
        responders = None
    execution = parts().durable.transact("begin", _begin, plan_id, system_id, target_id, responders)
    if isinstance(execution, Refused):
        words = Message(f"✋ {spoken(execution.message)}")
        key = str(DBOS.workflow_id)  # a plan that was refused may be approved again, and refused again
        carry_out(Post(incident_id, words), f"{key}:refused", incident_id)
        carry_out(PlanMessage(plan_id), f"{key}:shown", incident_id)
        return
    carry_out(PlanMessage(plan_id), f"plan:{plan_id}:executing", incident_id)
    outcome = durably("rollback", _execute, execution, incident_id=incident_id)
    if isinstance(outcome, Trouble):
        parts().durable.transact("failed", _failed, execution.id, outcome.what)
    else:
        parts().durable.transact("finish", _finish, execution.id, outcome)
    if isinstance(outcome, Outcome):
        _verify(plan_id, execution.action.plan, system_id, target_id, incident_id)
    else:
        _after(plan_id, incident_id)


@DBOS.workflow(name="verify_rollback")
def verify_rollback(plan_id: int) -> None:
    """Ask the system again."""
    system_id, target_id, incident_id = parts().durable.transact("target", _target_of, plan_id)
    plan = parts().durable.transact("plan", _plan_of, plan_id)
    _verify(plan_id, plan, system_id, target_id, incident_id)


def _verify(plan_id: int, plan: Plan, system_id: str, target_id: str, incident_id: int) -> None:
    seen = durably("verify", _ask, incident_id, plan, system_id, target_id, incident_id=incident_id)
    if isinstance(seen, Trouble):
        seen = Verification(False, seen.what)
    parts().durable.transact("verified", _record_verification, plan_id, seen)
    _after(plan_id, incident_id)


def _after(plan_id: int, incident_id: int) -> None:
    """Show how it ended; a containment that did not work pages, because the harm goes on."""
    state, run_id, undoes_id = parts().durable.transact("state", _state_of, plan_id)
    effects: list[Effect] = [PlanMessage(plan_id)]
    if undoes_id is not None:  # what was taken back must not go on saying that it contains the harm
        effects.append(PlanMessage(undoes_id))
    if run_id is not None:
        effects.append(RunMessage(run_id))
    effects.append(Card(incident_id))
    if state == "verified":
        effects.append(TicketComment(incident_id, "A rollback was carried out and verified."))
        if parts().durable.transact("prompts", _to_replay, plan_id):
            # Once, after the first verified containment; later it takes a press.
            key = f"replay:{incident_id}:contained"
            effects.append(Start("replay", key, (incident_id, ROLLBACK, key, "")))
    if state == "failed":
        effects[:0] = parts().durable.transact("alarm", _alarm, plan_id)
    if state == "stopped":
        effects.append(parts().durable.transact("stopped", _stopped, plan_id))
    for index, effect in enumerate(effects):
        carry_out(effect, f"rollback:{plan_id}:{state}:{index}", incident_id)


def _to_replay(session: Session, plan_id: int) -> bool:
    plan = session.get_one(RollbackPlan, plan_id)
    return plan.undoes_id is None and bool(replays.prompts(session, plan.incident_id))


def _alarm(session: Session, plan_id: int) -> list[Effect]:
    """The harm goes on though people think it was contained: page, say so in the channel, and tell the commander."""
    plan = session.get_one(RollbackPlan, plan_id)
    incident = session.get_one(Incident, plan.incident_id)
    commander = lifecycle.holders(session, incident.id).get("commander")
    whom, undo = commander or plan.requested_by, plan.undoes_id is not None
    message = failed_message(incident.number, change(plan), plan.seen, whom, parts().paging(incident), undo=undo)
    summary = "An undo could not be verified" if undo else "A rollback did not contain it"
    page = Page(incident.id, summary, f"page:{incident.id}:plan:{plan_id}")
    return [page, Post(incident.id, message), *([Direct(commander, message)] if commander else [])]


def _stopped(session: Session, plan_id: int) -> Effect:
    plan = session.get_one(RollbackPlan, plan_id)
    incident = session.get_one(Incident, plan.incident_id)
    return Post(incident.id, stopped_message(incident.number, change(plan), plan.seen, plan.requested_by))


def _tell_or_show(outcome: int | str, by: str, channel: str, key: str, incident_id: int) -> None:
    if isinstance(outcome, str):
        carry_out(Tell(by, Message(spoken(outcome)), channel), f"{key}:refused", incident_id)
    else:
        carry_out(PlanMessage(outcome), f"plan:{outcome}:planned", incident_id)
        for earlier in parts().durable.transact("replaced", _replaced, outcome):
            carry_out(PlanMessage(earlier), f"plan:{earlier}:replaced-by:{outcome}", incident_id)


def _target(incident_id: int, system_id: str, target_id: str) -> base.Target:
    """The target, as the incident's outside has it; trouble with it does not pass by itself."""
    with _target_errors():
        try:
            return parts().world(incident_id).levers.target(system_id, target_id)
        except Conflict as error:
            raise OutsideServiceError("Rollback target", str(error), permanent=True) from None


def _look(incident_id: int, system_id: str, target_id: str, again: bool) -> tuple[Snapshot, Plan]:
    target = _target(incident_id, system_id, target_id)
    with _target_errors():
        snapshot = target.snapshot()
        return snapshot, target.plan(snapshot)


def _snapshot(incident_id: int, system_id: str, target_id: str, again: bool) -> Snapshot:
    with _target_errors():
        return _target(incident_id, system_id, target_id).snapshot()


def _execute(execution: Execution, again: bool) -> Outcome | Drifted:
    with _target_errors():
        return base.perform(_target(execution.incident_id, execution.system_id, execution.target_id), execution.action)


def _ask(incident_id: int, plan: Plan, system_id: str, target_id: str, again: bool) -> Verification:
    with _target_errors():
        return _target(incident_id, system_id, target_id).verify(plan)


@contextmanager
def _target_errors() -> Iterator[None]:
    """A target that cannot be used as configured or found is permanent trouble, in the target's words."""
    try:
        yield
    except TargetError as error:
        raise OutsideServiceError("Rollback target", str(error), permanent=True) from None


def _responders(incident_id: int, again: bool) -> frozenset[str]:
    members = frozenset(parts().slack.group_members(parts().settings.responders_group))
    return members | parts().world(incident_id).colleagues


def _replaced(session: Session, plan_id: int) -> list[int]:
    return plans.replaced_by(session, session.get_one(RollbackPlan, plan_id))


def _system_of(session: Session, incident_id: int) -> str:
    return session.get_one(Incident, incident_id).system_id or ""


def _target_of(session: Session, plan_id: int) -> tuple[str, str, int]:
    row = session.get_one(RollbackPlan, plan_id)
    return row.system_id, row.target_id, row.incident_id


def _plan_of(session: Session, plan_id: int) -> Plan:
    return plans.as_plan(session.get_one(RollbackPlan, plan_id))


def _state_of(session: Session, plan_id: int) -> tuple[str, int | None, int | None]:
    row = session.get_one(RollbackPlan, plan_id)
    step = session.get(RunbookStep, row.step_id) if row.step_id else None
    return row.state, step.run_id if step else None, row.undoes_id


def _propose(
    session: Session,
    incident_id: int,
    system_id: str,
    target_id: str,
    plan: Plan,
    snapshot: Snapshot,
    by: str,
    key: str,
    step_row: int | None,
) -> int | str:
    incident = lifecycle.lock(session, incident_id)
    entry = parts().world(incident_id).levers.entry(system_id, target_id)
    try:
        with session.begin_nested():
            lifecycle.require_live(incident)
            return plans.propose(
                session,
                incident,
                target_entry=entry,
                plan=plan,
                snapshot=snapshot,
                by=by,
                key=key,
                step_id=step_row,
                person=parts().directory.human(by),
            ).id
    except RaiIncidentError as error:
        return str(error)


def _propose_undo(
    session: Session, plan_id: int, system_id: str, target_id: str, snapshot: Snapshot, by: str, key: str, reason: str
) -> int | str:
    incident_id = session.get_one(RollbackPlan, plan_id).incident_id
    entry = parts().world(incident_id).levers.entry(system_id, target_id)
    try:
        with session.begin_nested():
            return plans.propose_undo(
                session,
                plan_id,
                target_entry=entry,
                snapshot=snapshot,
                by=by,
                key=key,
                reason=reason,
                person=parts().directory.human(by),
            ).id
    except RaiIncidentError as error:
        return str(error)


def _begin(
    session: Session, plan_id: int, system_id: str, target_id: str, responders: frozenset[str] | None
) -> Execution | Refused:
    incident_id = session.get_one(RollbackPlan, plan_id).incident_id
    try:
        entry = parts().world(incident_id).levers.entry(system_id, target_id)
    except Conflict:
        entry = None
    return rollback.begin(session, plan_id, target_entry=entry, responders=responders)


def _finish(session: Session, execution_id: int, outcome: Outcome | Drifted) -> None:
    rollback.finish(session, execution_id, outcome)


def _failed(session: Session, execution_id: int, what: str) -> None:
    rollback.failed(session, execution_id, what)


def _record_verification(session: Session, plan_id: int, seen: Verification) -> None:
    with suppress(Conflict):  # it was undone while the system was asked: what was seen is of the past
        rollback.record_verification(session, plan_id, seen.ok, seen.seen)
