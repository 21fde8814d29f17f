"""The record as views want it: rows gathered into plain values, in one read."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.parts import parts
from bot.views.card import CardFacts
from bot.views.classify import flag_words
from bot.views.clocks import ClockFacts, ClockLine, card_lines, line_of
from bot.views.declare import OpenedFacts
from bot.views.reach import Paging
from incidents import clock_reading, inventory, lifecycle, milestones
from incidents.clock import now
from incidents.inventory import SystemEntry
from incidents.models import Assessment, Incident, Link, RegulatorClock, TimelineEntry
from runbooks import progress as runs
from runbooks.models import RunbookRun
from severity.levels import Severity
from severity.taxonomy import harm_classes


def system_name(session: Session, incident: Incident) -> str:
    """The AI system's name, or words where none is named."""
    return _name(inventory.find(session, incident.system_id))


def _name(system: SystemEntry | None) -> str:
    return system.name if system else "an AI system not in the inventory"


def harm_names(classes: list[str]) -> list[str]:
    """`H4` as `H4 privacy, data exposure`."""
    known = harm_classes()
    return [f"{name} {known[name].title}" if name in known else name for name in classes]


def opened_facts(session: Session, incident_id: int) -> OpenedFacts:
    """What the reporter is told: a small part of the card, read in a few lines because people wait for it."""
    incident = session.get_one(Incident, incident_id)
    links = _links(session, incident_id)
    return OpenedFacts(
        number=incident.number,
        severity=incident.severity,
        provisional=incident.severity_provisional,
        because=_because(session, incident, _told(session, incident_id)),
        reporter=incident.reporter,
        channel_id=links["channel"].external_id if "channel" in links else None,
        paged=_paged(incident, links),
    )


def card_facts(session: Session, incident_id: int) -> CardFacts:
    """Everything the card and the announcement show."""
    incident = session.get_one(Incident, incident_id)
    links = _links(session, incident_id)
    system = inventory.find(session, incident.system_id)
    stamps = milestones.all_current(session, incident_id)
    acknowledged = stamps.get("acknowledged")
    proposal = milestones.unconfirmed(stamps.get("mitigated"))
    told = _told(session, incident_id)
    ticket = links.get("ticket")
    channel = links.get("channel")
    return CardFacts(
        incident_id=incident.id,
        number=incident.number,
        title=incident.title,
        description=incident.description,
        status=incident.status,
        severity=incident.severity,
        provisional=incident.severity_provisional,
        because=_because(session, incident, told),
        system=_name(system),
        harms=harm_names(incident.harm_classes),
        ongoing=incident.ongoing,
        private=incident.private,
        reporter=incident.reporter,
        roles=lifecycle.holders(session, incident_id),
        declared_at=incident.declared_at,
        times=times_against_targets(incident),
        acknowledged_by=acknowledged.actor if acknowledged else None,
        channel_id=channel.external_id if channel else None,
        ticket=(ticket.external_id, ticket.url or "") if ticket else None,
        paged=_paged(incident, links),
        next_update_at=incident.next_update_at,
        run=_run(session, incident_id),
        notices=[*_reviews(incident), *_notices(told), *_flags(incident)],
        proposed_at=proposal.at if proposal else None,
        kind=incident.kind,
        tier=_tier(system),
        levers=bool(system and system.rollback_targets),
        clocks=card_lines(
            [clock_line(session, incident, row) for row in clock_reading.of(session, incident_id)], now()
        ),
    )


def _links(session: Session, incident_id: int) -> dict[str, Link]:
    """The open outside objects, one of each kind."""
    query = sa.select(Link).where(Link.incident_id == incident_id, Link.closed_at.is_(None))
    return {link.kind: link for link in session.scalars(query)}


def _paged(incident: Incident, links: Mapping[str, Link]) -> Paging:
    if "page" not in links:
        return "none"
    return "real" if incident.kind == "real" else "rehearsed"


def clock_facts(session: Session, incident_id: int) -> ClockFacts:
    """The incident's regulator clocks with all their small print."""
    incident = session.get_one(Incident, incident_id)
    system = inventory.find(session, incident.system_id)
    rows = clock_reading.of(session, incident_id)
    return ClockFacts(
        incident_id=incident.id,
        number=incident.number,
        lines=[clock_line(session, incident, row) for row in rows],
        stamps={stamp.name: (stamp.at, stamp.actor) for stamp in clock_reading.said(session, incident_id)},
        regimes_known=bool(system and system.regimes),
        notice=parts().clocks.notice,
        words=parts().clocks.stamps,
    )


def clock_line(session: Session, incident: Incident, row: RegulatorClock) -> ClockLine:
    """One clock as it stands: what is owed next on the stamps, or on the careful guess while nobody has decided."""
    book = parts().clocks
    assumed = clock_reading.assumed_stamps(session, incident, row) if row.state == "proposed" else None
    return line_of(book, row, clock_reading.owed(session, incident, book, row, assumed), assumed=assumed is not None)


def times_against_targets(incident: Incident) -> dict[str, tuple[timedelta | None, timedelta | None]]:
    """TTD, TTA, TTM and TTR, each with the policy's target for the incident's severity (None: no target)."""
    measured = milestones.times(incident)
    targets = parts().policy.targets[Severity(incident.severity)]
    return {
        "TTD": (measured.ttd, targets.detect),
        "TTA": (measured.tta, targets.acknowledge),
        "TTM": (measured.ttm, targets.mitigate),
        "TTR": (measured.ttr, None),
    }


def _tier(system: SystemEntry | None) -> str:
    """`tier 1 (2026-06-01)`; nothing where nobody has tiered the system."""
    if system is None or system.tier is None:
        return ""
    return f"tier {system.tier}" + (f" ({system.tiered_at})" if system.tiered_at else "")


def _told(session: Session, incident_id: int) -> Sequence[TimelineEntry]:
    """What the timeline tells the card: why the severity, what trouble, and what of it has been made good."""
    kinds = ("severity", "trouble", "recovered")
    query = sa.select(TimelineEntry).where(TimelineEntry.incident_id == incident_id, TimelineEntry.kind.in_(kinds))
    return session.scalars(query.order_by(TimelineEntry.seq)).all()


def _because(session: Session, incident: Incident, told: Sequence[TimelineEntry]) -> str:
    """Why the severity in force is what it is: what a person confirmed, else what it was opened with."""
    confirmed = session.scalars(
        sa.select(Assessment).where(Assessment.incident_id == incident.id, Assessment.state == "confirmed")
    ).first()
    if confirmed is not None:
        return confirmed.override_reason or confirmed.because
    entry = next((entry for entry in told if entry.kind == "severity"), None)
    return entry.text.partition(": ")[2] if entry else ""


def _run(session: Session, incident_id: int) -> tuple[str, int, int, str | None] | None:
    run = session.scalars(
        sa.select(RunbookRun).where(RunbookRun.incident_id == incident_id).order_by(RunbookRun.id.desc()).limit(1)
    ).first()
    if run is None:
        return None
    done, total = runs.progress(session, run.id)
    following = runs.next_step(session, run.id)
    return run.title, done, total, following.title if following else None


def _reviews(incident: Incident) -> list[str]:
    """What one person did alone and nobody else has looked at."""
    owed = "Break glass was used. Another responder has to review it: *Review* on the plan's message."
    return [owed] if incident.unreviewed else []


def _flags(incident: Incident) -> list[str]:
    """What in the report somebody should look at twice, until a person has decided on the severity."""
    return flag_words(incident.suggestion) if incident.severity_provisional else []


def _notices(told: Sequence[TimelineEntry]) -> list[str]:
    """Trouble a person should know of: outside effects that have not worked, newest first, not yet made good."""
    open_troubles: dict[str, str] = {}
    for row in told:
        effect = str(row.data.get("effect", ""))
        if row.kind == "trouble":
            open_troubles[effect] = row.text
        elif row.kind == "recovered":
            open_troubles.pop(effect, None)
    return list(open_troubles.values())[::-1]
