"""The exercise programme: shown, planned and moved from Slack. Importing this adds its forms to the table of forms."""

import asyncio
from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp
from sqlalchemy.orm import Session

from bot.inbox import Item
from bot.listeners import Ack, Door, buttons, exercise, submits, team_of, user_of
from bot.listeners.forms import Body, Where, metadata
from bot.listeners.submits import Payload, Values, choice_of
from bot.programme_facts import programme_of
from bot.views import programme as views
from bot.views.blocks import Block, spoken
from incidents import access, inventory
from incidents.access import Action, Person
from incidents.clock import now
from incidents.errors import BadInput, Conflict
from integrations.slack import Message
from playbooks import planning
from severity.errors import RaiIncidentError


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the programme's buttons."""

    @app.action("programme_plan_open")
    async def plan(ack: Ack, body: Body) -> None:
        await _open(door, ack, body, lambda: plan_view(door, body, ""))

    @app.action("programme_move_open")
    async def move(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        await _open(door, ack, body, lambda: _move_view(door, body, int(buttons.named(action, ("plan",))["plan"])))

    @app.action("programme_start_open")
    async def start(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        body = {**body, "channel_id": (body.get("channel") or {}).get("id") or ""}
        await _open(door, ack, body, lambda: exercise.start_view(door, body, str(action.get("value") or "")))


async def _open(door: Door, ack: Ack, body: Body, view: Any) -> None:
    try:
        refused = await door.open_modal(body["trigger_id"], await view())
    except RaiIncidentError as error:
        refused = str(error)
    await ack()
    if refused:
        await buttons.say(door, body, Message(spoken(refused)))


async def calendar(door: Door, ack: Ack, body: Body) -> None:
    """Save that somebody wants the calendar file."""
    who = await _who(door, body)
    item = Item(
        key=f"cmd:{body['trigger_id']}",
        kind="programme_calendar",
        team_id=who.team_id,
        user=who.user_id,
        payload={"channel": body["channel_id"], "response_url": body.get("response_url")},
    )
    refused = await door.save(item)
    await ack(**({"text": refused} if refused else {}))


async def shown(door: Door, body: Body) -> Message:
    """The programme, for a full member."""
    who = await _who(door, body)
    responders = await asyncio.to_thread(door.parts.directory.responders)
    parts = door.parts
    facts = await door.read(
        lambda session: programme_of(
            session, parts.programme, parts.scenarios, responders=responders, team_id=who.team_id
        )
    )
    return views.programme_message(facts)


async def plan_view(door: Door, body: Body, scenario_id: str) -> Block:
    """The form that plans, for a responder."""
    who = await _who(door, body)
    access.require_responder(who, "plan an exercise")
    library = door.parts.scenarios
    if not library.scenarios:
        raise Conflict("There is no scenario that could be rehearsed. `rai-incident doctor` says why.")
    known = sorted(library.scenarios.values(), key=lambda each: each.title)
    chosen = library.require(scenario_id) if scenario_id else known[0]
    systems = await door.read(_systems)
    at = (now() + timedelta(days=7)).replace(minute=0, second=0, microsecond=0)
    where = {"channel": body.get("channel_id") or (body.get("channel") or {}).get("id")}
    return views.plan_modal(known, systems, chosen.id, who.user_id, at, metadata(where))


async def _move_view(door: Door, body: Body, plan_id: int) -> Block:
    who = await _who(door, body)
    access.require_responder(who, "move an exercise")

    def look(session: Session) -> views.MoveFacts:
        row = planning.find(session, who.team_id, plan_id)
        if row.state != "planned":
            raise Conflict(f"{row.number} was {row.state} already. Nothing was changed.")
        return views.MoveFacts(row.number, row.title, row.at, row.facilitator)

    facts = await door.read(look)
    return views.move_modal(facts, metadata({"plan": plan_id, "channel": (body.get("channel") or {}).get("id")}))


async def _who(door: Door, body: Body) -> Person:
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    access.check(Action.DECLARE, who)
    return who


def _systems(session: Session) -> list[tuple[str, str]]:
    return [
        (each.id, f"{each.name} (tier {each.tier})" if each.tier is not None else each.name)
        for each in inventory.every(session)
    ]


def _when(values: Values) -> int:
    chosen = (values.get("at", {}).get("value") or {}).get("selected_date_time")
    if not chosen:
        raise BadInput("at", "Choose a day and a time.")
    if int(chosen) < now().timestamp():
        raise BadInput("at", "This time is over. Choose one that is still to come.")
    return int(chosen)


def _leader(values: Values) -> str:
    chosen = (values.get("facilitator", {}).get("value") or {}).get("selected_user")
    if not chosen:
        raise BadInput("facilitator", "Choose who leads it.")
    return str(chosen)


def _planned(values: Values, where: Where) -> tuple[str, Payload]:
    system = choice_of(values, "system")
    return "programme_plan", {
        "scenario": choice_of(values, "scenario"),
        "short": choice_of(values, "length") == "short",
        "system": system if system != "-" else "",
        "at": _when(values),
        "facilitator": _leader(values),
    }


def _moved(values: Values, where: Where) -> tuple[str, Payload]:
    cancel = choice_of(values, "what") == "cancel"
    return "programme_move", {
        "plan": where.get("plan"),
        "what": "cancel" if cancel else "move",
        "at": 0 if cancel else _when(values),
        "facilitator": _leader(values),
    }


buttons.ACTING |= {"programme_calendar": ("programme_calendar", ())}
submits.PAYLOADS |= {views.PLAN: _planned, views.MOVE: _moved}
