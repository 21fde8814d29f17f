"""Reading a run: its steps as people see them, what is next, how far it is, what is overdue. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import access, lifecycle
from incidents.errors import NotFound
from incidents.models import Incident, RoleAssignment, System
from runbooks import templates
from runbooks.catalogue import parse
from runbooks.models import OPEN_STATES, RunbookRun, RunbookStep
from runbooks.schema import ROLES, Runbook, Step


@dataclass(frozen=True)
class StepView:
    """One step of a run, its texts filled in. All texts are plain: escape them. Times are UTC.

    `state` is a RunbookStep state, or `upcoming` for a step that the shortest way to the exit will still open; such a
    step has no row, no times and visit 0. `owner` is the role in words; `owner_role` its id.
    """

    run_id: int
    row_id: int | None
    step_id: str
    visit: int
    kind: str
    state: str
    title: str
    why: str
    how: str
    check: str
    if_it_fails: str
    owner_role: str
    owner: str
    minutes: int
    skip: str
    choices: tuple[tuple[str, str], ...]  # (choice, words)
    accepts: tuple[str, ...]
    targets: tuple[str, ...]
    tell: tuple[str, ...]
    message: str
    part_of: str | None
    opened_at: datetime | None
    due_at: datetime | None
    assignee: str | None
    started_by: str | None
    ended_by: str | None
    ended_at: datetime | None
    choice: str | None
    note: str
    evidence: tuple[dict[str, Any], ...]

    @property
    def is_open(self) -> bool:
        """Somebody can act on it now."""
        return self.state in OPEN_STATES


@dataclass(frozen=True)
class Overdue:
    """A step past its time, and who is to be told: a Slack user id; None where nobody holds the role who may know."""

    incident_id: int
    step: StepView
    level: Literal["owner", "commander"]
    whom: str | None


def find_run(session: Session, run_id: int) -> RunbookRun:
    """The run. Raises NotFound."""
    run = session.get(RunbookRun, run_id)
    if run is None:
        raise NotFound(f"There is no runbook run {run_id}.")
    return run


def runs(session: Session, incident_id: int) -> Sequence[RunbookRun]:
    """All runs of an incident, oldest first."""
    query = sa.select(RunbookRun).where(RunbookRun.incident_id == incident_id).order_by(RunbookRun.id)
    return session.scalars(query).all()


def rows(session: Session, run_id: int) -> Sequence[RunbookStep]:
    """All visits of steps, in the order they were opened."""
    query = sa.select(RunbookStep).where(RunbookStep.run_id == run_id).order_by(RunbookStep.id)
    return session.scalars(query).all()


def outline(session: Session, run_id: int) -> list[StepView]:
    """The whole run in order: what was done, what is open, and the shortest way from there to the exit."""
    run = find_run(session, run_id)
    runbook = parse(run.definition)
    context = context_of(session, run.incident_id)
    past = rows(session, run_id)
    views = [_view(runbook, run, row, runbook.step(row.step_id), context) for row in past]
    standing = [row for row in past if row.state in OPEN_STATES and row.parent_id is None]
    for row in standing[:1]:
        for step_id in runbook.left(row.step_id)[1:]:
            step = runbook.step(step_id)
            views += [_view(runbook, run, None, part, context) for part in (step, *step.steps)]
    return views


def open_steps(session: Session, run_id: int) -> list[StepView]:
    """The steps somebody can act on now: one, or the open parts of a parallel step."""
    return [view for view in outline(session, run_id) if view.is_open and view.kind != "parallel"]


def next_step(session: Session, run_id: int) -> StepView | None:
    """The one to do next: the first that nobody has started, else the first open one; None when the run is finished."""
    steps = open_steps(session, run_id)
    return next((step for step in steps if step.state == "open"), steps[0] if steps else None)


def progress(session: Session, run_id: int) -> tuple[int, int]:
    """(steps ended, all steps on the way to the exit). A failed attempt does not count; a decision may add steps."""
    counted = [view for view in outline(session, run_id) if view.kind != "parallel" and view.state != "failed"]
    return sum(1 for view in counted if not view.is_open and view.state != "upcoming"), len(counted)


def overdue(session: Session, now: datetime) -> list[Overdue]:
    """Open steps past their time that nobody was reminded of yet: the owner once, then once the commander.

    The commander's turn comes when as much time again has passed. Incidents that are resolved or closed are left alone.
    """
    query = (
        sa.select(RunbookStep, RunbookRun)
        .join(RunbookRun, RunbookRun.id == RunbookStep.run_id)
        .join(Incident, Incident.id == RunbookRun.incident_id)
        .where(
            RunbookStep.state.in_(OPEN_STATES),
            RunbookStep.kind.not_in(("parallel", "wait")),
            RunbookStep.due_at <= now,
            RunbookStep.reminders < 2,
            Incident.status.in_(("open", "mitigated")),
        )
        .order_by(RunbookStep.due_at, RunbookStep.id)
    )
    late: list[Overdue] = []
    for row, run in session.execute(query):
        if row.reminders == 1 and now < row.due_at + (row.due_at - row.opened_at):
            continue
        runbook = parse(run.definition)
        step = runbook.step(row.step_id)
        view = _view(runbook, run, row, step, context_of(session, run.incident_id))
        commander = holder(session, run.incident_id, "commander")
        if row.reminders == 0:
            owner = row.assignee or holder(session, run.incident_id, step.owner)
            whom = owner if owner is not None and _may_know(session, run.incident_id, owner) else commander
            late.append(Overdue(run.incident_id, view, "owner", whom))
        else:
            late.append(Overdue(run.incident_id, view, "commander", commander))
    return late


def _may_know(session: Session, incident_id: int, user: str) -> bool:
    """Whether the incident is there for somebody whom only the inventory names: a private one may not be."""
    incident = session.get_one(Incident, incident_id)
    holders = set(lifecycle.holders(session, incident_id).values())
    return access.visible_to(incident, access.Person(user, incident.team_id), holders)


def holder(session: Session, incident_id: int, role: str) -> str | None:
    """Who holds a role now; for the on-call engineer and the system's owner, else whom the inventory names."""
    query = sa.select(RoleAssignment.user).where(
        RoleAssignment.incident_id == incident_id, RoleAssignment.role == role, RoleAssignment.ended_at.is_(None)
    )
    user = session.scalars(query).first()
    if user is not None or role not in ("on-call", "model-owner"):
        return user
    system = _system(session, incident_id)
    if system is None:
        return None
    if role == "model-owner":
        return system.owner
    return next(iter(system.entry.get("on_call") or []), None)


def context_of(session: Session, incident_id: int) -> dict[str, dict[str, Any]]:
    """The values a runbook's texts may use (see `templates.FIELDS`)."""
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound(f"There is no incident {incident_id}.")
    system = _system(session, incident_id)
    entry = {**system.entry, "id": system.id, "name": system.name, "owner": system.owner} if system else {}
    return {
        "incident": {name: templates.shown(getattr(incident, name)) for name in templates.FIELDS["incident"]},
        "system": {name: templates.shown(entry.get(name)) for name in templates.FIELDS["system"]},
    }


def _system(session: Session, incident_id: int) -> System | None:
    query = sa.select(System).join(Incident, Incident.system_id == System.id).where(Incident.id == incident_id)
    return session.scalars(query).first()


def _view(
    runbook: Runbook,
    run: RunbookRun,
    row: RunbookStep | None,
    step: Step,
    context: dict[str, dict[str, Any]],
) -> StepView:
    def text(template: str | None) -> str:
        return templates.render(template, context).strip() if template else ""

    parent = next((parent for part, parent in runbook.walk() if part.id == step.id), None)
    return StepView(
        run_id=run.id,
        row_id=row.id if row else None,
        step_id=step.id,
        visit=row.visit if row else 0,
        kind=step.kind,
        state=row.state if row else "upcoming",
        title=text(step.title),
        why=text(step.why),
        how=text(step.how),
        check=text(step.check),
        if_it_fails=text(step.if_it_fails.say),
        owner_role=step.owner,
        owner=ROLES.get(step.owner, step.owner),
        minutes=step.minutes,
        skip=step.skip,
        choices=tuple((choice.choice, choice.say) for choice in step.choices),
        accepts=step.accepts,
        targets=step.targets,
        tell=step.tell,
        message=text(step.message),
        part_of=parent.id if parent else None,
        opened_at=row.opened_at if row else None,
        due_at=row.due_at if row else None,
        assignee=row.assignee if row else None,
        started_by=row.started_by if row else None,
        ended_by=row.ended_by if row else None,
        ended_at=row.ended_at if row else None,
        choice=row.choice if row else None,
        note=row.note if row else "",
        evidence=tuple(row.evidence["items"]) if row and row.evidence else (),
    )
