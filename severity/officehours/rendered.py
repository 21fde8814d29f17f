"""The policy, the tiers, the clocks and the runbooks in force, as Markdown pages that can be searched and cited.

They are made from the very objects that decide, so an answer about a rule cannot lag behind the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from severity.clock_rows import Limit, Stage
from severity.clocks import Clock, Clocks
from severity.officehours.sections import Section, parse
from severity.policy import Policy
from severity.rules import Effect
from severity.taxonomy import harm_classes
from severity.tiers import Tree

FOLDER = "rendered"

RULES_WEIGHT = 0.95
"""Where a handbook's page and a rule answer alike, the page is easier to read."""

Pages = Mapping[str, str]
"""File name -> Markdown."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading and its lines, for content that this room may not import, such as a runbook's step."""

    heading: str
    lines: tuple[str, ...]


def rendered_pages(policy: Policy, tree: Tree, clocks: Clocks) -> dict[str, str]:
    """The pages of everything this room decides by."""
    return {
        f"{FOLDER}/policy.md": policy_page(policy),
        f"{FOLDER}/tiers.md": tiers_page(tree),
        f"{FOLDER}/clocks.md": clocks_page(clocks),
    }


def page(title: str, owner: str, chapters: Iterable[Chapter], weight: float = RULES_WEIGHT) -> str:
    """One Markdown page; `weight` as in its front matter."""
    blocks = [f"---\nowner: {owner}\nweight: {weight}\n---\n# {title}"]
    blocks += [f"## {chapter.heading}\n\n" + "\n".join(chapter.lines) for chapter in chapters]
    return "\n\n".join(blocks) + "\n"


def sections_of(pages: Pages, organisation: str = "") -> tuple[Section, ...]:
    """The pages as sections, to be handed to a `Corpus` as `rendered`."""
    return tuple(
        section
        for file, text in pages.items()
        for section in parse(text, file, organisation=organisation, handbook=FOLDER)
    )


def policy_page(policy: Policy) -> str:
    """Rules, floors, modifiers, questions and targets of the severity policy."""
    chapters = [
        Chapter(
            f"Harm class {name}: {each.title}",
            (
                each.description,
                "",
                "Its questions:",
                "",
                *(f"- {fact.question}" for fact in policy.questions_for([name])),
            ),
        )
        for name, each in harm_classes().items()
    ]
    for rule in policy.table.rules:
        amount = {Effect.BASE: "Severity", Effect.FLOOR: "Floor"}.get(rule.effect, "Modifier")
        chapters.append(
            Chapter(
                f"{amount} rule {rule.id}",
                (
                    f"{rule.effect_in_words.capitalize()}, because {rule.because}.",
                    rule.rationale,
                    f"Owner: {rule.owner}.",
                    f"Source: {rule.source}.",
                ),
            )
        )
    for fact in policy.facts.values():
        lines = [
            fact.help,
            "",
            "The answers, from best to worst:",
            "",
            *(f"- {words}" for words in fact.answers.values()),
        ]
        lines += ["", f"“Not sure” counts as: {fact.answers[fact.not_sure_counts_as]}."]
        chapters.append(Chapter(f"Rubric question: {fact.question}", tuple(lines)))
    for severity, targets in policy.targets.items():
        named = {
            "Detect within": targets.detect,
            "Acknowledge within": targets.acknowledge,
            "Triage within": targets.triage,
            "Containment plan within": targets.containment_plan,
            "Mitigate within": targets.mitigate,
            "Post an update every": targets.update_every,
        }
        lines = [f"- {name} {duration(value)}." for name, value in named.items() if value]
        if targets.review_business_days:
            lines.append(f"- Review meeting within {targets.review_business_days} business days.")
        chapters.append(Chapter(f"Targets of {severity}", tuple(lines)))
    return page("The severity policy in force", "Responsible AI policy lead", chapters)


def tiers_page(tree: Tree) -> str:
    """Controls per tier, the questions of the walk, and what is redone after a material change."""
    chapters = []
    for tier in range(4):
        controls = tree.controls(tier)
        chapters.append(
            Chapter(
                f"Tier {tier} controls ({controls.title.lower()})",
                (
                    f"- Evaluation: {controls.evaluation}.",
                    f"- Monitoring: {controls.monitoring}.",
                    f"- Red team: {controls.red_team}.",
                    f"- Sign-off: {controls.sign_off}.",
                    f"- Re-validation: every {controls.revalidation_days} days.",
                ),
            )
        )
    for question in tree.questions:
        lines = [question.help, ""]
        for answer in question.answers:
            floor = f": tier {answer.at_least} or higher risk" if answer.at_least is not None else ""
            lines.append(f"- {answer.label}{floor}")
        chapters.append(Chapter(f"Tier question: {question.question}", tuple(lines)))
    for change in tree.material_changes:
        redo = (f"- {name.replace('_', ' ').capitalize()}: {words}." for name, words in change.redo.items())
        chapters.append(Chapter(f"Material change: {change.title}", ("What is redone:", "", *redo)))
    return page("The risk tiers in force", "Responsible AI policy lead", chapters)


def clocks_page(clocks: Clocks) -> str:
    """Every regulator clock with its trigger, start, limits, source and what is disputed."""
    return page("The regulator clocks in force", "Legal", (_clock(clock, clocks) for clock in clocks))


def _clock(clock: Clock, clocks: Clocks) -> Chapter:
    lines = [
        clock.trigger,
        f"To: {clock.recipient}.",
        "",
        *(f"- {_stage(stage, clocks)}" for stage in clock.stages),
        "",
    ]
    lines += [clock.note, clock.since]
    if not clock.enabled:
        lines.append("This clock is switched off.")
    if disputed := clocks.contested(clock):
        lines.append(f"Contested: {disputed}")
    lines += [f"Source: {clock.source.cite}.", clocks.notice]
    return Chapter(f"Clock {clock.id}: {clock.title}", tuple(lines))


def _stage(stage: Stage, clocks: Clocks) -> str:
    start = clocks.stamps[stage.starts_at].lower()
    if not isinstance(stage.limit, Limit):
        return f"{stage.title}: immediately, from: {start}."
    words = f"{stage.title}: {stage.limit.words}, from: {start}"
    if stage.wall:
        words += f"; and never later than {stage.wall.words}, from: {clocks.stamps[stage.wall.starts_at].lower()}"
    return words + ("; then again after each." if stage.repeats else ".")


def duration(value: timedelta) -> str:
    """A target in words: minutes, or whole hours."""
    minutes = int(value.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} minutes"
    hours = minutes // 60
    return f"{hours} hour{'' if hours == 1 else 's'}"
