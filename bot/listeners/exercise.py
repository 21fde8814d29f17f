"""Exercises: the command, the forms, and the panel's buttons.

Importing this adds its rows to the tables of buttons and submitted forms.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from slack_bolt.async_app import AsyncApp
from sqlalchemy.orm import Session

from bot import exercise_facts
from bot.listeners import Ack, Door, buttons, carried, forms, submits, team_of, user_of
from bot.listeners.forms import Body, Where, metadata
from bot.listeners.submits import Payload, Values, choice_of, text_of, ticked
from bot.views import exercise as views
from bot.views import exercise_after as after
from bot.views import exercise_panel as panel
from bot.views.blocks import Block, spoken
from bot.views.exercise import ROLE
from bot.views.exercise_after import RateLine
from incidents import access, clock
from incidents.access import Action, Person
from incidents.errors import BadInput, Conflict, NotAllowed
from incidents.lifecycle import check_text
from integrations.slack import Message
from playbooks import afterwards, running
from playbooks.models import EVALUATOR, Exercise
from playbooks.running import SPEEDS
from playbooks.score import by_objective, may_confirm
from severity.errors import RaiIncidentError

EXERCISE = ("exercise",)


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the panel, the injects' options, and the scenario menu."""

    @app.action(re.compile(r"^exercise_option_[0-9]$"))
    async def choose(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        await buttons.save(door, ack, body, "exercise_choose", buttons.named(action, ("exercise", "inject", "option")))

    @app.action(re.compile("^(" + "|".join(OPENING) + ")$"))
    async def open_form(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        exercise_id = int(buttons.named(action, EXERCISE)["exercise"])
        try:
            view = await _form(door, body, action["action_id"], exercise_id)
            refused = await door.open_modal(body["trigger_id"], view)
        except RaiIncidentError as error:
            refused = str(error)
        await ack()
        if refused:
            await buttons.say(door, body, Message(spoken(refused)), exercise_id=exercise_id)

    @app.action(panel.SPEED)
    async def speed(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        chosen = action.get("selected_option") or {}
        await buttons.save(door, ack, body, panel.SPEED, buttons.named(chosen, ("exercise", "speed")))

    @app.action("exercise_real")
    async def real(ack: Ack, body: Body) -> None:
        """The real form, from inside an exercise: it carries no channel, so nothing of it belongs to the exercise."""
        refused = await door.open_modal(body["trigger_id"], await forms.declare_form(door, "", {}))
        await ack()
        if refused:
            await buttons.say(door, body, Message(spoken(refused)))

    @app.action("exercise_scenario")
    async def choose_scenario(ack: Ack, body: Body) -> None:
        await ack()
        view = body["view"]
        chosen = str((body["actions"][0].get("selected_option") or {}).get("value") or "")
        where = carried(view)
        await door.replace_modal(body, start_form(door, chosen, where))


async def start_view(door: Door, body: Body, scenario_id: str) -> Block:
    """The form that sets an exercise up, for a responder. Raises NotAllowed, ContentError, Conflict."""
    who = await _who(door, body)
    access.require_responder(who)
    return start_form(door, scenario_id, {"channel": body["channel_id"]})


async def shown(door: Door, body: Body) -> Message:
    """The exercises of the workspace."""
    who = await _who(door, body)
    return await door.read(lambda session: views.list_message(_rows(session, who)))


async def _who(door: Door, body: Body) -> Person:
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    access.check(Action.DECLARE, who)
    return who


def start_form(door: Door, scenario_id: str, where: Where) -> Block:
    """The form for one scenario, the first where none is named. Raises Conflict where there is none to rehearse."""
    library = door.parts.scenarios
    if not library.scenarios:
        raise Conflict("There is no scenario that could be rehearsed. `rai-incident doctor` says why.")
    known = sorted(library.scenarios.values(), key=lambda each: each.title)
    chosen = library.require(scenario_id) if scenario_id else known[0]
    return views.start_modal(known, chosen, SPEEDS, metadata(where))


def _rows(session: Session, who: Person) -> list[views.ListLine]:
    """The exercises of the workspace, newest first; where one is held is for its people only."""
    return [
        views.ListLine(
            row.number,
            row.title,
            row.state,
            row.channel_id if who.user_id in running.everybody(session, row) else None,
        )
        for row in running.every(session, who.team_id)
    ]


async def _form(door: Door, body: Body, action_id: str, exercise_id: int) -> Block:
    who = await _who(door, body)

    def look(session: Session) -> Block:
        found = running.find(session, who.team_id, exercise_id)
        if who.user_id not in running.everybody(session, found):
            raise NotAllowed("This is for the people of the exercise. Nothing was changed.")
        where = {"channel": found.channel_id, "exercise": found.id}
        return OPENING[action_id](session, found, who, where)

    return await door.read(look)


def _improvise(session: Session, found: Exercise, who: Person, where: Where) -> Block:
    running.require_begun(found)
    if who.user_id != found.facilitator:
        raise NotAllowed(f"Only the facilitator, <@{found.facilitator}>, leads this exercise. Nothing was changed.")
    roles = [(role.id, role.title) for role in running.scenario_of(found).roles]
    return panel.improvise_modal(found.number, roles, metadata(where))


def _people(session: Session, found: Exercise, who: Person, where: Where) -> Block:
    running.require_live(found)
    if who.user_id != found.facilitator:
        raise NotAllowed(f"Only the facilitator, <@{found.facilitator}>, leads this exercise. Nothing was changed.")
    roles = [(role.id, role.title) for role in running.scenario_of(found).roles]
    return panel.people_modal(found.number, [*roles, (EVALUATOR, "Evaluators")], metadata(where))


def _hot_wash(session: Session, found: Exercise, who: Person, where: Where) -> Block:
    if found.live:
        raise Conflict(f"{found.number} still goes on. The hot wash comes right after it.")
    own = next((row for row in afterwards.hot_wash(session, found.id) if row.user == who.user_id), None)
    given, anonymous = ({}, False) if own is None else (own.answers, own.anonymous)
    asked = afterwards.questions(running.scenario_of(found))
    return after.hot_wash_modal(found.number, asked, given, anonymous, metadata(where))


def _rate(session: Session, found: Exercise, who: Person, where: Where) -> Block:
    if found.live:
        raise Conflict(f"{found.number} still goes on; rate it when it is over.")
    if who.user_id not in (found.facilitator, *running.people(session, found.id).get(EVALUATOR, [])):
        raise NotAllowed("Only the evaluators and the facilitator rate this exercise. Nothing was changed.")
    scenario = running.scenario_of(found)
    judged = running.judge(session, found, scenario, exercise_facts.facts(session, found), running.minute(found))
    outcomes, shown = by_objective(scenario, judged), afterwards.shown_ratings(session, found, judged)
    words = {objective.id: objective.text for objective in scenario.objectives}
    tested = dict(zip(words, (each.tested for each in shown), strict=True))  # both in the scenario's order
    lines = [
        RateLine(
            row.objective_id,
            words[row.objective_id],
            row.proposed,  # type: ignore[arg-type]
            may_confirm(row.proposed),  # type: ignore[arg-type]
            row.confirmed or row.proposed,  # type: ignore[arg-type]
            row.reason,
            tested[row.objective_id],
            after.evidence_lines(outcomes[row.objective_id]),
        )
        for row in afterwards.ratings(session, found.id)
    ]
    if not lines:
        raise Conflict("This exercise tested too little to rate any objective. Play it on to the end next time.")
    proposed = {line.objective_id: line.proposed for line in lines}
    unrated = [each for each in shown if each.rating is None]
    return after.rate_modal(found.number, lines, unrated, metadata({**where, "proposed": proposed}))


def _improve(session: Session, found: Exercise, who: Person, where: Where) -> Block:
    return after.improve_modal(found.number, metadata(where))


OPENING: dict[str, Callable[[Session, Exercise, Person, Where], Block]] = {
    "exercise_improvise_open": _improvise,
    "exercise_people_open": _people,
    "hot_wash_open": _hot_wash,
    "exercise_rate_open": _rate,
    "exercise_improve_open": _improve,
}


def _started(values: Values, where: Where) -> tuple[str, Payload]:
    chosen = (values.get("scenario", {}).get("exercise_scenario") or {}).get("selected_option") or {}
    scenario = str(chosen.get("value") or "")
    if f"length:{scenario}" not in values:
        raise BadInput("scenario", "The form below belongs to another choice. Choose again, then set it up.")
    people = {
        block.removeprefix(ROLE): [str(user) for user in (held.get("value") or {}).get("selected_users") or []]
        for block, held in values.items()
        if block.startswith(ROLE)
    }
    evaluators = people.pop(EVALUATOR, [])
    if not any(people.values()):
        first = next(block for block in values if block.startswith(ROLE))
        raise BadInput(first, "Somebody has to play. Name at least one person for one role.")
    return "exercise_start", {
        "scenario": scenario,
        "short": choice_of(values, f"length:{scenario}") == "short",
        "speed": choice_of(values, "speed") or "1",
        "roles": {role: users for role, users in people.items() if users},
        "evaluators": evaluators,
    }


def _improvised(values: Values, where: Where) -> tuple[str, Payload]:
    persona = check_text("persona", text_of(values, "persona"))
    if len(persona) < 3:
        raise BadInput("persona", "Three letters at least.")
    return "exercise_improvise", {
        "exercise": where.get("exercise"),
        "persona": persona,
        "kind": choice_of(values, "kind"),
        "to": choice_of(values, "to"),
        "text": check_text("text", text_of(values, "text")),
    }


def _added(values: Values, where: Where) -> tuple[str, Payload]:
    users = [str(user) for user in (values.get("people", {}).get("value") or {}).get("selected_users") or []]
    role = choice_of(values, "role")
    if not role:
        raise BadInput("role", "Choose a role.")
    if not users:
        raise BadInput("people", "Choose at least one person.")
    return "exercise_people", {"exercise": where.get("exercise"), "role": role, "users": users}


def _washed(values: Values, where: Where) -> tuple[str, Payload]:
    answers = {block: text_of(values, block) for block in values if block.startswith("q")}
    if not any(words.strip() for words in answers.values()):
        raise BadInput("q0", "Nothing was answered. One line is enough.")
    return "hot_wash", {
        "exercise": where.get("exercise"),
        "answers": answers,
        "anonymous": ticked(values, "anonymous"),
    }


def _rated(values: Values, where: Where) -> tuple[str, Payload]:
    ratings = {}
    for block in values:
        kind, _, objective = block.partition(":")
        if kind == "rating":
            rating, reason = choice_of(values, block), text_of(values, f"reason:{objective}").strip()
            proposed = (where.get("proposed") or {}).get(objective)
            if rating != proposed and not reason:
                raise BadInput(f"reason:{objective}", f"Say why it is {rating} and not {proposed}.")
            ratings[objective] = [rating, reason]
    return "exercise_rate", {"exercise": where.get("exercise"), "ratings": ratings}


def _improved(values: Values, where: Where) -> tuple[str, Payload]:
    owner = (values.get("owner", {}).get("value") or {}).get("selected_user")
    due = (values.get("due", {}).get("value") or {}).get("selected_date")
    if not owner:
        raise BadInput("owner", "Choose a person.")
    if not due:
        raise BadInput("due", "Choose a date.")
    if date.fromisoformat(due) < clock.now().date():  # here too, while the form still holds what was typed
        raise BadInput("due", "This date is over already.")
    text = check_text("text", text_of(values, "text"))
    return "exercise_improve", {"exercise": where.get("exercise"), "text": text, "owner": owner, "due": due}


buttons.ACTING |= {
    name: (name, EXERCISE)
    for name in (
        "exercise_begin",
        "exercise_pause",
        "exercise_resume",
        "exercise_end",
        "exercise_stop",
        "exercise_report",
        "exercise_tickets",
    )
}
buttons.ACTING |= {name: (name, ("exercise", "inject")) for name in ("exercise_next", "exercise_skip")}
submits.PAYLOADS |= {
    views.START: _started,
    panel.IMPROVISE: _improvised,
    panel.PEOPLE: _added,
    "hot_wash": _washed,
    "exercise_rate": _rated,
    "exercise_improve": _improved,
}
