"""An exercise for one person: how it opens, the panel with the time, hints, and how it came out. Pure.

The block ids `solo_clock` and `solo_next` hold the two moments of which a page may count down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views.blocks import (
    Block,
    actions,
    button,
    channel_link,
    context,
    cut_markup,
    divider,
    escape,
    header,
    quote,
    section,
    when,
)
from bot.views.exercise import STATE_WORDS
from bot.views.exercise_panel import OUTCOME_MARK, rating_line
from integrations.slack import Message
from playbooks.scenario import Scenario
from playbooks.score import Shown
from playbooks.solo import Asked, Hint

SECONDS = "{time_secs}"


@dataclass(frozen=True)
class DoneLine:
    """One expected action after the end, and how it is done."""

    text: str
    state: str
    minute: float | None
    due: float | None
    critical: bool
    how: str


@dataclass(frozen=True)
class SoloFacts:
    """What the player sees, as plain values. `asked`: (what, until which minute)."""

    exercise_id: int
    number: str
    title: str
    state: str
    speed: int
    minute: float
    minutes: int
    channel_id: str | None
    next_at: datetime | None
    next_id: str | None
    ends_at: datetime | None
    hints: bool
    asked: Sequence[tuple[str, float]]
    met: int
    late: int
    missed: int
    ratings: Sequence[Shown]
    done: Sequence[DoneLine]
    cause: str
    traps: Sequence[str]
    ended_because: str | None


def opening_message(exercise_id: int, scenario: Scenario, hints: bool) -> Message:
    """The pinned message: what this is, what to do, and the button that starts the clock."""
    value = str(exercise_id)
    roles = ", ".join(escape(role.title, 60) for role in scenario.roles)
    said = (
        "When you are stuck, a hint says which button or command it is."
        if hints
        else "Hints are off; the panel switches them on."
    )
    return Message(
        f"Exercise for one: {escape(scenario.title)}",
        [
            header(scenario.title),
            section(
                f"*You play alone, in every role* ({roles}). People write to you here, by the clock; some write to you "
                "directly. Do what you would do in earnest, with the bot's own buttons and commands. Nobody outside is "
                f"paged, told or changed. {said}"
            ),
            section(f"*Where you are*\n{escape(scenario.background, 2600)}"),
            section(
                "*How it goes*\n1. Press *Begin*: the clock starts and the first message comes.\n"
                "2. Type `/rai-incident declare` here once you think it is an incident. Its card appears here too.\n"
                "3. From then on everything is a button on that card or under a message.\n"
                "Where a second person has to say yes, a rehearsed colleague does so after some seconds."
            ),
            actions(
                button(f"Begin: {scenario.minutes} minutes", "exercise_begin", value, style="primary"),
                button("Something real happened", "exercise_real", value, style="danger"),
            ),
        ],
    )


def panel_message(facts: SoloFacts) -> Message:
    """The player's panel, in their direct messages: the time, what is asked now, how it stands."""
    value = str(facts.exercise_id)
    where = f" · {channel_link(facts.channel_id)}" if facts.channel_id else ""
    fast = f" · {facts.speed}× speed" if facts.speed > 1 else ""
    blocks: list[Block] = [
        header(f"{facts.number} · {facts.title}"),
        section(
            f"*{STATE_WORDS[facts.state]}* · minute {facts.minute:.0f} of {facts.minutes}{fast}{where}"
            + (f" · ends {when(facts.ends_at, SECONDS)}" if facts.ends_at and facts.state == "running" else ""),
            block_id="solo_clock",
        ),
    ]
    if facts.state in ("ready", "running", "paused"):
        blocks += _live(facts, value)
    else:
        blocks += _ended(facts, value)
    text = f"{facts.number} {STATE_WORDS[facts.state].lower()}, minute {facts.minute:.0f} of {facts.minutes}"
    return Message(escape(text), blocks)


def _live(facts: SoloFacts, value: str) -> list[Block]:
    stop = button(
        "End it",
        "exercise_end",
        value,
        style="danger",
        confirm=("End the exercise?", "No further message comes, and the scores are worked out.", "End it"),
    )
    if facts.state == "ready":
        return [
            section("Read the opening in the channel. The clock starts when you press *Begin*."),
            actions(button("Begin", "exercise_begin", value, style="primary"), _switch(facts, value), stop),
        ]
    blocks: list[Block] = []
    if facts.state == "running" and facts.next_at is not None:
        blocks.append(section(f"*Next message* {when(facts.next_at, SECONDS)}", block_id="solo_next"))
    elif facts.state == "running":
        blocks.append(section("*Next message* depends on what you do, or none is left."))
    if facts.hints:
        lines = [f"• {escape(label, 80)}, until minute {due:.0f}" for label, due in facts.asked]
        words = "\n".join(lines) or "Nothing. Read what comes, and keep the record."
        blocks.append(section(f"*Asked of you now*\n{words}"))
    blocks.append(context(_count(facts)))
    turn = (
        button("Pause", "exercise_pause", value)
        if facts.state == "running"
        else button("Resume", "exercise_resume", value, style="primary")
    )
    row = [turn]
    if facts.next_id:
        row.append(button("Next message now", "exercise_next", f"{value}:{facts.next_id}"))
    if facts.hints and facts.asked:
        row.append(button("Give me a hint", "solo_hint", value))
    return [*blocks, actions(*row, _switch(facts, value), stop)]


def _switch(facts: SoloFacts, value: str) -> Block:
    return button("Hints off" if facts.hints else "Hints on", "solo_hints", value)


def _count(facts: SoloFacts) -> str:
    return f"✅ {facts.met} in time · ⏰ {facts.late} late · ❌ {facts.missed} missed"


def _ended(facts: SoloFacts, value: str) -> list[Block]:
    return [
        section("*Your ratings, from the record*\n" + "\n".join(map(rating_line, facts.ratings))),
        context(_count(facts)),
        actions(
            button("Hot wash…", "hot_wash_open", value),
            button("Rate…", "exercise_rate_open", value),
            button("Add an improvement…", "exercise_improve_open", value),
            button("Write the report again", "exercise_report", value),
        ),
        context("What was asked and how it is done, and the after-action report, are in the exercise's channel."),
    ]


def hint_message(wanted: Asked, hint: Hint) -> Message:
    """For somebody who is stuck: what is asked, which button it is, and why."""
    words = (
        f"💡 *Hint: {escape(hint.label, 80)}*, until minute {wanted.due:.0f}\n{quote(wanted.text, 400)}\n"
        f"{hint.how}\n_{hint.why}_"
    )
    return Message(f"Hint: {escape(hint.label, 80)}", [section(words)])


def summary_message(facts: SoloFacts) -> Message:
    """After the end: each thing that was asked, how it came out, how it is done, and what was going on."""
    asked = [line for line in facts.done if line.state in ("met", "late", "missed")]
    blocks: list[Block] = [section("*What was asked of you*" + ("" if asked else "\nNothing."))]
    for line in asked[:16]:  # one block each: Slack folds a long one away
        minute = f" · minute {line.minute:.0f}" if line.minute is not None else ""
        due = f" · until {line.due:.0f}" if line.due is not None and line.state != "met" else ""
        blocks.append(section(f"{OUTCOME_MARK[line.state]} {escape(line.text, 300)}{minute}{due}"))
        if line.state == "missed":
            blocks.append(context(f"How: {line.how}"))
    blocks += [divider(), section(f"*What was really going on*\n{escape(facts.cause, 1200)}")]
    if facts.traps:
        blocks.append(
            section(cut_markup("*Traps*\n" + "\n".join(f"• {escape(trap, 300)}" for trap in facts.traps), 2000))
        )
    blocks.append(
        context(f"{_count(facts)} · Play it again, or another one: `/rai-incident exercise start [scenario] solo`")
    )
    return Message("What was asked of you, and how it came out", blocks)
