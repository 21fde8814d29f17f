"""Notes, pins and status updates; mitigated, resolved, reopened."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.acts import Done, act, clocks, incident_of
from bot.effects import AnswerPages, Card, Effect, PlanMessage, Post, Start, Tell, TicketComment
from bot.inbox import Item
from bot.parts import parts
from bot.record import times_against_targets
from bot.views.blocks import person
from bot.views.mitigation import mitigated_message, not_mitigated_message
from bot.views.respond import resolved_message, update_message
from incidents import lifecycle, milestones
from incidents.access import Action, Person
from incidents.clock import now
from incidents.errors import Conflict
from incidents.models import Incident, Milestone
from integrations.slack import Message
from runbooks import plans, progress


@act("note")
def note(session: Session, item: Item, who: Person) -> Done:
    """A note typed by a person."""
    incident = incident_of(session, item, who, Action.NOTE)
    lifecycle.note(session, incident, str(item.payload["text"]), by=who.user_id, key=item.key)
    said = Tell(
        who.user_id, Message("Noted on the timeline."), item.payload.get("channel"), item.payload.get("response_url")
    )
    return Done(incident.id, [said])


def pinned_message(item: Item) -> dict[str, Any]:
    """The words and author of the message somebody pinned."""
    return parts().slack.message(str(item.payload["channel"]), str(item.payload["ts"]))


@act("pin", look=pinned_message)
def pin(session: Session, item: Item, who: Person) -> Done:
    """A pushpin reaction puts the message on the timeline, once, however many pin it."""
    incident = incident_of(session, item, who, Action.NOTE)
    payload = item.payload
    added = lifecycle.note(
        session,
        incident,
        str(payload["text"])[: lifecycle.TEXT_LENGTH],
        by=who.user_id,
        key=f"pin:{payload['channel']}:{payload['ts']}",
        at=datetime.fromtimestamp(float(payload["ts"]), UTC),
        source_url=payload.get("permalink"),
        author=str(payload["author"]),
    )
    if not added:
        return Done(incident.id)
    return Done(incident.id, [Tell(who.user_id, Message("📌 On the timeline."), str(payload["channel"]))])


@act("update")
def update(session: Session, item: Item, who: Person) -> Done:
    """A status update with the promise of the next."""
    incident = incident_of(session, item, who, Action.RESPOND)
    minutes = int(item.payload["next"])
    text = lifecycle.check_text("update", str(item.payload["text"]))
    lifecycle.post_update(
        session, incident, text, timedelta(minutes=minutes) if minutes else None, by=who.user_id, key=item.key
    )
    message = update_message(incident.number, who.user_id, text, incident.next_update_at)
    return Done(incident.id, [Post(incident.id, message), Card(incident.id)])


@act("mitigate")
def mitigate(session: Session, item: Item, who: Person) -> Done:
    """A person says the harm has stopped, or confirms the proposal to say so, for its time or another."""
    incident = incident_of(session, item, who, Action.RESPOND)
    proposal = milestones.proposed(session, incident.id, "mitigated")
    at, reason = _corrected(item, proposal), str(item.payload.get("words") or "")
    lifecycle.mitigate(session, incident, by=who.user_id, key=item.key, at=at, reason=reason)
    stamped = incident.mitigated_at or now()
    message = mitigated_message(incident.number, who.user_id, stamped, proposal is not None)
    told = TicketComment(incident.id, f"{incident.number} is mitigated: the harm has stopped.")
    return Done(incident.id, [Post(incident.id, message), Card(incident.id), *_plans(session, incident), told])


@act("not_mitigated")
def not_mitigated(session: Session, item: Item, who: Person) -> Done:
    """A person says the harm goes on, though a containment was verified."""
    incident = incident_of(session, item, who, Action.RESPOND)
    words = str(item.payload["words"])
    lifecycle.not_mitigated(session, incident, words, by=who.user_id, key=item.key)
    message = not_mitigated_message(incident.number, who.user_id, words)
    return Done(incident.id, [Post(incident.id, message), Card(incident.id), *_plans(session, incident)])


def _corrected(item: Item, proposal: Milestone | None) -> datetime | None:
    """The time a person gave, where it is another minute than the proposed one (Slack's picker knows minutes only)."""
    if not item.payload.get("at"):
        return None
    at = datetime.fromtimestamp(int(item.payload["at"]), UTC)
    same = proposal is not None and at.replace(second=0) == proposal.at.replace(second=0, microsecond=0)
    return None if same else at


def _plans(session: Session, incident: Incident) -> list[Effect]:
    """The plans whose messages carry the proposal."""
    return [PlanMessage(plan.id) for plan in plans.plans(session, incident.id) if plan.state == "verified"]


def missing_to_resolve(session: Session, incident: Incident) -> list[str]:
    """What a careful person would still want, in words: of the record, of its runbooks, of its rollbacks."""
    missing = lifecycle.missing_for_resolve(session, incident, _open_steps(session, incident))
    return missing + plans.unfinished(session, incident.id)


def _open_steps(session: Session, incident: Incident) -> int:
    """How many runbook steps of the incident are still open."""
    return sum(len(progress.open_steps(session, run.id)) for run in progress.runs(session, incident.id))


@act("resolve")
def resolve(session: Session, item: Item, who: Person) -> Done:
    """The end of the response; what is missing is said, and recorded when it is overruled."""
    incident = incident_of(session, item, who, Action.RESPOND)
    payload = item.payload
    if payload.get("onset"):
        onset = datetime.fromtimestamp(int(payload["onset"]), UTC)
        if incident.detected_at and onset > incident.detected_at:
            raise Conflict("The harm cannot begin after it was detected. Nothing was changed; check the onset.")
        if incident.onset_at is None:
            milestones.stamp(
                session, incident, "onset", source="resolve", actor=who.user_id, at=onset, confirmed_by=who.user_id
            )
        elif incident.onset_at != onset:
            milestones.correct(session, incident, "onset", onset, actor=who.user_id, reason="set when resolving")
    missing = missing_to_resolve(session, incident)
    summary = str(payload["summary"])
    lifecycle.resolve(
        session, incident, summary, by=who.user_id, key=item.key, missing=missing, anyway=bool(payload.get("anyway"))
    )
    message = resolved_message(incident.number, who.user_id, summary, times_against_targets(incident))
    effects: list[Effect] = [Post(incident.id, message), Card(incident.id), AnswerPages(incident.id, "resolve")]
    effects.append(TicketComment(incident.id, f"{incident.number} is resolved as {incident.severity}."))
    effects += clocks.recounted(session, incident)
    effects.append(Start("offer_postmortem", f"postmortem:{item.key}", (incident.id, who.user_id, item.key)))
    return Done(incident.id, effects)


@act("reopen")
def reopen(session: Session, item: Item, who: Person) -> Done:
    """The harm is back."""
    incident = incident_of(session, item, who, Action.RESPOND)
    lifecycle.reopen(session, incident, str(item.payload["reason"]), by=who.user_id, key=item.key)
    words = f"{person(who.user_id)} reopened {incident.number}."
    told = TicketComment(incident.id, f"{incident.number} is open again.")
    shown = clocks.recounted(session, incident)
    return Done(incident.id, [Post(incident.id, Message(words)), Card(incident.id), told, *shown])
