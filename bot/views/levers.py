"""Which lever to pull: the rollback targets of one system, as a person at 3 a.m. can tell them apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.views.blocks import Block, context, escape, modal, mrkdwn, option, section, select_input

RADIO_MOST = 10  # Slack shows at most so many radio buttons; a system with more levers gets a menu
CLASSES = "*routine*: any responder approves, you too.  *disruptive*, *critical*: another responder approves."


@dataclass(frozen=True)
class Lever:
    """One rollback target: what people will notice, its class of action, and why it cannot be used now, if so."""

    id: str
    title: str
    does: str
    action_class: str
    fault: str | None = None


def rollback_modal(levers: Sequence[Lever], preferred: Sequence[str], metadata: str) -> Block:
    """Choose one of the levers that can be used, those that the runbook's step names first, in its order."""
    usable = sorted((one for one in levers if one.fault is None), key=lambda one: _rank(one, preferred))
    faults = [context(_unusable(one)) for one in levers if one.fault]
    if not usable:
        words = section(
            "None of this system's rollback targets can be used now. Do it by hand, then press *Done by hand*."
        )
        return modal("rollback", "Plan a rollback", [words, *faults], submit=None, metadata=metadata)
    buttons = len(usable) <= RADIO_MOST
    blocks = [
        select_input(
            "target",
            "What should go back?",
            [_choice(one, one.id in preferred) if buttons else _entry(one) for one in usable],
            initial=usable[0].id if usable[0].id in preferred else None,
            kind="radio_buttons" if buttons else "static_select",
        ),
        context(CLASSES),
        context("Nothing changes yet: evidence is saved first, then the plan waits for approval. Each can be undone."),
        *faults,
    ]
    return modal("rollback", "Plan a rollback", blocks, submit="Make the plan", metadata=metadata, close="Cancel")


def _unusable(lever: Lever) -> str:
    return f"⚠️ *{escape(lever.title, 75)}* cannot be used now. {escape(lever.fault or '', 600)}"


def _rank(lever: Lever, preferred: Sequence[str]) -> int:
    return preferred.index(lever.id) if lever.id in preferred else len(preferred)


def _choice(lever: Lever, named: bool) -> Block:
    suggested = " · in this runbook" if named else ""
    words = f"*{escape(lever.title, 34)}* · {escape(lever.action_class, 12)}{suggested}"
    return {**option(lever.title, lever.id, lever.does), "text": mrkdwn(words, 75)}


def _entry(lever: Lever) -> Block:
    return option(lever.title, lever.id, f"{lever.action_class}: {lever.does}")
