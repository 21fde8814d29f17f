"""Milestones: stamps with their source and confirmer, and the four times made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import timeline
from incidents.clock import now
from incidents.errors import BadInput
from incidents.models import Incident, Milestone

NAMES = ("onset", "detected", "reported", "declared", "acknowledged", "mitigated", "verified", "resolved", "closed")
# Milestones repeated on the incident's row, for constraints and trends.
PROJECTED = frozenset({"onset", "detected", "declared", "acknowledged", "mitigated", "resolved", "closed"})
AHEAD = timedelta(minutes=1)  # how far a stamp may be ahead of our clock: two machines' skew, no more


@dataclass(frozen=True)
class Times:
    """The four times of one incident; None where an end is missing. Never negative (a correction needs a name)."""

    ttd: timedelta | None
    tta: timedelta | None
    ttm: timedelta | None
    ttr: timedelta | None


def current(session: Session, incident_id: int, name: str) -> Milestone | None:
    """The stamp in force of one milestone."""
    return session.scalars(
        sa.select(Milestone).where(
            Milestone.incident_id == incident_id, Milestone.name == name, Milestone.superseded_at.is_(None)
        )
    ).first()


def all_current(session: Session, incident_id: int) -> dict[str, Milestone]:
    """The stamps in force of every milestone, by name."""
    query = sa.select(Milestone).where(Milestone.incident_id == incident_id, Milestone.superseded_at.is_(None))
    return {found.name: found for found in session.scalars(query)}


def stamp(
    session: Session,
    incident: Incident,
    name: str,
    *,
    source: str,
    actor: str,
    at: datetime | None = None,
    confirmed_by: str | None = None,
) -> bool:
    """Stamp a milestone if it has none yet. True when this call stamped it, False when it stood already."""
    if current(session, incident.id, name) is not None:
        return False
    moment = at or now()
    _check(incident, name, moment, confirmed_by)
    _write(session, incident, name, moment, source, actor, confirmed_by)
    return True


def first(session: Session, incident: Incident, stamps: Mapping[str, datetime], *, source: str, actor: str) -> None:
    """The stamps that an incident is opened with, name -> when."""
    for name, moment in stamps.items():
        _check(incident, name, moment, None)
        _add(session, incident, name, moment, source, actor, None)
    session.flush()


def proposed(session: Session, incident_id: int, name: str) -> Milestone | None:
    """The stamp in force that a machine made and nobody has confirmed; its time is provisional."""
    return unconfirmed(current(session, incident_id, name))


def unconfirmed(found: Milestone | None) -> Milestone | None:
    """A stamp in force, as far as it is only proposed."""
    return found if found is not None and found.confirmed_by is None else None


def confirm(session: Session, incident: Incident, name: str, *, by: str) -> None:
    """A person puts their name to a proposed stamp, at its time. Nothing happens where none is proposed."""
    found = proposed(session, incident.id, name)
    if found is not None:
        found.confirmed_by = by
        session.flush()


def withdraw(session: Session, incident: Incident, name: str) -> None:
    """Take the stamp in force away; its row stays, superseded."""
    found = current(session, incident.id, name)
    if found is not None:
        found.superseded_at = now()
        if name in PROJECTED:
            setattr(incident, f"{name}_at", None)
        session.flush()


def correct(session: Session, incident: Incident, name: str, at: datetime, *, actor: str, reason: str) -> None:
    """Replace a stamp by another, named person's time. The old row stays; both are on the timeline.

    Raises BadInput for a time in the future. A time that turns an interval negative is taken only here, because here
    somebody has put their name to it.
    """
    _check(incident, name, at, actor)
    old = current(session, incident.id, name)
    if old is not None:
        old.superseded_at = now()
        session.flush()
    incident.times_confirmed_by = actor
    _write(session, incident, name, at, "correction", actor, actor)
    before = old.at.isoformat() if old else "not set"
    timeline.append(
        session, incident.id, "correction", actor, f"{name} set to {at.isoformat()} (was {before}): {reason}", at=at
    )


def _check(incident: Incident, name: str, at: datetime, confirmed_by: str | None) -> None:
    if name not in NAMES:
        raise BadInput("milestone", f"{name} is not a milestone. Known: {', '.join(NAMES)}.")
    if at > now() + AHEAD:
        raise BadInput(name, f"{name} cannot be in the future.")
    if name == "mitigated" and confirmed_by is None and incident.detected_at and at < incident.detected_at:
        raise BadInput(name, "mitigated is before detected. Correct one of the two, with a reason.")


def _write(
    session: Session, incident: Incident, name: str, at: datetime, source: str, actor: str, confirmed_by: str | None
) -> None:
    _add(session, incident, name, at, source, actor, confirmed_by)
    session.flush()


def _add(
    session: Session, incident: Incident, name: str, at: datetime, source: str, actor: str, confirmed_by: str | None
) -> None:
    session.add(
        Milestone(
            incident_id=incident.id,
            name=name,
            at=at,
            recorded_at=now(),
            source=source,
            actor=actor,
            confirmed_by=confirmed_by,
        )
    )
    if name in PROJECTED:
        setattr(incident, f"{name}_at", at)


def times(incident: Incident) -> Times:
    """TTD = detected - onset; TTA = acknowledged - declared; TTM = mitigated - detected; TTR = resolved - detected."""
    return Times(
        ttd=between(incident.onset_at, incident.detected_at),
        tta=between(incident.declared_at, incident.acknowledged_at),
        ttm=between(incident.detected_at, incident.mitigated_at),
        ttr=between(incident.detected_at, incident.resolved_at),
    )


def between(start: datetime | None, end: datetime | None) -> timedelta | None:
    """From one stamp to another; None while one is missing, never negative."""
    return max(end - start, timedelta(0)) if start and end else None
