"""Exposure: how many requests each AI system answered on each day (UTC). The denominator of an honest rate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.clock import now
from incidents.csv_rows import csv_rows
from incidents.errors import BadInput
from incidents.models import Base, System

COLUMNS = ("system", "day", "requests")
MOST = 10**15  # requests a day; above that somebody mistyped
ROWS = 50_000


class Exposure(Base):
    """The requests of one system on one day. A later statement about the same day replaces the earlier one."""

    __tablename__ = "exposure"
    __table_args__ = (sa.CheckConstraint("requests >= 0", name="requests"), sa.Index("ix_exposure_day", "day"))

    system_id: Mapped[str] = mapped_column(sa.ForeignKey("systems.id"), primary_key=True)
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    requests: Mapped[int] = mapped_column(sa.BigInteger)
    source: Mapped[str] = mapped_column(sa.String(20))  # csv, api, prometheus
    recorded_at: Mapped[datetime]


@dataclass(frozen=True)
class Reading:
    """One system's requests on one day."""

    system: str
    day: date
    requests: int


def reading_of(values: Any, where: str, known: Iterable[str]) -> Reading:
    """One row as somebody sent it. Raises BadInput with `where` and the field."""
    if not isinstance(values, dict) or not set(COLUMNS) <= set(values):
        raise BadInput(where, f"{where}: each row has {', '.join(COLUMNS)}.")
    unknown = sorted(str(name)[:40] for name in set(values) - set(COLUMNS))
    if unknown:
        raise BadInput(where, f"{where}: {unknown[0]} is not known here; each row has {', '.join(COLUMNS)}.")
    system, day, requests = (values[name] for name in COLUMNS)
    if system not in set(known):
        raise BadInput(f"{where}.system", f"{where}.system: {str(system)!r:.60} is not in the inventory.")
    try:
        read = date.fromisoformat(str(day))
    except ValueError:
        raise BadInput(
            f"{where}.day", f"{where}.day: {str(day)!r:.40} is no day; a day looks like 2026-11-21."
        ) from None
    if read > now().date():
        raise BadInput(f"{where}.day", f"{where}.day: {read} is in the future.")
    text = str(requests)
    if isinstance(requests, bool) or not (text.isascii() and text.isdigit() and int(text[:20]) <= MOST):
        raise BadInput(f"{where}.requests", f"{where}.requests: {text!r:.40} is no whole number from 0 to {MOST:,}.")
    return Reading(str(system), read, int(text))


def readings_of(rows: Any, known: Iterable[str]) -> list[Reading]:
    """All rows of a JSON body. Raises BadInput naming the row and the field; nothing is half-read."""
    if not isinstance(rows, list) or not rows:
        raise BadInput("rows", f"rows: a list of objects with {', '.join(COLUMNS)}.")
    if len(rows) > ROWS:
        raise BadInput("rows", f"rows: {len(rows):,} are too many at once; {ROWS:,} fit.")
    names = frozenset(known)
    return _once([reading_of(row, f"rows[{index}]", names) for index, row in enumerate(rows)])


def read_csv(text: str, name: str, known: Iterable[str]) -> list[Reading]:
    """All rows of a CSV file with the columns system, day, requests. Raises BadInput naming file, line and column."""
    names = frozenset(known)
    return _once(
        [
            reading_of({column: (row[column] or "").strip() for column in COLUMNS}, where, names)
            for where, row in csv_rows(text, name, COLUMNS)
        ]
    )


def store(session: Session, readings: Sequence[Reading], source: str) -> int:
    """Write readings, each replacing what was known of its system and day; how many."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    moment = now()
    ordered = sorted(readings, key=lambda each: (each.system, each.day))  # two writers lock in the same order
    for begin in range(0, len(ordered), 500):
        rows = [
            {
                "system_id": each.system,
                "day": each.day,
                "requests": each.requests,
                "source": source,
                "recorded_at": moment,
            }
            for each in ordered[begin : begin + 500]
        ]
        insert = dialect.insert(Exposure).values(rows)
        changed = {name: insert.excluded[name] for name in ("requests", "source", "recorded_at")}
        session.execute(insert.on_conflict_do_update(index_elements=["system_id", "day"], set_=changed))
    return len(ordered)


def known_systems(session: Session) -> list[str]:
    """The ids of the inventory."""
    return list(session.scalars(sa.select(System.id).order_by(System.id)))


def _once(readings: list[Reading]) -> list[Reading]:
    seen: set[tuple[str, date]] = set()
    for each in readings:
        if (each.system, each.day) in seen:
            raise BadInput("rows", f"{each.system} on {each.day} stands twice. Nothing was saved; say each day once.")
        seen.add((each.system, each.day))
    return readings
