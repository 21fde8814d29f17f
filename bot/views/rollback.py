"""A rollback plan as one message, edited in place from plan to verified."""

from dataclasses import dataclass
from datetime import datetime

from bot.views.blocks import Block, actions, button, context, escape, fields, person, section, when
from integrations.slack import Message

HEADLINES = {
    "planned": "🧭 *Rollback plan* — waits for another responder",
    "approved": "👍 *Approved* — starting",
    "executing": "⏳ *Rolling back*",
    "executed": "🔎 *Changed* — asking the system whether it took effect",
    "verified": "✅ *Done and verified*",
    "failed": "❗ *Not contained by this*",
    "undone": "↩️ *Undone*",
    "stopped": "✋ *Stopped* — nothing was changed",
    "rejected": "🚫 *Rejected* — nothing was changed",
    "void": "⌛ *Void* — nothing was changed",
}


@dataclass(frozen=True)
class PlanFacts:
    """What the message shows, as plain values."""

    plan_id: int
    incident_id: int
    number: str
    title: str
    system: str
    state: str
    undo: bool
    from_value: str
    to_value: str
    blast_radius: str
    dry_run: str
    plan_hash: str
    snapshot_hashes: dict[str, str]
    action_class: str
    requested_by: str
    approved_by: str | None
    expires_at: datetime
    seen: str


def plan_message(plan: PlanFacts) -> Message:
    """The plan as it stands: what would change, what it touches, the evidence, and the press that is next."""
    value = f"{plan.incident_id}:{plan.plan_id}:{plan.plan_hash[:16]}"
    what = "Undo" if plan.undo else "Rollback"
    headline = HEADLINES[plan.state].replace("Rollback plan", f"{what} plan")
    if plan.state == "planned" and plan.action_class == "routine":
        headline = headline.replace("another responder", "a responder")
    blocks: list[Block] = [
        section(
            f"{headline}\n*{escape(plan.title, 120)}* of {escape(plan.system, 100)}: "
            f"`{escape(plan.from_value, 100)}` → `{escape(plan.to_value, 100)}`"
        ),
        fields(
            f"*Blast radius*\n{escape(plan.blast_radius, 800)}",
            f"*Dry run*\n{escape(plan.dry_run, 800)}",
            f"*Asked for by*\n{person(plan.requested_by)}",
            f"*Approved by*\n{person(plan.approved_by) if plan.approved_by else '—'}",
        ),
    ]
    if plan.seen:
        blocks.append(section(f"*What was seen*  {escape(plan.seen, 1200)}"))
    evidence = ", ".join(f"{escape(name, 60)} {digest[:12]}" for name, digest in plan.snapshot_hashes.items())
    small = [f"Evidence saved first: {evidence or 'snapshot'}", f"Plan {plan.plan_hash[:12]}"]
    if plan.state == "planned":
        small.append(f"Expires {when(plan.expires_at, '{time}')}")
    blocks.append(context(" · ".join(small)))
    if plan.state == "planned":
        blocks.append(
            actions(
                button(
                    f"Approve {what.lower()}",
                    "rollback_approve",
                    value,
                    style="danger",
                    confirm=(
                        f"{what}: {plan.from_value} → {plan.to_value}"[:100],
                        f"This changes {plan.system} for everybody who uses it, now."[:300],
                        "Approve",
                    ),
                ),
                button("Reject", "rollback_reject_open", value),
            )
        )
    elif plan.state == "verified" and not plan.undo:
        blocks.append(actions(button("Undo", "rollback_undo_open", value)))
    elif plan.state == "failed":
        blocks.append(
            actions(
                button("Check again", "rollback_verify", value, style="primary"),
                button("Undo", "rollback_undo_open", value),
            )
        )
    text = f"{plan.number} {what.lower()} {plan.state}: {plan.title} {plan.from_value} → {plan.to_value}"
    return Message(escape(text, 600), blocks)
