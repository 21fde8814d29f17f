"""The form of a channel's digest: what there is, what can be done with it at once, and a subscription to save."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views.blocks import (
    Block,
    actions,
    button,
    context,
    divider,
    escape,
    modal,
    multi_select_input,
    option,
    section,
    select_input,
    text_input,
    time_input,
    when,
)
from incidents.periods import EVERY
from severity.taxonomy import harm_classes

CALLBACK = "digest_subscribe"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ABOUT = {
    "weekly": "The seven whole days before",
    "monthly": "The month before, on its first such weekday",
    "quarterly": "The quarter before, on its first such weekday",
}


@dataclass(frozen=True)
class Subscribed:
    """One digest of a channel, as the form shows it."""

    id: int
    every: str
    weekday: int
    at: str
    zone: str
    systems: tuple[str, ...]
    harm_classes: tuple[str, ...]
    audience: str
    paused: bool
    next_due: datetime


def digest_form(
    subscribed: Sequence[Subscribed],
    systems: Sequence[tuple[str, str]],
    zone: str,
    minimum: int,
    metadata: str,
) -> Block:
    """The form. `systems` are (id, name); `zone` is the person's own, as Slack says."""
    blocks: list[Block] = []
    for each in subscribed[: len(EVERY)]:
        blocks += [section(in_words(each)), _buttons(each)]
    if subscribed:
        blocks += [divider(), context("Save to change one of them (they are told apart by how often), or to add one.")]
    else:
        blocks.append(context("A summary of this channel's AI harm: what changed, and what needs a decision."))
        blocks.append(actions(button("Preview", "digest_preview", "weekly")))
    now = subscribed[0] if subscribed else None
    blocks += [
        select_input(
            "every",
            "How often",
            [option(name.capitalize(), name, ABOUT[name]) for name in EVERY],
            initial=now.every if now else "weekly",
            kind="radio_buttons",
        ),
        select_input(
            "weekday",
            "Weekday",
            [option(name, str(number)) for number, name in enumerate(WEEKDAYS)],
            initial=str(now.weekday if now else 0),
        ),
        time_input("at", "Time", initial=now.at if now else "09:00"),
        text_input(
            "zone",
            "Time zone",
            initial=now.zone if now else zone,
            multiline=False,
            hint="Like Europe/Berlin. It stays right when the clocks change.",
            max_length=64,
        ),
    ]
    if systems:
        options = [option(name, system_id) for system_id, name in systems]
        chosen = list(now.systems) if now else []
        blocks.append(multi_select_input("systems", "Only these AI systems", options, initial=chosen, hint="None: all"))
    options = [option(f"{name} {found.title}", name) for name, found in harm_classes().items()]
    chosen = list(now.harm_classes) if now else []
    blocks.append(
        multi_select_input("harm_classes", "Only these kinds of harm", options, initial=chosen, hint="None: all")
    )
    blocks.append(
        select_input(
            "audience",
            "Who reads it",
            [
                option("Responders", "team", "Names incidents and shows every number"),
                option("The organisation", "organisation", f"No single incident, no number under {minimum}"),
            ],
            initial=now.audience if now else "team",
            kind="radio_buttons",
            hint="Private incidents, exercises and tests are in neither.",
        )
    )
    return modal(CALLBACK, "Digest", blocks, submit="Save", metadata=metadata)


def done_modal(words: str) -> Block:
    """What was received, instead of the form."""
    return modal(CALLBACK, "Digest", [section(escape(words) or "Received.")])


def subscribed_words(each: Subscribed) -> str:
    """The subscription is saved."""
    return f"Saved. {in_words(each)}"


def in_words(each: Subscribed) -> str:
    """What is sent when, to whom, about what."""
    day = WEEKDAYS[each.weekday]
    day = f"on {day}s" if each.every == "weekly" else f"on the first {day} after it has ended"
    only = ", ".join((*each.systems, *each.harm_classes))
    state = "⏸️ Paused." if each.paused else f"Next: {when(each.next_due)}."
    audience = "the organisation" if each.audience == "organisation" else "responders"
    return (
        f"*{each.every.capitalize()}*, {day} at {each.at} ({escape(each.zone, 64)}), for {audience}"
        f"{f', only {escape(only, 300)}' if only else ''}. {state}"
    )


def _buttons(each: Subscribed) -> Block:
    value = str(each.id)
    toggle = button("Resume", "digest_resume", value) if each.paused else button("Pause", "digest_pause", value)
    return actions(
        button("Preview", "digest_preview", each.every),
        button("Send now", "digest_now", value),
        toggle,
        block_id=f"digest:{each.every}",
    )
