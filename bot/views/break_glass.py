"""Break glass: the form that says plainly what it does, what the others hear, and the review."""

from collections.abc import Sequence
from datetime import datetime

from bot.views.blocks import (
    Block,
    actions,
    button,
    escape,
    modal,
    option,
    person,
    quote,
    section,
    select_input,
    text_input,
    when,
)
from bot.views.reach import PAGED, Paging, touched
from integrations.slack import Message

VERDICTS = {"justified": "It was justified", "not_justified": "It was not justified"}


def use_modal(number: str, title: str, system: str, before: str, after: str, paging: Paging, metadata: str) -> Block:
    """What pressing the button will do, and the reason without which it does nothing."""
    heard = {
        "none": "The commander and the system's owner are told.",
        "real": "A second person is paged, and the commander and the system's owner are told.",
        "rehearsed": "In earnest a second person is paged. Here only the exercise's people are told.",
    }[paging]
    words = (
        f"*{escape(title, 120)}* of {escape(system, 100)} goes from `{escape(before, 100)}` to "
        f"`{escape(after, 100)}` *now, {touched(paging == 'rehearsed')}*, on your word alone.\n\n"
        f"• {heard}\n"
        "• Your name and your reason go on the record.\n"
        f"• Another responder must review it. You cannot, and {number} cannot be closed before.\n\n"
        "If somebody can approve within minutes, close this and ask them."
    )
    return modal(
        "break_glass",
        "Break glass",
        [section(words), text_input("words", "Why can this not wait for a second person?")],
        submit="Execute now",
        metadata=metadata,
        close="Cancel",
    )


def review_modal(number: str, used_by: str, change: str, reason: str, metadata: str) -> Block:
    """Whether it was right, in somebody else's words."""
    choices = [option(words, verdict) for verdict, words in VERDICTS.items()]
    return modal(
        "break_glass_review",
        "Review break glass",
        [
            section(f"{person(used_by)} carried this out alone in {number}:\n{escape(change, 400)}"),
            section(quote(reason, 1500)),
            select_input("verdict", "Was it right to go alone?", choices, kind="radio_buttons"),
            text_input("words", "Why? What should be different next time?"),
        ],
        submit="Close the review",
        metadata=metadata,
        close="Cancel",
    )


def used_message(number: str, used_by: str, change: str, reason: str, whom: Sequence[str], paging: Paging) -> Message:
    """What the channel and the people to be told hear, at once."""
    text = f"{number}: break glass was used; one person alone is changing the system."
    names = " ".join(person(user) for user in whom)
    words = (
        f"🔨 *Break glass* · {names + ' — ' if names else ''}{person(used_by)} is carrying this out alone, now:\n"
        f"{escape(change, 400)}\n{quote(reason, 1500)}\n"
        f"{PAGED[paging]}Another responder must review it: *Review* on the plan's message."
    )
    return Message(text, [section(words)])


def reviewed_message(number: str, used_by: str, by: str, change: str, verdict: str, words: str) -> Message:
    """The review, for everybody."""
    said = VERDICTS[verdict].lower()
    line = f"🔍 {person(by)} reviewed the break glass of {person(used_by)} ({escape(change, 300)}): *{said}*."
    return Message(f"{number}: break glass was reviewed; {said}.", [section(f"{line}\n{quote(words)}")])


def reminder_message(
    number: str, incident_id: int, glass_id: int, used_by: str, change: str, at: datetime, whom: Sequence[str]
) -> Message:
    """The review is still owed."""
    names = " ".join(person(user) for user in whom) or "Everybody who responds"
    words = (
        f"⏰ {names} — {person(used_by)} used break glass {when(at)} ({escape(change, 300)}), and nobody else has "
        f"reviewed it. {number} cannot be closed before."
    )
    press = button("Review", "break_glass_review_open", f"{incident_id}:{glass_id}", style="primary")
    return Message(f"{number}: the review of break glass is still owed.", [section(words), actions(press)])
