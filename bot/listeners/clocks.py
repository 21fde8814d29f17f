"""Regulator clocks: the list that a person asks for, and the forms to start, decline, submit and stamp.

Importing this adds its rows to the tables of buttons, forms and submitted forms.
"""

from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncApp
from sqlalchemy.orm import Session

from bot import record
from bot.listeners import Ack, Door, buttons, forms, submits, visible_incident
from bot.listeners.forms import Body, Where, metadata
from bot.listeners.submits import Payload, Values, choice_of, text_of
from bot.parts import Parts
from bot.views import clock_forms
from bot.views import clocks as views
from bot.views.blocks import Block, spoken
from incidents import clock_reading, clocks
from incidents.access import Action
from incidents.clock import now
from incidents.errors import BadInput, Conflict
from incidents.lifecycle import check_text
from incidents.milestones import AHEAD
from incidents.models import Incident
from integrations.slack import Message
from severity.clocks import Stage, Step
from severity.errors import RaiIncidentError

CLOCK = ("incident", "clock")
STAMP = "stamp."  # before a stamp's name, as a form's field


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the card's button."""

    @app.action("clocks_open")
    async def show(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        await ack()
        try:
            message = await shown(door, body, str(action.get("value") or ""), buttons.channel_of(body))
        except RaiIncidentError as error:
            message = Message(spoken(str(error)))
        await buttons.say(door, body, message)


async def shown(door: Door, body: Body, number: str | None, channel: str) -> Message:
    """The clocks of the incident meant, for somebody who may see it."""

    def look(session: Session) -> Message:
        incident = visible_incident(session, door.parts, body, number, channel, Action.READ)
        return views.clocks_message(record.clock_facts(session, incident.id))

    return await door.read(look)


def _start(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    row = clock_reading.get(session, incident, int(where["clock"]), lock=False)
    if row.state in ("running", "submitted"):
        raise Conflict(f"<@{row.decided_by}> started this clock already.")
    clock = parts.clocks.clock(row.clock)
    stages = [stage for stage in clock.stages if stage.step is Step.INITIAL]
    said = clock_reading.stamps_of(session, incident, row)
    guessed = clock_reading.assumed_stamps(session, incident, row)
    names = dict.fromkeys(name for stage in stages for name in clock_reading.counts_from(clock, stage.id))
    asked: list[tuple[str, str, datetime | None, bool]] = [
        # What may not have happened yet (a classification, a determination) can be said later.
        (
            f"{STAMP}{name}",
            parts.clocks.stamps[name],
            said.get(name) or guessed.get(name),
            name in clock_reading.NOTICED,
        )
        for name in names
    ]
    line = record.clock_line(session, incident, row)
    return clock_forms.start_modal(
        incident.number, line, stages, row.stage, asked, parts.clocks.notice, metadata({**where, "stage": row.stage})
    )


def _decline(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    row = clock_reading.get(session, incident, int(where["clock"]), lock=False)
    clocks.require_decider(session, incident, str(where["by"]))
    if row.state == "declined":
        raise Conflict(f"<@{row.decided_by}> said already that it does not apply.")
    line = record.clock_line(session, incident, row)
    return clock_forms.decline_modal(incident.number, line, parts.clocks.notice, metadata(where))


def _submit(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    row = clock_reading.get(session, incident, int(where["clock"]), lock=False)
    clocks.require_decider(session, incident, str(where["by"]))
    stages: list[Stage] = [each.stage for each in clock_reading.owed(session, incident, parts.clocks, row)]
    if not stages:
        raise Conflict("Nothing more is owed on this clock. Look at `/rai-incident clocks`.")
    line = record.clock_line(session, incident, row)
    return clock_forms.submit_modal(incident.number, line, stages, now(), metadata(where))


def _stamp(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    words = parts.clocks.stamps
    # "Submitted" is said on the clock it belongs to, "resolved" by resolving.
    own = {*clock_reading.SUBMITTED.values(), "resolved"}
    stamps = [(name, words[name]) for name in words if name not in own]
    return clock_forms.stamp_modal(incident.number, stamps, now(), parts.clocks.notice, metadata(where))


def _started(values: Values, where: Where) -> tuple[str, Payload]:
    stamps = {
        block.removeprefix(STAMP): at for block in values if block.startswith(STAMP) if (at := _time(values, block))
    }
    return "clock_start", {
        **_row(where),
        "stage": choice_of(values, "stage") or where.get("stage"),
        "stamps": stamps,
    }


def _declined(values: Values, where: Where) -> tuple[str, Payload]:
    return "clock_decline", {**_row(where), "words": check_text("words", text_of(values, "words"))}


def _submitted(values: Values, where: Where) -> tuple[str, Payload]:
    stage = choice_of(values, "stage")
    if not stage:
        raise BadInput("stage", "Choose the report that was submitted.")
    return "clock_submit", {
        **_row(where),
        "stage": stage,
        "at": _past(values),
        "reference": text_of(values, "reference"),
    }


def _stamped(values: Values, where: Where) -> tuple[str, Payload]:
    name = choice_of(values, "stamp")
    if not name:
        raise BadInput("stamp", "Choose what happened.")
    return "clock_stamp", {**_row(where), "stamp": name, "at": _past(values)}


def _past(values: Values) -> int:
    at = _time(values, "at")
    if at is None:
        raise BadInput("at", "Say when.")
    return at


def _time(values: Values, block: str) -> int | None:
    """Seconds since 1970 of a time field, refused in the form while it is open."""
    chosen = (values.get(block, {}).get("value") or {}).get("selected_date_time")
    if chosen is None:
        return None
    at = int(chosen)
    if at > now().timestamp() + AHEAD.total_seconds():
        raise BadInput(block, "This time is in the future.")
    return at


def _row(where: Where) -> Payload:
    return {name: where.get(name) for name in ("incident", "clock") if name in where}


buttons.OPENING |= {
    "clock_start_open": ("clock_start", CLOCK),
    "clock_decline_open": ("clock_decline", CLOCK),
    "clock_submit_open": ("clock_submit", CLOCK),
    "clock_stamp_open": ("clock_stamp", buttons.VALUES),
}
forms.FORMS |= {
    "clock_start": _start,
    "clock_decline": _decline,
    "clock_submit": _submit,
    "clock_stamp": _stamp,
}
submits.PAYLOADS |= {
    "clock_start": _started,
    "clock_decline": _declined,
    "clock_submit": _submitted,
    "clock_stamp": _stamped,
}
