"""How a run moves: take the open step under the incident's lock, end it, open what follows, say so on the timeline.

The verbs of `engine` are made of these; nobody else calls them.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, timeline
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotFound
from incidents.models import Incident
from runbooks import templates
from runbooks.catalogue import parse
from runbooks.models import OPEN_STATES, RunbookRun, RunbookStep
from runbooks.progress import StepView, context_of, find_run, next_step, outline
from runbooks.schema import END, Runbook, Severity, Step

# Actors that are not people: a wait that is over, and a rollback that was verified.
CLOCK = "clock"
ROLLBACK = "rollback"
NOTE_LENGTH = 3000
EVIDENCE_LENGTH = 20_000

_SAID = {"done": "done", "skipped": "skipped", "not_applicable": "marked not applicable", "failed": "marked failed"}


def take(session: Session, run_id: int, step_id: str) -> tuple[RunbookRun, Step, RunbookStep]:
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
        raise Conflict(f"{who} has {_SAID[row.state]} this step already, at {clock_time(row.ended_at)}.")
    if row is None:
        following = next_step(session, run_id)
        words = f"Next is “{following.title}”." if following else "This run is finished."
        raise Conflict(f"This step is not open. {words}")
    if step.kind == "parallel":
        raise Conflict("This step is done when all its parts are. Work on those.")
    check_not_closed(incident)
    return run, step, row


def check_not_closed(incident: Incident) -> None:
    if incident.status == "closed":
        raise Conflict(f"{incident.number} is closed. Nothing was changed; reopen it to go on.")


def end(
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
    record(session, run, step, row, by, state, " — ".join(part for part in (said, note) if part))
    runbook = parse(run.definition)
    if row.parent_id is None:
        open_step(session, run, runbook, goto or runbook.after(step.id), by)
    elif state == "failed":
        open_step(session, run, runbook, step.id, by, row.parent_id)
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
    open_step(session, run, runbook, runbook.after(parent.step_id), by)


def open_step(
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
        open_step(session, run, runbook, part.id, by, row.id)


def _visits(session: Session, run_id: int, step_id: str) -> int:
    query = sa.select(sa.func.count()).where(RunbookStep.run_id == run_id, RunbookStep.step_id == step_id)
    return session.scalar(query) or 0


def _allowed(session: Session, run: RunbookRun, runbook: Runbook, step: Step) -> timedelta:
    """How long a step may be open before it is overdue; a wait's own length."""
    if step.kind == "wait":
        return timedelta(minutes=step.minutes)
    severity: Severity = session.get_one(Incident, run.incident_id).severity  # type: ignore[assignment]
    return timedelta(minutes=(step.urgency or runbook.urgency)[severity])


def add_evidence(row: RunbookStep, step: Step, kind: str, value: str, by: str) -> None:
    accepted = step.accepts or ("text", "file", "link", "query")
    if kind not in accepted:
        raise BadInput("evidence", f"This step takes {either(accepted)}, not {kind!r:.40}.")
    value = required("evidence", value, "The evidence is empty.", EVIDENCE_LENGTH)
    if kind == "link" and urlsplit(value).scheme not in ("http", "https"):
        raise BadInput("evidence", "A link starts with https:// or http://.")
    items = list(row.evidence["items"]) if row.evidence else []
    # A new object, so that the change of the JSON column is seen.
    row.evidence = {"items": [*items, {"kind": kind, "value": value, "by": by, "at": now().isoformat()}]}


def record(
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


def view_of(session: Session, row: RunbookStep) -> StepView:
    return next(view for view in outline(session, row.run_id) if view.row_id == row.id)


def text_of(field: str, text: str, length: int) -> str:
    text = text.replace("\x00", "").strip()
    if len(text) > length:
        raise BadInput(field, f"At most {length:,} characters; this has {len(text):,}.")
    return text


def required(field: str, text: str, words: str, length: int = NOTE_LENGTH) -> str:
    text = text_of(field, text, length)
    if not text:
        raise BadInput(field, words)
    return text


def either(words: tuple[str, ...]) -> str:
    return " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} or {words[-1]}"


def clock_time(at: datetime | None) -> str:
    return at.strftime("%H:%M:%S UTC") if at else "an unknown time"
