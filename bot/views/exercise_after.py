"""After an exercise: its end, the hot wash, the ratings, the improvement plan. Pure: plain values to blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.views.blocks import (
    Block,
    actions,
    button,
    checkbox_input,
    cut,
    divider,
    escape,
    modal,
    option,
    person_input,
    plain,
    section,
    select_input,
    text_input,
)
from bot.views.exercise_panel import ActionLine, action_line, rating_line
from integrations.slack import Message
from playbooks.score import RATINGS, Outcome, Rating, Shown


def ended_message(
    exercise_id: int, ratings: Sequence[Shown], discussion: Sequence[str], because: str | None
) -> Message:
    """The end in the exercise's channel: what the evidence gives, what to talk over, and the short form for everybody.
    Where something real came first nobody has time to talk."""
    lines = [rating_line(each) for each in ratings]
    head = (
        f"⏹️ *The exercise was stopped* because {escape(because, 300)}."
        if because
        else "🏁 *The exercise is over.* Thank you."
    )
    blocks: list[Block] = [section(head)]
    if lines:
        blocks.append(section("*What the record gives*, until an evaluator has decided\n" + "\n".join(lines)))
    if discussion and not because:
        asked = "\n".join(f"• {escape(question, 400)}" for question in discussion)
        blocks.append(section("*Questions to talk over*\n" + cut(asked, 2500)))
    blocks += [
        section("Two minutes while it is fresh: what should stay, what should change?"),
        actions(button("Hot wash…", "hot_wash_open", str(exercise_id), style="primary")),
    ]
    return Message("The exercise is over. Please answer the hot wash.", blocks)


def hot_wash_modal(
    number: str, asked: Sequence[str], given: Mapping[str, str], anonymous: bool, metadata: str
) -> Block:
    """The short form right after the exercise. It replaces what the person said before, so it opens with that
    (`given`): neither an answer nor the wish to stay unnamed is lost by adding a line."""
    return modal(
        "hot_wash",
        f"Hot wash {number}",
        [
            *(
                text_input(f"q{index}", question, optional=True, initial=given.get(f"q{index}"))
                for index, question in enumerate(asked)
            ),
            checkbox_input(
                "anonymous",
                "Your name",
                [option("Leave my name out", "yes", "The report shows what was said, not who said it")],
                ticked=anonymous,
            ),
        ],
        submit="Send",
        metadata=metadata,
        close="Cancel",
    )


@dataclass(frozen=True)
class RateLine:
    """One objective to rate, with its evidence; `tested` says how much of it that rests on, where not on all."""

    objective_id: str
    text: str
    proposed: Rating
    allowed: tuple[Rating, ...]
    chosen: Rating
    reason: str
    tested: str
    evidence: list[str]


def rate_modal(number: str, lines: Sequence[RateLine], unrated: Sequence[Shown], metadata: str) -> Block:
    """Every objective with its evidence: confirm, or lower with a reason. Nothing above the evidence is offered, and
    nothing where too little was tested."""
    blocks: list[Block] = [
        section("The proposal follows from the record. You may confirm or lower it; lowering needs a reason.")
    ]
    for line in lines:
        blocks += [
            divider(),
            section(
                f"*{escape(line.text, 400)}*{f' · _{escape(line.tested)}_' if line.tested else ''}\n"
                + cut("\n".join(line.evidence), 2300)
            ),
            select_input(
                f"rating:{line.objective_id}",
                f"Rating (proposed: {line.proposed})",
                [option(f"{letter} · {RATINGS[letter]}", letter) for letter in line.allowed],
                initial=line.chosen,
            ),
            text_input(f"reason:{line.objective_id}", "Reason", initial=line.reason, optional=True, max_length=600),
        ]
    if unrated:
        blocks += [divider(), section("*Too little was tested to rate*\n" + "\n".join(map(rating_line, unrated)))]
    return modal("exercise_rate", f"Rate {number}", blocks, submit="Save", metadata=metadata, close="Cancel")


def improve_modal(number: str, metadata: str) -> Block:
    """One line of the improvement plan."""
    owner = person_input("owner", "Who does it?")
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
        action_line(
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
