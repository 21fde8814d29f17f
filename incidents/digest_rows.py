"""What a digest reads of the record, in SQL: light rows of the period, weekly sums, what is open now.

One condition decides who counts, for every number: real incidents only, never exercises or tests, and no private one.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents.exposure import Exposure
from incidents.models import Assessment, Incident, Link, RegulatorClock, RoleAssignment, System
from incidents.periods import Period
from incidents.sqlite import MEDIAN

WAITING = ("proposed", "running")  # states of a clock that is not answered yet


@dataclass(frozen=True)
class Scope:
    """Whose incidents. `team_id` None is every workspace (the operator's command line); empty tuples are all."""

    team_id: str | None = None
    systems: tuple[str, ...] = ()
    harm_classes: tuple[str, ...] = ()

    def counted(self) -> list[sa.ColumnElement[bool]]:
        """The condition for an incident to be in any number."""
        conditions = [Incident.kind == "real", Incident.private.is_(False)]
        if self.team_id is not None:
            # Not by its index: one workspace has all the rows, and SQLite would walk them all instead of the period's.
            conditions.append(sa.case((Incident.team_id == self.team_id, sa.true()), else_=sa.false()))
        if self.systems:
            conditions.append(Incident.system_id.in_(self.systems))
        if self.harm_classes:
            # A JSON list of ids: an id in quotes is that id.
            conditions.append(sa.or_(*(_class_list().like(f'%"{name}"%') for name in self.harm_classes)))
        return conditions


class Counted(NamedTuple):
    """One incident of a period. `materialisation` is the rubric's answer, None where nobody has answered."""

    id: int
    declared_at: datetime
    severity: str
    system: str | None
    harm_classes: list[str]
    onset_at: datetime | None
    detected_at: datetime | None
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    materialisation: str | None


class Sum(NamedTuple):
    """How many incidents of one severity have exactly these harm classes."""

    severity: str
    harm_classes: list[str]
    incidents: int


class Earlier(NamedTuple):
    """The last incident before a period of one system with exactly these harm classes."""

    declared_at: datetime
    system: str
    harm_classes: list[str]


class Cell(NamedTuple):
    """How many incidents of one severity there were in one week (its place in the list of weeks), and how many of them
    are `covered`: of AI systems with a denominator for that week."""

    week: int
    severity: str
    incidents: int
    covered: int


class Middle(NamedTuple):
    """The median TTM of one severity in seconds, and of how many incidents."""

    severity: str
    seconds: float
    known: int


class Open(NamedTuple):
    """An incident that is still going on, with what waits for a decision on it. `clock` is the report due next."""

    id: int
    title: str
    severity: str
    provisional: bool
    status: str
    system: str | None
    declared_at: datetime
    commander: str | None
    channel: str | None
    url: str | None
    clock: str | None
    clock_due: datetime | None


class Late(NamedTuple):
    """A report to an authority that is past the time to work to."""

    incident_id: int
    clock: str
    state: str
    due: datetime
    channel: str | None
    url: str | None


def declared_in(session: Session, scope: Scope, period: Period) -> list[Counted]:
    """The incidents declared in a period, oldest first."""
    answered = sa.func.coalesce(
        Assessment.answers["materialisation"].as_string(),
        Incident.suggestion["imported"]["materialisation"].as_string(),
    )
    query = (
        sa.select(
            Incident.id,
            Incident.declared_at,
            Incident.severity,
            Incident.system_id,
            Incident.harm_classes,
            Incident.onset_at,
            Incident.detected_at,
            Incident.acknowledged_at,
            Incident.mitigated_at,
            Incident.resolved_at,
            answered,
        )
        .outerjoin(Assessment, sa.and_(Assessment.incident_id == Incident.id, Assessment.state == "confirmed"))
        .where(*_declared(period.start, period.end), *scope.counted())
        .order_by(Incident.declared_at, Incident.id)
    )
    return [Counted(*row) for row in _rows(session, query)]


def sums(session: Session, scope: Scope, period: Period) -> list[Sum]:
    """How many incidents of a period there are of each severity and set of harm classes."""
    classes = _class_list()
    query = (
        sa.select(Incident.severity, classes, sa.func.count())
        .where(*_declared(period.start, period.end), *scope.counted())
        .group_by(Incident.severity, classes)
    )
    return [Sum(severity, json.loads(found), count) for severity, found, count in _rows(session, query)]


def last_before(session: Session, scope: Scope, start: datetime, days: int) -> list[Earlier]:
    """For each system and set of harm classes, its last incident in the `days` days before `start`, oldest first."""
    classes, newest = _class_list(), sa.func.max(Incident.declared_at)
    query = (
        sa.select(newest, Incident.system_id, classes)
        .where(*_declared(start - timedelta(days=days), start), Incident.system_id.is_not(None), *scope.counted())
        .group_by(Incident.system_id, classes)
        .order_by(newest)
    )
    return [Earlier(at, str(system), json.loads(found)) for at, system, found in _rows(session, query)]


def first_declared(session: Session, scope: Scope) -> datetime | None:
    """When the first incident was declared that any digest of this workspace counts."""
    everything = Scope(scope.team_id).counted()
    return session.scalar(sa.select(Incident.declared_at).where(*everything).order_by(Incident.declared_at).limit(1))


def weekly(session: Session, scope: Scope, weeks: Sequence[Period]) -> list[Cell]:
    """Incidents per week and severity. `weeks` follow each other."""
    starts = [week.start for week in weeks]
    counted = (
        sa.select(
            _place(Incident.declared_at, starts),
            Incident.severity.label("severity"),
            Incident.system_id.label("system_id"),
            sa.func.count().label("incidents"),
        )
        .where(*_declared(starts[0], weeks[-1].end), *scope.counted())
        .group_by("place", "severity", "system_id")
        .subquery()
    )
    known = _covered(scope, weeks)
    both = sa.and_(known.c.system_id == counted.c.system_id, known.c.place == counted.c.place)
    covered = sa.case((known.c.system_id.is_not(None), counted.c.incidents), else_=0)
    query = (
        sa.select(counted.c.place, counted.c.severity, sa.func.sum(counted.c.incidents), sa.func.sum(covered))
        .select_from(counted.outerjoin(known, both))
        .group_by(counted.c.place, counted.c.severity)
    )
    return [Cell(week, severity, int(incidents), int(of)) for week, severity, incidents, of in _rows(session, query)]


def exposures(session: Session, scope: Scope, weeks: Sequence[Period]) -> dict[int, int]:
    """Requests by week (its place in the list) of the AI systems that have a number for each of its seven days."""
    known = _covered(scope, weeks)
    query = sa.select(known.c.place, sa.func.sum(known.c.requests)).group_by(known.c.place)
    return {week: int(requests) for week, requests in _rows(session, query)}


def mitigations(session: Session, scope: Scope, start: datetime, end: datetime) -> list[Middle]:
    """By severity, the median TTM of the incidents declared from `start` (included) to `end` where it is known."""
    if session.get_bind().dialect.name == "postgresql":
        taken: Any = sa.extract("epoch", Incident.mitigated_at - Incident.detected_at)
        median: Any = sa.func.percentile_cont(0.5).within_group(sa.cast(taken, sa.Double))
    else:
        taken = sa.func.julianday(Incident.mitigated_at) - sa.func.julianday(Incident.detected_at)
        median = getattr(sa.func, MEDIAN)(taken) * 86400.0
    query = (
        sa.select(Incident.severity, median, sa.func.count())
        .where(
            *_declared(start, end),
            Incident.mitigated_at.is_not(None),
            Incident.detected_at.is_not(None),
            *scope.counted(),
        )
        .group_by(Incident.severity)
    )
    found = _rows(session, query)
    return [Middle(severity, max(0.0, round(seconds, 3)), known) for severity, seconds, known in found]


def open_now(session: Session, scope: Scope) -> list[Open]:
    """What is open or mitigated, the worst first, then the oldest."""
    due = (
        sa.select(RegulatorClock.clock, RegulatorClock.conservative_at, RegulatorClock.incident_id)
        .where(RegulatorClock.state.in_(WAITING), RegulatorClock.conservative_at.is_not(None))
        .order_by(RegulatorClock.conservative_at)
    )
    query = (
        sa.select(
            Incident.id,
            Incident.title,
            Incident.severity,
            Incident.severity_provisional,
            Incident.status,
            System.name,
            Incident.declared_at,
            RoleAssignment.user,
            Link.external_id,
            Link.url,
        )
        .outerjoin(System, System.id == Incident.system_id)
        .outerjoin(
            RoleAssignment,
            sa.and_(
                RoleAssignment.incident_id == Incident.id,
                RoleAssignment.role == "commander",
                RoleAssignment.ended_at.is_(None),
            ),
        )
        .outerjoin(Link, _room())
        .where(Incident.status.in_(("open", "mitigated")), *scope.counted())
        .order_by(Incident.severity, Incident.declared_at, Incident.id)
    )
    rows = _rows(session, query)
    ids = [row[0] for row in rows]
    next_clock: dict[int, tuple[str, datetime]] = {}
    for begin in range(0, len(ids), 500):
        some = due.where(RegulatorClock.incident_id.in_(ids[begin : begin + 500]))
        for clock, at, incident_id in _rows(session, some):
            if at is not None:
                next_clock.setdefault(incident_id, (clock, at))
    return [Open(*row, *next_clock.get(row[0], (None, None))) for row in rows]


def overdue_clocks(session: Session, scope: Scope, at: datetime) -> list[Late]:
    """Reports past the time to work to, the latest first, also of incidents that are over."""
    query = (
        sa.select(
            RegulatorClock.incident_id,
            RegulatorClock.clock,
            RegulatorClock.state,
            RegulatorClock.conservative_at,
            Link.external_id,
            Link.url,
        )
        .join(Incident, Incident.id == RegulatorClock.incident_id)
        .outerjoin(Link, _room())
        .where(RegulatorClock.state.in_(WAITING), RegulatorClock.conservative_at < at, *scope.counted())
        .order_by(RegulatorClock.conservative_at, RegulatorClock.id)
    )
    return [
        Late(incident_id, clock, state, due, channel, url)
        for incident_id, clock, state, due, channel, url in _rows(session, query)
        if due is not None
    ]


def rooms(session: Session, incident_ids: Collection[int]) -> dict[int, tuple[str, str | None]]:
    """Incident -> (id of its channel, address)."""
    if not incident_ids:
        return {}
    query = sa.select(Link.incident_id, Link.external_id, Link.url).where(
        Link.kind == "channel", Link.closed_at.is_(None), Link.incident_id.in_(incident_ids)
    )
    return {incident_id: (channel, url) for incident_id, channel, url in _rows(session, query)}


def _rows(session: Session, query: sa.Select[*tuple[Any, ...]]) -> Sequence[Any]:
    """Plain rows: a digest asks for columns, so the ORM's handling of each row would be time for nothing."""
    return session.connection().execute(query).all()


def _covered(scope: Scope, weeks: Sequence[Period]) -> sa.Subquery:
    """The requests of an AI system in a week of which each of the seven days has a number."""
    query = (
        sa.select(
            Exposure.system_id.label("system_id"),
            _place(Exposure.day, [week.first for week in weeks]),
            sa.func.sum(Exposure.requests).label("requests"),
        )
        .where(Exposure.day >= weeks[0].first, Exposure.day < weeks[-1].after)
        .group_by("system_id", "place")
        .having(sa.func.count() == 7)
    )
    if scope.systems:
        query = query.where(Exposure.system_id.in_(scope.systems))
    return query.subquery()


def _declared(start: datetime, end: datetime) -> tuple[Any, Any]:
    return Incident.declared_at >= start, Incident.declared_at < end


def _class_list() -> sa.ColumnElement[str]:
    return sa.cast(Incident.harm_classes, sa.Text)


def _place(column: Any, starts: Sequence[Any]) -> sa.ColumnElement[int]:
    """Which of the intervals that begin at `starts` a value is in, by halves: few comparisons for each row."""

    def within(low: int, high: int) -> Any:
        if low == high:
            return sa.literal_column(str(low))
        middle = (low + high + 1) // 2
        return sa.case((column < starts[middle], within(low, middle - 1)), else_=within(middle, high))

    return cast("sa.ColumnElement[int]", within(0, len(starts) - 1).label("place"))


def _room() -> sa.ColumnElement[bool]:
    return sa.and_(Link.incident_id == Incident.id, Link.kind == "channel", Link.closed_at.is_(None))
