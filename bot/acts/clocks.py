"""Regulator clocks: people start, decline and submit them and say the times they count from; due timers warn."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from bot.acts import Done, act, incident_of, on_timer
from bot.effects import Card, ClocksMessage, Direct, Effect, Post, Tell
from bot.inbox import Item
from bot.parts import parts
from bot.record import clock_line, system_name
from bot.views import clock_alarms as alarms
from bot.views import clocks as views
from bot.views.blocks import person
from incidents import assessing, clock_reading, clocks, inventory, lifecycle, timeline
from incidents.access import Action, Person
from incidents.clock import now
from incidents.models import Incident, RegulatorClock, Timer
from integrations.slack import Message


def proposed(session: Session, incident: Incident) -> list[Effect]:
    """Propose what may apply as the record stands now; what must be shown of it."""
    new = propose(session, incident)
    if not new:
        return [ClocksMessage(incident.id)] if clock_reading.of(session, incident.id) else []
    if lifecycle.link(session, incident.id, "clocks") is None:
        return [ClocksMessage(incident.id)]
    names = [parts().clocks.clock(row.clock).title for row in new]
    return [ClocksMessage(incident.id), Post(incident.id, views.more_message(incident.number, incident.id, names))]


def propose(session: Session, incident: Incident) -> list[RegulatorClock]:
    """Propose clocks from the system's regimes and the answers in force; the new ones."""
    system = inventory.find(session, incident.system_id)
    row = assessing.latest(session, incident.id, "confirmed")
    return _propose(session, incident, system.regimes if system else (), row.answers if row else {})


def _propose(
    session: Session, incident: Incident, regimes: Collection[str], answers: Mapping[str, str]
) -> list[RegulatorClock]:
    return clocks.propose_for(
        session,
        incident,
        parts().clocks,
        regimes=regimes,
        answers=answers,
        at=now(),
    )


def at_declare(session: Session, incident: Incident) -> None:
    """Propose what the system's regimes alone give. Without regimes nothing is known yet that could narrow the list."""
    system = inventory.find(session, incident.system_id)
    if system and system.regimes:
        _propose(session, incident, system.regimes, {})


def recounted(session: Session, incident: Incident) -> list[Effect]:
    """Count the clocks again after a milestone has moved; what must be shown of it."""
    if not clock_reading.of(session, incident.id):
        return []
    clocks.recount(session, incident, parts().clocks)
    return [ClocksMessage(incident.id)]


@act("clock_start")
def start(session: Session, item: Item, who: Person) -> Done:
    """A named person starts a clock, with the times it counts from."""
    incident = incident_of(session, item, who, Action.RESPOND)
    said = {str(name): _moment(value) for name, value in item.payload["stamps"].items()}
    row = clocks.start(
        session,
        incident,
        parts().clocks,
        int(item.payload["clock"]),
        stamps=said,
        by=who.user_id,
        key=item.key,
        stage=item.payload.get("stage"),
    )
    line = clock_line(session, incident, row)
    words = views.started_message(incident.number, who.user_id, line, parts().clocks.notice)
    return Done(incident.id, [*_shown(incident), Post(incident.id, words)])


@act("clock_decline", fresh=True)
def decline(session: Session, item: Item, who: Person) -> Done:
    """A named person says that a duty does not apply."""
    incident = incident_of(session, item, who, Action.RESPOND)
    row = clocks.decline(
        session,
        incident,
        parts().clocks,
        int(item.payload["clock"]),
        str(item.payload["words"]),
        by=who.user_id,
        key=item.key,
    )
    words = views.declined_words(clock_line(session, incident, row))
    return Done(incident.id, [*_shown(incident), _told(item, words)])


@act("clock_submit", fresh=True)
def submit(session: Session, item: Item, who: Person) -> Done:
    """A named person says that a report was sent."""
    incident = incident_of(session, item, who, Action.RESPOND)
    row = clocks.mark_submitted(
        session,
        incident,
        parts().clocks,
        int(item.payload["clock"]),
        str(item.payload["stage"]),
        at=_moment(item.payload["at"]),
        by=who.user_id,
        key=item.key,
        reference=str(item.payload.get("reference") or ""),
    )
    line = clock_line(session, incident, row)
    words = views.submitted_message(incident.number, who.user_id, line, str(item.payload["stage"]))
    return Done(incident.id, [*_shown(incident), Post(incident.id, words)])


@act("clock_stamp")
def stamp(session: Session, item: Item, who: Person) -> Done:
    """A named person says when something happened that clocks count from."""
    incident = incident_of(session, item, who, Action.RESPOND)
    name, at = str(item.payload["stamp"]), _moment(item.payload["at"])
    clocks.stamp(session, incident, parts().clocks, name, at, by=who.user_id, key=item.key)
    words = f"Saved under your name: {views.stamped_words(parts().clocks, name, at)}. Every clock was counted again."
    return Done(incident.id, [*_shown(incident), _told(item, words)])


@on_timer(clocks.WARNING)
def warn(session: Session, timer: Timer, incident: Incident) -> list[Effect]:
    """Part of the time has passed: told once, to whoever answers for the report."""
    report = clock_reading.still_due(session, incident, parts().clocks, timer)
    if report is None or report.due is None:
        return []
    message = alarms.warning_message(
        incident.number,
        _room(session, incident),
        incident.id,
        system_name(session, incident),
        report,
        str(timer.payload["because"]),
    )
    _note(session, timer, incident, message)
    return _to_legal(session, incident, message)


@on_timer(clocks.PASSED)
def passed(session: Session, timer: Timer, incident: Incident) -> list[Effect]:
    """The time to work to has passed and the report is not marked submitted."""
    report = clock_reading.still_due(session, incident, parts().clocks, timer)
    if report is None or report.due is None:
        return []
    message = alarms.passed_message(incident.number, _room(session, incident), incident.id, report)
    _note(session, timer, incident, message)
    return [*_alarm(session, incident, message), Card(incident.id), ClocksMessage(incident.id)]


@on_timer(clocks.WALL)
def wall(session: Session, timer: Timer, incident: Incident) -> list[Effect]:
    """A limit has passed that runs before the stamp its report waits for: DORA's 24 hours before classification."""
    report = clock_reading.still_due(session, incident, parts().clocks, timer)
    if report is None:
        return []
    stamps = clock_reading.assumed_stamps(session, incident, report.row)
    walls = parts().clocks.walls(report.row.clock, stamps)
    broken = next((each for each in walls if each.stage.id == report.stage.id and each.breached(now())), None)
    if broken is None:
        return []
    assumed = broken.stage.wall is not None and broken.stage.wall.starts_at not in clock_reading.stamps_of(
        session, incident
    )
    message = alarms.wall_message(
        incident.number, _room(session, incident), incident.id, broken, report.row, assumed=assumed
    )
    _note(session, timer, incident, message)
    return [*_alarm(session, incident, message), Card(incident.id), ClocksMessage(incident.id)]


def _told(item: Item, words: str) -> Tell:
    return Tell(item.user, Message(words), item.payload.get("channel"), item.payload.get("response_url"))


def _note(session: Session, timer: Timer, incident: Incident, message: Message) -> None:
    timeline.append(session, incident.id, "reminder", "clock", message.text, key=f"timer:{timer.id}")


def _shown(incident: Incident) -> list[Effect]:
    return [ClocksMessage(incident.id), Card(incident.id)]


def _to_legal(session: Session, incident: Incident, message: Message) -> list[Effect]:
    """To the legal role, else the commander, else everybody in the channel."""
    holders = lifecycle.holders(session, incident.id)
    whom = holders.get("legal") or holders.get("commander")
    return [Direct(whom, message) if whom else Post(incident.id, message)]


def _alarm(session: Session, incident: Incident, message: Message) -> list[Effect]:
    """To the channel, naming whoever must act, and to them directly."""
    holders = lifecycle.holders(session, incident.id)
    whom = list(dict.fromkeys(holders[role] for role in ("legal", "commander") if role in holders))
    called = " ".join(person(user) for user in whom) or "Nobody is legal or commander, so this goes to everybody."
    direct: list[Effect] = [Direct(user, message) for user in whom]
    return [Post(incident.id, alarms.calling(called, message)), *direct]


def _moment(value: object) -> datetime:
    return datetime.fromtimestamp(int(str(value)), UTC)


def _room(session: Session, incident: Incident) -> str | None:
    channel = lifecycle.link(session, incident.id, "channel")
    return channel.external_id if channel else None
