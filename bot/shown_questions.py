"""Messages of office hours that live on: an answer, and an entry of the queue. Posted once, then edited.

As in `bot.shown`, whoever has shown something reads the record again and goes on until what was sent is what it says.
"""

import logging
import threading
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from bot import duty
from bot.parts import parts
from bot.views.officehours import AnswerFacts, Duty, Quoted, answer_message
from bot.views.queue import EntryFacts, entry_message
from bot.views.tier import SystemFacts
from incidents import faq, handoffs, inventory, tiering
from incidents.clock import now
from incidents.db import reading, writing
from incidents.handoffs import Handoff, HandoffMessage
from incidents.questions import Question
from integrations.errors import OutsideServiceError
from integrations.slack import Message

log = logging.getLogger("rai.officehours")
_POSTING = [threading.Lock() for _ in range(64)]  # by row: within a process the first to post is the only one
MAX_DIRECT = 10
"""People who get a question by direct message, where there is no queue channel."""


def answer_facts(session: Session, row: Question) -> AnswerFacts:
    """A question's answer as its view wants it."""
    found, reworded = row.answer, row.rewording.get("text")
    cited = quoted(found["citations"])
    places = {each.address for each in cited}
    return AnswerFacts(
        question_id=row.id,
        verdict=row.verdict,
        sections=cited,
        also=tuple(each for each in quoted(found["found"]) if each.address not in places),
        rewording=reworded or None,
        offers=tuple(found["offers"]),
        own_tier=bool(found["own_tier"]),
        named=tuple(_systems(session, found["systems"])),
        duty=duty_now(),
        handed_over=handoffs.of_question(session, row.id) is not None,
    )


def quoted(citations: Iterable[dict[str, Any]]) -> tuple[Quoted, ...]:
    """Citations by section, in their order."""
    sections: dict[str, Quoted] = {}
    for each in citations:
        address = f"{each['file']}#{each['anchor']}" if each["anchor"] else str(each["file"])
        known = sections.get(address)
        quotes = (*(known.quotes if known else ()), *((str(each["quote"]),) if each.get("quote") else ()))
        reviewed = date.fromisoformat(each["reviewed"]) if each.get("reviewed") else None
        sections[address] = Quoted(address, str(each["heading"]), reviewed, quotes)
    return tuple(sections.values())


def duty_now() -> Duty | None:
    """Who is on duty, or next."""
    schedule, moment = parts().office_hours.schedule, now()
    on = duty.now_on(schedule, moment)
    hour = on or duty.next_on(schedule, moment)
    return Duty(on is not None, hour.start, hour.end, hour.experts) if hour else None


def _systems(session: Session, ids: Iterable[str]) -> Iterable[SystemFacts]:
    today = now().date()
    for system_id in ids:
        entry = inventory.find(session, system_id)
        if entry is None:
            continue
        stands = tiering.standing(session, parts().tiers, entry)
        yield SystemFacts(
            id=entry.id,
            name=entry.name,
            owner=entry.owner,
            tier=stands.tier,
            tiered_at=stands.tiered_at,
            decided_by=stands.decided_by,
            revalidate_by=stands.revalidate_by,
            overdue=stands.overdue(today),
            regimes=entry.regimes,
        )


def show_answer(question_id: int, again: bool) -> None:
    """An answer in its one message."""
    sent: Message | None = None
    with _POSTING[question_id % len(_POSTING)]:
        while True:
            with reading(parts().db) as session:
                row = session.get_one(Question, question_id)
                message = answer_message(answer_facts(session, row))
            if message == sent:
                return
            if row.shown_ts is not None:
                parts().world(None, row.channel).room.update(row.channel, row.shown_ts, message)
                sent = message
                continue
            key = f"answer:{question_id}"
            room = parts().world(None, row.channel).room
            ts = room.post(row.channel, message, key=key, again=again, thread_ts=row.thread_ts)
            with writing(parts().db) as session:
                session.get_one(Question, question_id).shown_ts = ts
            sent = None if again else message  # one found again shows what it said then


def entry_facts(session: Session, row: Handoff) -> EntryFacts:
    """A queue entry as its view wants it."""
    question, entry = session.get_one(Question, row.question_id), faq.of_handoff(session, row.id)
    return EntryFacts(
        handoff_id=row.id,
        text=question.text,
        asked_by=row.asked_by,
        opened_at=row.opened_at,
        state=row.state,
        found=quoted(question.answer["found"]),
        whom=row.taken_by,
        answered=row.answer,
        faq_question=entry.question if entry else None,
        faq_state=entry.state if entry else None,
        reviewed_by=entry.reviewer if entry else None,
        duty=duty_now(),
        reminded=row.reminded_at is not None,
    )


def show_entry(handoff_id: int, again: bool) -> None:
    """A queue entry in the queue's channel; without one, or where Slack refuses it, in a direct message to each expert.

    Somebody who cannot be reached keeps it from nobody else. Raises OutsideServiceError when it stands nowhere.
    """
    sent: Message | None = None
    with _POSTING[handoff_id % len(_POSTING)]:
        while True:
            with reading(parts().db) as session:
                row = session.get_one(Handoff, handoff_id)
                message = entry_message(entry_facts(session, row))
                known = handoffs.messages(session, handoff_id)
            if message == sent:
                return
            experts, queue = row.experts[:MAX_DIRECT], parts().office_hours.queue_channel
            places = dict.fromkeys([*known, *([queue] if queue else experts)])
            refused = {target: _reach(handoff_id, target, known.get(target), message, again) for target in places}
            if queue and None not in refused.values():
                refused |= {target: _reach(handoff_id, target, None, message, again) for target in experts}
            reached = [target for target, error in refused.items() if error is None]
            if not reached:
                for error in filter(None, refused.values()):
                    raise error
            sent = None if again and any(target not in known for target in reached) else message


def _reach(
    handoff_id: int, target: str, at: tuple[str, str] | None, message: Message, again: bool
) -> OutsideServiceError | None:
    """Show an entry in one place; what Slack said where that will not work later either. Raises OutsideServiceError."""
    try:
        if at is not None:
            parts().slack.update(*at, message)
        else:
            _post_entry(handoff_id, target, message, again)
    except OutsideServiceError as error:
        if not error.permanent:
            raise
        log.warning("question %s of the queue cannot be shown to %s: %s", handoff_id, target, error)
        return error
    return None


def _post_entry(handoff_id: int, target: str, message: Message, again: bool) -> None:
    slack, key = parts().slack, f"handoff:{handoff_id}:{target}"
    channel = target if target.startswith(("C", "G")) else slack.direct_channel(target)
    ts = slack.post(channel, message, key=key, again=again)
    with writing(parts().db) as session:
        session.merge(HandoffMessage(handoff_id=handoff_id, target=target, channel=channel, ts=ts))
