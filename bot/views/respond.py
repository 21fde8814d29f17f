"""The modals of responding: update, note, roles, resolve, reopen; and the messages they leave."""

from datetime import datetime, timedelta

from bot.views.blocks import (
    Block,
    checkbox_input,
    context,
    divider,
    duration,
    escape,
    modal,
    option,
    person,
    person_input,
    plain,
    quote,
    section,
    select_input,
    text_input,
    when,
)
from bot.views.card import ROLE_WORDS
from integrations.slack import Message

UPDATE_IN = {"30": "In 30 minutes", "60": "In 1 hour", "120": "In 2 hours", "240": "In 4 hours", "1440": "Tomorrow"}


def update_modal(number: str, suggested_minutes: int, metadata: str) -> Block:
    """A status update and the promise of the next."""
    options = [option(words, minutes) for minutes, words in UPDATE_IN.items()]
    options.append(option("No further update", "0"))
    nearest = min(UPDATE_IN, key=lambda minutes: abs(int(minutes) - suggested_minutes))
    return modal(
        "update",
        f"Update {number}",
        [
            text_input("update", "What is known now, what is being done, what comes next?"),
            select_input("next", "Next update", options, initial=nearest),
        ],
        submit="Post the update",
        metadata=metadata,
        close="Cancel",
    )


def update_message(number: str, by: str, text: str, next_at: datetime | None) -> Message:
    """The update in the channel."""
    promise = f"Next update {when(next_at)}." if next_at else "No further update is planned."
    return Message(
        f"{number} update: {escape(text, 500)}",
        [section(f"*Update* by {person(by)}\n{quote(text)}"), context(promise)],
    )


def note_modal(number: str, metadata: str) -> Block:
    """A note for the timeline."""
    return modal(
        "note",
        f"Note on {number}",
        [
            text_input(
                "note", "What should the record know?", hint="It goes on the timeline with your name and the time."
            )
        ],
        submit="Add it",
        metadata=metadata,
        close="Cancel",
    )


def role_modal(number: str, metadata: str) -> Block:
    """Give a role to a person."""
    return modal(
        "role",
        f"Role in {number}",
        [
            select_input("role", "Role", [option(word, role) for role, word in ROLE_WORDS.items()]),
            person_input("user", "To whom?"),
        ],
        submit="Assign",
        metadata=metadata,
        close="Cancel",
    )


def resolve_modal(number: str, missing: list[str], onset: datetime | None, detected: datetime, metadata: str) -> Block:
    """What is missing, the onset if it is known, a closing summary."""
    blocks: list[Block] = []
    if missing:
        blocks.append(section("*Still missing*\n" + "\n".join(f"• {escape(line)}" for line in missing)))
        blocks.append(divider())
    picker: Block = {"type": "datetimepicker", "action_id": "value"}
    if onset is not None:
        picker["initial_date_time"] = int(onset.timestamp())
    blocks.append(
        {
            "type": "input",
            "block_id": "onset",
            "label": plain("When did the harm begin?"),
            "hint": plain("The first time somebody was affected, as far as you know. Detected is set already."),
            "element": picker,
            "optional": True,
        }
    )
    blocks.append(context(f"Detected {when(detected)}"))
    blocks.append(text_input("summary", "What ended it, in a sentence or two?"))
    if missing:
        blocks.append(
            checkbox_input(
                "anyway", "Something is missing", [option("Resolve anyway; the gaps go on the record", "yes")]
            )
        )
    return modal("resolve", f"Resolve {number}", blocks, submit="Resolve", metadata=metadata, close="Cancel")


def resolved_message(
    number: str, by: str, summary: str, times: dict[str, tuple[timedelta | None, timedelta | None]]
) -> Message:
    """The end of the response, with the four times against target."""
    lines = []
    for name, (measured, target) in times.items():
        if measured is None:
            lines.append(f"*{name}* not known")
        elif target is None:
            lines.append(f"*{name}* {duration(measured)}")
        else:
            verdict = "within" if measured <= target else "over"
            lines.append(f"*{name}* {duration(measured)}, {verdict} the target of {duration(target)}")
    return Message(
        f"{number} is resolved: {escape(summary, 300)}",
        [section(f"✅ *{number} is resolved* by {person(by)}\n{quote(summary)}"), section("\n".join(lines))],
    )


def reopen_modal(number: str, metadata: str) -> Block:
    """Why the incident goes on."""
    return modal(
        "reopen",
        f"Reopen {number}",
        [text_input("reason", "What has come back?")],
        submit="Reopen",
        metadata=metadata,
        close="Cancel",
    )


def overdue_message(number: str, due: datetime, commander: str | None) -> Message:
    """The reminder of a missed update."""
    whom = person(commander) if commander else "Nobody is commander, so this goes to everybody: somebody"
    return Message(
        f"{number}: the promised update is overdue.",
        [section(f"⏰ {whom} — the update promised for {when(due)} has not come. Press *Update* on the card.")],
    )
