"""The facilitator's panel: how the exercise stands, what comes next, and the hand on its clock. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    option,
    people_input,
    person,
    section,
    select_input,
    text_input,
    when,
)
from bot.views.exercise import STATE_WORDS, speed_words
from integrations.slack import Message
from playbooks.scenario import KINDS
from playbooks.score import RATINGS, Shown

IMPROVISE = "exercise_improvise"
SPEED = "exercise_speed"
PEOPLE = "exercise_people"
OUTCOME_MARK = {"met": "✅", "late": "⏰", "missed": "❌", "waiting": "▫️", "not_asked": "➖", "not_tested": "⏭️"}


@dataclass(frozen=True)
class InjectLine:
    """One inject on the panel. `minute` is when it was sent or left out, or when it will be, as far as is known."""

    title: str
    state: str
    minute: float | None


@dataclass(frozen=True)
class ActionLine:
    """One expected action on the panel."""

    text: str
    state: str
    due: float | None
    minute: float | None
    by: str | None
    critical: bool


@dataclass(frozen=True)
class PanelFacts:
    """What the facilitator sees, as plain values."""

    exercise_id: int
    number: str
    title: str
    state: str
    speed: int
    speeds: tuple[int, ...]
    minute: float
    minutes: int
    channel_id: str | None
    incident: str | None
    next_id: str | None
    next_title: str | None
    next_minute: float | None
    next_at: datetime | None
    injects: list[InjectLine]
    actions: list[ActionLine]
    notes: str
    truth: str
    ratings: list[Shown] = field(default_factory=list)
    improvements: list[str] = field(default_factory=list)
    hot_wash: int = 0
    ended_because: str | None = None


def panel_message(facts: PanelFacts) -> Message:
    """The facilitator's panel, in their direct messages only."""
    value = str(facts.exercise_id)
    where = f" · <#{facts.channel_id}>" if facts.channel_id else ""
    blocks: list[Block] = [
        header(f"{facts.number} · {facts.title}"),
        section(
            f"*{STATE_WORDS[facts.state]}* · minute {facts.minute:.0f} of {facts.minutes}"
            f"{f' · {facts.speed}× speed' if facts.speed > 1 else ''}{where}"
            f"{f' · {facts.incident}' if facts.incident else ' · no incident declared yet'}"
            + (f"\nStopped because {escape(facts.ended_because, 300)}" if facts.ended_because else "")
        ),
    ]
    live = facts.state in ("ready", "running", "paused")
    if live:
        if facts.next_title:
            at = f" · {when(facts.next_at, '{time_secs}')}" if facts.next_at else ""
            blocks.append(section(f"*Next*  min {facts.next_minute:.0f} · {escape(facts.next_title, 200)}{at}"))
        blocks += _controls(facts, value)
    blocks.append(section("*Injects*\n" + cut("\n".join(_inject_line(each) for each in facts.injects), 2900)))
    blocks.append(section("*Expected*\n" + cut("\n".join(_expected(facts.actions, live)), 2900)))
    if live:
        blocks.append(context(f"*For you only*  {escape(facts.notes, 1500)}"))
        blocks.append(context(f"*Ground truth*  {escape(facts.truth, 1500)}"))
    else:
        blocks += _after(facts, value)
    text = f"{facts.number} {STATE_WORDS[facts.state].lower()}, minute {facts.minute:.0f} of {facts.minutes}"
    return Message(escape(text), blocks)


def _expected(found: Sequence[ActionLine], live: bool) -> list[str]:
    """While it goes on, only what was asked for, or done before: the rest comes with its inject."""
    shown = [each for each in found if not live or each.state != "not_asked"]
    later = len(found) - len(shown)
    return [*map(action_line, shown), *([f"_{later} more, each when its inject comes_"] if later else [])]


def _controls(facts: PanelFacts, value: str) -> list[Block]:
    stop = button(
        "End it",
        "exercise_end",
        value,
        style="danger",
        confirm=("End the exercise?", "No further inject is sent, and the scores are worked out.", "End it"),
    )
    if facts.state == "ready":
        begin = button("Begin", "exercise_begin", value, style="primary")
        return [
            actions(begin, button("Add people…", "exercise_people_open", value), stop),
            actions(_speed(facts, value)),
        ]
    turn = (
        button("Pause", "exercise_pause", value)
        if facts.state == "running"
        else button("Resume", "exercise_resume", value, style="primary")
    )
    row = [turn]
    if facts.next_id:
        following = f"{value}:{facts.next_id}"  # so that a second press sends nothing that nobody has looked at
        row += [button("Next now", "exercise_next", following), button("Skip it", "exercise_skip", following)]
    row += [
        button("Improvise…", "exercise_improvise_open", value),
        button("Add people…", "exercise_people_open", value),
        stop,
    ]
    return [actions(*row), actions(_speed(facts, value))]


def _speed(facts: PanelFacts, value: str) -> Block:
    """How fast the clock goes from now on."""
    options = {speed: option(speed_words(speed), f"{value}:{speed}") for speed in facts.speeds}
    menu: Block = {"type": "static_select", "action_id": SPEED, "options": list(options.values())}
    return {**menu, "initial_option": options[facts.speed]} if facts.speed in options else menu


def _inject_line(line: InjectLine) -> str:
    mark = {"delivered": "✅", "skipped": "⏭️", "waiting": "▫️"}[line.state]
    minute = "open" if line.minute is None else f"{line.minute:.0f}"
    return f"{mark} `{minute:>4}` {escape(line.title, 76)}"


def action_line(line: ActionLine) -> str:
    done = f" · min {line.minute:.0f} {person(line.by or '')}" if line.minute is not None else ""
    due = f" · due {line.due:.0f}" if line.due is not None and line.state in ("waiting", "late", "missed") else ""
    untested = " · not tested" if line.state == "not_tested" else ""
    critical = " *critical*" if line.critical else ""
    return f"{OUTCOME_MARK[line.state]} {escape(line.text, 110)}{critical}{done}{due}{untested}"


def rating_line(each: Shown) -> str:
    """One objective after the end: its rating, and how much of it that rests on."""
    if each.rating is None:
        said = "*Not rated*"
    else:
        said = f"*{each.rating}* {'confirmed' if each.confirmed else RATINGS[each.rating]}"
    return f"{said} · {escape(each.objective, 200)}{f' · _{escape(each.tested)}_' if each.tested else ''}"


def _after(facts: PanelFacts, value: str) -> list[Block]:
    lines = [rating_line(each) for each in facts.ratings]
    blocks: list[Block] = [section("*Ratings*, proposed until confirmed\n" + "\n".join(lines))]
    blocks.append(context(" · ".join(f"*{letter}* {words}" for letter, words in RATINGS.items())))
    if facts.improvements:
        blocks.append(
            section("*Improvement plan*\n" + cut("\n".join(f"• {each}" for each in facts.improvements), 2500))
        )
    blocks.append(context(f"Hot wash: {facts.hot_wash} answer{'' if facts.hot_wash == 1 else 's'}"))
    row = [
        button("Rate…", "exercise_rate_open", value, style="primary"),
        button("Add an improvement…", "exercise_improve_open", value),
        button("Write the report", "exercise_report", value),
    ]
    if facts.improvements:
        row.append(
            button(
                "Make tickets…",
                "exercise_tickets",
                value,
                confirm=(
                    "Open real tickets?",
                    "The improvement plan is real work: each line that has no ticket yet becomes a Jira issue.",
                    "Open them",
                ),
            )
        )
    return [*blocks, actions(*row)]


def improvise_modal(number: str, to_roles: Sequence[tuple[str, str]], metadata: str) -> Block:
    """An inject of the facilitator's own."""
    return modal(
        IMPROVISE,
        f"Improvise in {number}",
        [
            text_input("persona", "Who speaks?", multiline=False, max_length=120, placeholder="Customer on the phone"),
            select_input(
                "kind", "What are they?", [option(kind.capitalize(), kind) for kind in KINDS], initial="customer"
            ),
            select_input(
                "to",
                "To whom?",
                [option("Everyone", "everyone"), *(option(title, role) for role, title in to_roles)],
                initial="everyone",
            ),
            text_input("text", "What do they say?", max_length=2500),
        ],
        submit="Send it now",
        metadata=metadata,
        close="Cancel",
    )


def people_modal(number: str, seats: Sequence[tuple[str, str]], metadata: str) -> Block:
    """More people for an exercise that is set up."""
    return modal(
        PEOPLE,
        f"Add people to {number}",
        [
            select_input("role", "Role", [option(cut(title, 75), role) for role, title in seats]),
            people_input("people", "Who?", "They are brought into the exercise's channel.", optional=False),
        ],
        submit="Add them",
        metadata=metadata,
        close="Cancel",
    )
