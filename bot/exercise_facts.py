"""The exercise's incident as plain facts for the score, and the exercise as its views want it. Reads only."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.views.blocks import escape
from bot.views.exercise_panel import ActionLine, InjectLine, PanelFacts
from incidents import timeline
from incidents.models import Assessment, Incident, TimelineEntry
from playbooks import afterwards, running
from playbooks.models import Exercise, ExerciseInject
from playbooks.score import Fact
from postmortems.models import SAVED
from runbooks.models import RollbackPlan, RunbookRun

# Entries of the timeline that are the deed itself, by their kind.
PLAIN = {
    "acknowledged": "acknowledge",
    "note": "note",
    "update": "update",
    "mitigated": "mitigated",
    "resolved": "resolve",
    SAVED: "postmortem",
}
DECIDED_CLOCK = ("running", "declined", "submitted")


def facts(session: Session, exercise: Exercise) -> list[Fact]:
    """What the participants have done, from the timeline of their incident, in exercise time. After the end nothing
    counts any more."""
    if exercise.incident_id is None:
        return []
    incident = session.get_one(Incident, exercise.incident_id)
    clock = running.clock(exercise)
    found = []
    for entry in timeline.entries(session, incident.id):
        if exercise.ended_at is not None and entry.recorded_at > exercise.ended_at:
            break
        for do, by, data in _deeds(session, incident, entry):
            found.append(Fact(do, clock.minute(entry.recorded_at), by, entry.id, entry.text, data))
    return found


def _deeds(session: Session, incident: Incident, entry: TimelineEntry) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(what was done, by whom, what the expectations look at) for one entry."""
    data = entry.data
    match entry.kind:
        case kind if kind in PLAIN:
            yield PLAIN[kind], entry.actor, {}
        case "declared":
            opened = next((row for row in incident_severities(session, incident.id)), "")
            yield "declare", entry.actor, {"private": incident.private, "severity": opened}
        case "severity" if "before" in data:
            yield "classify", entry.actor, {"severity": data["severity"], "harm_classes": _classes(session, entry)}
        case "role":
            yield "assign", entry.actor, {"role": data.get("role")}
        case "runbook" if "runbook" in data:
            yield "contain", entry.actor, {"runbook": data["runbook"]}
        case "step":
            run = session.get(RunbookRun, data.get("run"))
            step = {"runbook": run.runbook_id if run else None, "step": data.get("step")}
            done = data.get("what") == "done"
            if data.get("what") == "evidence" or (done and data.get("kind") == "collect"):
                yield "evidence", entry.actor, step
            if done:
                yield "step", entry.actor, step
        case "rollback" if data.get("what") == "verified" and data.get("undoes") is None:
            plan = session.get(RollbackPlan, data.get("plan"))
            yield "rollback", plan.requested_by if plan else entry.actor, {"target": data.get("target")}
        case "comms":
            yield "comms", entry.actor, {"comms": str(data.get("template", "")).partition(":")[2]}
        case "clock" if data.get("state") in DECIDED_CLOCK:
            yield "clock", entry.actor, {"clock": data.get("clock")}


def incident_severities(session: Session, incident_id: int) -> list[str]:
    """Every severity the incident has had, oldest first."""
    entries = timeline.entries(session, incident_id)
    return [str(entry.data["severity"]) for entry in entries if entry.kind == "severity" and "severity" in entry.data]


def _classes(session: Session, entry: TimelineEntry) -> list[str]:
    """The harm classes of the assessment that an entry put in force."""
    query = (
        sa.select(Assessment)
        .where(Assessment.incident_id == entry.incident_id, Assessment.confirmed_at <= entry.recorded_at)
        .order_by(Assessment.confirmed_at.desc(), Assessment.id.desc())
        .limit(1)
    )
    row = session.scalars(query).first()
    return list(row.harm_classes) if row else []


def panel_facts(session: Session, exercise: Exercise) -> PanelFacts:
    """The exercise as its facilitator sees it."""
    scenario, shown = running.scenario_of(exercise), running.minute(exercise)
    clock, following = running.clock(exercise), running.next_inject(session, exercise)
    times = running.planned_times(session, exercise)
    rows = running.injects(session, exercise.id)
    outcomes = running.judge(session, exercise, scenario, facts(session, exercise), shown)
    lines = [
        InjectLine(_title(exercise, row), row.state, row.minute if row.minute is not None else times.get(row.inject_id))
        for row in rows
    ]
    return PanelFacts(
        exercise_id=exercise.id,
        number=exercise.number,
        title=exercise.title,
        state=exercise.state,
        speed=exercise.speed,
        speeds=running.SPEEDS,
        minute=shown,
        minutes=scenario.minutes,
        channel_id=exercise.channel_id,
        incident=f"INC-{exercise.incident_id}" if exercise.incident_id else None,
        next_id=following[0].inject_id if following else None,
        next_title=_title(exercise, following[0]) if following else None,
        next_minute=following[1] if following else None,
        next_at=clock.moment(following[1]) if following else None,
        injects=sorted(lines, key=lambda line: (line.minute is None, line.minute or 0.0)),
        actions=[
            ActionLine(
                each.action.text,
                each.state,
                each.due,
                each.fact.minute if each.fact else None,
                each.fact.by if each.fact else None,
                each.action.critical,
            )
            for each in outcomes
        ],
        notes=scenario.facilitator,
        truth=scenario.truth.cause,
        ratings=afterwards.shown_ratings(session, exercise, outcomes),
        improvements=[
            f"{escape(each.text, 300)} · <@{each.owner}> · {each.due:%Y-%m-%d}"
            f"{f' · {each.ticket}' if each.ticket else ''}"
            for each in afterwards.improvements(session, exercise.id)
        ],
        hot_wash=len(afterwards.hot_wash(session, exercise.id)),
        ended_because=exercise.ended_because,
    )


def _title(exercise: Exercise, row: ExerciseInject) -> str:
    inject = running.inject_of(exercise, row)
    return f"{inject.persona.name}: {' '.join(inject.text.split())}"
