"""Office hours: an answer with its quotes and places, what is offered beside it, and when people are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.views.blocks import (
    Block,
    actions,
    button,
    context,
    cut,
    escape,
    person,
    plain,
    quote,
    section,
    when,
)
from bot.views.tier import SystemFacts
from integrations.slack import Message
from severity.officehours.rendered import FOLDER

UNSURE_SHOWN = 3
ALSO_SHOWN = 2
NAMED = 5  # people on duty that are named
QUOTE = 900

EMPTY_QUESTION = (
    "Ask in your own words, for example `/rai-incident ask Who may approve an exception?` "
    "The answer quotes the handbook and says where it stands."
)


@dataclass(frozen=True)
class Quoted:
    """A section and what of it is quoted. `address` is file#anchor; `reviewed` None where the page does not say."""

    address: str
    heading: str
    reviewed: date | None
    quotes: tuple[str, ...]


@dataclass(frozen=True)
class Duty:
    """The slot that is on, or the next one."""

    on_now: bool
    start: datetime
    end: datetime
    experts: tuple[str, ...]


@dataclass(frozen=True)
class AnswerFacts:
    """One answer as it is shown. `also` are sections near the quoted ones, `rewording` is a model's checked text.

    `own_tier` says that the question wants the tier of a particular system; `named` are the systems it names.
    """

    question_id: int
    verdict: str
    sections: tuple[Quoted, ...]
    also: tuple[Quoted, ...]
    rewording: str | None
    offers: tuple[str, ...]
    own_tier: bool
    named: tuple[SystemFacts, ...]
    duty: Duty | None
    handed_over: bool


def answer_message(facts: AnswerFacts) -> Message:
    """The answer: quoted, or the closest sections, or nothing but the way to a person."""
    blocks: list[Block] = []
    words: list[str] = []
    if "declare" in facts.offers:
        urgent = "⚠️ *This sounds as if it is happening now.* Declare it first; nobody minds a false alarm."
        blocks.append(section(urgent))
        words.append(urgent)
    if facts.own_tier:
        stored = _stored_tiers(facts.named)
        blocks.append(section(stored))
        words.append(stored)
    told, shown = _told(facts)
    words.append(told)
    blocks += shown
    blocks.append(_offers(facts, feedback=False))
    feedback: Block = {"type": "context_actions", "elements": [_feedback(facts.question_id)]}
    ordinary = [*blocks[:-1], _offers(facts, feedback=True)]
    return Message(cut(" ".join(words).strip(), 3900), [*blocks, feedback], ordinary)


def _told(facts: AnswerFacts) -> tuple[str, list[Block]]:
    """The answer in a line for notifications, and in blocks."""
    if facts.own_tier:
        return "", []  # what pages say of other systems would read as a guess about this one
    if facts.verdict == "answered" and facts.sections:
        said = " ".join(quoted for each in facts.sections for quoted in each.quotes)
        blocks: list[Block] = []
        if facts.rewording:
            blocks.append(section(escape(facts.rewording, 1500)))
            blocks.append(context("✍️ Reworded by a language model, and checked against the handbook's own words:"))
        for each in facts.sections:
            blocks += _quoted(each)
        if facts.also:
            blocks.append(context(f"See also: {', '.join(_place(each) for each in facts.also[:ALSO_SHOWN])}"))
        return f"{escape(said, 2000)} ({_place(facts.sections[0])})", blocks
    if facts.verdict == "unsure" and facts.sections:
        head = "*Not sure.* No page clearly answers this. The closest sections:"
    else:
        head = f"*The handbook does not answer this.* A person can. {duty_words(facts.duty)}"
        return head, [section(head)]
    closest = facts.sections[: 1 if "declare" in facts.offers else UNSURE_SHOWN]
    blocks = [section(head)]
    for each in closest:
        blocks += _quoted(each)
    return f"{head} {', '.join(_place(each) for each in closest)}", blocks


def _quoted(each: Quoted) -> list[Block]:
    if each.address.startswith(f"{FOLDER}/"):
        reviewed = "the rule in force now"
    else:
        reviewed = f"reviewed {each.reviewed}" if each.reviewed else "review date not stated"
    lines = "\n".join(quote(quoted, QUOTE) for quoted in each.quotes) or "> "
    return [section(lines), context(f"📄 {_place(each)} · {reviewed}")]


def _place(each: Quoted) -> str:
    return f"*{escape(each.heading, 150)}* · {_code(each.address)}"


def _code(text: str) -> str:
    return f"`{escape(text, 200).replace('`', '')}`"


def _stored_tiers(named: Sequence[SystemFacts]) -> str:
    """What is on record about the systems that were named: a decision, never a guess."""
    if not named:
        return (
            "*Which tier a system has is a decision on record*, made by walking the tier questions. Name the system, "
            "or walk them now."
        )
    lines = ["*Its tier is a decision on record, not something a page can tell:*"]
    for each in named[:NAMED]:
        if each.tier is None:
            lines.append(f"• {escape(each.name, 75)}: *no tier decided yet*. Owner {person(each.owner)}.")
            continue
        by = f" by {person(each.decided_by)}" if each.decided_by else ""
        since = f", decided {each.tiered_at}{by}" if each.tiered_at else ", as the inventory says; nobody has dated it"
        due = f" Validate again by {each.revalidate_by}." if each.revalidate_by and not each.overdue else ""
        late = " ⚠️ Its re-validation is overdue." if each.overdue else ""
        lines.append(f"• {escape(each.name, 75)}: *tier {each.tier}*{since}.{due}{late}")
    return "\n".join(lines)


def _offers(facts: AnswerFacts, *, feedback: bool) -> Block:
    """What can be done now, the most urgent first."""
    value = str(facts.question_id)
    buttons: list[Block] = []
    if "declare" in facts.offers:
        buttons.append(button("Declare an incident", "question_declare", value, style="danger"))
    if "tier" in facts.offers:
        one = facts.named[0].id if len(facts.named) == 1 else ""
        buttons.append(button("Walk the tier questions", "question_tier", one or "choose"))
    if not facts.handed_over:
        buttons.append(button("Ask a human", "ask_human", value))
    else:
        buttons.append(button("Asked a human ✓", "ask_human", value))
    if feedback:
        buttons.append(button("👍 Helpful", "answer_helpful", f"helpful:{value}"))
        buttons.append(button("👎 Wrong", "answer_wrong", f"wrong:{value}"))
    return actions(*buttons)


def _feedback(question_id: int) -> Block:
    def one(words: str, verdict: str, label: str) -> Block:
        return {"text": plain(words, 75), "value": f"{verdict}:{question_id}", "accessibility_label": label}

    return {
        "type": "feedback_buttons",
        "action_id": "answer_feedback",
        "positive_button": one("Helpful", "helpful", "This answer helped"),
        "negative_button": one("Wrong", "wrong", "This answer is wrong"),
    }


def duty_words(duty: Duty | None) -> str:
    """When somebody is there, in a sentence."""
    if duty is None:
        return "No office hours are scheduled, so a question goes to the responders."
    who = people(duty.experts)
    if duty.on_now:
        return f"On duty now, until {when(duty.end, '{time}')}: {who}."
    return f"Next office hours: {when(duty.start)} with {who}."


def people(ids: Sequence[str]) -> str:
    """Several people, named."""
    shown = [person(each) for each in ids[:NAMED]]
    return ", ".join(shown) + (f" and {len(ids) - NAMED} more" if len(ids) > NAMED else "") or "nobody yet"
