"""An exercise in Slack: how it opens, its injects, the facilitator's panel, the end. Pure: plain values to blocks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.views.blocks import (
    Block,
    actions,
    button,
    channel_link,
    checkbox_input,
    context,
    cut,
    divider,
    escape,
    header,
    modal,
    option,
    person,
    plain,
    quote,
    section,
    select_input,
    text_input,
    when,
)
from integrations.slack import Message
from playbooks.scenario import KINDS, Inject, Scenario
from playbooks.score import RATINGS, Outcome, Rating

START = "exercise_start"
IMPROVISE = "exercise_improvise"
SPEED = "exercise_speed"
ROLE = "role:"  # block id of a role's people, with the role's id
PERSONA_MARK = {
    "customer": "🗣️",
    "journalist": "📰",
    "regulator": "🏛️",
    "executive": "💼",
    "engineer": "🛠️",
    "vendor": "📦",
    "monitor": "📟",
    "attacker": "🕵️",
}
STATE_WORDS = {
    "ready": "Ready to begin",
    "running": "Running",
    "paused": "Paused",
    "ended": "Ended",
    "stopped": "Stopped",
}
OUTCOME_MARK = {"met": "✅", "late": "⏰", "missed": "❌", "waiting": "▫️", "not_asked": "➖"}


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
    minute: float
    minutes: int
    channel_id: str | None
    incident: str | None
    next_title: str | None
    next_minute: float | None
    next_at: datetime | None
    injects: list[InjectLine]
    actions: list[ActionLine]
    notes: str
    truth: str
    ratings: list[tuple[str, Rating, Rating | None]] = field(default_factory=list)  # objective, proposed, confirmed
    improvements: list[str] = field(default_factory=list)
    hot_wash: int = 0
    ended_because: str | None = None


def start_modal(scenarios: Sequence[Scenario], scenario: Scenario, speeds: Sequence[int], metadata: str) -> Block:
    """Which scenario, who plays what, how fast."""
    options = [
        option(cut(each.title, 75), each.id, f"{each.minutes} min · {', '.join(each.harm_classes)}")
        for each in scenarios
    ]
    lengths = [option(f"Full, {scenario.minutes} minutes", "full")]
    if scenario.short:
        lengths.append(option(f"Short, {scenario.short.minutes} minutes", "short"))
    choice: Block = {
        "type": "input",
        "block_id": "scenario",
        "dispatch_action": True,
        "label": plain("Scenario"),
        "element": {
            "type": "static_select",
            "action_id": "exercise_scenario",
            "options": options[:100],
            "initial_option": next(each for each in options if each["value"] == scenario.id),
        },
    }
    blocks = [
        section(
            "A rehearsal with the real commands. Nobody outside is paged, told or changed, and nothing of it counts in "
            "any figure. You are the facilitator; the clock starts when you press *Begin*."
        ),
        choice,
        context(escape(cut(scenario.background, 600))),
        select_input(f"length:{scenario.id}", "Length", lengths, initial="full"),
        select_input(
            "speed",
            "Speed",
            [option("As written" if speed == 1 else f"{speed} times as fast", str(speed)) for speed in speeds],
            initial="1",
        ),
        divider(),
        *(_people(f"{ROLE}{role.id}", role.title, role.why) for role in scenario.roles),
        _people(f"{ROLE}evaluator", "Evaluators", "They rate afterwards. You may rate too."),
    ]
    return modal(START, "Start an exercise", blocks, submit="Set it up", metadata=metadata, close="Cancel")


def _people(block_id: str, label: str, hint: str) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, 2000),
        "hint": plain(hint, 2000),
        "optional": True,
        "element": {"type": "multi_users_select", "action_id": "value"},
    }


def opening_message(exercise_id: int, scenario: Scenario, players: dict[str, list[str]], facilitator: str) -> Message:
    """The pinned message of the exercise's channel: what this is, who plays what, what to do."""
    cast = [
        f"• *{escape(role.title)}* {', '.join(map(person, players.get(role.id, []))) or '—'}" for role in scenario.roles
    ]
    cast.append(f"• *Facilitator* {person(facilitator)}")
    blocks: list[Block] = [
        header(scenario.title),
        section(
            "Work here as you would in earnest: `/rai-incident declare` in this channel opens the exercise's incident, "
            "and every command and button does what it always does. Pages, tickets, announcements and rollbacks are "
            "only played."
        ),
        section(f"*Where you are*\n{escape(scenario.background, 2600)}"),
        section("*Who plays what*\n" + "\n".join(cast)),
        section("Something real comes first, always. It is reported as ever, in any other channel, or right here:"),
        actions(button("Something real happened", "exercise_real", str(exercise_id), style="danger")),
    ]
    return Message(f"Exercise: {escape(scenario.title)}", blocks)


def begun_message(opening: str, minutes: int, speed: int) -> Message:
    """The clock runs: the scenario's first words."""
    fast = "" if speed == 1 else f", {speed} times as fast as the wall clock"
    words = f"▶️ *The exercise begins.* {minutes} minutes{fast}."
    return Message(f"The exercise begins. {escape(opening, 1000)}", [section(words), section(quote(opening))])


def inject_message(exercise_id: int, inject: Inject, to: str, chosen: tuple[str, str] | None = None) -> Message:
    """One inject. `to` is whom it is for, in words; `chosen` is (option's words, who) once the team has decided."""
    mark = PERSONA_MARK[inject.persona.kind]
    blocks: list[Block] = [
        section(f"{mark} *{escape(inject.persona.name)}*{f' → {to}' if to else ''}\n{quote(inject.text, 2600)}")
    ]
    if chosen is not None:
        blocks.append(context(f"☑️ {escape(chosen[0], 100)} · {person(chosen[1])}"))
    elif inject.options:
        blocks.append(
            actions(
                *(
                    button(each.label, f"exercise_option_{index}", f"{exercise_id}:{inject.id}:{each.id}")
                    for index, each in enumerate(inject.options[:5])
                )
            )
        )
    return Message(f"{escape(inject.persona.name)}: {escape(inject.text, 600)}", blocks)


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
    blocks.append(section("*Expected*\n" + cut("\n".join(_action_line(each) for each in facts.actions), 2900)))
    if live:
        blocks.append(context(f"*For you only*  {escape(facts.notes, 1500)}"))
        blocks.append(context(f"*Ground truth*  {escape(facts.truth, 1500)}"))
    else:
        blocks += _after(facts, value)
    text = f"{facts.number} {STATE_WORDS[facts.state].lower()}, minute {facts.minute:.0f} of {facts.minutes}"
    return Message(escape(text), blocks)


def _controls(facts: PanelFacts, value: str) -> list[Block]:
    stop = button(
        "End it",
        "exercise_end",
        value,
        style="danger",
        confirm=("End the exercise?", "No further inject is sent, and the scores are worked out.", "End it"),
    )
    if facts.state == "ready":
        return [actions(button("Begin", "exercise_begin", value, style="primary"), stop)]
    turn = (
        button("Pause", "exercise_pause", value)
        if facts.state == "running"
        else button("Resume", "exercise_resume", value, style="primary")
    )
    row = [turn]
    if facts.next_title:
        row += [button("Next now", "exercise_next", value), button("Skip it", "exercise_skip", value)]
    row += [button("Improvise…", "exercise_improvise_open", value), stop]
    return [actions(*row)]


def _inject_line(line: InjectLine) -> str:
    mark = {"delivered": "✅", "skipped": "⏭️", "waiting": "▫️"}[line.state]
    minute = "open" if line.minute is None else f"{line.minute:.0f}"
    return f"{mark} `{minute:>4}` {escape(line.title, 90)}"


def _action_line(line: ActionLine) -> str:
    done = f" · min {line.minute:.0f} {person(line.by or '')}" if line.minute is not None else ""
    due = f" · due {line.due:.0f}" if line.due is not None and line.state in ("waiting", "late", "missed") else ""
    return f"{OUTCOME_MARK[line.state]} {escape(line.text, 110)}{' *critical*' if line.critical else ''}{done}{due}"


def _after(facts: PanelFacts, value: str) -> list[Block]:
    lines = []
    for objective, proposed, confirmed in facts.ratings:
        shown = f"*{confirmed}* confirmed" if confirmed else f"*{proposed}* proposed"
        lines.append(f"{shown} · {escape(objective, 150)}")
    blocks: list[Block] = [section("*Ratings*\n" + ("\n".join(lines) or "The exercise asked for nothing."))]
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


def ended_message(exercise_id: int, ratings: Sequence[tuple[str, Rating]], because: str | None) -> Message:
    """The end in the exercise's channel, with what the evidence gives and the short form for everybody."""
    lines = [f"*{rating}* {RATINGS[rating]} · {escape(objective, 300)}" for objective, rating in ratings]
    head = (
        f"⏹️ *The exercise was stopped* because {escape(because, 300)}."
        if because
        else "🏁 *The exercise is over.* Thank you."
    )
    blocks: list[Block] = [section(head)]
    if lines:
        blocks.append(section("*What the record gives*, until an evaluator has decided\n" + "\n".join(lines)))
    blocks += [
        section("Two minutes while it is fresh: what should stay, what should change?"),
        actions(button("Hot wash…", "hot_wash_open", str(exercise_id), style="primary")),
    ]
    return Message("The exercise is over. Please answer the hot wash.", blocks)


def real_incident_message(exercise_id: int, number: str, paused: bool) -> Message:
    """A real incident comes first."""
    words = f"🚨 *{number} is a real incident, declared just now.* Real work comes first."
    if paused:
        words += " The exercise is paused."
    return Message(
        f"{number} is a real incident. Real work comes first.",
        [
            section(words),
            actions(
                button("Stop the exercise", "exercise_stop", str(exercise_id), style="danger"),
                button("Go on with it", "exercise_resume", str(exercise_id)),
            ),
        ],
    )


@dataclass(frozen=True)
class ListLine:
    """One exercise of the list; `channel_id` only for its own people."""

    number: str
    title: str
    state: str
    channel_id: str | None


def list_message(rows: Sequence[ListLine]) -> Message:
    """The exercises of a workspace."""
    if not rows:
        return Message(
            "There are no exercises yet.",
            [section("There are no exercises yet. `/rai-incident exercise start` sets one up.")],
        )
    lines = [
        f"*{row.number}* {STATE_WORDS[row.state].lower()} · {escape(row.title, 120)}"
        f"{f' · {channel_link(row.channel_id)}' if row.channel_id else ''}"
        for row in rows[:20]
    ]
    return Message(f"{len(rows)} exercises", [section("\n".join(lines))])


def hot_wash_modal(number: str, asked: Sequence[str], metadata: str) -> Block:
    """The short form right after the exercise."""
    return modal(
        "hot_wash",
        f"Hot wash {number}",
        [
            *(text_input(f"q{index}", question, optional=True) for index, question in enumerate(asked)),
            checkbox_input(
                "anonymous",
                "Your name",
                [option("Leave my name out", "yes", "The report shows what was said, not who said it")],
            ),
        ],
        submit="Send",
        metadata=metadata,
        close="Cancel",
    )


@dataclass(frozen=True)
class RateLine:
    """One objective to rate, with its evidence."""

    objective_id: str
    text: str
    proposed: Rating
    allowed: tuple[Rating, ...]
    chosen: Rating
    reason: str
    evidence: list[str]


def rate_modal(number: str, lines: Sequence[RateLine], metadata: str) -> Block:
    """Every objective with its evidence: confirm, or lower with a reason. Nothing above the evidence is offered."""
    blocks: list[Block] = [
        section("The proposal follows from the record. You may confirm or lower it; lowering needs a reason.")
    ]
    for line in lines:
        blocks += [
            divider(),
            section(f"*{escape(line.text, 400)}*\n" + cut("\n".join(line.evidence), 2300)),
            select_input(
                f"rating:{line.objective_id}",
                f"Rating (proposed: {line.proposed})",
                [option(f"{letter} · {RATINGS[letter]}", letter) for letter in line.allowed],
                initial=line.chosen,
            ),
            text_input(f"reason:{line.objective_id}", "Reason", initial=line.reason, optional=True, max_length=600),
        ]
    return modal("exercise_rate", f"Rate {number}", blocks, submit="Save", metadata=metadata, close="Cancel")


def improve_modal(number: str, metadata: str) -> Block:
    """One line of the improvement plan."""
    owner: Block = {
        "type": "input",
        "block_id": "owner",
        "label": plain("Who does it?"),
        "element": {"type": "users_select", "action_id": "value"},
    }
    due: Block = {
        "type": "input",
        "block_id": "due",
        "label": plain("By when?"),
        "element": {"type": "datepicker", "action_id": "value"},
    }
    return modal(
        "exercise_improve",
        f"Improve after {number}",
        [text_input("text", "What is to be changed?", max_length=600), owner, due],
        submit="Add it",
        metadata=metadata,
        close="Cancel",
    )


def evidence_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """How each expected action of an objective came out, as an evaluator reads it."""
    return [
        _action_line(
            ActionLine(
                each.action.text,
                each.state,
                each.due,
                each.fact.minute if each.fact else None,
                each.fact.by if each.fact else None,
                each.action.critical,
            )
        )
        for each in outcomes
    ]
