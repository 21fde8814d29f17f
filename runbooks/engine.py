"""The step engine: a run's verbs. Each writes its timeline entry in the caller's transaction.

Every verb takes the incident's row lock first, so two people pressing at once are put in order: one wins, and the other
gets a Conflict that says who. Messages hold our words, ids, `<@user>` mentions and the runbook's step titles.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, timeline
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotAllowed
from incidents.models import Incident
from runbooks.catalogue import Definition
from runbooks.models import OPEN_STATES, RunbookRun, RunbookStep
from runbooks.moves import (
    CLOCK,
    NOTE_LENGTH,
    add_evidence,
    check_not_closed,
    clock_time,
    either,
    end,
    open_step,
    record,
    required,
    take,
    text_of,
    view_of,
)
from runbooks.progress import StepView, holder

EvidenceKind = Literal["text", "file", "link", "query"]


def start(session: Session, incident: Incident, definition: Definition, *, by: str, key: str) -> RunbookRun:
    """Start a run, its first step open. The same key answers with the run it started.

    Raises Conflict when the runbook is running in this incident already, or the incident is closed.
    """
    lifecycle.lock(session, incident.id)
    known = session.scalars(sa.select(RunbookRun).where(RunbookRun.key == key)).first()
    if known is not None:
        return known
    check_not_closed(incident)
    runbook = definition.runbook
    running = session.scalars(
        sa.select(RunbookRun).where(
            RunbookRun.incident_id == incident.id, RunbookRun.runbook_id == runbook.id, RunbookRun.state == "running"
        )
    ).first()
    if running is not None:
        raise Conflict(
            f"“{running.title}” is running in {incident.number} already: <@{running.started_by}> started it"
            f" at {clock_time(running.started_at)}. Continue there."
        )
    run = RunbookRun(
        key=key,
        incident_id=incident.id,
        runbook_id=runbook.id,
        title=runbook.title,
        definition=definition.text,
        definition_hash=definition.hash,
        started_by=by,
        started_at=now(),
        state="running",
    )
    session.add(run)
    session.flush()
    timeline.append(
        session,
        incident.id,
        "runbook",
        by,
        f"Runbook started: {run.title}",
        key=f"run:{run.id}:start",
        data={"run": run.id, "runbook": runbook.id, "hash": definition.hash},
    )
    open_step(session, run, runbook, runbook.steps[0].id, by)
    return run


def step_start(session: Session, run_id: int, step_id: str, *, by: str) -> StepView:
    """Somebody takes the step in hand. It becomes theirs unless it was assigned to another person."""
    run, step, row = take(session, run_id, step_id)
    if row.state == "started":
        raise Conflict(f"<@{row.started_by}> started this step at {clock_time(row.started_at)}.")
    row.state, row.started_by, row.started_at = "started", by, now()
    row.assignee = row.assignee or by
    record(session, run, step, row, by, "started")
    return view_of(session, row)


def step_assign(session: Session, run_id: int, step_id: str, *, by: str, user: str) -> StepView:
    """Give the step to a person; who starts it later keeps that name unless it is given away again."""
    run, step, row = take(session, run_id, step_id)
    if row.assignee == user:
        return view_of(session, row)
    row.assignee = user
    record(session, run, step, row, by, "assigned", f"to <@{user}>", key=None)
    return view_of(session, row)


def step_done(
    session: Session,
    run_id: int,
    step_id: str,
    *,
    by: str,
    note: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> StepView | None:
    """The step is done; answers with the next one, None when the run is finished.

    `evidence` is one item `{"kind": ..., "value": ...}` as `collect` takes it. A decision is made with `decide`; a
    collect step needs evidence; a wait that is cut short and a rollback done by hand need a note.
    """
    run, step, row = take(session, run_id, step_id)
    note = text_of("note", note, NOTE_LENGTH)
    if evidence is not None:
        add_evidence(row, step, str(evidence.get("kind", "text")), str(evidence.get("value", "")), by)
    if step.kind == "decide":
        raise BadInput("choice", "This step is a decision: choose one of its answers.")
    if step.kind == "collect" and not row.evidence:
        raise BadInput("evidence", f"This step saves evidence: add {either(step.accepts)}, or skip it with a reason.")
    if step.kind == "wait" and now() < row.due_at and not note:
        raise BadInput("note", f"This step waits until {clock_time(row.due_at)}. Say why it may end sooner.")
    if step.kind == "rollback" and not note:
        raise BadInput("note", "Say what was changed by hand, from what to what, and how you saw that it worked.")
    return end(session, run, step, row, "done", by, note)


def collect(
    session: Session,
    run_id: int,
    step_id: str,
    *,
    by: str,
    kind: EvidenceKind,
    value: str,
    note: str = "",
    finish: bool = True,
) -> StepView | None:
    """Save evidence on a step: text, a file's id, a link, or a query with its result.

    With `finish` the step is done with it, and the answer is the next step. Without, more can follow, and the answer is
    this step.
    """
    run, step, row = take(session, run_id, step_id)
    note = text_of("note", note, NOTE_LENGTH)
    add_evidence(row, step, kind, value, by)
    if finish:
        return end(session, run, step, row, "done", by, note)
    count = len(row.evidence["items"]) if row.evidence else 0
    record(session, run, step, row, by, "evidence", f"{kind}, item {count}", key=f"step:{row.id}:evidence:{count}")
    return view_of(session, row)


def decide(session: Session, run_id: int, step_id: str, *, by: str, choice: str, note: str = "") -> StepView | None:
    """Answer a decision; the answer's branch opens. Raises BadInput for an answer that is not offered."""
    run, step, row = take(session, run_id, step_id)
    chosen = next((item for item in step.choices if item.choice == choice), None)
    if chosen is None:
        offered = ", ".join(item.choice for item in step.choices) or "none: this step is not a decision"
        raise BadInput("choice", f"{choice!r:.40} is not one of the answers: {offered}.")
    row.choice = chosen.choice
    return end(session, run, step, row, "done", by, text_of("note", note, NOTE_LENGTH), chosen.say, chosen.goto)


def step_skip(session: Session, run_id: int, step_id: str, *, by: str, reason: str) -> StepView | None:
    """Leave the step out, with a reason, where its skip policy allows it. Raises NotAllowed where it does not."""
    return _leave_out(session, run_id, step_id, "skipped", by, reason)


def step_not_applicable(session: Session, run_id: int, step_id: str, *, by: str, reason: str) -> StepView | None:
    """The step does not fit this incident. The same policy as for skipping: the difference is what the record says."""
    return _leave_out(session, run_id, step_id, "not_applicable", by, reason)


def step_failed(session: Session, run_id: int, step_id: str, *, by: str, what: str) -> StepView | None:
    """The step did not work. Its runbook says where to go from here; otherwise it is open for another try."""
    run, step, row = take(session, run_id, step_id)
    what = required("what", what, "Say what happened.")
    return end(session, run, step, row, "failed", by, what, goto=step.if_it_fails.goto or step.id)


def finish_waits(session: Session, at: datetime) -> list[StepView]:
    """End the waits whose time is over at `at`; answers with the steps that opened. For the ticker."""
    query = (
        sa.select(RunbookStep.run_id, RunbookStep.step_id)
        .join(RunbookRun, RunbookRun.id == RunbookStep.run_id)
        .where(RunbookStep.kind == "wait", RunbookStep.state.in_(OPEN_STATES), RunbookStep.due_at <= at)
        .order_by(RunbookRun.incident_id, RunbookStep.id)  # two replicas take the locks in one order
    )
    opened: list[StepView] = []
    for run_id, step_id in session.execute(query):
        try:
            run, step, row = take(session, run_id, step_id)
        except Conflict:  # a person ended it in between, or the incident is closed
            continue
        following = end(session, run, step, row, "done", CLOCK, "The time is over.")
        opened += [following] if following else []
    return opened


def reminded(session: Session, row_id: int, level: Literal["owner", "commander"]) -> bool:
    """Note that a reminder of `progress.overdue` goes out. False when another worker had noted it: then do not send."""
    count = {"owner": 1, "commander": 2}[level]
    result = session.execute(
        sa.update(RunbookStep)
        .where(RunbookStep.id == row_id, RunbookStep.reminders == count - 1, RunbookStep.state.in_(OPEN_STATES))
        .values(reminders=count)
        .returning(RunbookStep.id)
    )
    return result.first() is not None


def _leave_out(session: Session, run_id: int, step_id: str, state: str, by: str, reason: str) -> StepView | None:
    run, step, row = take(session, run_id, step_id)
    if step.kind == "decide":
        raise NotAllowed("A decision cannot be left out: the next step depends on it. Choose the safer answer.")
    if step.skip == "never":
        raise NotAllowed("This step cannot be left out. Do it, or mark it failed and say what happened.")
    if step.skip == "commander":
        commander = holder(session, run.incident_id, "commander")
        if commander is None:
            raise NotAllowed("Only the incident commander may leave this step out, and nobody holds that role yet.")
        if commander != by:
            raise NotAllowed(f"Only the incident commander, <@{commander}>, may leave this step out.")
    return end(session, run, step, row, state, by, required("reason", reason, "Give a reason; it goes on the record."))
