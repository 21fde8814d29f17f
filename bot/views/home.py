"""The App Home of one person: what waits for them, their incidents, what is open, and what the bot may do here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.views.blocks import (
    Block,
    actions,
    button,
    channel_link,
    context,
    divider,
    escape,
    header,
    modal,
    section,
    text_input,
    when,
)
from bot.views.card import ROLE_NAMES, SEVERITY_MARK, STATUS_WORDS, CardFacts
from bot.views.digest_forms import Subscribed, in_words
from bot.views.exercise import STATE_WORDS
from incidents.access import Person

BLOCKS = 100  # Slack's limit for a home
TODO_SHOWN = 10
MINE_SHOWN = 10
OPEN_SHOWN = 15
EXERCISES_SHOWN = 5
DIGESTS_SHOWN = 8
ASK = "ask_form"
QUESTION = 1000  # characters


@dataclass(frozen=True)
class Todo:
    """Something that waits for this person. `due` and `since` are UTC; without a `due`, as soon as they can."""

    number: str
    words: str
    channel_id: str | None
    due: datetime | None
    late: bool
    since: datetime | None = None


@dataclass(frozen=True)
class Rehearsal:
    """An exercise going on, and what this person is in it."""

    number: str
    title: str
    state: str
    parts: tuple[str, ...]
    channel_id: str | None


@dataclass(frozen=True)
class Digested:
    """A channel that this person has subscribed to the digest."""

    channel_id: str
    subscribed: Subscribed


@dataclass(frozen=True)
class HomeFacts:
    """What the home shows. `incidents` are the live ones the person may see; `todo` is in the order to do it."""

    who: Person
    incidents: Sequence[CardFacts]
    todo: Sequence[Todo]
    abilities: Sequence[str] = field(default_factory=tuple)
    exercises: Sequence[Rehearsal] = field(default_factory=tuple)
    digests: Sequence[Digested] = field(default_factory=tuple)


def home_view(facts: HomeFacts) -> Block:
    """The home of one person."""
    mine = [(one, _part(one, facts.who.user_id)) for one in facts.incidents]
    theirs = [(one, part) for one, part in mine if part]
    others = [one for one, part in mine if not part]
    blocks: list[Block] = [
        header("AI-harm incidents"),
        *_buttons(facts.who),
        *_todo(facts.todo),
    ]
    if theirs:
        blocks += [divider(), header("My incidents")]
        blocks += [_incident(one, part) for one, part in theirs[:MINE_SHOWN]]
        blocks += _more(len(theirs) - MINE_SHOWN)
    if others:
        ordered = sorted(others, key=lambda one: (one.severity, one.declared_at))
        blocks += [divider(), header("Also open")]
        blocks += [_incident(one, "") for one in ordered[:OPEN_SHOWN]]
        blocks += _more(len(ordered) - OPEN_SHOWN)
    if not facts.incidents:
        blocks += [divider(), section("No incident is open. 🌤️")]
    if facts.exercises:
        blocks += [divider(), header("Exercises")]
        blocks.append(section("\n".join(_rehearsal(one) for one in facts.exercises[:EXERCISES_SHOWN])))
        blocks += _more(len(facts.exercises) - EXERCISES_SHOWN, "exercise list")
    if facts.digests:
        blocks += [divider(), header("My digests")]
        blocks.append(section("\n".join(_digested(one) for one in facts.digests[:DIGESTS_SHOWN])))
        blocks.append(context("`/rai-incident digest` in the channel changes or pauses it."))
    blocks += [divider(), section(_abilities(facts))]
    return {"type": "home", "blocks": blocks[:BLOCKS]}


def _buttons(who: Person) -> list[Block]:
    """What a person may begin here; a guest nothing, and a button that only refuses is none."""
    if not who.full_member:
        return []
    report = button("Report AI harm", "declare_open", "home", style="danger")
    return [actions(report, button("Ask the handbook", "ask_open", "home"), block_id="home_main")]


def _todo(todo: Sequence[Todo]) -> list[Block]:
    if not todo:
        return [section("*Nothing waits for you.*")]
    first, rest = todo[0], todo[1:TODO_SHOWN]
    blocks = [divider(), header("My next step"), section(todo_line(first))]
    if rest:
        blocks.append(section("*Then*\n" + "\n".join(f"• {todo_line(one)}" for one in rest)))
    return blocks + _more(len(todo) - TODO_SHOWN)


def todo_line(todo: Todo) -> str:
    """One line: what, where, until when."""
    where = f" · {channel_link(todo.channel_id)}" if todo.channel_id else f" · {todo.number}"
    due = f" · {'❗ was due' if todo.late else 'by'} {when(todo.due)}" if todo.due else ""
    since = f" · since {when(todo.since)}" if todo.since else ""
    return f"{escape(todo.words, 250)}{since}{where}{due}"


def _incident(facts: CardFacts, part: str) -> Block:
    """One incident in two lines, with the way to it."""
    exercise = "🎭 EXERCISE · " if facts.kind == "exercise" else ""
    lines = [
        f"{SEVERITY_MARK[facts.severity]} {exercise}*{facts.number}* · {escape(facts.title, 150)}"
        + (" 🔒" if facts.private else ""),
        " · ".join(
            [
                f"{facts.severity}{' provisional' if facts.provisional else ''}",
                STATUS_WORDS[facts.status].lower(),
                f"since {when(facts.declared_at)}",
                *([f"you are {escape(part, 100)}"] if part else []),
                *([channel_link(facts.channel_id)] if facts.channel_id else []),
            ]
        ),
    ]
    if facts.run and facts.run[3]:
        lines.append(f"Next: {escape(facts.run[3], 200)} ({facts.run[1]} of {facts.run[2]} steps done)")
    lines += facts.clocks[:1]
    return section("\n".join(lines))


def _part(facts: CardFacts, user: str) -> str:
    """`commander and scribe`, `reporter`: what a person is in an incident; empty where nothing."""
    held = [ROLE_NAMES.get(role, role) for role, holder in facts.roles.items() if holder == user]
    return " and ".join(held) or ("reporter" if facts.reporter == user else "")


def ask_modal(metadata: str) -> Block:
    """A question for office hours, from where there is no channel to answer in."""
    hint = "The answer quotes the handbook. It comes as a direct message, to you alone."
    field_ = text_input("question", "What would you like to know?", hint=hint, max_length=QUESTION)
    return modal(ASK, "Ask the handbook", [field_], submit="Ask", metadata=metadata)


def _rehearsal(one: Rehearsal) -> str:
    you = f" · you are {escape(' and '.join(one.parts), 150)}" if one.parts else ""
    where = f" · {channel_link(one.channel_id)}" if one.channel_id else ""
    return f"🎭 *{one.number}* {escape(one.title, 150)} · {STATE_WORDS[one.state].lower()}{you}{where}"


def _digested(one: Digested) -> str:
    return f"• {channel_link(one.channel_id)}: {in_words(one.subscribed)}"


def _more(left: int, command: str = "list") -> list[Block]:
    return [context(f"… and {left} more: `/rai-incident {command}`")] if left > 0 else []


def _abilities(facts: HomeFacts) -> str:
    if facts.who.responder:
        you = "You are a responder: you may run incidents, and approve what others ask for."
    elif facts.who.full_member:
        you = "You can report harm; responders take it from there."
    else:
        you = "You are a guest here: ask a full member of this workspace to report harm for you."
    lines = "\n".join(f"• {escape(ability, 200)}" for ability in facts.abilities)
    return f"*What I may do here*\n{lines}\n{you} `/rai-incident help` shows every command."
