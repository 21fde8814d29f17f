"""The incident's card, pinned in its channel and edited in place; and its announcement elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.views.blocks import (
    Block,
    actions,
    button,
    channel_link,
    context,
    cut,
    divider,
    duration,
    escape,
    fields,
    header,
    person,
    quote,
    section,
    when,
)
from bot.views.mitigation import proposal_blocks
from bot.views.reach import PAGED_SHORT, Paging
from integrations.slack import Message

SEVERITY_MARK = {"SEV0": "🟣", "SEV1": "🔴", "SEV2": "🟠", "SEV3": "🟡", "SEV4": "⚪"}
STATUS_WORDS = {"open": "Open", "mitigated": "Mitigated", "resolved": "Resolved", "closed": "Closed"}
ROLE_WORDS = {
    "commander": "Commander",
    "communications": "Communications",
    "scribe": "Scribe",
    "legal": "Legal",
}

# The same in a sentence: who somebody is.
ROLE_NAMES = {
    "commander": "commander",
    "communications": "communications lead",
    "scribe": "scribe",
    "legal": "legal",
}


@dataclass(frozen=True)
class CardFacts:
    """What the card shows, as plain values."""

    incident_id: int
    number: str
    title: str
    description: str
    status: str
    severity: str
    provisional: bool
    because: str
    system: str
    harms: list[str]
    ongoing: str
    private: bool
    reporter: str
    roles: dict[str, str]
    declared_at: datetime
    times: dict[str, tuple[timedelta | None, timedelta | None]]  # name -> (measured, target)
    acknowledged_by: str | None
    channel_id: str | None
    ticket: tuple[str, str] | None  # key, address
    paged: Paging
    next_update_at: datetime | None
    run: tuple[str, int, int, str | None] | None  # runbook, done, total, next step
    notices: list[str]
    kind: str = "real"
    clocks: list[str] = field(default_factory=list)  # the regulator clocks, a line each, ready to show
    tier: str = ""  # of the AI system, with its date, in words
    levers: bool = False  # whether the inventory names something that can be put back
    proposed_at: datetime | None = None  # the proposed `mitigated`, while nobody has confirmed it


def incident_card(facts: CardFacts) -> Message:
    """The card as it stands. Its text fallback says the same in one line."""
    mark = SEVERITY_MARK[facts.severity]
    severity = f"{facts.severity}{' provisional' if facts.provisional else ''}"
    live = facts.status in ("open", "mitigated")
    going_on = facts.ongoing == "yes" and facts.status == "open"
    blocks: list[Block] = [
        header(f"{mark} {facts.number} · {facts.title}"),
        section(f"*{severity}*{'' if facts.status == 'open' else ' was set'} because {escape(facts.because, 600)}"),
        fields(
            f"*Status*\n{STATUS_WORDS[facts.status]}{' · still going on' if going_on else ''}",
            f"*AI system*\n{escape(facts.system, 100)}{f' · {escape(facts.tier, 60)}' if facts.tier else ''}",
            f"*Harm*\n{escape(', '.join(facts.harms), 300) or 'Not classified yet'}",
            f"*Declared*\n{when(facts.declared_at)} by {person(facts.reporter)}",
            *(f"*{word}*\n{person(facts.roles[role]) if role in facts.roles else '—'}" for role, word in _shown(facts)),
            *([f"*Next update*\n{when(facts.next_update_at)}"] if facts.next_update_at and live else []),
        ),
        section(quote(facts.description, 1500)),
    ]
    if facts.run is not None:
        runbook, done, total, following = facts.run
        blocks.append(
            section(
                f"*Containment* · {escape(runbook, 120)} · {done} of {total} steps"
                + (f"\nNext: {escape(following, 200)}" if following else "")
            )
        )
    if facts.clocks:
        blocks.append(section("\n".join(facts.clocks)))
    if facts.proposed_at is not None and live:
        blocks += proposal_blocks(facts.incident_id, facts.proposed_at)
    for notice in facts.notices[:5]:
        blocks.append(section(f"⚠️ {escape(notice, 400)}"))
    if any(measured is not None for measured, _ in facts.times.values()):
        provisional = " provisional" if facts.proposed_at is not None else ""
        times = (_time(name, *pair) + (provisional if name == "TTM" else "") for name, pair in facts.times.items())
        blocks.append(context(" · ".join(times)))
    small = [f"Paged: {PAGED_SHORT[facts.paged]}"]
    if facts.ticket:
        small.append(f"Ticket: <{facts.ticket[1]}|{escape(facts.ticket[0], 40)}>")
    if facts.private:
        small.append("🔒 Private")
    blocks += [context(" · ".join(small)), divider(), *_buttons(facts)]
    text = f"{facts.number} {severity}: {facts.title} ({STATUS_WORDS[facts.status].lower()})"
    return Message(escape(text, 1000), blocks)


def announcement(facts: CardFacts) -> Message:
    """One line for the channel that hears of every public incident."""
    where = channel_link(facts.channel_id) if facts.channel_id else "its channel"
    invitation = "Follow or help in" if facts.status in ("open", "mitigated") else "What happened is in"
    line = (
        f"{SEVERITY_MARK[facts.severity]} *{facts.number}* {facts.severity}"
        f"{' provisional' if facts.provisional else ''} · {escape(facts.system, 100)} · "
        f"{STATUS_WORDS[facts.status].lower()}\n{escape(facts.title, 200)}\n{invitation} {where}."
    )
    return Message(f"{facts.number} {facts.severity}: {escape(facts.title, 300)}", [section(line)])


def _shown(facts: CardFacts) -> list[tuple[str, str]]:
    """The first three roles always, others where somebody holds them."""
    always = ("commander", "communications", "scribe")
    return [(role, word) for role, word in ROLE_WORDS.items() if role in always or role in facts.roles]


def _time(name: str, measured: timedelta | None, target: timedelta | None) -> str:
    if measured is None:
        return f"{name} —"
    if target is None:
        return f"{name} {duration(measured)}"
    mark = "✅" if measured <= target else "❗"
    return f"{name} {duration(measured)} {mark} (target {duration(target)})"


def _buttons(facts: CardFacts) -> list[Block]:
    value = str(facts.incident_id)
    if facts.status not in ("open", "mitigated"):
        return [
            actions(
                button("Postmortem draft", "postmortem_draft", value, style="primary"),
                button("Clocks", "clocks_open", value),
                button("Write to…", "comms_open", value),
                button("Reopen", "reopen_open", value),
            )
        ]
    first: list[Block] = []
    if facts.acknowledged_by is None:
        first.append(button("Acknowledge", "acknowledge", value, style="primary"))
    first.append(button("Classify", "classify_open", value, style="primary" if facts.provisional else None))
    first.append(button("Contain", "contain_open", value))
    first.append(button("Update", "update_open", value))
    if facts.status == "open" and facts.proposed_at is None:
        first.append(
            button(
                "Mitigated",
                "mitigate",
                value,
                confirm=(
                    "Has the harm stopped?",
                    "This stamps the time to mitigate under your name.",
                    "It has stopped",
                ),
            )
        )
    first.append(button("Resolve", "resolve_open", value))
    roles = [
        button(cut(f"Take {word.lower()}", 75), f"role_take_{role}", value)
        for role, word in ROLE_WORDS.items()
        if role not in facts.roles and role != "legal"
    ]
    levers = [button("Roll back", "levers_open", value)] if facts.levers else []
    more = [*levers, *roles, button("Assign a role", "role_open", value), button("Add a note", "note_open", value)]
    if facts.harms:
        more.append(button("Playbook", "playbook_open", value))
    more += [button("Clocks", "clocks_open", value), button("Write to…", "comms_open", value)]
    return [actions(*first, block_id="card_main"), actions(*more, block_id="card_more")]
