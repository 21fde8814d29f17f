"""An exercise in its channel: how it is set up, opens and begins, its injects, the list. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.views.blocks import (
    Block,
    actions,
    button,
    channel_link,
    context,
    cut,
    divider,
    escape,
    header,
    modal,
    option,
    people_input,
    person,
    plain,
    quote,
    section,
    select_input,
)
from integrations.slack import Message
from playbooks.scenario import Inject, Scenario

START = "exercise_start"
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
            [option(speed_words(speed), str(speed)) for speed in speeds],
            initial="1",
        ),
        divider(),
        *(people_input(f"{ROLE}{role.id}", role.title, role.why) for role in scenario.roles),
        people_input(f"{ROLE}evaluator", "Evaluators", "They rate afterwards. You may rate too."),
    ]
    return modal(START, "Start an exercise", blocks, submit="Set it up", metadata=metadata, close="Cancel")


def speed_words(speed: int) -> str:
    """`As written`, `5 times as fast`."""
    return "As written" if speed == 1 else f"{speed} times as fast"


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


def real_incident_message(exercise_id: int, number: str, state: str) -> Message:
    """A real incident comes first. One that stands still can go on; one that has not begun has its *Begin*."""
    words = f"🚨 *{number} is a real incident, declared just now.* Real work comes first."
    stop = button("Stop the exercise", "exercise_stop", str(exercise_id), style="danger")
    paused = state == "paused"
    if paused:
        words += " The exercise is paused."
    return Message(
        f"{number} is a real incident. Real work comes first.",
        [
            section(words),
            actions(stop, *([button("Go on with it", "exercise_resume", str(exercise_id))] if paused else [])),
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
