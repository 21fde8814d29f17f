"""The after-action report's facts, from the record. Reads only, and needs no running bot."""

import re
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session

from bot import exercise_facts
from incidents import clock_reading, timeline
from incidents.models import Incident, RegulatorClock
from playbooks import afterwards, running
from playbooks.exercise import Clock
from playbooks.models import EVALUATOR, Exercise
from playbooks.report import (
    ClockReport,
    Measured,
    Moment,
    ObjectiveReport,
    Planned,
    Report,
    action_report,
)
from playbooks.score import Outcome, by_objective
from severity.levels import Severity
from severity.policy import Policy

Names = Callable[[str], str]
HIDDEN = frozenset({"trouble", "recovered", "rehearsed", "paged", "assessed", "suggested", "correction"})


def gather(session: Session, exercise: Exercise, policy: Policy, names: Names, clock_titles: dict[str, str]) -> Report:
    """Everything the report says. `names` gives a person's name for their id."""
    scenario, clock = running.scenario_of(exercise), running.clock(exercise)
    incident = session.get(Incident, exercise.incident_id) if exercise.incident_id else None
    shown = running.minute(exercise)
    outcomes = running.judge(session, exercise, scenario, exercise_facts.facts(session, exercise), shown)
    people = running.people(session, exercise.id)
    titles = {role.id: role.title for role in scenario.roles} | {EVALUATOR: "Evaluators"}
    return Report(
        number=exercise.number,
        title=exercise.title,
        scenario_id=exercise.scenario_id,
        scenario_version=scenario.version,
        scenario_hash=exercise.scenario_hash,
        minutes=scenario.minutes,
        played=shown,
        speeds=_speeds(clock),
        started_at=exercise.started_at,
        facilitator=names(exercise.facilitator),
        stopped_because=exercise.ended_because,
        cast=[(titles[role], ", ".join(map(names, people[role]))) for role in titles if role in people],
        incident=incident.number if incident else None,
        severity=incident.severity if incident else None,
        true_severity=scenario.truth.severity,
        times=_times(exercise, incident, clock, policy),
        clocks=_clocks(session, exercise, incident, clock, clock_titles, names),
        objectives=_objectives(session, exercise, outcomes, names),
        hot_wash=_hot_wash(session, exercise, names),
        improvements=[
            Planned(row.text, names(row.owner), row.due, row.ticket or None)
            for row in afterwards.improvements(session, exercise.id)
        ],
        timeline=_timeline(session, exercise, incident, clock, names),
        cause=scenario.truth.cause,
        containment=scenario.truth.containment,
        traps=scenario.truth.what_is_a_trap,
    )


def _speeds(clock: Clock) -> str:
    speeds = dict.fromkeys(leg.speed for leg in clock.legs if leg.speed)
    return ", ".join(f"{speed:g}×" for speed in speeds) or "1×"


def _times(exercise: Exercise, incident: Incident | None, clock: Clock, policy: Policy) -> list[Measured]:
    """TTD from the start of the exercise, when the first sign was told; the others as in a real incident. All on the
    exercise clock, so that speed and pauses change nothing."""

    def minute(stamp: str) -> float | None:
        moment = getattr(incident, f"{stamp}_at") if incident is not None else None
        if moment is None or (exercise.ended_at is not None and moment > exercise.ended_at):
            return None
        return clock.minute(moment)

    def between(start: float | None, end: float | None) -> float | None:
        return None if start is None or end is None else max(0.0, end - start)

    targets = policy.targets[Severity(incident.severity)] if incident else None
    wanted = [
        None if target is None else target.total_seconds() / 60
        for target in ((targets.detect, targets.acknowledge, targets.mitigate) if targets else (None, None, None))
    ]
    detected = minute("detected")
    return [
        Measured("TTD, from the first sign to the report", between(0.0, detected), wanted[0]),
        Measured("TTA, from declared to acknowledged", between(minute("declared"), minute("acknowledged")), wanted[1]),
        Measured("TTM, from the report to mitigated", between(detected, minute("mitigated")), wanted[2]),
        Measured("TTR, from the report to resolved", between(detected, minute("resolved")), None),
    ]


def _clocks(
    session: Session,
    exercise: Exercise,
    incident: Incident | None,
    clock: Clock,
    titles: dict[str, str],
    names: Names,
) -> list[ClockReport]:
    """Every legal clock that the incident proposed, and those that the scenario expects."""
    wanted = running.scenario_of(exercise).truth.clocks
    rows: list[RegulatorClock] = clock_reading.of(session, incident.id) if incident is not None else []
    found = [
        ClockReport(
            titles.get(row.clock, row.clock) + (" (expected)" if row.clock in wanted else ""),
            "nobody decided" if row.state == "proposed" else row.state,
            clock.minute(row.decided_at) if row.decided_at else None,
            names(row.decided_by) if row.decided_by else None,
            row.clock in wanted,
        )
        for row in rows
    ]
    held = {row.clock for row in rows}
    return found + [
        ClockReport(f"{titles.get(name, name)} (expected)", "not on the list", None, None, True)
        for name in wanted
        if name not in held
    ]


def _objectives(session: Session, exercise: Exercise, outcomes: list[Outcome], names: Names) -> list[ObjectiveReport]:
    scenario = running.scenario_of(exercise)
    ratings = {row.objective_id: row for row in afterwards.ratings(session, exercise.id)}
    sorted_out = by_objective(scenario, outcomes)
    reports = []
    for objective in scenario.objectives:
        row = ratings.get(objective.id)
        reports.append(
            ObjectiveReport(
                text=objective.text,
                capability=objective.capability,
                proposed=row.proposed if row else None,  # type: ignore[arg-type]
                confirmed=row.confirmed if row else None,  # type: ignore[arg-type]
                confirmed_by=names(row.confirmed_by) if row and row.confirmed_by else None,
                reason=row.reason if row else "",
                actions=[
                    action_report(_shown(each, names), names(each.fact.by) if each.fact else None)
                    for each in sorted_out[objective.id]
                ],
                left_out=objective.left_out,
            )
        )
    return reports


def _shown(outcome: Outcome, names: Names) -> Outcome:
    """With people's names where the record holds their ids."""
    if outcome.fact is None:
        return outcome
    return replace(outcome, fact=replace(outcome.fact, text=_named(outcome.fact.text, names)))


def _named(text: str, names: Names) -> str:
    return re.sub(r"<@([UW][A-Z0-9]+)>", lambda found: names(found.group(1)), text)


def _hot_wash(session: Session, exercise: Exercise, names: Names) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """Question -> what was said, with the name of whoever did not leave it out; in alphabetical order, so that the
    order of sending gives nobody away."""
    questions = afterwards.questions(running.scenario_of(exercise))
    said: list[tuple[str, list[tuple[str, str | None]]]] = []
    rows = afterwards.hot_wash(session, exercise.id)
    for index, question in enumerate(questions):
        answers = [
            (str(row.answers[f"q{index}"]), None if row.anonymous else names(row.user))
            for row in rows
            if f"q{index}" in row.answers
        ]
        if answers:
            said.append((question, sorted(answers, key=lambda pair: pair[0])))
    return said


def _timeline(
    session: Session, exercise: Exercise, incident: Incident | None, clock: Clock, names: Names
) -> list[Moment]:
    """What was sent and what was done, on the exercise clock."""
    lines = [
        Moment(row.minute, inject.persona.name, f"Inject: {' '.join(inject.text.split())}")
        for row in running.injects(session, exercise.id)
        if row.state == "delivered" and row.minute is not None
        for inject in [running.inject_of(exercise, row)]
    ]
    if incident is not None:
        lines += [
            Moment(clock.minute(entry.recorded_at), names(entry.actor), _named(entry.text, names))
            for entry in timeline.entries(session, incident.id)
            if entry.kind not in HIDDEN and (exercise.ended_at is None or entry.recorded_at <= exercise.ended_at)
        ]
    return sorted((Moment(line.minute, line.who, line.words[:300]) for line in lines), key=lambda line: line.minute)
