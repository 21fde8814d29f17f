"""Office hours: a question answered and kept, what people say of the answer, and the queue to a person and back."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot import duty
from bot.acts import Done, act, on_lone_timer
from bot.effects import AnswerMessage, Direct, Effect, QueueEntry, Say, Start, Tell, ThreadTitle
from bot.inbox import Item
from bot.parts import parts
from bot.shown_questions import MAX_DIRECT, answer_facts, duty_now
from bot.views.blocks import person
from bot.views.officehours import EMPTY_QUESTION, answer_message
from bot.views.queue import already_message, expert_message, handed_over_message, reminder_message
from incidents import access, budgets, faq, handoffs, questions, timers
from incidents.access import Action, Person
from incidents.clock import now
from incidents.db import reading
from incidents.errors import BadInput, Conflict, NotAllowed, NotFound
from incidents.handoffs import Handoff
from incidents.models import Timer
from incidents.questions import Question
from integrations.errors import OutsideServiceError
from integrations.slack import Message
from playbooks import running
from severity.officehours.answer import Answer, Context
from severity.officehours.offers import asks_own_tier, sounds_live
from severity.officehours.sections import EVERYONE

LOOSE = timedelta(minutes=15)
"""How long a question of a command, or of a message outside a thread, is what the next one may follow up."""
TITLE_LENGTH = 60
WAITING = "handoff_waiting"

_TIER_OF = re.compile(r"\b(?:what|which)\b.{0,20}\btier\b|\btier (?:of|for)\b|[’']s (?:risk )?tier\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\?|^\W*(?:who|whom|whose|what|when|where|which|why|how|may|can|could|do|does|did|is|are|am|must|should|shall|will"
    r"|would|has|have|need)\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\W*(?:(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)|test|ping)(?: there| bot| all| team)?)?\W*",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\W*(?:(?:ok(?:ay)?|great|perfect|super|cool|good|got it|thanks|thank you|thx|ty|cheers|many|very much|a lot"
    r"|so much|noted|understood|that helped|helpful|will do|bye)\b\W*)+",
    re.IGNORECASE,
)


def find_answer(item: Item) -> dict[str, Any]:
    """What the pages say, before anything is written: it reads memory and one row."""
    payload, hours = item.payload, parts().office_hours
    who = parts().directory.person(item.user, item.team_id)
    if not who.full_member or item.team_id != hours.team_id:
        return {}
    since = now() - LOOSE if payload["loose"] else None
    with reading(parts().db) as session:
        earlier = questions.last_in_thread(session, item.team_id, str(payload["thread"]), since)
        context = _context(earlier) if earlier else None
        answer = hours.ask(session, str(payload["text"]), context, who, public=payload["place"] == "channel")
    return {"found": _kept(answer)}


def _context(earlier: Question) -> Context:
    return Context(tuple(earlier.context["questions"]), tuple(earlier.context["addresses"]))


def _kept(answer: Answer) -> dict[str, Any]:
    """An answer as the record keeps it. What an expert is shown later is only what everybody may read."""
    systems = _named_systems(answer.question)
    own_tier = asks_own_tier(answer.question) or bool(systems and _TIER_OF.search(answer.question))
    return {
        # Its tier on record is the answer: no gap of the handbook.
        "verdict": "answered" if own_tier and systems else answer.verdict,
        "answer": {
            "citations": [] if own_tier else [citation.to_json() for citation in answer.citations],
            "offers": list(dict.fromkeys([*answer.offers, "tier"] if own_tier else answer.offers)),
            "own_tier": own_tier,
            "systems": systems if own_tier else [],
            "confidence": round(answer.confidence, 3),
            "found": [
                {
                    "file": hit.section.file,
                    "anchor": hit.section.anchor,
                    "heading": hit.section.heading,
                    "reviewed": hit.section.reviewed.isoformat() if hit.section.reviewed else None,
                }
                for hit in answer.ranked[:4]
                if hit.section.audience == EVERYONE
            ],
        },
        "context": {"questions": list(answer.context.questions), "addresses": list(answer.context.addresses)},
    }


def _named_systems(question: str) -> list[str]:
    """The systems of the inventory that a question names."""
    said = _padded(question)
    return [system.id for system in parts().systems if _padded(system.name) in said or _padded(system.id) in said]


def _padded(words: str) -> str:
    return f" {' '.join(re.findall('[a-z0-9]+', words.lower()))} "


@act("ask", look=find_answer)
def ask(session: Session, item: Item, who: Person) -> Done:
    """Answer a question, once, and keep it for the gaps."""
    payload = item.payload
    place, text, unasked = str(payload["place"]), str(payload["text"]), not payload["asked"]
    if unasked and not (who.full_member and (_ASKS.search(text) or sounds_live(text))):
        return Done(None)  # people talking among themselves
    access.check(Action.ASK, who)
    if _THANKS.fullmatch(text):
        return Done(None)  # no question, and no gap of the handbook
    if _COURTESY.fullmatch(text):
        return Done(None, [_tell(item, who, Message(EMPTY_QUESTION))])
    limit = parts().settings.office_hours_daily_questions
    if not budgets.spend(session, f"ask {who.team_id} {who.user_id}"[:40], limit):
        raise Conflict(
            f"You have asked {limit} questions today, which is all that one person may ask a day. Nothing was saved. "
            "For harm that is happening now: /rai-incident declare."
        )
    found = payload["found"]
    earlier = questions.last_in_thread(session, item.team_id, str(payload["thread"]))
    row = Question(
        key=item.key,
        team_id=item.team_id,
        user=who.user_id,
        place=place,
        channel=str(payload["channel"]),
        thread_ts=payload.get("thread_ts"),
        thread=str(payload["thread"]),
        text=text,
        verdict=found["verdict"],
        answer=found["answer"],
        context=found["context"],
        withheld=(
            questions.touches_private(session, item.team_id, str(payload["channel"]), text)
            # What an exercise makes people ask is no gap of the handbook.
            or running.in_channel(session, item.team_id, str(payload["channel"])) is not None
        ),
        asked_at=now(),
    )
    session.add(row)
    session.flush()
    if place in ("command", "mention"):
        message = answer_message(answer_facts(session, row))
        return Done(None, [Tell(who.user_id, message, row.channel, payload.get("response_url"), row.thread_ts)])
    effects: list[Effect] = [AnswerMessage(row.id)]
    if place == "direct" and row.thread_ts and earlier is None:
        effects.append(ThreadTitle(row.channel, row.thread_ts, text[:TITLE_LENGTH]))
    if parts().model is not None and row.verdict == "answered" and row.answer["citations"]:
        effects.append(Start("rephrase", f"rephrase:{row.id}", (row.id,)))
    return Done(None, effects)


@act("answer_feedback")
def feedback(session: Session, item: Item, who: Person) -> Done:
    """Somebody says whether an answer helped."""
    access.check(Action.ASK, who)
    row = _seen(session, item, who)
    verdict = str(item.payload["verdict"])
    if verdict not in ("helpful", "wrong"):
        raise NotFound("That is no answer to rate. Nothing was changed.")
    questions.rate(session, row, who.user_id, verdict)
    words = (
        "Thank you. Noted as helpful."
        if verdict == "helpful"
        else "Thank you. Noted as wrong: whoever keeps these pages reads it in the weekly list of gaps. "
        "If you need the answer, press *Ask a human*."
    )
    return Done(None, [_tell(item, who, Message(words))])


def _seen(session: Session, item: Item, who: Person) -> Question:
    """The question meant: one's own, or one that was answered where this person is."""
    row = questions.get(session, int(item.payload["question"]), who.team_id)
    if row.user != who.user_id and not (row.public and row.channel == item.payload.get("channel")):
        raise NotAllowed("This is somebody else's question. Nothing was changed. Ask your own.")
    return row


def _tell(item: Item, who: Person, message: Message) -> Tell:
    payload = item.payload
    return Tell(who.user_id, message, payload.get("channel"), payload.get("response_url"), payload.get("thread_ts"))


# the queue


def on_duty(item: Item) -> dict[str, Any]:
    """Who is asked: the slot that is on, else the next one; a user group where nobody of it can be asked."""
    schedule, moment = parts().office_hours.schedule, now()
    hour = duty.now_on(schedule, moment) or duty.next_on(schedule, moment)
    experts = list(hour.experts) if hour else []
    others = _here(experts, item) or [expert for expert in _group() if expert != item.user]
    return {"experts": others or experts}


def _here(experts: Iterable[str], item: Item) -> list[str]:
    """Those who can still be asked, the one who acts left out: a schedule outlives the people in it."""
    known = parts().directory
    return [
        expert
        for expert in experts
        if expert != item.user and known.person(expert, item.team_id, fresh=True).full_member
    ]


def _group() -> list[str]:
    handle = parts().office_hours.schedule.fallback_group or parts().settings.responders_group
    try:
        return sorted(parts().slack.group_members(handle))[:MAX_DIRECT]
    except OutsideServiceError as error:
        if not error.permanent:
            raise
        return []


@act("handoff", look=on_duty)
def hand_over(session: Session, item: Item, who: Person) -> Done:
    """Put a question into the queue, once, and remind once."""
    access.check(Action.ASK, who)
    row = _seen(session, item, who)
    if running.in_channel(session, who.team_id, row.channel) is not None:
        raise Conflict("This is an exercise: nobody outside is asked. Nothing was sent. The facilitator may play them.")
    experts = [str(expert) for expert in item.payload["experts"]]
    if not experts and parts().office_hours.queue_channel is None:
        raise Conflict(
            "Nobody is set up to answer: there is no office-hours schedule and no group to fall back on. "
            "Nothing was sent. Ask the responsible-AI team directly."
        )
    entry, new = handoffs.open_handoff(session, row, who.user_id, experts)
    if not new:
        return Done(None, [_tell(item, who, already_message(entry.state, entry.taken_by))])
    due = duty.remind_at(parts().office_hours.schedule, now())
    timers.set_timer(session, WAITING, f"{WAITING}:{entry.id}", due, payload={"handoff": entry.id})
    message = handed_over_message(experts, duty_now())
    if row.shown_ts is None:
        return Done(None, [QueueEntry(entry.id), _tell(item, who, message)])
    return Done(None, [QueueEntry(entry.id), AnswerMessage(row.id), Say(row.channel, message, row.thread_ts)])


@on_lone_timer(WAITING)
def remind(session: Session, timer: Timer) -> list[Effect]:
    """Nobody took a question in time: said once."""
    entry = session.get_one(Handoff, int(timer.payload["handoff"]), with_for_update=True)
    if entry.state != "open":
        return []
    entry.reminded_at = now()
    question = session.get_one(Question, entry.question_id)
    message = reminder_message(question.text, entry.asked_by, duty_now())
    queue = parts().office_hours.queue_channel
    told: list[Effect] = (
        [Say(queue, message)] if queue else [Direct(expert, message) for expert in entry.experts[:MAX_DIRECT]]
    )
    return [QueueEntry(entry.id), *told]


def _entry(session: Session, item: Item, who: Person) -> Handoff:
    access.check(Action.ASK, who)
    if not access.may_answer(who, parts().office_hours.schedule.experts):
        raise NotAllowed("Only experts of the office hours and responders can do this. Nothing was changed.")
    return handoffs.lock(session, int(item.payload["handoff"]), who.team_id)


@act("handoff_take", fresh=True)
def take(session: Session, item: Item, who: Person) -> Done:
    """An expert takes a question; the next one sees that it is taken."""
    entry = _entry(session, item, who)
    handoffs.take(entry, who.user_id)
    return Done(None, [QueueEntry(entry.id)])


@act("handoff_take_over", fresh=True)
def take_over(session: Session, item: Item, who: Person) -> Done:
    """An expert takes a question from another, who cannot answer it after all."""
    entry = _entry(session, item, who)
    before = entry.taken_by
    handoffs.take(entry, who.user_id, over=True)
    told = Message(f"{person(who.user_id)} has taken over {person(entry.asked_by)}'s question from you.")
    other: list[Effect] = [Direct(before, told)] if before not in (None, who.user_id) else []
    return Done(None, [QueueEntry(entry.id), *other])


def reviewers(item: Item) -> dict[str, Any]:
    """Who could review an FAQ entry of this author: the other experts, else a user group."""
    others = _here(sorted(parts().office_hours.schedule.experts), item)
    return {"reviewers": others or [each for each in _group() if each != item.user]}


@act("handoff_answer", fresh=True, look=reviewers)
def answer(session: Session, item: Item, who: Person) -> Done:
    """An expert's answer goes back to the asker, and may be offered for the FAQ."""
    entry = _entry(session, item, who)
    text, faq_question = str(item.payload["text"]), str(item.payload.get("faq") or "")
    try:
        handoffs.answer(entry, text, by=who.user_id)
    except Conflict as error:
        raise Conflict(f"{error} Your answer was not sent. It read: {text}") from None
    told: list[Effect] = []
    if faq_question:
        try:
            faq.propose(session, entry.id, who.team_id, faq_question, text, author=who.user_id)
            # Without a queue channel the entry is shown to its experts only: whoever reviews it must see it too.
            entry.experts = list(dict.fromkeys([*entry.experts, *item.payload["reviewers"]]))[:MAX_DIRECT]
        except BadInput as error:
            told.append(Direct(who.user_id, Message(f"Your answer was sent. It was not offered for the FAQ. {error}")))
    question = session.get_one(Question, entry.question_id)
    message = expert_message(question.text, text, who.user_id, entry.asked_by)
    back: Effect = (
        Say(question.channel, message, question.thread_ts, otherwise=entry.asked_by)
        if question.public or (question.place == "direct" and question.user == entry.asked_by)
        else Direct(entry.asked_by, message)
    )
    return Done(None, [back, QueueEntry(entry.id), *told])


@act("faq_publish", fresh=True)
def publish(session: Session, item: Item, who: Person) -> Done:
    """A second person has read an entry: it is part of the corpus from now on."""
    entry = _entry(session, item, who)
    faq.publish(session, entry.id, who.team_id, by=who.user_id)
    return Done(None, [QueueEntry(entry.id)])


@act("faq_retire", fresh=True)
def retire(session: Session, item: Item, who: Person) -> Done:
    """Take an entry out of the corpus."""
    entry = _entry(session, item, who)
    faq.retire(session, entry.id, who.team_id, by=who.user_id)
    return Done(None, [QueueEntry(entry.id)])
