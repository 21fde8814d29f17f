"""The timeline: append, chain, verify. The one place that writes an entry, always in the caller's transaction."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents.clock import now
from incidents.models import Incident, TimelineEntry

GENESIS = "0" * 64


@dataclass(frozen=True)
class Broken:
    """The first entry whose chain does not hold, and why."""

    incident_id: int
    seq: int
    reason: str


def entry_hash(entry: TimelineEntry) -> str:
    """SHA-256 over the entry's content and the hash before it, as canonical JSON."""
    content = {
        "incident": entry.incident_id,
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "recorded_at": entry.recorded_at.isoformat(),
        "kind": entry.kind,
        "actor": entry.actor,
        "text": entry.text,
        "data": entry.data,
        "source_url": entry.source_url,
        "key": entry.key,
        "prev": entry.prev_hash,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def append(
    session: Session,
    incident_id: int,
    kind: str,
    actor: str,
    text: str,
    *,
    key: str | None = None,
    at: datetime | None = None,
    data: dict[str, Any] | None = None,
    source_url: str | None = None,
) -> TimelineEntry | None:
    """Append one entry in the caller's transaction. With `key`, a second append of the same cause returns None.

    `actor` is a Slack user id, or a word for what acted ("policy", "rollback", "clock"). `at` is when it happened
    (UTC-aware, default now); the moment of writing is kept beside it.
    """
    # The incident's row lock orders the appenders of one chain (SQLite has one writer anyway).
    session.execute(sa.select(Incident.id).where(Incident.id == incident_id).with_for_update())
    own = sa.select(TimelineEntry).where(TimelineEntry.incident_id == incident_id)
    seen = own.where(TimelineEntry.key == key).exists() if key is not None else sa.false()
    last = session.execute(
        own.with_only_columns(TimelineEntry.seq, TimelineEntry.hash, seen.label("seen"))
        .order_by(TimelineEntry.seq.desc())
        .limit(1)
    ).first()
    if last is not None and last.seen:
        return None
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    entry = _entry(incident_id, seq, previous, kind, actor, text, key, at, data, source_url)
    session.add(entry)
    session.flush()
    return entry


def begin(
    session: Session,
    incident_id: int,
    kind: str,
    actor: str,
    text: str,
    *,
    key: str,
    after: TimelineEntry | None = None,
    data: dict[str, Any] | None = None,
    source_url: str | None = None,
) -> TimelineEntry:
    """An entry of an incident that is opened in this very transaction, so that nobody else can append to it: the first
    one, or the one `after` it. The caller flushes."""
    seq, previous = (after.seq + 1, after.hash) if after else (1, GENESIS)
    entry = _entry(incident_id, seq, previous, kind, actor, text, key, None, data, source_url)
    session.add(entry)
    return entry


def _entry(
    incident_id: int,
    seq: int,
    previous: str,
    kind: str,
    actor: str,
    text: str,
    key: str | None,
    at: datetime | None,
    data: dict[str, Any] | None,
    source_url: str | None,
) -> TimelineEntry:
    moment = now()
    entry = TimelineEntry(
        incident_id=incident_id,
        seq=seq,
        at=at or moment,
        recorded_at=moment,
        kind=kind,
        actor=actor,
        text=text.replace("\x00", ""),  # PostgreSQL refuses NUL; nothing readable is lost
        data=data or {},
        source_url=source_url,
        key=key,
        prev_hash=previous,
    )
    entry.hash = entry_hash(entry)
    return entry


def entries(session: Session, incident_id: int) -> Sequence[TimelineEntry]:
    """All entries of an incident in the order they were written."""
    query = sa.select(TimelineEntry).where(TimelineEntry.incident_id == incident_id).order_by(TimelineEntry.seq)
    return session.scalars(query).all()


def entry_id(session: Session, incident_id: int, key: str) -> int | None:
    """The id of the entry that was written under `key`, or None."""
    query = sa.select(TimelineEntry.id).where(TimelineEntry.incident_id == incident_id, TimelineEntry.key == key)
    return session.scalar(query)


def verify(session: Session, incident_id: int) -> Broken | None:
    """Walk the chain; the first fault, or None when it holds."""
    previous = GENESIS
    for expected, entry in enumerate(entries(session, incident_id), start=1):
        if entry.seq != expected:
            return Broken(incident_id, expected, "an entry is missing")
        if entry.prev_hash != previous:
            return Broken(incident_id, entry.seq, "it does not follow the entry before it")
        if entry_hash(entry) != entry.hash:
            return Broken(incident_id, entry.seq, "its content was changed")
        previous = entry.hash
    return None
