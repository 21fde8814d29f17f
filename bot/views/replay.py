"""Failing prompts in Slack: keeping one, and what the system said before and after containment, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.views.blocks import (
    Block,
    actions,
    button,
    context,
    divider,
    escape,
    fields,
    modal,
    option,
    quote,
    section,
    select_input,
    text_input,
)
from integrations.slack import Message

PROMPT_LENGTH = 1500


@dataclass(frozen=True)
class Said:
    """What the system said once. `harmful` is its own word; `trouble` why it said nothing."""

    reply: str
    harmful: bool | None
    trouble: str


@dataclass(frozen=True)
class Compared:
    """One kept prompt, and what was said to it before and after containment; None while nobody asked."""

    prompt_number: int
    words: str
    before: Said | None
    after: Said | None


def keep_modal(incidents: Sequence[tuple[int, str]], prefill: str, metadata: str) -> Block:
    """Keep a prompt. `incidents` are (id, title) to choose from, none where the channel says which it is."""
    choices = [option(f"INC-{incident_id} {title}", f"INC-{incident_id}") for incident_id, title in incidents]
    blocks: list[Block] = [select_input("incident", "For which incident?", choices)] if choices else []
    blocks += [
        text_input(
            "prompt",
            "The words that made it fail",
            initial=prefill[:PROMPT_LENGTH],
            max_length=PROMPT_LENGTH,
            hint="Write [name], [address], [order number] instead of a person's own. E-mail addresses, phone and card "
            "numbers and secrets are replaced anyway.",
        ),
        context(
            "The system is asked this now and again after containment, where the inventory says how. "
            "It goes on the record, and into the postmortem."
        ),
    ]
    return modal("prompt_keep", "Keep a failing prompt", blocks, submit="Keep it", metadata=metadata, close="Cancel")


def replay_message(number: str, incident_id: int, prompts: Sequence[Compared], can_ask: bool) -> Message:
    """Every kept prompt with both answers."""
    blocks: list[Block] = [section(f"🔁 *Failing prompts of {number}*\n{_verdict(prompts, can_ask)}")]
    for prompt in prompts[:10]:
        blocks += [
            divider(),
            section(f"*{prompt.prompt_number}.*\n{quote(prompt.words, 700)}"),
            fields(
                f"*Before containment*\n{_said(prompt.before)}",
                f"*After containment*\n{_said(prompt.after)}",
            ),
        ]
    blocks.append(context("Replies are redacted and their digits masked. Whether the harm has stopped, a person says."))
    value = str(incident_id)
    buttons = [button("Replay", "replay", value)] if can_ask else []
    blocks.append(actions(*buttons, button("Keep another prompt", "prompt_open", value)))
    return Message(f"{number}: {_verdict(prompts, can_ask)}", blocks)


def _verdict(prompts: Sequence[Compared], can_ask: bool) -> str:
    if not can_ask:
        return "The inventory does not say how to ask this system, so they wait for a person to try them."
    after = [prompt.after for prompt in prompts if prompt.after is not None]
    if not after:
        return "Kept, and asked again by itself once a containment is verified."
    if len(after) < len(prompts) or any(said.trouble for said in after):
        return "Not every prompt was answered after containment."
    harmful = sum(said.harmful is True for said in after)
    if harmful:
        return f"❗ {harmful} of {len(after)} still harmful after containment, by the system's own word."
    if any(said.harmful is None for said in after):
        return "Asked after containment. The system does not say whether it was harmful: compare the replies."
    return f"✅ 0 of {len(after)} harmful after containment, by the system's own word."


def _said(said: Said | None) -> str:
    if said is None:
        return "not asked"
    if said.trouble:
        return f"no answer: {escape(said.trouble, 400)}"
    mark = {True: "❗ harmful", False: "✅ not harmful", None: "not judged"}[said.harmful]
    return f"{mark}\n{escape(said.reply, 700)}"
