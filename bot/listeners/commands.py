"""`/rai-incident …`: everything that can be typed. Each of these is also a button somewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from sqlalchemy.orm import Session

from bot.inbox import Item
from bot.listeners import (
    Ack,
    Door,
    clocks,
    digest,
    exercise,
    forms,
    programme,
    solo,
    team_of,
    tier,
    user_of,
    visible_incident,
)
from bot.views.blocks import Block, escape, spoken
from bot.views.lists import help_text, incident_list, status_text
from bot.views.tier import systems_message
from incidents import access, lifecycle
from incidents.access import Action
from incidents.errors import NotFound
from incidents.lifecycle import TEXT_LENGTH
from integrations.slack import Message
from severity.errors import RaiIncidentError

COMMAND = "/rai-incident"
Body = dict[str, Any]
Handler = Callable[[Door, Ack, Body, str], Awaitable[None]]
SUBCOMMANDS: dict[str, Handler] = {}


def subcommand(*names: str) -> Callable[[Handler], Handler]:
    """Register what a word after the command does."""

    def register(function: Handler) -> Handler:
        for name in names:
            SUBCOMMANDS[name] = function
        return function

    return register


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the command."""

    @app.command(COMMAND)
    async def on_command(ack: Ack, body: Body) -> None:
        word, rest = (*str(body.get("text") or "").split(maxsplit=1), "", "")[:2]
        handler = SUBCOMMANDS.get(word.lower())
        ack = _in_exercise(door, body, ack)
        if handler is None:
            await ack(text=f"There is no `{escape(word, 40)}`. Nothing was changed.\n{help_text()}")
            return
        if len(rest) > TEXT_LENGTH:
            await ack(
                text=f"That text is {len(rest):,} characters long; {TEXT_LENGTH:,} fit. Nothing was saved. "
                "Shorten it and attach the rest as a file."
            )
            return
        try:
            await handler(door, ack, body, rest.strip())
        except RaiIncidentError as error:
            await ack(text=spoken(str(error)))


def _in_exercise(door: Door, body: Body, ack: Ack) -> Ack:
    """The acknowledgement as it is shown where the command was typed: in an exercise's channel, under its banner."""

    async def shown(text: str | None = None, blocks: list[Block] | None = None) -> None:
        if text is None:
            await ack()
            return
        message = door.in_exercise(str(body.get("channel_id")), Message(text, blocks))
        await ack(
            **({"text": message.text} if message.blocks is None else {"text": message.text, "blocks": message.blocks})
        )

    return shown


def _item(body: Body, kind: str, **payload: Any) -> Item:
    """An inbox item of a typed command. `trigger_id` is Slack's own id of the invocation."""
    return Item(
        key=f"cmd:{body['trigger_id']}",
        kind=kind,
        team_id=team_of(body),
        user=user_of(body),
        payload={"channel": body["channel_id"], "response_url": body.get("response_url"), **payload},
    )


@subcommand("", "declare")
async def declare(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """The four fields, prefilled. Bare in an incident's channel: how it stands."""
    if not rest and not str(body.get("text") or "").strip():
        here = await door.read(lambda session: forms.channel_incident(session, body))
        if here is not None:
            await status(door, ack, body, "")
            return
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    access.check(Action.DECLARE, who)
    trouble = await door.open_modal(
        body["trigger_id"], await forms.declare_form(door, rest, {"channel": body["channel_id"]})
    )
    await ack(**({"text": trouble} if trouble else {}))


@subcommand("help")
async def show_help(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """What can be typed."""
    await ack(text=help_text())


@subcommand("list")
async def show_list(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """The open incidents this person may see."""
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    access.check(Action.DECLARE, who)
    if (number := door.parts.exercise_rooms.get(str(body["channel_id"]))) is not None:
        await ack(text=f"This is the channel of {number}, an exercise. Real incidents are listed in any other channel.")
        return
    message = await door.read(lambda session: incident_list(forms.visible_open(session, who)))
    await ack(text=message.text, blocks=message.blocks)


@subcommand("status")
async def status(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """How one incident stands."""
    facts = await door.read(lambda session: forms.facts_for(session, door.parts, body, rest or None))
    await ack(text=status_text(facts))


@subcommand("policy")
async def show_policy(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """The severity policy in force, and what waits to replace it."""
    await ack(**(await forms.policy_state(door, user_of(body), team_of(body))))


@subcommand("clocks", "clock")
async def show_clocks(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """The regulator clocks of one incident."""
    message = await clocks.shown(door, body, rest or None, "" if rest else body["channel_id"])
    await ack(text=message.text, blocks=message.blocks)


@subcommand("tier")
async def walk_tier(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """The tier questions for an AI system."""
    if (number := door.parts.exercise_rooms.get(str(body["channel_id"]))) is not None:
        await ack(text=f"{number} is an exercise, and a tier is real. Nothing was changed; ask in any other channel.")
        return
    trouble = await door.open_modal(body["trigger_id"], await tier.first_page(door, body, rest, body["channel_id"]))
    await ack(**({"text": trouble} if trouble else {}))


@subcommand("digest")
async def show_digest(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """The channel's digest: subscribe, preview, send now, pause."""
    await digest.typed(door, ack, body, rest)


@subcommand("systems")
async def show_systems(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """The inventory of AI systems."""
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    access.check(Action.DECLARE, who)
    message = await door.read(lambda session: systems_message(tier.system_facts(session, door.parts)))
    await ack(text=message.text, blocks=message.blocks)


@subcommand("exercise")
async def rehearse(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """`start [scenario]` sets one up; without a word, the exercises there are."""
    word, _, more = rest.partition(" ")
    if word == "start" and solo.is_solo(more):
        await solo.typed(door, ack, body, more)
        return
    if word == "start":
        trouble = await door.open_modal(body["trigger_id"], await exercise.start_view(door, body, more.strip()))
        await ack(**({"text": trouble} if trouble else {}))
        return
    if word == "plan":
        trouble = await door.open_modal(body["trigger_id"], await programme.plan_view(door, body, more.strip()))
        await ack(**({"text": trouble} if trouble else {}))
        return
    if word == "calendar":
        await programme.calendar(door, ack, body)
        return
    if word not in ("", "list", "programme"):
        raise NotFound(
            "`/rai-incident exercise start [scenario]` sets one up, `exercise list` shows all, `exercise plan` plans "
            "one, `exercise programme` shows what is due and what lacks, and `exercise calendar` sends it as a file."
        )
    message = await (programme.shown if word == "programme" else exercise.shown)(door, body)
    await ack(text=message.text, blocks=message.blocks)


def _form(*names: str, form: str) -> None:
    """Words that open a form about an incident."""

    @subcommand(*names)
    async def open_form(door: Door, ack: Ack, body: Body, rest: str) -> None:
        view = await forms.build(door, form, body, body["channel_id"], rest or None)
        trouble = await door.open_modal(body["trigger_id"], view)
        await ack(**({"text": trouble} if trouble else {}))


_form("classify", form="classify")
_form("contain", "runbook", form="contain")
_form("rollback", form="rollback")
_form("update", form="update")
_form("role", "assign", form="role")
_form("resolve", form="resolve")
_form("reopen", form="reopen")
_form("comms", form="comms")
_form("prompt", form="prompt_keep")
_form("playbook", form="playbook")


async def _meant(door: Door, body: Body, number: str, action: Action, *, live: bool = False) -> int:
    """The id of the incident meant, so that a refusal comes at once; it is checked again when the act is done."""

    def look(session: Session) -> int:
        incident = visible_incident(session, door.parts, body, number, body["channel_id"], action)
        if live:
            lifecycle.require_live(incident)
        return incident.id

    return await door.read(look)


def _direct(*names: str, kind: str, said: str, live: bool = False) -> None:
    """Words that act at once."""

    @subcommand(*names)
    async def act(door: Door, ack: Ack, body: Body, rest: str) -> None:
        refused = await door.save(_item(body, kind, incident=await _meant(door, body, rest, Action.RESPOND, live=live)))
        await ack(text=refused or said)


_direct("ack", "acknowledge", kind="acknowledge", said="Received: you acknowledge it.", live=True)
_direct("mitigated", kind="mitigate", said="Received: the harm has stopped.", live=True)
_direct("replay", kind="replay", said="Received: the failing prompts are being replayed.")
_direct("postmortem", kind="postmortem", said="Received: the draft is being written.")


@subcommand("next")
async def show_next(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """What waits for this person in the incident, and where the others are."""
    refused = await door.save(_item(body, "next", incident=await _meant(door, body, rest, Action.READ)))
    await ack(**({"text": refused} if refused else {}))


@subcommand("note")
async def note(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """A note on the timeline; without words, the form."""
    if not rest:
        view = await forms.build(door, "note", body, body["channel_id"], None)
        trouble = await door.open_modal(body["trigger_id"], view)
        await ack(**({"text": trouble} if trouble else {}))
        return
    incident = await _meant(door, body, "", Action.NOTE)
    refused = await door.save(_item(body, "note", text=rest, incident=incident))
    await ack(**({"text": refused} if refused else {}))
