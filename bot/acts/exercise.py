"""Exercises: set up, led by the facilitator, answered by the participants, rated by the evaluators."""

from datetime import date

from sqlalchemy.orm import Session

from bot import exercise_facts
from bot.acts import Done, act, on_lone_timer, solo
from bot.effects import Effect, ExerciseMessage, Panel, Start, Tell
from bot.inbox import Item
from bot.parts import parts
from bot.views import exercise as views
from bot.views import exercise_after as after
from bot.views.blocks import escape, person, section
from incidents import access
from incidents.access import Action, Person
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotAllowed
from incidents.models import Incident, Timer
from integrations.slack import Message
from playbooks import afterwards, planning, running
from playbooks.models import EVALUATOR, Exercise, ExerciseInject
from playbooks.running import TICK, Setup


@act("exercise_start")
def start(session: Session, item: Item, who: Person) -> Done:
    """Set an exercise up; its clock waits for *Begin*."""
    access.check(Action.DECLARE, who)
    access.require_responder(who)
    scenario = parts().scenarios.require(str(item.payload["scenario"]))
    if item.payload.get("short"):
        try:
            scenario = scenario.shortened()
        except ValueError as error:
            raise BadInput("length", f"{error}.") from None
    exercise = running.start(
        session,
        scenario,
        Setup(
            team_id=who.team_id,
            facilitator=who.user_id,
            roles={str(role): [str(user) for user in users] for role, users in item.payload["roles"].items()},
            evaluators=[str(user) for user in item.payload.get("evaluators") or []],
            speed=int(item.payload["speed"]),
        ),
        key=item.key,
    )
    planning.take_up(session, exercise)
    return Done(None, [Start("open_exercise", f"exercise:{exercise.id}:open", (exercise.id,))])


def _exercise(session: Session, item: Item, who: Person) -> Exercise:
    """The item's exercise, locked. The id of a button is looked up, never trusted."""
    access.check(Action.DECLARE, who)
    exercise = running.find(session, who.team_id, int(item.payload["exercise"]))
    return running.lock(session, exercise.id)


def _led(session: Session, item: Item, who: Person) -> Exercise:
    """The item's exercise, for its facilitator only."""
    exercise = _exercise(session, item, who)
    if who.user_id != exercise.facilitator:
        raise NotAllowed(f"Only the facilitator, <@{exercise.facilitator}>, leads this exercise. Nothing was changed.")
    return exercise


def _of_it(session: Session, item: Item, who: Person) -> Exercise:
    """The item's exercise, for its people only."""
    exercise = _exercise(session, item, who)
    if who.user_id not in running.everybody(session, exercise):
        raise NotAllowed(
            "This is for the people of the exercise. Nothing was changed; ask the facilitator to be added."
        )
    return exercise


def _deliver(exercise: Exercise, *rows: ExerciseInject) -> list[Effect]:
    """Each inject by a workflow of its own, whose id is the inject: sent once, whatever happens."""
    return [Start("deliver_inject", f"inject:{exercise.id}:{row.inject_id}", (row.id,)) for row in rows]


def _over(session: Session, exercise: Exercise) -> list[Effect]:
    """What follows the end: ratings from the evidence, and everybody told."""
    scenario = running.scenario_of(exercise)
    outcomes = running.judge(
        session,
        exercise,
        scenario,
        exercise_facts.facts(session, exercise),
        running.minute(exercise),
    )
    afterwards.propose(session, exercise, outcomes)
    ratings = afterwards.shown_ratings(session, exercise, outcomes)
    message = after.ended_message(exercise.id, ratings, scenario.discussion, exercise.ended_because)
    return [ExerciseMessage(exercise.id, message), *solo.after(session, exercise), Panel(exercise.id)]


@on_lone_timer(TICK)
def tick(session: Session, timer: Timer) -> list[Effect]:
    """A minute of the exercise has passed, or an inject is due."""
    exercise = running.lock(session, int(timer.payload["exercise"]))
    if exercise.revision != int(timer.payload["revision"]):
        return []  # the clock was turned since: that turn has set a tick of its own
    before = running.standing(session, exercise)
    sent = running.tick(session, exercise, exercise_facts.facts(session, exercise), now())
    effects = _deliver(exercise, *sent)
    if not exercise.live:
        return [*effects, *_over(session, exercise)]
    return [*effects, Panel(exercise.id)] if running.standing(session, exercise) != before else effects


@act("exercise_begin")
def begin(session: Session, item: Item, who: Person) -> Done:
    """The facilitator starts the clock."""
    exercise = _led(session, item, who)
    running.begin(session, exercise)
    solo.watch(session, exercise)
    scenario = running.scenario_of(exercise)
    message = views.begun_message(scenario.opening, scenario.minutes, exercise.speed)
    return Done(None, [ExerciseMessage(exercise.id, message), Panel(exercise.id)])


@act("exercise_pause")
def pause(session: Session, item: Item, who: Person) -> Done:
    """The clock stands still."""
    exercise = _led(session, item, who)
    running.pause(session, exercise)
    return Done(None, [_said(exercise, "⏸️ The exercise is paused. Its clock stands still."), Panel(exercise.id)])


@act("exercise_resume")
def resume(session: Session, item: Item, who: Person) -> Done:
    """The clock goes on."""
    exercise = _led(session, item, who)
    running.resume(session, exercise)
    solo.watch(session, exercise)
    return Done(None, [_said(exercise, "▶️ The exercise goes on."), Panel(exercise.id)])


@act("exercise_speed")
def speed(session: Session, item: Item, who: Person) -> Done:
    """Faster or slower from now on."""
    exercise = _led(session, item, who)
    running.set_speed(session, exercise, int(item.payload["speed"]))
    solo.watch(session, exercise)
    return Done(None, [Panel(exercise.id)])


@act("exercise_next")
def send_next(session: Session, item: Item, who: Person) -> Done:
    """The next inject, now."""
    exercise = _led(session, item, who)
    row = running.send_next(session, exercise, str(item.payload.get("inject") or ""), by=who.user_id)
    return Done(None, [*_deliver(exercise, row), Panel(exercise.id)])


@act("exercise_skip")
def skip(session: Session, item: Item, who: Person) -> Done:
    """The next inject is left out."""
    exercise = _led(session, item, who)
    running.skip_next(session, exercise, str(item.payload.get("inject") or ""), by=who.user_id)
    return Done(None, [Panel(exercise.id)])


@act("exercise_improvise")
def improvise(session: Session, item: Item, who: Person) -> Done:
    """An inject of the facilitator's own."""
    exercise = _led(session, item, who)
    payload = item.payload
    row = running.improvise(
        session,
        exercise,
        persona=str(payload["persona"]),
        kind=str(payload["kind"]),
        to=str(payload["to"]),
        text=str(payload["text"]),
        by=who.user_id,
    )
    return Done(None, [*_deliver(exercise, row), Panel(exercise.id)])


@act("exercise_people")
def people(session: Session, item: Item, who: Person) -> Done:
    """More people join."""
    exercise = _led(session, item, who)
    running.add_people(session, exercise, str(item.payload["role"]), [str(user) for user in item.payload["users"]])
    invited = Start("invite_to_exercise", f"people:{item.key}", (exercise.id,))
    return Done(None, [invited, Panel(exercise.id)])


@act("exercise_end")
def end(session: Session, item: Item, who: Person) -> Done:
    """The facilitator ends it, as planned or before."""
    exercise = _led(session, item, who)
    running.end(session, exercise, exercise_facts.facts(session, exercise))
    return Done(None, _over(session, exercise))


@act("exercise_stop")
def stop(session: Session, item: Item, who: Person) -> Done:
    """Something real comes first: any of its people may stop it."""
    exercise = _of_it(session, item, who)
    because = f"something real came first ({parts().directory.name(who.user_id)})"
    running.end(session, exercise, exercise_facts.facts(session, exercise), because=because)
    return Done(None, _over(session, exercise))


@act("exercise_choose")
def choose(session: Session, item: Item, who: Person) -> Done:
    """The team's choice on an inject."""
    exercise = _of_it(session, item, who)
    inject_id = str(item.payload["inject"])
    label = running.choose(session, exercise, inject_id, str(item.payload["option"]), by=who.user_id)
    row = next(row for row in running.injects(session, exercise.id) if row.inject_id == inject_id)
    shown = Start("show_choice", f"choice:{exercise.id}:{inject_id}", (row.id,))
    return Done(
        None,
        [_said(exercise, f"☑️ {person(who.user_id)} decided: *{escape(label, 100)}*"), shown, Panel(exercise.id)],
    )


@act("hot_wash")
def hot_wash(session: Session, item: Item, who: Person) -> Done:
    """One participant's answers."""
    exercise = _of_it(session, item, who)
    anonymous = bool(item.payload.get("anonymous"))
    answers = {str(question): str(words) for question, words in item.payload["answers"].items()}
    afterwards.answer_hot_wash(session, exercise, answers, by=who.user_id, anonymous=anonymous)
    words = "Thank you. Your answers are in the report" + (", without your name." if anonymous else ".")
    return Done(None, [_told(item, exercise, words), Panel(exercise.id)])


@act("exercise_rate")
def rate(session: Session, item: Item, who: Person) -> Done:
    """The evaluators' decisions, all in one form."""
    exercise = _exercise(session, item, who)
    if who.user_id not in (exercise.facilitator, *running.people(session, exercise.id).get(EVALUATOR, [])):
        raise NotAllowed("Only the evaluators and the facilitator rate this exercise. Nothing was changed.")
    for objective_id, (rating, reason) in item.payload["ratings"].items():
        afterwards.confirm(session, exercise, str(objective_id), str(rating), str(reason), by=who.user_id)
    return Done(None, [Panel(exercise.id), _told(item, exercise, "Saved: your ratings, under your name.")])


@act("exercise_improve")
def improve(session: Session, item: Item, who: Person) -> Done:
    """One line of the improvement plan."""
    exercise = _of_it(session, item, who)
    payload = item.payload
    due = date.fromisoformat(str(payload["due"]))
    afterwards.improve(
        session, exercise, str(payload["text"]), owner=str(payload["owner"]), due=due, by=who.user_id, key=item.key
    )
    return Done(None, [Panel(exercise.id)])


@act("exercise_report")
def report(session: Session, item: Item, who: Person) -> Done:
    """The report as the record stands now, as two files whose names hold the time."""
    exercise = _led(session, item, who)
    if exercise.live:
        raise Conflict(f"{exercise.number} still goes on. Nothing was written; end it first.")
    stamp = now().strftime("%Y%m%d-%H%M%S")
    return Done(None, [Start("report_exercise", f"report:{item.key}", (exercise.id, stamp))])


@act("exercise_tickets")
def tickets(session: Session, item: Item, who: Person) -> Done:
    """The improvement plan as real tickets: the one thing of an exercise that is real work, and asked for by name."""
    exercise = _led(session, item, who)
    if parts().jira is None:
        raise Conflict("Jira is not configured, so no ticket was opened. The plan is in the report.")
    return Done(None, [Start("ticket_improvements", f"tickets:{item.key}", (exercise.id,))])


def real_comes_first(session: Session, incident: Incident) -> list[Effect]:
    """A real incident was declared: what goes on as an exercise stands still, and can be stopped at one press.

    A private incident is nobody's business there: its people hear of it where it is.
    """
    if incident.kind != "real" or incident.private:
        return []
    effects: list[Effect] = []
    for found in running.live(session, incident.team_id):
        exercise = running.lock(session, found.id)
        if exercise.state == "running":
            running.pause(session, exercise)
        message = views.real_incident_message(exercise.id, incident.number, exercise.state)
        effects += [ExerciseMessage(exercise.id, message), Panel(exercise.id)]
    return effects


def _said(exercise: Exercise, words: str) -> ExerciseMessage:
    return ExerciseMessage(exercise.id, Message(words, [section(words)]))


def _told(item: Item, exercise: Exercise, words: str) -> Tell:
    channel = item.payload.get("channel") or exercise.channel_id
    return Tell(item.user, Message(words), channel, item.payload.get("response_url"), exercise_id=exercise.id)
