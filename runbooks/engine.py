"""The step engine: a run's verbs. Each writes its timeline entry in the caller's transaction.

Every verb takes the incident's row lock first, so two people pressing at once are put in order: one wins, and the other
gets a Conflict that says who. Messages hold our words, ids, `<@user>` mentions and the runbook's step titles.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, timeline
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotAllowed, NotFound
from incidents.models import Incident
from runbooks import templates
from runbooks.catalogue import Definition, parse
from runbooks.models import OPEN_STATES, RunbookRun, RunbookStep
from runbooks.progress import StepView, context_of, find_run, holder, next_step, outline
from runbooks.schema import END, Runbook, Severity, Step

# Actors that are not people: a wait that is over, and a rollback that was verified.
CLOCK = "clock"
ROLLBACK = "rollback"
NOTE_LENGTH = 3000
EVIDENCE_LENGTH = 20_000

EvidenceKind = Literal["text", "file", "link", "query"]

_SAID = {"done": "done", "skipped": "skipped", "not_applicable": "marked not applicable", "failed": "marked failed"}


def start(session: Session, incident: Incident, definition: Definition, *, by: str, key: str) -> RunbookRun:
    """Start a run, its first step open. The same key answers with the run it started.

    Raises Conflict when the runbook is running in this incident already, or the incident is closed.
    """
    lifecycle.lock(session, incident.id)
    known = session.scalars(sa.select(RunbookRun).where(RunbookRun.key == key)).first()
    if known is not None:
        return known
    _check_not_closed(incident)
    runbook = definition.runbook
    running = session.scalars(
        sa.select(RunbookRun).where(
            RunbookRun.incident_id == incident.id, RunbookRun.runbook_id == runbook.id, RunbookRun.state == "running"
        )
    ).first()
    if running is not None:
        raise Conflict(
            f"“{running.title}” is running in {incident.number} already: <@{running.started_by}> started it"
            f" at {_clock(running.started_at)}. Continue there."
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
    _open(session, run, runbook, runbook.steps[0].id, by)
    return run


def step_start(session: Session, run_id: int, step_id: str, *, by: str) -> StepView:
    """Somebody takes the step in hand. It becomes theirs unless it was assigned to another person."""
    run, step, row = _take(session, run_id, step_id)
    if row.state == "started":
        raise Conflict(f"<@{row.started_by}> started this step at {_clock(row.started_at)}.")
    row.state, row.started_by, row.started_at = "started", by, now()
    row.assignee = row.assignee or by
    _record(session, run, step, row, by, "started")
    return _view_of(session, row)


def step_assign(session: Session, run_id: int, step_id: str, *, by: str, user: str) -> StepView:
    """Give the step to a person; who starts it later keeps that name unless it is given away again."""
    run, step, row = _take(session, run_id, step_id)
    if row.assignee == user:
        return _view_of(session, row)
    row.assignee = user
    _record(session, run, step, row, by, "assigned", f"to <@{user}>", key=None)
    return _view_of(session, row)


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
    run, step, row = _take(session, run_id, step_id)
    note = _text("note", note, NOTE_LENGTH)
    if evidence is not None:
        _add_evidence(row, step, str(evidence.get("kind", "text")), str(evidence.get("value", "")), by)
    if step.kind == "decide":
        raise BadInput("choice", "This step is a decision: choose one of its answers.")
    if step.kind == "collect" and not row.evidence:
        raise BadInput("evidence", f"This step saves evidence: add {_or(step.accepts)}, or skip it with a reason.")
    if step.kind == "wait" and now() < row.due_at and not note:
        raise BadInput("note", f"This step waits until {_clock(row.due_at)}. Say why it may end sooner.")
    if step.kind == "rollback" and not note:
        raise BadInput("note", "Say what was changed by hand, from what to what, and how you saw that it worked.")
    return _end(session, run, step, row, "done", by, note)


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
    run, step, row = _take(session, run_id, step_id)
    note = _text("note", note, NOTE_LENGTH)
    _add_evidence(row, step, kind, value, by)
    if finish:
        return _end(session, run, step, row, "done", by, note)
    count = len(row.evidence["items"]) if row.evidence else 0
    _record(session, run, step, row, by, "evidence", f"{kind}, item {count}", key=f"step:{row.id}:evidence:{count}")
    return _view_of(session, row)


def decide(session: Session, run_id: int, step_id: str, *, by: str, choice: str, note: str = "") -> StepView | None:
    """Answer a decision; the answer's branch opens. Raises BadInput for an answer that is not offered."""
    run, step, row = _take(session, run_id, step_id)
    chosen = next((item for item in step.choices if item.choice == choice), None)
    if chosen is None:
        offered = ", ".join(item.choice for item in step.choices) or "none: this step is not a decision"
        raise BadInput("choice", f"{choice!r:.40} is not one of the answers: {offered}.")
    row.choice = chosen.choice
    return _end(session, run, step, row, "done", by, _text("note", note, NOTE_LENGTH), chosen.say, chosen.goto)


def step_skip(session: Session, run_id: int, step_id: str, *, by: str, reason: str) -> StepView | None:
    """Leave the step out, with a reason, where its skip policy allows it. Raises NotAllowed where it does not."""
    return _leave_out(session, run_id, step_id, "skipped", by, reason)


def step_not_applicable(session: Session, run_id: int, step_id: str, *, by: str, reason: str) -> StepView | None:
    """The step does not fit this incident. The same policy as for skipping: the difference is what the record says."""
    return _leave_out(session, run_id, step_id, "not_applicable", by, reason)


def step_failed(session: Session, run_id: int, step_id: str, *, by: str, what: str) -> StepView | None:
    """The step did not work. Its runbook says where to go from here; otherwise it is open for another try."""
    run, step, row = _take(session, run_id, step_id)
    what = _required("what", what, "Say what happened.")
    return _end(session, run, step, row, "failed", by, what, goto=step.if_it_fails.goto or step.id)


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
            run, step, row = _take(session, run_id, step_id)
        except Conflict:  # a person ended it in between, or the incident is closed
            continue
        following = _end(session, run, step, row, "done", CLOCK, "The time is over.")
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
    run, step, row = _take(session, run_id, step_id)
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
    return _end(
        session, run, step, row, state, by, _required("reason", reason, "Give a reason; it goes on the record.")
    )


def _take(session: Session, run_id: int, step_id: str) -> tuple[RunbookRun, Step, RunbookStep]:
    """The open step, locked. Raises NotFound, or Conflict with who was first or what is next."""
    run = find_run(session, run_id)
    incident = lifecycle.lock(session, run.incident_id)
    try:
        step = parse(run.definition).step(step_id)
    except KeyError:
        raise NotFound(f"“{run.title}” has no step {step_id[:60]}.") from None
    row = session.scalars(
        sa.select(RunbookStep)
        .where(RunbookStep.run_id == run_id, RunbookStep.step_id == step_id)
        .order_by(RunbookStep.visit.desc())
        .limit(1)
        .execution_options(populate_existing=True)  # what was read before the lock may be old
    ).first()
    if row is not None and row.state not in OPEN_STATES:
        who = f"The {row.ended_by}" if row.ended_by in (CLOCK, ROLLBACK) else f"<@{row.ended_by}>"
        raise Conflict(f"{who} has {_SAID[row.state]} this step already, at {_clock(row.ended_at)}.")
    if row is None:
        following = next_step(session, run_id)
        words = f"Next is “{following.title}”." if following else "This run is finished."
        raise Conflict(f"This step is not open. {words}")
    if step.kind == "parallel":
        raise Conflict("This step is done when all its parts are. Work on those.")
    _check_not_closed(incident)
    return run, step, row


def _check_not_closed(incident: Incident) -> None:
    if incident.status == "closed":
        raise Conflict(f"{incident.number} is closed. Nothing was changed; reopen it to go on.")


def _end(
    session: Session,
    run: RunbookRun,
    step: Step,
    row: RunbookStep,
    state: str,
    by: str,
    note: str,
    said: str = "",
    goto: str | None = None,
) -> StepView | None:
    """End a visit and open what follows; answers with the next step of the run."""
    row.state, row.ended_by, row.ended_at, row.note = state, by, now(), note
    _record(session, run, step, row, by, state, " — ".join(part for part in (said, note) if part))
    runbook = parse(run.definition)
    if row.parent_id is None:
        _open(session, run, runbook, goto or runbook.after(step.id), by)
    elif state == "failed":
        _open(session, run, runbook, step.id, by, row.parent_id)
    else:
        _end_parallel(session, run, runbook, row.parent_id, by)
    return next_step(session, run.id)


def _end_parallel(session: Session, run: RunbookRun, runbook: Runbook, parent_id: int, by: str) -> None:
    """When the last part has ended, the parallel step has too."""
    still_open = sa.select(RunbookStep.id).where(RunbookStep.parent_id == parent_id, RunbookStep.state.in_(OPEN_STATES))
    if session.execute(still_open.limit(1)).first() is not None:
        return
    parent = session.get_one(RunbookStep, parent_id)
    parent.state, parent.ended_by, parent.ended_at = "done", by, now()
    _open(session, run, runbook, runbook.after(parent.step_id), by)


def _open(
    session: Session, run: RunbookRun, runbook: Runbook, step_id: str, by: str, parent_id: int | None = None
) -> None:
    """Open a step (a parallel one with its parts), or finish the run at `end`."""
    session.flush()
    if step_id == END:
        run.state, run.finished_at = "finished", now()
        session.flush()
        words = f"Runbook finished: {run.title}"
        timeline.append(
            session, run.incident_id, "runbook", by, words, key=f"run:{run.id}:finished", data={"run": run.id}
        )
        return
    step = runbook.step(step_id)
    moment = now()
    row = RunbookStep(
        run_id=run.id,
        step_id=step.id,
        visit=_visits(session, run.id, step.id) + 1,
        parent_id=parent_id,
        kind=step.kind,
        state="open",
        opened_at=moment,
        due_at=moment + _allowed(session, run, runbook, step),
        note="",
        reminders=0,
    )
    session.add(row)
    session.flush()
    for part in step.steps:
        _open(session, run, runbook, part.id, by, row.id)


def _visits(session: Session, run_id: int, step_id: str) -> int:
    query = sa.select(sa.func.count()).where(RunbookStep.run_id == run_id, RunbookStep.step_id == step_id)
    return session.scalar(query) or 0


def _allowed(session: Session, run: RunbookRun, runbook: Runbook, step: Step) -> timedelta:
    """How long a step may be open before it is overdue; a wait's own length."""
    if step.kind == "wait":
        return timedelta(minutes=step.minutes)
    severity: Severity = session.get_one(Incident, run.incident_id).severity  # type: ignore[assignment]
    return timedelta(minutes=(step.urgency or runbook.urgency)[severity])


def _add_evidence(row: RunbookStep, step: Step, kind: str, value: str, by: str) -> None:
    accepted = step.accepts or ("text", "file", "link", "query")
    if kind not in accepted:
        raise BadInput("evidence", f"This step takes {_or(accepted)}, not {kind!r:.40}.")
    value = _required("evidence", value, "The evidence is empty.", EVIDENCE_LENGTH)
    if kind == "link" and urlsplit(value).scheme not in ("http", "https"):
        raise BadInput("evidence", "A link starts with https:// or http://.")
    items = list(row.evidence["items"]) if row.evidence else []
    # A new object, so that the change of the JSON column is seen.
    row.evidence = {"items": [*items, {"kind": kind, "value": value, "by": by, "at": now().isoformat()}]}


def _record(
    session: Session,
    run: RunbookRun,
    step: Step,
    row: RunbookStep,
    by: str,
    what: str,
    words: str = "",
    key: str | None = "",
) -> None:
    title = templates.render(step.title, context_of(session, run.incident_id)).strip()
    text = f"{what.replace('_', ' ').capitalize()}: {title}" + (f" — {words}" if words else "")
    session.flush()
    timeline.append(
        session,
        run.incident_id,
        "step",
        by,
        text,
        key=f"step:{row.id}:{what}" if key == "" else key,
        data={
            "run": run.id,
            "step": step.id,
            "visit": row.visit,
            "kind": step.kind,
            "what": what,
            "choice": row.choice,
        },
    )


def _view_of(session: Session, row: RunbookStep) -> StepView:
    return next(view for view in outline(session, row.run_id) if view.row_id == row.id)


def _text(field: str, text: str, length: int) -> str:
    text = text.replace("\x00", "").strip()
    if len(text) > length:
        raise BadInput(field, f"At most {length:,} characters; this has {len(text):,}.")
    return text


def _required(field: str, text: str, words: str, length: int = NOTE_LENGTH) -> str:
    text = _text(field, text, length)
    if not text:
        raise BadInput(field, words)
    return text


def _or(words: tuple[str, ...]) -> str:
    return " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} or {words[-1]}"


def _clock(at: datetime | None) -> str:
    return at.strftime("%H:%M:%S UTC") if at else "an unknown time"
