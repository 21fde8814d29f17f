"""The programme as an iCalendar file (RFC 5545): planned exercises at their local time, what is due as whole days.

The same thing always has the same UID, and its SEQUENCE grows when it changes, so that a calendar that reads the file
again moves an event instead of adding one. Two readings of an unchanged record give the same bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playbooks.planning import PlannedExercise
from playbooks.programme import Due

PRODUCT = "-//rai-incident//exercise programme//EN"
DOMAIN = "rai-incident"  # of UIDs: with the workspace's id in front they are unique


def calendar(planned: Iterable[PlannedExercise], due: Sequence[Due], *, team_id: str) -> bytes:
    """The file. Cancelled exercises stand in it as cancelled. A system that was never rehearsed has no day of its own,
    so it is in the list of gaps and not here."""
    from icalendar import Calendar  # lazily: nothing else needs it, and the bot starts without it

    found = Calendar()
    found.add("prodid", PRODUCT)
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    found.add("method", "PUBLISH")
    found.add("name", "AI-harm exercises")
    found.add("x-wr-calname", "AI-harm exercises")
    rows = list(planned)
    for row in rows:
        found.add_component(_exercise(row, team_id))
    for each in due:
        if each.last is not None:
            found.add_component(_due(each, each.last, team_id))
    if rows:
        first, last = min(row.at for row in rows), max(row.at for row in rows)
        year = timedelta(days=366)  # so that the zone's rules on both sides of every event are there
        found.add_missing_timezones((first - year).date(), (last + year).date())
    return bytes(found.to_ical())


def _exercise(row: PlannedExercise, team_id: str) -> Any:
    from icalendar import Event

    start = row.at.astimezone(ZoneInfo(row.zone))
    about = f"{row.number} · scenario {row.scenario_id}" + (f" · for {row.system_id}" if row.system_id else "")
    event = Event()
    event.add("uid", f"{row.number.lower()}.{team_id.lower()}@{DOMAIN}")
    event.add("sequence", row.revision)
    event.add("dtstamp", row.changed_at.astimezone(UTC))
    event.add("last-modified", row.changed_at.astimezone(UTC))
    event.add("dtstart", start if row.zone != "UTC" else row.at.astimezone(UTC))
    event.add("dtend", (row.at + timedelta(minutes=row.minutes)).astimezone(start.tzinfo))
    event.add("summary", f"Exercise: {row.title}")
    event.add("description", f"{about}. Set it up with /rai-incident exercise start {row.scenario_id}")
    event.add("status", "CANCELLED" if row.state == "cancelled" else "CONFIRMED")
    event.add("categories", ["exercise"])
    return event


def _due(each: Due, last: date, team_id: str) -> Any:
    from icalendar import Event

    event = Event()
    event.add("uid", f"due-{each.system.id}.{team_id.lower()}@{DOMAIN}")
    event.add("sequence", each.by.toordinal())
    event.add("dtstamp", datetime.combine(last, time(), UTC))
    event.add("dtstart", each.by)
    event.add("dtend", each.by + timedelta(days=1))
    event.add("summary", f"Exercise due: {each.system.name} (tier {each.tier})")
    event.add(
        "description",
        f"Last rehearsed on {last:%Y-%m-%d}. Tier {each.tier}: every {each.every_days} days, because {each.because}.",
    )
    event.add("transp", "TRANSPARENT")
    event.add("categories", ["exercise"])
    return event
