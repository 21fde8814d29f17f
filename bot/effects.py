"""Effects: what a saved act causes outside. Values first, then the one function that carries each out, with its key.

An act decides inside its transaction and returns effects; the workflow carries them out afterwards, each as a durable
step. `again` is True when an earlier try may have happened: then the effect looks before it acts.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from bot import exercise_shown, record, shown, shown_questions
from bot.parts import parts
from bot.views.card import announcement, incident_card
from incidents import lifecycle, timeline
from incidents.clock import now
from incidents.db import reading, writing
from incidents.models import Incident
from integrations.jira import Ticket
from integrations.slack import Message, SlackRefused


@dataclass(frozen=True)
class Card:
    """Show the incident's card as the record stands now."""

    incident_id: int


@dataclass(frozen=True)
class Post:
    """A message in the incident's channel, once; `thread_ts` puts it into a thread."""

    incident_id: int
    message: Message
    thread_ts: str | None = None


@dataclass(frozen=True)
class Tell:
    """Words for one person. Where: the answer address of their command, else the channel, else a direct message."""

    user: str
    message: Message
    channel: str | None = None
    response_url: str | None = None
    thread_ts: str | None = None
    exercise_id: int | None = None  # whose act this answers, where it is one of an exercise


@dataclass(frozen=True)
class Direct:
    """A direct message, once."""

    user: str
    message: Message


@dataclass(frozen=True)
class Page:
    """Page the on-call engineer for a reason of its own (a raise pages again)."""

    incident_id: int
    reason: str
    page_key: str


@dataclass(frozen=True)
class AnswerPages:
    """Tell PagerDuty that somebody has it (`acknowledge`, which stops escalation) or that it is over (`resolve`)."""

    incident_id: int
    answer: Literal["acknowledge", "resolve"]


@dataclass(frozen=True)
class TicketComment:
    """A line on the ticket, once. Our own words only: what people wrote stays in Slack."""

    incident_id: int
    text: str


@dataclass(frozen=True)
class Invite:
    """Bring people into the incident's channel."""

    incident_id: int
    users: tuple[str, ...]


@dataclass(frozen=True)
class Modal:
    """Replace the content of a modal that is still open; closed meanwhile is fine."""

    view_id: str
    view: dict[str, object] = field(hash=False)


@dataclass(frozen=True)
class RunMessage:
    """Show a runbook run as it stands now, in its one message."""

    run_id: int


@dataclass(frozen=True)
class PlanMessage:
    """Show a rollback plan as it stands now, in its one message."""

    plan_id: int


@dataclass(frozen=True)
class ReplayMessage:
    """Show the incident's failing prompts and what the system said to them, in their one message."""

    incident_id: int


@dataclass(frozen=True)
class AssessmentMessage:
    """Show what an assessment's answers give, and what was decided on it, in its one message."""

    assessment_id: int


@dataclass(frozen=True)
class ClocksMessage:
    """Show the incident's regulator clocks as they stand now, in their one message."""

    incident_id: int


@dataclass(frozen=True)
class Share:
    """A Markdown file in the incident's channel; its name is its key."""

    incident_id: int
    name: str
    title: str
    content: str
    comment: str


@dataclass(frozen=True)
class Hand:
    """A file for one person, in their direct messages; its name is its key."""

    user: str
    name: str
    title: str
    content: str
    comment: str


@dataclass(frozen=True)
class Say:
    """A message in a channel that is no incident's, once; where Slack refuses it, to `otherwise` directly."""

    channel: str
    message: Message
    thread_ts: str | None = None
    otherwise: str | None = None


@dataclass(frozen=True)
class AnswerMessage:
    """Show an office-hours answer as it stands now, in its one message."""

    question_id: int


@dataclass(frozen=True)
class QueueEntry:
    """Show an entry of the office-hours queue as it stands now, to everybody it was shown to."""

    handoff_id: int


@dataclass(frozen=True)
class ThreadTitle:
    """Name a conversation of the assistant pane after its first question."""

    channel: str
    thread_ts: str
    title: str


@dataclass(frozen=True)
class ExerciseMessage:
    """A message in an exercise's channel, once."""

    exercise_id: int
    message: Message


@dataclass(frozen=True)
class Panel:
    """Show the facilitator's panel as the exercise stands now."""

    exercise_id: int


@dataclass(frozen=True)
class Start:
    """Start another durable workflow, once per id."""

    workflow: str
    workflow_id: str
    arguments: tuple[int | str, ...]


Effect = (
    Card
    | Post
    | Tell
    | Direct
    | Page
    | AnswerPages
    | TicketComment
    | Invite
    | Modal
    | RunMessage
    | PlanMessage
    | ReplayMessage
    | AssessmentMessage
    | ClocksMessage
    | Share
    | Hand
    | Say
    | AnswerMessage
    | QueueEntry
    | ThreadTitle
    | ExerciseMessage
    | Panel
    | Start
)


def perform(effect: Effect, key: str, again: bool, about: int | None = None) -> None:
    """Carry out one effect. Raises OutsideServiceError when the outside did not do it.

    `about` is the incident that the effect belongs to, where it does not say so itself: it decides about the outside.
    """
    match effect:
        case Card(incident_id):
            _show_card(incident_id)
        case Post(incident_id, message, thread_ts):
            channel = _channel(incident_id)
            if channel is not None:
                parts().world(incident_id).room.post(channel, message, key=key, again=again, thread_ts=thread_ts)
        case Tell():
            _tell(effect, key, again, about)
        case Direct(user, message):
            parts().world(about).room.post_direct(user, message, key=key, again=again)
        case Page(incident_id, reason, page_key):
            page(incident_id, reason, page_key)
        case AnswerPages(incident_id, answer):
            _answer_pages(incident_id, answer)
        case TicketComment(incident_id, text):
            _comment(incident_id, text, key)
        case Invite(incident_id, users):
            channel = _channel(incident_id)
            if channel is not None:
                parts().world(incident_id).room.invite(channel, users)
        case Modal(view_id, view):
            parts().world(about).room.show_modal(view_id, view)
        case RunMessage(run_id):
            shown.show_run(run_id, again)
        case PlanMessage(plan_id):
            shown.show_plan(plan_id, again)
        case ReplayMessage(incident_id):
            shown.show_replay(incident_id, again)
        case AssessmentMessage(assessment_id):
            shown.show_assessment(assessment_id, again)
        case ClocksMessage(incident_id):
            shown.show_clocks(incident_id, again)
        case Share(incident_id, name, title, content, comment):
            channel = _channel(incident_id)
            if channel is not None:
                room = parts().world(incident_id).room
                room.upload(channel, name=name, title=title, content=content, comment=comment, again=again)
        case Hand(user, name, title, content, comment):
            room = parts().world(about).room
            room.upload_direct(user, name=name, title=title, content=content, comment=comment, again=again)
        case Say(channel_id, message, thread_ts, otherwise):
            room = parts().world(None, channel_id).room
            try:
                room.post(channel_id, message, key=key, again=again, thread_ts=thread_ts)
            except SlackRefused:
                if otherwise is None:
                    raise
                room.post_direct(otherwise, message, key=f"{key}:direct", again=again)
        case AnswerMessage(question_id):
            shown_questions.show_answer(question_id, again)
        case QueueEntry(handoff_id):
            shown_questions.show_entry(handoff_id, again)
        case ThreadTitle(channel_id, thread_ts, title):
            parts().slack.name_thread(channel_id, thread_ts, title)
        case ExerciseMessage(exercise_id, message):
            exercise_shown.post(exercise_id, message, key, again)
        case Panel(exercise_id):
            exercise_shown.show_panel(exercise_id, again)
        case Start():
            raise AssertionError("a workflow is started by the workflow, not as an effect")


def page(incident_id: int, reason: str, page_key: str) -> None:
    """Page through PagerDuty, once per `page_key`. The report's text stays in Slack: a page names the system only, and
    of a private incident nothing at all, since others read the same pager (abuse case 26).
    """
    with reading(parts().db) as session:
        incident = session.get_one(Incident, incident_id)
        outside = parts().world_of(session, incident)
        if outside.pager is None:
            return
        system = record.system_name(session, incident)
        room = lifecycle.link(session, incident_id, "channel")
    channel = room.external_id if room else None
    key, source = page_key, incident.system_id or "rai-incident"
    summary = f"{incident.severity} {incident.number}: possible AI harm, {system}. {reason}"
    details = {"incident": incident.number, "severity": incident.severity, "reason": reason}
    if incident.private:
        key = f"page:{hashlib.sha256(f'{incident.declare_key} {page_key}'.encode()).hexdigest()[:32]}"
        source, details = "rai-incident", {}
        summary = "You are needed in Slack, about something private. The rai-incident app there says what."
    answer = outside.pager.page(
        key=key,
        summary=summary,
        severity="critical" if incident.severity in ("SEV0", "SEV1") else "error",
        source=source,
        details=details,
        link=parts().channel_url(channel) if channel else parts().workspace_url,
    )
    with writing(parts().db) as session:
        lifecycle.add_link(session, incident_id, "page", key=page_key, external_id=answer.dedup_key)
        timeline.append(
            session, incident_id, "paged", "pagerduty", f"{outside.said_of_page}: {reason}", key=page_key, at=now()
        )


def _answer_pages(incident_id: int, answer: Literal["acknowledge", "resolve"]) -> None:
    pager = parts().world(incident_id).pager
    if pager is None:
        return
    with reading(parts().db) as session:
        pages = lifecycle.links(session, incident_id, "page")
    for sent in pages:
        if answer == "acknowledge":
            pager.acknowledge(sent.external_id)
        else:
            pager.resolve(sent.external_id)


def _comment(incident_id: int, text: str, key: str) -> None:
    tracker = parts().world(incident_id).tracker
    with reading(parts().db) as session:
        ticket = lifecycle.link(session, incident_id, "ticket")
    if tracker is not None and ticket is not None:
        tracker.comment(Ticket(ticket.external_id, ticket.url or ""), text, key)


def _channel(incident_id: int) -> str | None:
    with reading(parts().db) as session:
        link = lifecycle.link(session, incident_id, "channel")
        return link.external_id if link else None


def _show_card(incident_id: int) -> None:
    shown.keep_shown(incident_id, "card", incident_card)
    shown.keep_shown(incident_id, "announcement", announcement)


def _tell(effect: Tell, key: str, again: bool, about: int | None) -> None:
    room = parts().world(about, effect.channel, effect.exercise_id).room
    if effect.response_url and room.respond(effect.response_url, effect.message, thread_ts=effect.thread_ts):
        return
    if effect.channel and effect.channel.startswith("D") and effect.thread_ts:  # among two, nothing is hidden
        room.post(effect.channel, effect.message, key=key, again=again, thread_ts=effect.thread_ts)
        return
    if effect.channel and not effect.channel.startswith("D"):
        try:
            room.tell(effect.channel, effect.user, effect.message, thread_ts=effect.thread_ts)
        except SlackRefused:
            pass  # not in that channel: fall through to a direct message
        else:
            return
    room.post_direct(effect.user, effect.message, key=key, again=again)
