"""Buttons: some act at once, some open a form. Values name rows by id, which are looked up and checked again."""

import asyncio
import re
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.inbox import Item
from bot.listeners import Ack, Door, carried, forms, team_of, user_of
from bot.listeners.forms import Body
from bot.rehearsal import bannered
from bot.views.blocks import spoken
from integrations.slack import Message
from severity.errors import RaiIncidentError

VALUES = ("incident",)
ASSESSMENT = ("incident", "assessment")
STEP = ("incident", "run", "step")
FEEDBACK = ("verdict", "question")
PLAN = ("incident", "plan", "hash")
GLASS = ("incident", "glass")

# action id -> (kind of item, what its value names)
ACTING: dict[str, tuple[str, tuple[str, ...]]] = {
    "acknowledge": ("acknowledge", VALUES),
    "mitigate": ("mitigate", VALUES),
    "postmortem_draft": ("postmortem", VALUES),
    "replay": ("replay", VALUES),
    "assessment_confirm": ("assessment_confirm", ASSESSMENT),
    "assessment_second": ("assessment_second", ASSESSMENT),
    "next": ("next", VALUES),
    "step_start": ("step_start", STEP),
    "step_done": ("step_done", STEP),
    "rollback_approve": ("rollback_approve", PLAN),
    "rollback_verify": ("rollback_verify", PLAN),
    "rollback_replan": ("rollback_replan", PLAN),
    "ask_human": ("handoff", ("question",)),
    "answer_feedback": ("answer_feedback", FEEDBACK),
    "answer_helpful": ("answer_feedback", FEEDBACK),
    "answer_wrong": ("answer_feedback", FEEDBACK),
    "handoff_take": ("handoff_take", ("handoff",)),
    "handoff_take_over": ("handoff_take_over", ("handoff",)),
    "faq_publish": ("faq_publish", ("handoff",)),
    "faq_retire": ("faq_retire", ("handoff",)),
    "policy_propose": ("policy_propose", ("hash",)),
    "policy_approve": ("policy_approve", ("activation",)),
    "policy_reject": ("policy_reject", ("activation",)),
}

# action id -> (form, what its value names)
OPENING: dict[str, tuple[str, tuple[str, ...]]] = {
    "classify_open": ("classify", VALUES),
    "contain_open": ("contain", VALUES),
    "levers_open": ("rollback", VALUES),
    "update_open": ("update", VALUES),
    "comms_open": ("comms", VALUES),
    "note_open": ("note", VALUES),
    "role_open": ("role", VALUES),
    "prompt_open": ("prompt_keep", VALUES),
    "playbook_open": ("playbook", VALUES),
    "resolve_open": ("resolve", VALUES),
    "reopen_open": ("reopen", VALUES),
    "override_open": ("override", ASSESSMENT),
    "evidence_open": ("evidence", STEP),
    "step_assign_open": ("step_assign", STEP),
    "step_note_open": ("step_note", STEP),
    "step_skip_open": ("step_skip", STEP),
    "step_na_open": ("step_na", STEP),
    "step_failed_open": ("step_failed", STEP),
    "rollback_open": ("rollback", STEP),
    "rollback_reject_open": ("rollback_reject", PLAN),
    "rollback_undo_open": ("rollback_undo", PLAN),
    "rollback_critical_open": ("rollback_critical", PLAN),
    "break_glass_open": ("break_glass", PLAN),
    "break_glass_review_open": ("break_glass_review", GLASS),
    "mitigated_at_open": ("mitigated_at", VALUES),
    "not_mitigated_open": ("not_mitigated", VALUES),
}

_NUMERIC = {
    "incident",
    "run",
    "assessment",
    "plan",
    "glass",
    "clock",
    "activation",
    "question",
    "handoff",
    "exercise",
}


def register(app: AsyncApp, door: Door) -> None:
    """Listen to every button."""

    async def acting(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        kind, names = ACTING[action["action_id"]]
        await save(door, ack, body, kind, named(action, names))

    async def role(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        payload = {**named(action, VALUES), "role": action["action_id"].removeprefix("role_take_"), "take": True}
        await save(door, ack, body, "role", payload)

    async def decide(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        payload = {**named(action, STEP), "choice": action["action_id"].removeprefix("step_decide_")}
        await save(door, ack, body, "step_decide", payload)

    async def opening(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        form, names = OPENING[action["action_id"]]
        values = named(action, names)
        number = str(values.pop("incident", "")) or None
        try:
            view = await forms.build(door, form, body, channel_of(body), number, **values)
            refused = await door.open_modal(body["trigger_id"], view)
        except RaiIncidentError as error:
            refused = str(error)
        await ack()
        if refused:
            await _say(door, body, refused)

    app.action(re.compile("^(" + "|".join(ACTING) + ")$"))(acting)
    app.action(re.compile("^(" + "|".join(OPENING) + ")$"))(opening)
    app.action(re.compile(r"^role_take_[a-z]+$"))(role)
    app.action(re.compile(r"^step_decide_[a-z0-9-]+$"))(decide)

    @app.action("harm_classes")
    async def choose_classes(ack: Ack, body: Body) -> None:
        """The rubric's questions follow the harm classes chosen."""
        await ack()
        await forms_update(door, body)


async def forms_update(door: Door, body: Body) -> None:
    """Replace the rubric in place, keeping what was answered."""
    from bot.listeners.submits import rubric_answers

    view = body["view"]
    where = carried(view)
    chosen, answers = rubric_answers(view["state"]["values"])
    updated = await forms.rebuild_rubric(door, body, chosen, answers, where)
    await door.replace_modal(body, updated)


async def save(door: Door, ack: Ack, body: Body, kind: str, payload: dict[str, Any]) -> None:
    """Save what was pressed, then acknowledge."""
    item = Item(
        key=f"act:{body['trigger_id']}",
        kind=kind,
        team_id=team_of(body),
        user=user_of(body),
        payload={
            "channel": channel_of(body),
            "thread_ts": (body.get("container") or {}).get("thread_ts"),
            "response_url": body.get("response_url"),
            **payload,
        },
    )
    refused = await door.save(item)
    await ack()
    if refused:
        await say(door, body, Message(spoken(refused)), exercise_id=payload.get("exercise"))


async def _say(door: Door, body: Body, words: str) -> None:
    await say(door, body, Message(spoken(words)))


async def say(door: Door, body: Body, message: Message, *, exercise_id: int | None = None) -> None:
    """A message for the person who pressed, under the message they pressed on. `exercise_id` is whose button it was:
    in direct messages the channel does not tell."""
    number = f"EX-{exercise_id}" if exercise_id else door.parts.exercise_rooms.get(channel_of(body))
    message = message if number is None else bannered(number, message)
    url = body.get("response_url")
    if url and await asyncio.to_thread(door.parts.slack.respond, str(url), message):
        return
    await door.web.chat_postEphemeral(
        channel=channel_of(body), user=user_of(body), text=message.text, blocks=message.blocks
    )


def channel_of(body: Body) -> str:
    """The channel that somebody acted in; empty in a modal."""
    return str((body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id") or "")


def named(action: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """`3:7:save-the-exchange` as what it names. A value of another shape names nothing that exists."""
    parts = str(action.get("value") or "").split(":")
    named: dict[str, Any] = dict(zip(names, parts, strict=False))
    for name in names:
        value = str(named.get(name, ""))
        if name in _NUMERIC:
            named[name] = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
    return named
