"""What a regulator clock says when its time runs: warnings, the time that has passed, the wall that has passed.

Each message stands alone: it is read on a telephone, at night, by somebody who has not followed the incident.
"""

from datetime import datetime

from bot.views.blocks import Block, actions, button, channel_link, context, escape, section, when
from incidents.clock_reading import Owed
from incidents.models import RegulatorClock
from integrations.slack import Message
from severity.clocks import Clock, Due, Wall


def warning_message(
    number: str, room: str | None, incident_id: int, system: str, report: Owed, because: str
) -> Message:
    """Part of the time has passed."""
    due, end = _timed(report)
    words = (
        f"⏱️ {_named(number, room)} ({escape(system, 80)}): {escape(because, 150)} for "
        f"*{escape(due.clock.title, 100)}*, {escape(report.stage.title, 100).lower()}.\nWork to *{when(end)}*, "
        f"to the {escape(due.clock.recipient, 200)}."
    )
    text = f"{number}: {because}. {due.clock.title}, {report.stage.title.lower()}: {_spoken(end)}."
    return Message(
        escape(f"{text} {due.notice}", 1000),
        [*_with_small_print(words, due.clock, due.contested, due.notice), _decide(incident_id, report.row)],
    )


def passed_message(number: str, room: str | None, incident_id: int, report: Owed) -> Message:
    """The time to work to has passed."""
    due, end = _timed(report)
    words = (
        f"🚨 {_named(number, room)}: the time to work to has passed for *{escape(due.clock.title, 100)}*, "
        f"{escape(report.stage.title, 100).lower()}: {when(end)}. It is not marked submitted.\n"
        f"If it was sent, press *Submitted*. If not, send what there is now and say why it is late"
        + (f"; the outer limit, for information only: {when(due.outer)}." if due.outer and due.outer > end else ".")
    )
    text = f"{number}: {due.clock.title}, {report.stage.title.lower()}, was to be submitted by {_spoken(end)}."
    return Message(
        escape(f"{text} {due.notice}", 1000),
        [*_with_small_print(words, due.clock, due.contested, due.notice), _decide(incident_id, report.row)],
    )


def wall_message(
    number: str, room: str | None, incident_id: int, wall: Wall, row: RegulatorClock, *, assumed: bool
) -> Message:
    """A limit has passed although the stamp its report waits for is missing."""
    limit = wall.stage.wall
    assert limit is not None
    counted = (
        "when it was first noticed, since nobody has said when we became aware"
        if assumed
        else limit.starts_at.replace("_", " ")
    )
    lead = f"{limit.words} have passed from {counted}, and “{wall.waiting_for}” has no time yet."
    duty = f"*{escape(wall.clock.title, 100)}*, {escape(wall.stage.title, 100).lower()}"
    if row.state == "proposed":
        told = (
            f"Nobody has decided whether {duty}, applies. If it does, it was due no later than {when(wall.at)}: "
            "press *Start*, report at once and explain the delay. If not, say why."
        )
    else:
        told = (
            f"{duty}, was due no later than {when(wall.at)}. Classify now, report at once and explain the delay; "
            "or say that it does not apply, and why."
        )
    words = f"🚨 {_named(number, room)}: {lead}\n{told}"
    text = f"{number}: {limit.words} have passed and “{wall.waiting_for}” has no time yet ({wall.clock.title})."
    return Message(
        escape(f"{text} {wall.notice}", 1000),
        [*_with_small_print(words, wall.clock, wall.contested, wall.notice), _decide(incident_id, row)],
    )


def calling(whom: str, message: Message) -> Message:
    """An alarm with whoever must act named above it."""
    return Message(message.text, [section(whom), *(message.blocks or [])])


def _with_small_print(words: str, clock: Clock, contested: str | None, notice: str) -> list[Block]:
    doubt = f"Contested: {escape(contested, 300)}" if contested else "Not contested."
    return [section(words), context(f"Source: {escape(str(clock.source), 200)}. {doubt} {escape(notice)}")]


def _decide(incident_id: int, row: RegulatorClock) -> Block:
    value = f"{incident_id}:{row.id}"
    first = [button("Start", "clock_start_open", value, style="primary")] if row.state == "proposed" else []
    return actions(
        *first,
        button("Submitted", "clock_submit_open", value),
        button("Does not apply", "clock_decline_open", value),
        button("Say when something happened", "clock_stamp_open", str(incident_id)),
    )


def _spoken(moment: datetime) -> str:
    return f"{moment:%a %d %b %Y %H:%M %Z}"


def _timed(report: Owed) -> tuple[Due, datetime]:
    """The due time of a report that has one; only such a report has timers."""
    assert report.due is not None
    assert report.due.conservative is not None
    return report.due, report.due.conservative


def _named(number: str, room: str | None) -> str:
    """The incident, with the way to its channel."""
    return f"*{number}* in {channel_link(room)}" if room else f"*{number}*"
