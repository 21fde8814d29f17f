"""Short texts: help, the list of open incidents, how one stands."""

from collections.abc import Sequence

from bot.views.blocks import Block, channel_link, context, duration, escape, section, when
from bot.views.card import SEVERITY_MARK, STATUS_WORDS, CardFacts
from integrations.slack import Message

COMMANDS = (
    ("declare [what happened]", "report AI harm; four fields, under 20 seconds"),
    ("list", "open incidents"),
    ("status [INC-n]", "how one stands"),
    ("ack", "acknowledge the page"),
    ("classify", "answer the rubric; the policy gives the severity"),
    ("contain", "start a runbook"),
    ("next", "what waits for you, and where the others are"),
    ("rollback", "plan to take something back, outside a runbook's step; evidence first, a second person approves"),
    ("playbook", "who does what for this kind of harm, whom to tell, what never to say"),
    ("prompt", "keep words that made the system fail"),
    ("replay", "ask the system those words again; before and after containment, side by side"),
    ("role", "give somebody a role"),
    ("note [words]", "add to the timeline (a 📌 reaction does the same)"),
    ("update", "post a status update and promise the next"),
    ("comms", "a text for colleagues, customers, the status page or an authority, filled in to edit"),
    ("mitigated", "the harm has stopped"),
    ("resolve", "end the response"),
    ("reopen", "the harm is back"),
    ("postmortem", "a draft from the record"),
    ("clocks [INC-n]", "reports that may be owed to authorities, and when"),
    ("policy", "the severity policy in force, and what waits to replace it"),
    ("ask [question]", "what the handbook says, quoted with its place; or who can answer"),
    ("officehours", "when somebody is there to answer, and how many questions wait"),
    ("systems", "AI systems, their risk tiers, and what is overdue"),
    ("digest", "a regular summary for this channel: subscribe, preview, send now, pause"),
    ("exercise start [scenario]", "rehearse with the real commands; nobody outside is paged, told or changed"),
    ("exercise start <scenario> solo", "play it alone: 15 minutes, with hints"),
    ("exercise programme", "exercises planned and due, and what was never rehearsed; `exercise plan` plans one"),
    ("exercise calendar", "the same as a calendar file, by direct message"),
    ("tier [system]", "walk the questions that give a system's risk tier"),
)


def help_text() -> str:
    """What can be typed. Everything is also a button on the incident's card."""
    lines = [f"• `/rai-incident {name}` {words}" for name, words in COMMANDS]
    return (
        "*rai-incident* runs AI-harm incidents. Everything below is also a button on the incident's card.\n"
        + "\n".join(lines)
    )


def status_text(facts: CardFacts) -> str:
    """One incident in a few lines."""
    lines = [
        f"{SEVERITY_MARK[facts.severity]} *{facts.number}* {facts.severity}"
        f"{' provisional' if facts.provisional else ''} · {STATUS_WORDS[facts.status].lower()}"
        f" · {escape(facts.system, 100)}",
        escape(facts.title, 200),
        f"Declared {when(facts.declared_at)}"
        + (f" · channel {channel_link(facts.channel_id)}" if facts.channel_id else ""),
    ]
    if facts.run and facts.run[3]:
        lines.append(f"Next containment step: {escape(facts.run[3], 200)}")
    known = [f"{name} {duration(measured)}" for name, (measured, _) in facts.times.items() if measured is not None]
    if known:
        lines.append(" · ".join(known))
    return "\n".join(lines)


def incident_list(incidents: Sequence[CardFacts]) -> Message:
    """Open incidents, worst first."""
    if not incidents:
        return Message("No incident is open.", [section("No incident is open. 🌤️")])
    ordered = sorted(incidents, key=lambda facts: (facts.severity, facts.declared_at))
    blocks: list[Block] = [section(status_text(facts)) for facts in ordered[:20]]
    if len(ordered) > 20:
        blocks.append(context(f"… and {len(ordered) - 20} more."))
    return Message(f"{len(ordered)} open", blocks)
