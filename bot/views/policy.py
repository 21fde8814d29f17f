"""The severity policy in force, what waits to replace it, and what that would change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views.blocks import Block, actions, button, context, divider, escape, person, section, when
from integrations.slack import Message

SHOWN = 8  # lines of one list; the command line shows all of them


@dataclass(frozen=True)
class Changes:
    """What another policy would answer otherwise: `past` and `cases` are one line each."""

    past: Sequence[str]
    compared: int
    not_comparable: int
    cases: Sequence[str]


@dataclass(frozen=True)
class InForce:
    """The policy in force. `approved_by` is None for the one that came with the program."""

    version: str
    short_hash: str
    since: datetime
    requested_by: str
    approved_by: str | None


@dataclass(frozen=True)
class Waiting:
    """A proposal that a second admin has to approve."""

    activation_id: int
    version: str
    short_hash: str
    requested_by: str
    requested_at: datetime
    changes: Changes


@dataclass(frozen=True)
class OnFile:
    """The operator's file where it is not in force. With a `fault` it is refused and nothing else is known."""

    fault: str = ""
    version: str = ""
    hash: str = ""
    changes: Changes | None = None


@dataclass(frozen=True)
class PolicyFacts:
    """What one person is shown. `may_change` is True for an admin."""

    in_force: InForce
    waiting: Waiting | None
    on_file: OnFile | None
    may_change: bool
    viewer: str
    admins_group: str


def policy_message(facts: PolicyFacts) -> Message:
    """The state of the policy, with the presses this person may use."""
    now = facts.in_force
    by = (
        f"proposed by {person(now.requested_by)}, approved by {person(now.approved_by)}"
        if now.approved_by
        else "as it came with the program"
    )
    blocks: list[Block] = [
        section(
            f"*Severity policy {escape(now.version, 40)}* (`{now.short_hash}`) is in force "
            f"since {when(now.since)}, {by}."
        )
    ]
    if facts.waiting is not None:
        blocks += [divider(), *_waiting(facts.waiting, facts)]
    if facts.on_file is not None:
        blocks += [divider(), *_on_file(facts.on_file, facts)]
    if not facts.may_change:
        blocks.append(context(f"Two members of @{escape(facts.admins_group, 60)} change it together, here in Slack."))
    text = f"Severity policy {now.version} ({now.short_hash}) is in force."
    if facts.waiting is not None:
        text = f"Policy {facts.waiting.version} ({facts.waiting.short_hash}) waits for a second admin. {text}"
    return Message(escape(text, 1000), blocks)


def _waiting(waiting: Waiting, facts: PolicyFacts) -> list[Block]:
    blocks = [
        section(
            f"*Version {escape(waiting.version, 40)}* (`{waiting.short_hash}`) was proposed by "
            f"{person(waiting.requested_by)} {when(waiting.requested_at)} and waits for a second admin."
        ),
        *_changes(waiting.changes),
    ]
    if facts.may_change:
        value = str(waiting.activation_id)
        own = facts.viewer == waiting.requested_by
        approve = button(
            "Approve",
            "policy_approve",
            value,
            style="primary",
            confirm=(
                "Put it in force?",
                "Every classification from now on uses it. Severities that were confirmed stay as they are.",
                "Approve",
            ),
        )
        reject = button("Take it back" if own else "Reject", "policy_reject", value)
        blocks.append(actions(reject) if own else actions(approve, reject))
    return blocks


def _on_file(on_file: OnFile, facts: PolicyFacts) -> list[Block]:
    if on_file.changes is None:
        return [
            section(
                "*The policy on file is refused*; the one in force stays. "
                f"Mend this, then look again:\n{escape(on_file.fault, 2000)}"
            )
        ]
    blocks = [
        section(
            f"*Version {escape(on_file.version, 40)}* (`{on_file.hash[:12]}`) is on file, checked and proved, "
            "but nobody proposed it. It changes nothing yet."
        ),
        *_changes(on_file.changes),
    ]
    if facts.may_change:
        blocks.append(actions(button("Propose", "policy_propose", on_file.hash, style="primary")))
    return blocks


def _changes(changes: Changes) -> list[Block]:
    lines = []
    if changes.past:
        lines.append(f"*Past assessments it would answer otherwise: {len(changes.past)} of {changes.compared}*")
        lines += _listed(changes.past)
    elif not changes.compared:
        lines.append("There is no past assessment to compare with yet.")
    else:
        lines.append(f"None of the {changes.compared} past assessments compared would be answered otherwise.")
    if changes.not_comparable:
        lines.append(f"{changes.not_comparable} older ones answered other questions and cannot be compared.")
    if changes.cases:
        lines.append(f"*Named cases that fail: {len(changes.cases)}*")
        lines += _listed(changes.cases)
    else:
        lines.append("All named cases hold.")
    return [section("\n".join(lines))]


def _listed(lines: Sequence[str]) -> list[str]:
    shown = [f"• {escape(line, 200)}" for line in lines[:SHOWN]]
    return shown + ([f"… and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else [])
