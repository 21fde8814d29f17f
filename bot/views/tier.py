"""Risk tiers in Slack: the walk through the tier questions, one a page; its outcome; and the list of AI systems."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

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
    person,
    section,
    select_input,
)
from integrations.slack import Message
from severity.tiers import NOT_SURE, Outcome, Question, Taken

WALK, DECIDE = "tier_walk", "tier_decide"
LISTED = 40  # systems in one message; Slack shows 50 blocks


@dataclass(frozen=True)
class SystemFacts:
    """One AI system as the list shows it."""

    id: str
    name: str
    owner: str
    tier: int | None
    tiered_at: date | None
    decided_by: str | None
    revalidate_by: date | None
    overdue: bool
    regimes: tuple[str, ...]


def choose_modal(systems: Sequence[tuple[str, str]], metadata: str) -> Block:
    """Which AI system? `systems` are (id, name)."""
    options = [option(name, system_id) for system_id, name in systems]
    return modal(
        WALK,
        "Risk tier",
        [
            select_input(
                "system", "Which AI system?", options, initial=options[0]["value"] if len(options) == 1 else None
            )
        ],
        submit="Next",
        metadata=metadata,
        close="Cancel",
    )


def question_modal(
    system: str, question: Question, so_far: Sequence[Taken], answer: str | None, notice: str, metadata: str
) -> Block:
    """The next question of the walk, and the way here."""
    options = [option(cut(each.label, 75), each.id) for each in question.answers]
    options.append(option("Not sure", NOT_SURE, "Counts as the worst answer it could be"))
    blocks: list[Block] = [context(f"*{escape(system, 75)}* · question {len(so_far) + 1} · {escape(question.about)}")]
    blocks.append(
        select_input(
            _block_id(question), question.question, options, initial=answer, kind="radio_buttons", hint=question.help
        )
    )
    if so_far:
        blocks += [_way(so_far), actions(button("Back", "tier_back", "back"))]
    blocks.append(context(escape(notice)))
    return modal(WALK, "Risk tier", blocks, submit="Next", metadata=metadata, close="Cancel")


def outcome_modal(system: str, outcome: Outcome, metadata: str) -> Block:
    """Where the walk ended: tier, category, controls, and the press that puts a name to it."""
    controls = outcome.controls
    category = "\n".join(
        f"• {escape(each.title, 300)}. _{escape(each.source, 200)}_" for each in (outcome.category, *outcome.also)
    )
    blocks: list[Block] = [
        header(f"{system}: tier {outcome.tier}, {controls.title.lower()}"),
        section("*Because*\n" + "\n".join(f"• {escape(taken.as_text, 300)}" for taken in outcome.because)),
        section(f"*EU AI Act*\n{category}"),
        section(
            "*Required controls*\n"
            f"• Evaluation: {escape(controls.evaluation, 400)}\n"
            f"• Monitoring: {escape(controls.monitoring, 400)}\n"
            f"• Red team: {escape(controls.red_team, 400)}\n"
            f"• Sign-off: {escape(controls.sign_off, 400)}\n"
            f"• Re-validation: every {controls.revalidation_days} days"
        ),
        _way(outcome.path),
        actions(button("Back", "tier_back", "back")),
        context(escape(outcome.notice)),
    ]
    return modal(DECIDE, "Risk tier", blocks, submit="Decide", metadata=metadata, close="Cancel")


def decided_message(system: str, outcome: Outcome, until: date) -> Message:
    """The decision is saved."""
    words = (
        f"*{escape(system, 75)}* is in *tier {outcome.tier}* ({escape(outcome.controls.title.lower(), 60)}), decided "
        f"under your name. {escape(outcome.category.title, 200)}. Validate it again by {until}."
    )
    return Message(
        escape(f"{system} is in tier {outcome.tier}.", 300), [section(words), context(escape(outcome.notice))]
    )


def systems_message(systems: Sequence[SystemFacts]) -> Message:
    """The inventory, what is overdue first."""
    if not systems:
        words = "The inventory is empty. An operator writes `systems.yaml`; `rai-incident systems check` checks it."
        return Message(words, [section(words)])
    ordered = sorted(systems, key=lambda each: (not each.overdue, each.tier is not None, each.tier or 0, each.name))
    blocks: list[Block] = [section(_system(each)) for each in ordered[:LISTED]]
    if len(ordered) > LISTED:
        blocks.append(context(f"… and {len(ordered) - LISTED} more: `rai-incident systems list` shows all."))
    blocks.append(context("Tier 0 is the highest risk. `/rai-incident tier [system]` walks the questions again."))
    overdue = sum(each.overdue for each in systems)
    count = f"{len(systems)} AI system{'' if len(systems) == 1 else 's'}"
    return Message(f"{count}, {overdue} overdue for re-validation", blocks)


def _system(facts: SystemFacts) -> str:
    tier = f"tier {facts.tier}" if facts.tier is not None else "no tier yet"
    if facts.tiered_at:
        tier += f" since {facts.tiered_at}" + (f" by {person(facts.decided_by)}" if facts.decided_by else "")
    if facts.tier is None:
        due = f"Walk the questions: `/rai-incident tier {facts.id}`"
    elif facts.revalidate_by is None:
        due = "⚠️ Re-validation overdue: nobody has said when it was tiered"
    elif facts.overdue:
        due = f"⚠️ Re-validation overdue since {facts.revalidate_by}"
    else:
        due = f"Re-validation by {facts.revalidate_by}"
    regimes = escape(", ".join(facts.regimes), 300) or "no regime recorded"
    return f"*{escape(facts.name, 75)}* (`{facts.id}`) · {tier} · owner {person(facts.owner)}\n{due} · {regimes}"


def _way(path: Sequence[Taken]) -> Block:
    return section(cut("*The way here*\n" + "\n".join(f"• {escape(taken.as_text, 220)}" for taken in path), 2900))


def _block_id(question: Question) -> str:
    # Slack keeps what was typed while a block's id stays the same: each question needs its own.
    return f"tier:{question.id}"
