"""What an exercise shows: its room, and the facilitator's panel, edited in place for as long as it lives."""

import threading

from sqlalchemy.orm import Session

from bot import exercise_facts
from bot.parts import parts
from bot.rehearsal import RehearsalRoom
from bot.solo_facts import solo_facts
from bot.views import solo as views_solo
from bot.views.exercise_panel import panel_message
from incidents.db import reading, writing
from integrations.slack import Message
from playbooks import running, solo
from playbooks.models import Exercise

_SHOWING = [threading.Lock() for _ in range(16)]  # by exercise: two at once would show the older words last


def post(exercise_id: int, message: Message, key: str, again: bool) -> None:
    """A message in the exercise's channel, once; nothing where the channel could not be made."""
    channel = _channel(exercise_id)
    if channel is not None:
        room(exercise_id).post(channel, message, key=key, again=again)


def room(exercise_id: int) -> RehearsalRoom:
    """The exercise's room."""
    return parts().rehearsal(exercise_id).room


def show_panel(exercise_id: int, again: bool) -> None:
    """The facilitator's panel as the exercise stands now: one direct message, posted once and edited from then on."""
    sent = None
    with _SHOWING[exercise_id % len(_SHOWING)]:
        while True:
            with reading(parts().db) as session:
                exercise = session.get_one(Exercise, exercise_id)
                message = _panel(session, exercise)
                facilitator, where = exercise.facilitator, (exercise.panel_channel, exercise.panel_ts)
            if message == sent:
                return
            channel, ts = where
            if channel is not None and ts is not None:
                room(exercise_id).update_direct(facilitator, channel, ts, message)
                sent = message
                continue
            channel = parts().slack.direct_channel(facilitator)
            ts = room(exercise_id).post_direct(facilitator, message, key=f"panel:{exercise_id}", again=again)
            with writing(parts().db) as session:
                exercise = running.lock(session, exercise_id)
                exercise.panel_channel, exercise.panel_ts = channel, ts
            sent = None if again else message


def _panel(session: Session, exercise: Exercise) -> Message:
    """The facilitator's panel; who plays alone must not read there what is coming."""
    row = solo.of(session, exercise.id)
    if row is not None:
        return views_solo.panel_message(solo_facts(session, exercise, row))
    return panel_message(exercise_facts.panel_facts(session, exercise))


def _channel(exercise_id: int) -> str | None:
    with reading(parts().db) as session:
        return session.get_one(Exercise, exercise_id).channel_id
