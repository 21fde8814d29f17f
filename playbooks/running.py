"""The life of an exercise: start, begin, pause, speed, injects, end. Verbs on its tables, in the caller's transaction.

What they read is in `finding`, how it stands in `observing`. The scenario is the exercise's own frozen copy. `tick` is
the one place that sends what is due; it may be called at any moment and as often as anybody likes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import inventory, lifecycle, timeline, timers
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotFound
from incidents.inventory import REHEARSAL, SystemEntry
from incidents.models import Incident
from playbooks.exercise import planned
from playbooks.finding import (
    clock,
    every,
    everybody,
    find,
    find_held,
    in_channel,
    inject_of,
    injects,
    live,
    lock,
    minute,
    observations,
    of_incident,
    people,
    require_begun,
    require_live,
    rooms,
    scenario_of,
)
from playbooks.models import (
    EVALUATOR,
    Exercise,
    ExerciseInject,
    ExerciseParticipant,
)
from playbooks.observing import (
    choices,
    decision_key,
    judge,
    next_inject,
    observe,
    planned_times,
    progress,
    standing,
)
from playbooks.scenario import EVERYONE, Inject, Persona, Scenario
from playbooks.score import Fact

# What the other rooms use of an exercise's life, of here and of the two modules that it stands on.
__all__ = [
    "GRACE",
    "SPEEDS",
    "TICK",
    "Setup",
    "add_people",
    "attach",
    "begin",
    "choices",
    "choose",
    "clock",
    "decision_key",
    "end",
    "every",
    "everybody",
    "find",
    "find_held",
    "improvise",
    "in_channel",
    "inject_of",
    "injects",
    "judge",
    "live",
    "lock",
    "minute",
    "next_inject",
    "observations",
    "observe",
    "of_incident",
    "pause",
    "people",
    "planned_times",
    "progress",
    "require_begun",
    "require_live",
    "resume",
    "rooms",
    "scenario_of",
    "send_next",
    "set_speed",
    "skip_next",
    "standing",
    "start",
    "system_id",
    "tick",
]

TICK = "exercise_tick"  # kind of timer
GRACE = timedelta(seconds=3)  # how late the ticker may be on a busy machine without anybody losing minutes by it
SPEEDS = (1, 2, 5, 10, 60)


@dataclass(frozen=True)
class Setup:
    """What the facilitator says when starting. `roles`: role of the scenario -> people."""

    team_id: str
    facilitator: str
    roles: Mapping[str, Sequence[str]]
    evaluators: Sequence[str] = ()
    speed: int = 1


def start(session: Session, scenario: Scenario, setup: Setup, *, key: str) -> Exercise:
    """Set up an exercise, once per `key`; its clock begins with `begin`. Raises BadInput naming the field."""
    found = session.scalars(sa.select(Exercise).where(Exercise.key == key)).first()
    if found is not None:
        return found
    if setup.speed not in SPEEDS:
        raise BadInput("speed", f"The speed is one of {', '.join(map(str, SPEEDS))}.")
    known = {role.id for role in scenario.roles}
    for role in setup.roles:
        if role not in known:
            raise BadInput(role, f"{role} is no role of this scenario.")
    frozen = scenario.model_dump(mode="json", by_alias=True, exclude_none=True)
    exercise = Exercise(
        key=key,
        team_id=setup.team_id,
        scenario_id=scenario.id,
        scenario_hash=hashlib.sha256(json.dumps(frozen, sort_keys=True).encode()).hexdigest(),
        scenario=frozen,
        title=scenario.title,
        state="ready",
        speed=setup.speed,
        facilitator=setup.facilitator,
        created_at=now(),
    )
    session.add(exercise)
    session.flush()
    people = [(role, user) for role, users in setup.roles.items() for user in dict.fromkeys(users)]
    people += [(EVALUATOR, user) for user in dict.fromkeys(setup.evaluators)]
    session.add_all(ExerciseParticipant(exercise_id=exercise.id, role=role, user=user) for role, user in people)
    session.add_all(ExerciseInject(exercise_id=exercise.id, inject_id=inject.id) for inject in scenario.injects)
    inventory.store_fictional(session, [_fictional(exercise, system, scenario) for system in scenario.systems])
    session.flush()
    return exercise


def system_id(exercise: Exercise, scenario_system: str) -> str:
    """The inventory's id of one of the scenario's systems: the exercise's own, so that nothing real has it."""
    return f"x{exercise.id}-{scenario_system}"[:39].rstrip("-")


def _fictional(exercise: Exercise, system: SystemEntry, scenario: Scenario) -> SystemEntry:
    """The system without anything that leads outside: nobody on call, no address, levers that are only rehearsed.

    Its levers are its own and then the other systems': an exercise has one incident, from which all have to be reached.
    """
    reachable = {target.id: target for target in system.rollback_targets}
    for other in scenario.systems:
        for target in other.rollback_targets:
            reachable.setdefault(target.id, target)
    targets = [
        {
            "id": target.id,
            "kind": REHEARSAL,
            "title": target.title,
            "class": target.action_class,
            "from": str((target.model_extra or {}).get("from", "as it is now")),
            "to": str((target.model_extra or {}).get("to", "as it was before")),
        }
        for target in reachable.values()
    ]
    entry = system.model_dump(mode="json", by_alias=True)
    entry |= {"id": system_id(exercise, system.id), "rollback_targets": targets, "on_call": [], "endpoint": None}
    return SystemEntry.model_validate({**entry, "on_call_service": None})


def add_people(session: Session, exercise: Exercise, role: str, users: Iterable[str]) -> None:
    """More people for a role, while it goes on; who has it already keeps it. They see its incident from now on."""
    require_live(exercise)
    if role not in {EVALUATOR, *(each.id for each in scenario_of(exercise).roles)}:
        raise BadInput("role", f"{role} is no role of this scenario.")
    known = people(session, exercise.id).get(role, [])
    new = [user for user in dict.fromkeys(users) if user not in known]
    session.add_all(ExerciseParticipant(exercise_id=exercise.id, role=role, user=user) for user in new)
    session.flush()
    if exercise.incident_id is not None:
        incident = session.get_one(Incident, exercise.incident_id)
        incident.invited = list(dict.fromkeys([*incident.invited, *new]))
        session.flush()


# the clock


def begin(session: Session, exercise: Exercise) -> None:
    """Start the clock. Conflict when it was started."""
    if exercise.state != "ready":
        raise Conflict(f"{exercise.number} has begun already. Nothing was changed.")
    exercise.state = "running"
    exercise.started_at = now()
    _turn(session, exercise, exercise.speed)


def pause(session: Session, exercise: Exercise) -> None:
    """Stop the clock; nothing is sent until it goes on."""
    if exercise.state != "running":
        raise Conflict(f"{exercise.number} is not running. Nothing was changed.")
    exercise.state = "paused"
    _turn(session, exercise, 0)


def resume(session: Session, exercise: Exercise) -> None:
    """Let the clock go on where it stood."""
    if exercise.state != "paused":
        raise Conflict(f"{exercise.number} is not paused. Nothing was changed.")
    exercise.state = "running"
    _turn(session, exercise, exercise.speed)


def set_speed(session: Session, exercise: Exercise, speed: int) -> None:
    """How many exercise minutes pass in one minute, from now on."""
    if speed not in SPEEDS:
        raise BadInput("speed", f"The speed is one of {', '.join(map(str, SPEEDS))}.")
    require_live(exercise)
    exercise.speed = speed
    if exercise.state == "running":
        _turn(session, exercise, speed)


def end(session: Session, exercise: Exercise, facts: Iterable[Fact], *, because: str | None = None) -> None:
    """End it: `ended` as planned, or `stopped` with the reason. Timers of its incident remind nobody any more."""
    require_live(exercise)
    scenario, shown = scenario_of(exercise), minute(exercise)
    exercise.state = "stopped" if because else "ended"
    exercise.ended_at = now()
    exercise.ended_because = because
    if exercise.started_at is not None:
        _turn(session, exercise, 0)
    if exercise.incident_id is not None:
        timers.cancel(session, exercise.incident_id)
    session.flush()
    observe(session, exercise, scenario, facts, shown)


def _turn(session: Session, exercise: Exercise, speed: float) -> None:
    exercise.legs = clock(exercise).turned(now(), speed).as_json()
    exercise.revision += 1
    session.flush()
    _set_tick(session, exercise, now())


def _set_tick(session: Session, exercise: Exercise, at: datetime) -> None:
    """Look again at `at`. The key holds the clock's revision and the time, so that a turn sets its own."""
    if exercise.state == "running":
        key = f"exercise:{exercise.id}:{exercise.revision}:{int(at.timestamp() * 1000)}"
        timers.set_timer(session, TICK, key, at, payload={"exercise": exercise.id, "revision": exercise.revision})


# what happens


def tick(session: Session, exercise: Exercise, facts: Iterable[Fact], moment: datetime) -> list[ExerciseInject]:
    """Observe, send what is due, and look again in an exercise minute at the latest. The injects now sent.

    The exercise ends by itself at the scenario's last minute.
    """
    if exercise.state != "running":
        return []
    scenario, shown = scenario_of(exercise), clock(exercise).minute(moment)
    last = float(scenario.minutes)
    known = list(facts)
    sent = _send_due(session, exercise, scenario, known, min(shown, last))
    if shown >= last:
        end(session, exercise, known)
        return sent
    following = [time for time in planned(scenario, progress(session, exercise)).values() if time > shown]
    due = clock(exercise).moment(min([*following, shown + 1.0, last]))
    assert due is not None, "a running clock reaches every minute"
    _set_tick(session, exercise, max(due, moment + timedelta(milliseconds=1)))
    return sent


def _send_due(
    session: Session, exercise: Exercise, scenario: Scenario, facts: Sequence[Fact], shown: float
) -> list[ExerciseInject]:
    """Send what is due. One that comes a moment late counts from when it was due; one that comes really late, because
    the bot was down, counts from now: nobody could have read it before."""
    grace = GRACE.total_seconds() / 60 * exercise.speed
    rows = {row.inject_id: row for row in injects(session, exercise.id)}
    sent: list[ExerciseInject] = []
    while True:
        observe(session, exercise, scenario, facts, shown)
        due = [(name, time) for name, time in planned(scenario, progress(session, exercise)).items() if time <= shown]
        if not due:
            return sent
        name, time = due[0]
        _settle(session, rows[name], "delivered", time if shown - time <= grace else shown, "clock")
        sent.append(rows[name])


# the facilitator's hand


def send_next(session: Session, exercise: Exercise, wanted: str, *, by: str) -> ExerciseInject:
    """Send the inject `wanted`, the next one, now. Conflict when another one is next, or none is known."""
    row = _next(session, exercise, wanted)
    _settle(session, row, "delivered", minute(exercise), by)
    return row


def skip_next(session: Session, exercise: Exercise, wanted: str, *, by: str) -> ExerciseInject:
    """Leave the inject `wanted`, the next one, out; what it would have asked for counts for nothing."""
    row = _next(session, exercise, wanted)
    _settle(session, row, "skipped", minute(exercise), by)
    return row


def improvise(
    session: Session, exercise: Exercise, *, persona: str, kind: str, to: str, text: str, by: str
) -> ExerciseInject:
    """An inject of the facilitator's own, sent now."""
    require_begun(exercise)
    number = sum(1 for row in injects(session, exercise.id) if row.improvised) + 1
    inject = Inject(
        id=f"improvised-{number}",
        persona=Persona.model_validate({"name": persona, "kind": kind}),
        channel="exercise",
        to=to or EVERYONE,
        text=lifecycle.check_text("text", text)[:2500],
    )
    row = ExerciseInject(
        exercise_id=exercise.id,
        inject_id=inject.id,
        state="waiting",
        improvised=inject.model_dump(mode="json", by_alias=True, exclude_none=True),
    )
    session.add(row)
    session.flush()
    _settle(session, row, "delivered", minute(exercise), by)
    return row


def choose(session: Session, exercise: Exercise, inject_id: str, option_id: str, *, by: str) -> str:
    """The team's choice on an inject, once; the option's words. Conflict, naming who was first."""
    require_begun(exercise)
    row = next((each for each in injects(session, exercise.id) if each.inject_id == inject_id), None)
    option = None
    if row is not None and row.state == "delivered":
        option = next((each for each in inject_of(exercise, row).options if each.id == option_id), None)
    if row is None or option is None:
        raise NotFound("That choice does not belong to this exercise. Nothing was changed.")
    if row.choice is not None:
        raise Conflict(f"<@{row.chosen_by}> has chosen already. Nothing was changed.")
    row.choice, row.chosen_by, row.chosen_minute = option.id, by, minute(exercise)
    session.flush()
    if exercise.incident_id is not None:
        timeline.append(session, exercise.incident_id, "decision", by, f"Chosen: {option.label}", key=decision_key(row))
    return option.label


def attach(session: Session, exercise: Exercise, incident: Incident) -> None:
    """The incident that the participants declared. Conflict when they have one already."""
    if exercise.incident_id not in (None, incident.id):
        raise Conflict(f"This exercise has its incident already: INC-{exercise.incident_id}. Nothing was opened.")
    exercise.incident_id = incident.id
    incident.invited = list(dict.fromkeys([*incident.invited, *everybody(session, exercise)]))
    session.flush()


def _next(session: Session, exercise: Exercise, wanted: str) -> ExerciseInject:
    """The next inject, where it is the one that whoever pressed saw: a second press, or one that crosses the clock's
    own sending, must not send another."""
    require_begun(exercise)
    found = next_inject(session, exercise)
    if found is None:
        raise Conflict("No inject is left that could come next. Nothing was changed; you can improvise one, or end it.")
    if found[0].inject_id != wanted:
        raise Conflict(
            "Another inject is next by now. Nothing was sent or left out; look at the panel and press again."
        )
    return found[0]


def _settle(session: Session, row: ExerciseInject, state: str, at_minute: float, by: str) -> None:
    row.state, row.minute, row.settled_at, row.by = state, at_minute, now(), by
    session.flush()
