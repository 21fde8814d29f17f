"""The exercise programme in Slack: what is planned, due and lacking; the form that plans. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.programme_facts import Planned, Programme
from bot.programme_words import class_titles, due_words, person_words, trend_words
from bot.views.blocks import (
    Block,
    actions,
    button,
    context,
    cut,
    cut_markup,
    escape,
    header,
    modal,
    option,
    person,
    person_input,
    plain,
    section,
    select_input,
    when,
)
from integrations.slack import Message
from playbooks.programme import ClassGap, Due
from playbooks.scenario import Scenario

PLAN = "programme_plan"
MOVE = "programme_move"
SHOWN = 6  # lines of each part; the rest is counted
WITH_BUTTONS = 5


@dataclass(frozen=True)
class MoveFacts:
    """A planned exercise as the form that moves it shows it."""

    number: str
    title: str
    at: datetime
    facilitator: str


def programme_message(facts: Programme) -> Message:
    """Planned, due, lacking, and how the ratings went; for one person's eyes."""
    blocks: list[Block] = [header("Exercise programme")]
    blocks += [section("*Planned*" + ("" if facts.planned else "\nNothing is planned."))]
    for each in facts.planned[:WITH_BUTTONS]:
        moving = button("Move or cancel…", "programme_move_open", str(each.id))
        blocks.append(section(_planned_line(each), accessory=moving))
    if len(facts.planned) > WITH_BUTTONS:
        blocks.append(context(f"… and {len(facts.planned) - WITH_BUTTONS} later ones."))
    blocks.append(
        actions(
            button("Plan an exercise…", "programme_plan_open", "-", style="primary"),
            button("Calendar file", "programme_calendar", "-"),
        )
    )
    late = [f"⏰ {escape(due_words(each, facts.today))}" for each in facts.overdue]
    coming = [f"▫️ {escape(due_words(each, facts.today))}" for each in facts.due if not each.overdue(facts.today)]
    blocks.append(_part("Due", [*late, *coming], "No system has a risk tier yet. `/rai-incident tier` gives it one."))
    blocks.append(_part("Kinds of harm not rehearsed", _gaps(facts.class_gaps), "None."))
    start = next((gap.scenarios[0] for gap in facts.class_gaps if gap.scenarios), None)
    if start is not None:
        blocks.append(context(f"One that closes the first gap: `/rai-incident exercise plan {escape(start, 80)}`"))
    if facts.person_gaps is None:
        blocks.append(_part("People", [], "Slack did not say who the responders are."))
    else:
        never = [person_words(gap, person) for gap in facts.person_gaps]
        blocks.append(_part("Responders who have not played", never, "Everybody has."))
    titles = class_titles()
    trends = [escape(trend_words(each, titles)) for each in facts.class_trends]
    blocks.append(_part("Ratings, oldest first", trends, "No team exercise has ended yet."))
    blocks.append(context("Who has practised what: `rai-incident exercise programme` on the command line"))
    return Message(f"{len(facts.planned)} exercises planned, {len(late)} due", blocks)


def _planned_line(each: Planned) -> str:
    system = f" · for {escape(each.system, 80)}" if each.system else ""
    return f"*{each.number}* {when(each.at)} · {escape(each.title, 120)}{system} · led by {person(each.facilitator)}"


def _gaps(gaps: Sequence[ClassGap]) -> list[str]:
    """One line for each tier: ten lines that differ in a word would not be read."""
    tiers = {gap.tier: [each for each in gaps if each.tier == gap.tier] for gap in gaps}
    titles = class_titles()
    return [
        f"Tier {tier}, none in {found[0].days} days: "
        + " · ".join(f"{gap.harm_class} {escape(titles[gap.harm_class], 80)}" for gap in found)
        for tier, found in tiers.items()
    ]


def _part(title: str, lines: Sequence[str], nothing: str) -> Block:
    shown = [f"• {line}" for line in lines[:SHOWN]] or [nothing]
    if len(lines) > SHOWN:
        shown.append(f"… and {len(lines) - SHOWN} more")
    return section(cut_markup(f"*{title}*\n" + "\n".join(shown), 2900))


def plan_modal(
    scenarios: Sequence[Scenario],
    systems: Sequence[tuple[str, str]],
    chosen: str,
    me: str,
    at: datetime,
    metadata: str,
) -> Block:
    """Which scenario, for which system, when, led by whom. `systems`: (id, name with tier)."""
    options = [option(cut(each.title, 75), each.id, f"{', '.join(each.harm_classes)}") for each in scenarios]
    blocks = [
        select_input("scenario", "Scenario", options, initial=chosen),
        select_input(
            "length", "Length", [option("Full", "full"), option("Short, about 15 minutes", "short")], initial="full"
        ),
        select_input(
            "system",
            "For which AI system?",
            [option(cut(name, 75), system) for system, name in systems]
            or [option("No system is in the inventory", "-")],
            optional=True,
            hint="It counts as rehearsed then. Leave it empty to rehearse people only.",
        ),
        _when(at),
        person_input("facilitator", "Who leads it?", initial=me),
    ]
    return modal(PLAN, "Plan an exercise", blocks, submit="Plan it", metadata=metadata, close="Cancel")


def move_modal(facts: MoveFacts, metadata: str) -> Block:
    """Another time, another facilitator, or not at all."""
    blocks = [
        section(f"*{facts.number}* {escape(facts.title, 150)}"),
        _when(facts.at),
        person_input("facilitator", "Who leads it?", initial=facts.facilitator),
        select_input(
            "what",
            "What?",
            [option("Hold it then", "move"), option("Cancel it", "cancel")],
            initial="move",
            kind="radio_buttons",
        ),
    ]
    return modal(MOVE, f"Move {facts.number}", blocks, submit="Save", metadata=metadata, close="Close")


def _when(at: datetime) -> Block:
    picker: Block = {"type": "datetimepicker", "action_id": "value", "initial_date_time": int(at.timestamp())}
    return {"type": "input", "block_id": "at", "label": plain("When?"), "element": picker}


def reminder_message(each: Planned) -> Message:
    """For the facilitator, a day before."""
    words = (
        f"🗓️ *{each.number}* is {when(each.at)}: {escape(each.title, 120)}, {each.minutes} minutes"
        f"{f', for {escape(each.system, 80)}' if each.system else ''}. You lead it."
    )
    return Message(
        f"{each.number} is tomorrow: {escape(each.title, 150)}",
        [
            section(words),
            context("Ask the players to keep the time free. The scenario is theirs only once it begins."),
            actions(
                button("Set it up…", "programme_start_open", each.scenario, style="primary"),
                button("Move or cancel…", "programme_move_open", str(each.id)),
            ),
        ],
    )


def due_message(due: Sequence[Due], today: date) -> Message:
    """For the announcement channel, once for each system and due day."""
    lines = [f"• {escape(due_words(each, today))}" for each in due[:10]]
    count = len(due)
    head = f"🗓️ *{count} AI system{'' if count == 1 else 's'} should be rehearsed.*"
    return Message(
        f"{count} AI systems should be rehearsed",
        [
            section(head + "\n" + "\n".join(lines)),
            actions(button("Plan an exercise…", "programme_plan_open", "-", style="primary")),
            context("This is said once. `/rai-incident exercise programme` shows what is planned and what lacks."),
        ],
    )
