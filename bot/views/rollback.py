"""A rollback plan as one message, edited in place from plan to verified; and what is said aloud when it went wrong."""

from dataclasses import dataclass
from datetime import datetime

from bot.views.blocks import Block, actions, button, context, escape, fields, modal, person, section, text_input, when
from bot.views.mitigation import proposal_blocks
from bot.views.reach import PAGED, Paging, touched
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
HASH_SHOWN = 12


@dataclass(frozen=True)
class GlassFacts:
    """A use of break glass on a plan. `review` is the verdict in words, None until somebody else has reviewed it."""

    glass_id: int
    used_by: str
    reason: str
    review: str | None
    reviewed_by: str | None


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
    glass: GlassFacts | None
    proposed_at: datetime | None  # the proposed `mitigated`, while nobody has confirmed it
    replay: str  # what is offered about failing prompts: `keep` one, `replay` them, or nothing
    again: bool  # the same may be planned again with one press
    rehearsed: bool  # a lever of an exercise


def plan_message(plan: PlanFacts) -> Message:
    """The plan as it stands: what would change, what it touches, the evidence, and the press that is next."""
    what = "Undo" if plan.undo else "Rollback"
    blocks: list[Block] = [
        section(
            f"{_headline(plan, what)}\n*{escape(plan.title, 120)}* of {escape(plan.system, 100)}: "
            f"`{escape(plan.from_value, 100)}` → `{escape(plan.to_value, 100)}`"
        ),
        fields(
            f"*Blast radius*\n{escape(plan.blast_radius, 800)}",
            f"*Dry run*\n{escape(plan.dry_run, 800)}",
            f"*Asked for by*\n{person(plan.requested_by)}",
            f"*Approved by*\n{_authority(plan)}",
        ),
    ]
    if plan.seen:
        label = "Why" if plan.state in ("void", "rejected") else "What was seen"
        blocks.append(section(f"*{label}*  {escape(plan.seen, 1200)}"))
    evidence = ", ".join(f"{escape(name, 60)} {digest[:12]}" for name, digest in plan.snapshot_hashes.items())
    small = [f"Evidence saved first: {evidence or 'snapshot'}", f"Plan {plan.plan_hash[:HASH_SHOWN]}"]
    if plan.state == "planned":
        small.append(f"Expires {when(plan.expires_at, '{time}')}")
    blocks.append(context(" · ".join(small)))
    if plan.state == "planned" and plan.action_class == "critical":
        blocks.append(
            context(
                "Critical: whoever approves types the beginning of the plan's hash. "
                "Once there is a console with a fresh login, the second yes moves there."
            )
        )
    if plan.glass is not None:
        blocks += _glass(plan.glass, plan.incident_id)
    if plan.proposed_at is not None:
        blocks += proposal_blocks(plan.incident_id, plan.proposed_at)
    buttons = _buttons(plan, what) + _prompts(plan)
    if buttons:
        blocks.append(actions(*buttons))
    text = f"{plan.number} {what.lower()} {plan.state}: {plan.title} {plan.from_value} → {plan.to_value}"
    return Message(escape(text, 600), blocks)


def _headline(plan: PlanFacts, what: str) -> str:
    headline = HEADLINES[plan.state].replace("Rollback plan", f"{what} plan")
    if plan.state == "planned" and plan.action_class == "routine":
        headline = headline.replace("another responder", "a responder")
    if plan.state == "failed" and plan.undo:
        headline = headline.replace("Not contained by this", "Undo not verified")
    return headline


def _authority(plan: PlanFacts) -> str:
    if plan.glass is not None:
        return f"nobody: {person(plan.glass.used_by)} used break glass"
    return person(plan.approved_by) if plan.approved_by else "—"


def _glass(glass: GlassFacts, incident_id: int) -> list[Block]:
    words = f"🔨 *Break glass* by {person(glass.used_by)}: {escape(glass.reason, 900)}"
    if glass.review is not None:
        return [section(f"{words}\n*Reviewed* by {person(glass.reviewed_by or '')}: {escape(glass.review, 900)}")]
    press = button("Review", "break_glass_review_open", f"{incident_id}:{glass.glass_id}", style="primary")
    return [section(f"{words}\n*Not reviewed yet.* Another responder has to do it."), actions(press)]


def _buttons(plan: PlanFacts, what: str) -> list[Block]:
    value = f"{plan.incident_id}:{plan.plan_id}:{plan.plan_hash[:16]}"
    undo = button("Undo", "rollback_undo_open", value)
    if plan.state == "planned":
        buttons = [_approve(plan, what, value), button("Reject", "rollback_reject_open", value)]
        if plan.action_class != "routine":
            buttons.append(button("Break glass…", "break_glass_open", value))
        return buttons
    if plan.state == "verified" and not plan.undo:
        return [undo]
    if plan.state == "failed":
        return [button("Check again", "rollback_verify", value, style="primary"), *([] if plan.undo else [undo])]
    if plan.again:
        return [button("Make a new plan", "rollback_replan", value, style="primary")]
    return []


def _prompts(plan: PlanFacts) -> list[Block]:
    offers = {"keep": ("Keep a failing prompt", "prompt_open"), "replay": ("Replay", "replay")}
    if plan.replay not in offers:
        return []
    label, action = offers[plan.replay]
    return [button(label, action, str(plan.incident_id))]


def _approve(plan: PlanFacts, what: str, value: str) -> Block:
    label = f"Approve {what.lower()}"
    if plan.action_class == "critical":
        return button(f"{label}…", "rollback_critical_open", value, style="danger")
    words = f"This changes {plan.system} {touched(plan.rehearsed)}, now."[:300]
    title = f"{what}: {plan.from_value} → {plan.to_value}"[:100]
    return button(label, "rollback_approve", value, style="danger", confirm=(title, words, "Approve"))


def critical_modal(plan: PlanFacts, typed: int, metadata: str) -> Block:
    """The approval of a critical action: typing part of the hash, so that it is meant. `typed` characters of it."""
    words = (
        f"*{escape(plan.title, 120)}* of {escape(plan.system, 100)}: `{escape(plan.from_value, 100)}` → "
        f"`{escape(plan.to_value, 100)}`, {touched(plan.rehearsed)}, now.\n"
        f"*Blast radius*  {escape(plan.blast_radius, 800)}"
    )
    hint = f"It stands at the foot of the plan's message: Plan {plan.plan_hash[:HASH_SHOWN]}."
    return modal(
        "rollback_critical",
        "Approve critical action",
        [
            section(words),
            text_input(
                "typed",
                f"Type the first {typed} characters of the plan's hash",
                multiline=False,
                hint=hint,
                max_length=20,
            ),
        ],
        submit="Approve",
        metadata=metadata,
        close="Cancel",
    )


def failed_message(number: str, change: str, seen: str, whom: str, paging: Paging, *, undo: bool = False) -> Message:
    """Said aloud: people must not believe that the harm has stopped."""
    headline = "this undo could not be verified" if undo else "this did not contain it"
    harm = "What contained the harm may be gone." if undo else "The harm may be going on."
    words = (
        f"❗ {person(whom)} — *{headline}:* {escape(change, 400)}\n"
        f"What was seen: {escape(seen, 1200)}\n"
        f"{harm} {PAGED[paging]}"
        "*Check again* on the plan, or plan the next lever."
    )
    what = "an undo could not be verified" if undo else "a rollback did not contain it"
    return Message(f"{number}: {what}. {escape(seen, 300)}", [section(words)])


def rejected_message(number: str, change: str, reason: str, by: str, requester: str) -> Message:
    """Who asked for the plan reads why it will not be carried out."""
    words = (
        f"🚫 {person(requester)} — {person(by)} rejected {escape(change, 400)}: {escape(reason, 1200)}\n"
        "Nothing was changed. If it is still wanted, *Make a new plan* on the plan's message."
    )
    return Message(f"{number}: a rollback plan was rejected. {escape(reason, 300)}", [section(words)])


def stopped_message(number: str, change: str, seen: str, whom: str) -> Message:
    """Said aloud: the target was not as planned, so a person has to decide."""
    words = (
        f"✋ {person(whom)} — *stopped, nothing was changed:* {escape(change, 400)}\n{escape(seen, 1200)}\n"
        "If it is still wanted, *Make a new plan* on the plan's message."
    )
    return Message(f"{number}: the rollback stopped, nothing was changed. {escape(seen, 300)}", [section(words)])
