"""What the command line reads from the record, as plain values. Needs the database only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.settings import Settings
from incidents import assessing, milestones, opening, policies, questions, timeline
from incidents.db import make_engine, reading, require_head, writing
from incidents.errors import NotFound
from incidents.models import Incident
from postmortems.versions import latest
from severity.explain import Past, Situation
from severity.officehours.gaps import Asked
from severity.policy import Policy


def every_incident(settings: Settings) -> list[dict[str, Any]]:
    """All incidents, newest first."""
    with reading_record(settings) as session:
        query = sa.select(Incident).order_by(Incident.id.desc())
        return [_summary(incident) for incident in session.scalars(query)]


def one_incident(settings: Settings, number: str) -> dict[str, Any]:
    """One incident with times, milestones, roles, outside objects and timeline. Raises NotFound."""
    with reading_record(settings) as session:
        incident = find_incident(session, number)
        times = milestones.times(incident)
        broken = timeline.verify(session, incident.id)
        return {
            **_summary(incident),
            "description": incident.description,
            "times": {
                name: value.total_seconds() if value is not None else None
                for name, value in (("ttd", times.ttd), ("tta", times.tta), ("ttm", times.ttm), ("ttr", times.ttr))
            },
            "milestones": [
                {
                    "name": row.name,
                    "at": row.at,
                    "source": row.source,
                    "actor": row.actor,
                    "confirmed_by": row.confirmed_by,
                    "current": row.superseded_at is None,
                }
                for row in incident.milestones
            ],
            "roles": [
                {"role": row.role, "user": row.user, "at": row.at, "ended_at": row.ended_at} for row in incident.roles
            ],
            "links": [
                {"kind": row.kind, "key": row.key, "id": row.external_id, "name": row.name, "url": row.url}
                for row in incident.links
            ],
            "timeline": [
                {
                    "seq": row.seq,
                    "at": row.at,
                    "kind": row.kind,
                    "actor": row.actor,
                    "text": row.text,
                    "data": row.data,
                    "source_url": row.source_url,
                    "hash": row.hash,
                }
                for row in timeline.entries(session, incident.id)
            ],
            "chain": "holds" if broken is None else f"broken at {broken.seq}: {broken.reason}",
        }


def past_assessments(settings: Settings) -> list[Past]:
    """Every assessment ever confirmed, as the policy was given it."""
    with reading_record(settings) as session:
        return [past for _, past in assessing.past(session)]


@dataclass(frozen=True)
class Explained:
    """One assessment of the record with the policy it was made with. `words` are what the record says of it."""

    policy: Policy
    situation: Situation
    words: str


def assessment_of(settings: Settings, which: str) -> Explained:
    """The assessment `INC-1:2` (the second; 0 is the provisional one), or the last of `INC-1`. Raises NotFound."""
    number, _, nth = which.partition(":")
    with reading_record(settings) as session:
        incident = find_incident(session, number)
        rows = incident.assessments
        if nth and not (nth.isascii() and nth.isdigit() and int(nth[:9]) <= len(rows)):
            raise NotFound(f"{incident.number} has {len(rows)} assessments; {which!r:.60} is none of them.")
        place = int(nth) if nth else len(rows)
        if place == 0:
            opened = opening.provisional(session, incident)
            words = f"{incident.number} was opened as {opened.severity} by rule {opened.rule}."
            return Explained(policies.policy_of(session, opened.policy_hash), opened.situation, words)
        row = rows[place - 1]
        words = f"{incident.number}, assessment {place} of {len(rows)}: {row.computed_severity} by rule {row.rule}."
        if row.severity != row.computed_severity:
            words += f" {row.confirmed_by} set {row.severity} instead: {row.override_reason}."
        return Explained(policies.policy_of(session, row.policy_hash), assessing.situation_of(incident, row), words)


def questions_since(settings: Settings, start: datetime, end: datetime) -> list[Asked]:
    """Every workspace's questions of a window; the operator's command line sees all that are not withheld."""
    with reading_record(settings) as session:
        return list(questions.asked_between(session, None, start, end))


def newest_postmortem(settings: Settings, number: str) -> dict[str, Any]:
    """The newest version of an incident's postmortem. Raises NotFound."""
    with reading_record(settings) as session:
        incident = find_incident(session, number)
        version = latest(session, incident)
        if version is None:
            raise NotFound(
                f"{incident.number} has no postmortem draft yet. "
                "Resolve it, or type /rai-incident postmortem in its channel."
            )
        return {
            "number": incident.number,
            "version": version.version,
            "state": version.state,
            "author": version.author,
            "created_at": version.created_at,
            "body": version.body,
            "citations": version.citations,
        }


@contextmanager
def reading_record(settings: Settings) -> Iterator[Session]:
    """The record, to look at. Raises DatabaseTrouble when it is not there or of another version."""
    with _engine(settings) as engine, reading(engine) as session:
        yield session


@contextmanager
def writing_record(settings: Settings) -> Iterator[Session]:
    """The record in one transaction, for what an operator may change. Raises DatabaseTrouble as above."""
    with _engine(settings) as engine, writing(engine) as session:
        yield session


@contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings.database_url)
    try:
        require_head(engine)
        yield engine
    finally:
        engine.dispose()


def find_incident(session: Session, number: str) -> Incident:
    """The operator's command line sees every workspace's incidents."""
    digits = number.strip().upper().removeprefix("INC-")
    usable = digits.isascii() and digits.isdigit() and len(digits) < 10
    incident = session.get(Incident, int(digits)) if usable else None
    if incident is None:
        raise NotFound(f"there is no incident {number!r:.60}. `rai-incident incident list` shows all.")
    return incident


def _summary(incident: Incident) -> dict[str, Any]:
    return {
        "number": incident.number,
        "kind": incident.kind,
        "status": incident.status,
        "severity": incident.severity,
        "provisional": incident.severity_provisional,
        "title": incident.title,
        "system": incident.system_id,
        "harm_classes": incident.harm_classes,
        "private": incident.private,
        "reporter": incident.reporter,
        "declared_at": incident.declared_at,
        "detected_at": incident.detected_at,
        "acknowledged_at": incident.acknowledged_at,
        "mitigated_at": incident.mitigated_at,
        "resolved_at": incident.resolved_at,
    }
