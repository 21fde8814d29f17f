"""An exercise for one person: set up, watched, helped along, summed up.

Every few seconds while its clock runs it is looked at: the panel follows the record, a hint comes where somebody is
stuck, and the rehearsed colleague says yes to a rehearsed rollback.
"""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.acts import Done, act, on_lone_timer
from bot.acts.rollback import execution
from bot.effects import Effect, ExerciseMessage, Panel, PlanMessage, Start, Tell
from bot.inbox import Item
from bot.parts import parts
from bot.solo_facts import mark, outcomes, solo_facts
from bot.views import solo as views
from incidents import access, timers
from incidents.access import Action, Person, person_of
from incidents.clock import now
from incidents.errors import Conflict, NotAllowed
from incidents.models import Timer
from integrations.slack import Message
from playbooks import running, solo
from playbooks.models import Exercise
from playbooks.running import Setup
from playbooks.solo import COLLEAGUE, SoloExercise
from runbooks import approvals
from runbooks.approvals import LIFETIME, TYPED, Refused
from runbooks.models import RollbackPlan

LOOK = "solo_look"  # kind of timer
EVERY = 5.0  # seconds of exercise time between two looks, but never less than one on the wall
THINKS = timedelta(seconds=8)  # the colleague reads the plan before they say yes


@act("solo_start")
def start(session: Session, item: Item, who: Person) -> Done:
    """Set it up: its one person leads it and plays every role."""
    access.check(Action.DECLARE, who)
    access.require_responder(who, "play an exercise")
    payload = item.payload
    scenario = parts().scenarios.require(str(payload["scenario"]))
    if not payload.get("full") and scenario.short is not None:
        scenario = scenario.shortened()
    setup = Setup(who.team_id, who.user_id, solo.roles(scenario, who.user_id), speed=int(payload["speed"]))
    exercise = running.start(session, scenario, setup, key=item.key)
    solo.remember(session, exercise, wanted=bool(payload.get("hints", True)))
    words = (
        f"🎭 *{exercise.number}* is being set up for you alone, {scenario.minutes} minutes. "
        "Its channel appears in a moment; the clock waits until you press *Begin* there."
    )
    told = Tell(item.user, Message(words), item.payload.get("channel"), item.payload.get("response_url"))
    return Done(None, [told, Start("open_exercise", f"exercise:{exercise.id}:open", (exercise.id,))])


@act("solo_hint")
def hint(session: Session, item: Item, who: Person) -> Done:
    """The hint for what is asked next, now."""
    exercise, row = _mine(session, item, who)
    running.require_begun(exercise)
    asked = solo.asked(outcomes(session, exercise))
    if not asked:
        raise Conflict("Nothing is asked of you right now. Read what comes, and keep the record.")
    fresh = [each for each in asked if each.action_id not in row.hinted]
    return Done(None, [_hint(exercise, row, (fresh or asked)[0]), Panel(exercise.id)])


@act("solo_hints")
def switch_hints(session: Session, item: Item, who: Person) -> Done:
    """Hints on, or off."""
    exercise, row = _mine(session, item, who)
    running.require_live(exercise)
    row.hints = not row.hints
    session.flush()
    return Done(None, [Panel(exercise.id)])


def _mine(session: Session, item: Item, who: Person) -> tuple[Exercise, SoloExercise]:
    """The item's solo exercise, locked, for its one person. The id of a button is looked up, never trusted."""
    access.check(Action.DECLARE, who)
    exercise = running.lock(session, running.find(session, who.team_id, int(item.payload["exercise"])).id)
    row = solo.of(session, exercise.id)
    if row is None or exercise.facilitator != who.user_id:
        raise NotAllowed("This belongs to somebody who plays alone. Nothing was changed.")
    return exercise, row


def _hint(exercise: Exercise, row: SoloExercise, asked: solo.Asked) -> ExerciseMessage:
    row.hinted = [*row.hinted, asked.action_id]
    return ExerciseMessage(exercise.id, views.hint_message(asked, solo.hints()[asked.do]))


def watch(session: Session, exercise: Exercise) -> None:
    """Look at it again in a moment; nothing for an exercise of several, or one whose clock stands still."""
    if exercise.state != "running" or solo.of(session, exercise.id) is None:
        return
    at = now() + timedelta(seconds=max(1.0, EVERY / exercise.speed))
    key = f"solo:{exercise.id}:{exercise.revision}:{int(at.timestamp() * 1000)}"
    timers.set_timer(session, LOOK, key, at, payload={"exercise": exercise.id, "revision": exercise.revision})


@on_lone_timer(LOOK)
def look(session: Session, timer: Timer) -> list[Effect]:
    """What has changed, who is stuck, what waits for a second yes."""
    exercise = running.lock(session, int(timer.payload["exercise"]))
    row = solo.of(session, exercise.id)
    if row is None or exercise.state != "running" or exercise.revision != int(timer.payload["revision"]):
        return []  # the clock was turned since: that turn has set a look of its own
    effects: list[Effect] = [*_second_yes(session, exercise)]
    if row.hints:
        stuck = solo.stuck_on(outcomes(session, exercise), row.hinted, running.minute(exercise))
        if stuck is not None:
            effects.append(_hint(exercise, row, stuck))
    seen = mark(solo_facts(session, exercise, row))
    if seen != row.seen:
        row.seen = seen
        effects.append(Panel(exercise.id))
    watch(session, exercise)
    return effects


def _second_yes(session: Session, exercise: Exercise) -> list[Effect]:
    """The colleague approves what has waited long enough. What they approve is a rehearsed lever: nothing outside."""
    if exercise.incident_id is None:
        return []
    waiting = sa.select(RollbackPlan).where(
        RollbackPlan.incident_id == exercise.incident_id, RollbackPlan.state == "planned"
    )
    effects: list[Effect] = []
    for plan in session.scalars(waiting).all():
        if now() - (plan.expires_at - LIFETIME) < THINKS / exercise.speed:
            continue
        outcome = approvals.approve(
            session,
            plan.id,
            plan.plan_hash,
            by=COLLEAGUE,
            # As known or unknown as who asked, or nobody could tell the two apart.
            person=None if plan.requester_person == person_of(None, plan.requested_by) else f"{COLLEAGUE}, no person",
            responders=frozenset({COLLEAGUE}),
            now=now(),
            typed=plan.plan_hash[:TYPED],
        )
        effects.append(PlanMessage(plan.id))
        if not isinstance(outcome, Refused):
            effects.append(execution(session, plan))
    return effects


def after(session: Session, exercise: Exercise) -> list[Effect]:
    """What follows the end for who played alone: how each thing came out, and the report without asking."""
    row = solo.of(session, exercise.id)
    if row is None:
        return []
    stamp = now().strftime("%Y%m%d-%H%M%S")
    summary = ExerciseMessage(exercise.id, views.summary_message(solo_facts(session, exercise, row)))
    return [summary, Start("report_exercise", f"report:{exercise.id}:solo", (exercise.id, stamp))]
