"""Declaring: four fields, and what is said once the incident is open."""

from dataclasses import dataclass

from bot.views.blocks import (
    Block,
    channel_link,
    checkbox_input,
    escape,
    modal,
    option,
    section,
    select_input,
    text_input,
)
from bot.views.card import SEVERITY_MARK
from bot.views.reach import PAGED, Paging
from incidents.opening import NOT_LISTED
from integrations.slack import Message

CALLBACK = "declare"


@dataclass(frozen=True)
class OpenedFacts:
    """What the reporter is told of the incident they have just opened."""

    number: str
    severity: str
    provisional: bool
    because: str
    reporter: str
    channel_id: str | None
    paged: Paging


def declare_modal(systems: list[tuple[str, str]], prefill: str, metadata: str, *, exercise: str | None = None) -> Block:
    """The four fields. `systems` are (id, name); `metadata` carries the reported message's address, if any. `exercise`
    is the number of the exercise whose incident this opens."""
    choices = [option(name, system_id) for system_id, name in systems[:99]]
    choices.append(option("Not listed, or not sure", NOT_LISTED))
    return modal(
        CALLBACK,
        "Report AI harm",
        [
            *([section(_rehearsed(exercise))] if exercise else []),
            text_input(
                "what_happened",
                "What happened?",
                initial=prefill,
                placeholder="The assistant showed a customer somebody else's order.",
                hint="Plain words are enough. Leave out personal data where you can.",
            ),
            select_input("system", "Which AI system?", choices, initial=systems[0][0] if len(systems) == 1 else None),
            select_input(
                "ongoing",
                "Is it still going on?",
                [option("Yes", "yes"), option("No", "no"), option("Not sure", "not_sure")],
                initial="not_sure",
                kind="radio_buttons",
            ),
            checkbox_input(
                "private",
                "Who may see it?",
                [option("Keep private", "private", "Only the people invited, and the roles, will see it")],
            ),
        ],
        submit="Open the incident",
        metadata=metadata,
        close="Cancel",
    )


def _rehearsed(exercise: str) -> str:
    return (
        f"*This opens the incident of exercise {exercise}, never a real one.* Is something real going on? "
        "Close this and report it in any other channel, or press *Something real happened* in the pinned message."
    )


def saved_modal() -> Block:
    """Shown the moment the report is saved, until the number is there."""
    return modal(CALLBACK, "Report AI harm", [section("*Saved.* The incident is being opened; you may close this.")])


def opened_modal(facts: OpenedFacts) -> Block:
    """What the submitted modal says once the incident is open."""
    return modal(CALLBACK, facts.number, [section(_sentence(facts))])


def opened_message(facts: OpenedFacts) -> Message:
    """The same for the reporter, as a message."""
    return Message(f"{facts.number} is open.", [section(_sentence(facts))])


def _sentence(facts: OpenedFacts) -> str:
    severity = f"*{facts.severity}*{' provisional' if facts.provisional else ''}"
    where = (
        f"\nIts channel is {channel_link(facts.channel_id)}." if facts.channel_id else "\nIts channel is on the way."
    )
    paged = f" {PAGED[facts.paged]}".rstrip()
    return (
        f"{SEVERITY_MARK[facts.severity]} *{facts.number} is open*, {severity} because "
        f"{escape(facts.because, 500)}.{where}{paged}"
    )
