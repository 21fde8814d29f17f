"""The exercise programme: planned, moved, cancelled; and its two reminders, each given once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.acts import Done, act, on_lone_timer
from bot.effects import Direct, Effect, Hand, Say, Tell
from bot.inbox import Item
from bot.parts import parts
from bot.programme_calendar import calendar
from bot.programme_facts import planned_facts, programme_of
from bot.views import programme as views
from bot.views.blocks import person, when
from incidents import access, timers
from incidents.access import Action, Person
from incidents.clock import now
from incidents.models import Timer
from incidents.periods import instant
from integrations.slack import Message
from playbooks import planning
from playbooks.models import Exercise
from playbooks.planning import PlannedExercise
from playbooks.programme import Rules

REVIEW = "programme_review"  # kind of timer: Monday morning
MORNING = datetime.min.time().replace(hour=9)


@act("programme_plan")
def plan(session: Session, item: Item, who: Person) -> Done:
    """A responder plans an exercise."""
    access.require_responder(who, "plan an exercise")
    payload = item.payload
    scenario = parts().scenarios.require(str(payload["scenario"]))
    minutes = scenario.short.minutes if payload.get("short") and scenario.short else scenario.minutes
    row = planning.plan(
        session,
        key=item.key,
        team_id=who.team_id,
        scenario_id=scenario.id,
        title=scenario.title,
        minutes=minutes,
        system_id=payload.get("system") or None,
        facilitator=str(payload["facilitator"]),
        at=datetime.fromtimestamp(int(payload["at"]), UTC),
        zone=parts().directory.zone(who.user_id),
        by=who.user_id,
    )
    return Done(None, [_told(item, row, "is planned"), *_hears(row, who)])


@act("programme_move")
def move(session: Session, item: Item, who: Person) -> Done:
    """A responder moves or cancels it."""
    access.require_responder(who, "move an exercise")
    payload = item.payload
    row = planning.find(session, who.team_id, int(payload["plan"]))
    if payload.get("what") == "cancel":
        planning.cancel(session, row, by=who.user_id)
        return Done(None, [_told(item, row, "is cancelled"), *_hears(row, who)])
    at = datetime.fromtimestamp(int(payload["at"]), UTC)
    changed = planning.move(session, row, at, facilitator=str(payload["facilitator"]), by=who.user_id)
    if not changed:
        return Done(
            None, [Tell(item.user, Message(f"{row.number} was already so. Nothing was changed."), _where(item))]
        )
    return Done(None, [_told(item, row, "is moved"), *_hears(row, who)])


@act("programme_calendar")
def calendar_file(session: Session, item: Item, who: Person) -> Done:
    """The calendar file, by direct message to whoever asked."""
    access.check(Action.DECLARE, who)
    found = programme_of(session, parts().programme, parts().scenarios, responders=None, team_id=who.team_id)
    rows, url = planning.every(session, who.team_id), item.payload.get("response_url")
    if not rows and not any(each.last for each in found.due):
        nothing = "Nothing is planned or due yet, so there is no file. `/rai-incident exercise plan` plans an exercise."
        return Done(None, [Tell(item.user, Message(nothing), _where(item), url)])
    file = calendar(rows, found.due, team_id=who.team_id)
    handed = Hand(
        who.user_id,
        f"exercises-{now():%Y%m%d-%H%M%S}.ics",
        "AI-harm exercises",
        file.decode(),
        "Exercises planned and due, for your calendar. Import a newer file over it: events move, none is added twice.",
    )
    words = "The calendar file is in your direct messages with me."
    return Done(None, [handed, Tell(item.user, Message(words), _where(item), url)])


def _told(item: Item, row: PlannedExercise, what: str) -> Tell:
    words = f"🗓️ *{row.number}* {what}: {when(row.at)}, led by {person(row.facilitator)}."
    return Tell(item.user, Message(words), _where(item))


def _where(item: Item) -> str | None:
    return item.payload.get("channel") or None


def _hears(row: PlannedExercise, who: Person) -> list[Effect]:
    """Somebody else who is to lead it hears of it at once."""
    if row.facilitator == who.user_id:
        return []
    what = "cancelled" if row.state == "cancelled" else "planned, and you lead it"
    words = f"🗓️ *{row.number}*, {when(row.at)}, was {what} by {person(who.user_id)}."
    return [Direct(row.facilitator, Message(words))]


@on_lone_timer(planning.REMIND)
def remind(session: Session, timer: Timer) -> list[Effect]:
    """A day before: the facilitator hears of it, unless it was moved, cancelled or held meanwhile."""
    row = session.get(PlannedExercise, int(timer.payload["plan"]))
    if row is None or row.state != "planned" or row.revision != int(timer.payload["revision"]):
        return []
    return [Direct(row.facilitator, views.reminder_message(planned_facts(row)))]


def begin_reviewing(session: Session) -> None:
    """Set the timer of the next Monday morning; called at every start, it sets one."""
    _arm(session, parts().programme)


@on_lone_timer(REVIEW)
def review(session: Session, timer: Timer) -> list[Effect]:
    """Monday morning: what is due and was not said before, where an organisation rehearses at all."""
    _arm(session, parts().programme)
    channel = parts().announce_channel
    if channel is None or not _in_use(session):
        return []
    team = parts().team_id
    found = programme_of(session, parts().programme, parts().scenarios, responders=None, team_id=team)
    planned = {each.system for each in found.planned if each.at > now()}
    fresh = [
        each
        for each in found.overdue
        if each.system.id not in planned
        and planning.said_first(session, f"due:{team}:{each.system.id}:{each.by if each.last else 'never'}")
    ]
    return [Say(channel, views.due_message(fresh, found.today))] if fresh else []


def _in_use(session: Session) -> bool:
    """Who has never rehearsed nor planned to is not reminded of what they do not do."""
    return any(session.scalar(sa.select(table.id).limit(1)) is not None for table in (Exercise, PlannedExercise))


def _arm(session: Session, rules: Rules) -> None:
    today = now().astimezone(ZoneInfo(rules.zone)).date()
    monday = today + timedelta(days=7 - today.weekday())
    timers.set_timer(session, REVIEW, f"programme:{monday}", instant(monday, MORNING, rules.zone))
