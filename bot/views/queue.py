"""The office-hours queue: a question on its way to a person and back, the FAQ entry it may become, and the schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views.blocks import (
    Block,
    actions,
    button,
    context,
    cut,
    escape,
    header,
    modal,
    person,
    quote,
    section,
    text_input,
    when,
)
from bot.views.officehours import Duty, Quoted, duty_words, people
from integrations.slack import Message

ANSWER = "handoff_answer"
ANSWER_LENGTH = 2_000
FAQ_LENGTH = 200
SLOTS_SHOWN = 20
FOUND_SHOWN = 4

BUTTONS = {
    "open": (("I take it", "handoff_take", "primary"), ("Answer", "handoff_answer_open", None)),
    "taken": (("Answer", "handoff_answer_open", "primary"), ("Take it over", "handoff_take_over", None)),
}


@dataclass(frozen=True)
class EntryFacts:
    """A queue entry as it is shown. `faq_state` is None where no FAQ entry came of it."""

    handoff_id: int
    text: str
    asked_by: str
    opened_at: datetime
    state: str
    found: tuple[Quoted, ...]
    whom: str | None
    answered: str | None
    faq_question: str | None
    faq_state: str | None
    reviewed_by: str | None
    duty: Duty | None
    reminded: bool


def entry_message(facts: EntryFacts) -> Message:
    """A question in the queue, as it stands."""
    value, state = str(facts.handoff_id), _state(facts)
    blocks: list[Block] = [
        section(f"❓ *A question for a person*, from {person(facts.asked_by)}, {when(facts.opened_at)}"),
        section(quote(facts.text, 1500)),
    ]
    if facts.found:
        places = "\n".join(
            f"• *{escape(each.heading, 150)}* · `{escape(each.address, 200).replace('`', '')}`"
            for each in facts.found[:FOUND_SHOWN]
        )
        blocks.append(context(f"The handbook's closest sections:\n{places}"))
    blocks.append(section(state))
    if facts.answered is not None:
        blocks += [section(quote(facts.answered, 1500)), *_faq(facts, value)]
    elif facts.state in BUTTONS:
        blocks.append(actions(*(button(words, act, value, style=style) for words, act, style in BUTTONS[facts.state])))
    return Message(f"A question for a person: {escape(facts.text, 300)} {state}", blocks)


def _state(facts: EntryFacts) -> str:
    if facts.answered is not None:
        return f"✅ Answered by {_who(facts)}; {person(facts.asked_by)} has it."
    if facts.state == "taken":
        return f"✋ {_who(facts)} has it."
    late = "⏰ *Nobody has taken it yet.* " if facts.reminded else "Nobody has taken it yet. "
    return late + duty_words(facts.duty)


def _who(facts: EntryFacts) -> str:
    return person(facts.whom) if facts.whom else "Somebody"


def _faq(facts: EntryFacts, value: str) -> list[Block]:
    """The FAQ entry that came of it: for somebody else to read and publish, or to take out again."""
    if facts.faq_question is None:
        return []
    title = f"*For the FAQ:* {escape(facts.faq_question, FAQ_LENGTH)}"
    if facts.faq_state == "proposed":
        ask = f"Somebody other than {_who(facts)} reads it and publishes it; then it is part of every answer."
        sure = (
            "Publish it?",
            "Everybody in this workspace may be shown question and answer, with today's date.",
            "Publish",
        )
        return [section(f"{title}\n{ask}"), actions(button("Publish in the FAQ", "faq_publish", value, confirm=sure))]
    if facts.faq_state == "published":
        by = f", reviewed by {person(facts.reviewed_by)}" if facts.reviewed_by else ""
        out = ("Take it out?", "It is not quoted any more. The record keeps it.", "Take it out")
        return [
            section(f"{title}\nIn the FAQ{by}."),
            actions(button("Take it out again", "faq_retire", value, confirm=out)),
        ]
    return [section(f"{title}\nTaken out of the FAQ.")]


def reminder_message(text: str, asked_by: str, duty: Duty | None) -> Message:
    """Once, where nobody took a question in time."""
    words = (
        f"⏰ Nobody has taken {person(asked_by)}'s question yet: “{escape(text, 300)}” "
        f"Press *I take it* on its message. {duty_words(duty)}"
    )
    return Message(words, [section(words)])


def handed_over_message(experts: Sequence[str], duty: Duty | None) -> Message:
    """For the asker: where their question is now."""
    words = (
        f"Your question is with {people(experts)}. The answer comes to you here, or by direct message. "
        f"{duty_words(duty)}"
    )
    return Message(words, [section(words)])


def already_message(state: str, whom: str | None) -> Message:
    """For whoever asks for a person a second time."""
    by = person(whom) if whom else "Somebody"
    words = {
        "open": "This question waits for a person already. You will hear when it is answered.",
        "taken": f"{by} has this question already and will answer.",
        "answered": f"{by} has answered this question already. Ask a new one if something is open.",
    }.get(state, "This question is in the queue already.")
    return Message(words, [section(words)])


def expert_message(text: str, answered: str, whom: str, asked_by: str) -> Message:
    """The expert's answer for the asker."""
    words = f"{person(asked_by)}, {person(whom)} has answered your question."
    blocks = [section(words), context(f"You asked: {escape(text, 300)}"), section(quote(answered, ANSWER_LENGTH))]
    return Message(cut(f"{words} {escape(answered, 1000)}", 3900), blocks)


def answer_modal(text: str, asked_by: str, metadata: str) -> Block:
    """The expert's form: the answer, and whether it could be an FAQ entry."""
    return modal(
        ANSWER,
        "Answer",
        [
            section(f"{person(asked_by)} asks:\n{quote(text, 1500)}"),
            text_input("answer", "Your answer", max_length=ANSWER_LENGTH, hint="It goes to the asker under your name."),
            text_input(
                "faq",
                "For the FAQ: the question as anybody could ask it",
                multiline=False,
                optional=True,
                max_length=FAQ_LENGTH,
                hint=(
                    "Leave it empty and the answer stays between you. With it, a second person reviews question and "
                    "answer before they are quoted to others: no names, no incident."
                ),
            ),
        ],
        submit="Send",
        metadata=metadata,
        close="Cancel",
    )


def schedule_message(slots: Sequence[str], duty: Duty | None, waits: int, taken: int, spaces: Sequence[str]) -> Message:
    """When people are there, where questions are answered, and how many wait."""
    blocks: list[Block] = [header("Office hours"), section(duty_words(duty))]
    if slots:
        lines = "\n".join(f"• {escape(slot, 200)}" for slot in slots[:SLOTS_SHOWN])
        blocks.append(section(f"*Every week*\n{lines}"))
    where = f" In {', '.join(f'#{escape(each, 80)}' for each in spaces[:10])} I answer by myself." if spaces else ""
    blocks.append(
        section(
            "Ask at any hour: `/rai-incident ask [question]`, a direct message, or mention me. I quote the handbook "
            f"and say when it does not answer.{where}"
        )
    )
    blocks.append(context(f"Waiting for a person: {waits}. Taken: {taken}."))
    return Message(f"Office hours. {duty_words(duty)}", blocks)
