"""What the record holds of one incident, gathered once into plain frozen values. Drafts and checks see nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import timeline
from incidents.models import Incident, System, Timer
from postmortems.models import SAVED, Action

METRICS = ("ttd", "tta", "ttm", "ttr")
USER_ID = re.compile(r"\b[UW][A-Z0-9]{7,12}\b")
_MENTION = re.compile(r"<@([UW][A-Z0-9]{2,20})(?:\|[^>]{0,80})?>")


@dataclass(frozen=True)
class Entry:
    """One timeline entry, cited as `[T<seq>]`."""

    seq: int
    at: datetime
    recorded_at: datetime
    kind: str
    actor: str
    text: str
    data: Mapping[str, Any]
    source_url: str | None
    key: str | None

    @property
    def ref(self) -> str:
        return f"T{self.seq}"


@dataclass(frozen=True)
class Stamp:
    """One milestone stamp, cited as `[M<id>]`. `superseded` ones were corrected or undone by a reopening."""

    id: int
    name: str
    at: datetime
    source: str
    actor: str
    confirmed_by: str | None
    superseded: bool

    @property
    def ref(self) -> str:
        return f"M{self.id}"


@dataclass(frozen=True)
class Assessed:
    """One assessment, cited as `[A<id>]`."""

    id: int
    at: datetime
    by: str
    state: str
    answers: Mapping[str, Any]
    computed_severity: str
    severity: str
    rule: str
    because: str
    floor: str | None
    materialised: bool
    policy_hash: str
    override_reason: str | None
    confirmed_by: str | None
    confirmed_at: datetime | None
    second_by: str | None

    @property
    def ref(self) -> str:
        return f"A{self.id}"


@dataclass(frozen=True)
class Held:
    """A role held by a person from `at` to `ended_at`."""

    role: str
    user: str
    at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Promise:
    """When a status update promised the next one."""

    entry_key: str
    due_at: datetime


@dataclass(frozen=True)
class Todo:
    """One action of the postmortem, cited as `[P<id>]`."""

    id: int
    type: str
    title: str
    owner: str
    due: date
    priority: str
    state: str
    evidence: str | None

    @property
    def ref(self) -> str:
        return f"P{self.id}"


@dataclass(frozen=True)
class Record:
    """Everything a draft may say. Lists are in the order they were written; times are UTC."""

    id: int
    number: str
    kind: str
    status: str
    title: str
    description: str
    system: str | None
    tier: int | None
    reporter: str
    private: bool
    harm_classes: tuple[str, ...]
    severity: str
    provisional: bool
    entries: tuple[Entry, ...]
    stamps: tuple[Stamp, ...]
    assessments: tuple[Assessed, ...]
    roles: tuple[Held, ...]
    promises: tuple[Promise, ...]
    links: tuple[tuple[str, str, str | None], ...]  # kind, name, url
    actions: tuple[Todo, ...]
    targets: Mapping[str, timedelta] = field(default_factory=dict)  # of METRICS; from the policy
    people: Mapping[str, str] = field(default_factory=dict)  # user id -> shown name, for the timeline table only

    def stamp(self, name: str) -> Stamp | None:
        """The stamp in force of one milestone."""
        return next((stamp for stamp in self.stamps if stamp.name == name and not stamp.superseded), None)

    def of_kind(self, *kinds: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.kind in kinds)

    def role(self, user: str, at: datetime | None = None) -> str:
        """The role of `user` at a time (or ever): commander, reporter, responder. What is no person stays itself."""
        if not USER_ID.fullmatch(user):
            return user
        for held in self.roles:
            if held.user == user and (at is None or (held.at <= at and (held.ended_at is None or at < held.ended_at))):
                return held.role
        return "reporter" if user == self.reporter else "responder"

    def by_role(self, text: str) -> str:
        """The text with every mention and known id of a person replaced by their role."""
        text = _MENTION.sub(lambda match: self._the_role(match[1]), text)
        return USER_ID.sub(lambda match: self._the_role(match[0]) if match[0] in self._known() else match[0], text)

    def by_name(self, text: str) -> str:
        """The text with every mention replaced by the shown name, for the timeline table."""
        return _MENTION.sub(lambda match: self.people.get(match[1], match[1]), text)

    def _the_role(self, user: str) -> str:
        return f"(the {self.role(user)})" if user in self._known() else "(a person)"

    def _known(self) -> frozenset[str]:
        people = {self.reporter, *(held.user for held in self.roles), *(entry.actor for entry in self.entries)}
        people |= {*self.people, *(stamp.actor for stamp in self.stamps), *(todo.owner for todo in self.actions)}
        return frozenset(person for person in people if USER_ID.fullmatch(person))


def gather(
    session: Session,
    incident: Incident,
    *,
    targets: Mapping[str, timedelta] | None = None,
    people: Mapping[str, str] | None = None,
) -> Record:
    """Read one incident's record.

    `targets`: the severity policy's limits by metric (`ttd`, `tta`, `ttm`, `ttr`); a missing one is shown as such.
    `people`: shown names by user id, for the timeline table; without them it shows ids.
    The entries that only say a draft was saved are left out, so that drafting twice gives the same bytes.
    """
    system = session.get(System, incident.system_id) if incident.system_id else None
    promises = session.scalars(
        sa.select(Timer).where(Timer.incident_id == incident.id, Timer.kind == "update_due").order_by(Timer.id)
    )
    actions = session.scalars(sa.select(Action).where(Action.incident_id == incident.id).order_by(Action.id))
    session.refresh(incident, ["assessments", "milestones", "roles", "links"])
    return Record(
        id=incident.id,
        number=incident.number,
        kind=incident.kind,
        status=incident.status,
        title=incident.title,
        description=incident.description,
        system=system.name if system else incident.system_id,
        tier=system.tier if system else None,
        reporter=incident.reporter,
        private=incident.private,
        harm_classes=tuple(incident.harm_classes),
        severity=incident.severity,
        provisional=incident.severity_provisional,
        entries=tuple(
            Entry(row.seq, row.at, row.recorded_at, row.kind, row.actor, row.text, row.data, row.source_url, row.key)
            for row in timeline.entries(session, incident.id)
            if row.kind != SAVED
        ),
        stamps=tuple(
            Stamp(row.id, row.name, row.at, row.source, row.actor, row.confirmed_by, row.superseded_at is not None)
            for row in incident.milestones
        ),
        assessments=tuple(
            Assessed(
                id=row.id,
                at=row.at,
                by=row.by,
                state=row.state,
                answers=row.answers,
                computed_severity=row.computed_severity,
                severity=row.severity,
                rule=row.rule,
                because=row.because,
                floor=row.floor,
                materialised=row.materialised,
                policy_hash=row.policy_hash,
                override_reason=row.override_reason,
                confirmed_by=row.confirmed_by,
                confirmed_at=row.confirmed_at,
                second_by=row.second_by,
            )
            for row in incident.assessments
        ),
        roles=tuple(Held(row.role, row.user, row.at, row.ended_at) for row in incident.roles),
        promises=tuple(Promise(row.key.removeprefix(f"update:{incident.id}:"), row.due_at) for row in promises),
        links=tuple((row.kind, row.name, row.url) for row in incident.links),
        actions=tuple(
            Todo(row.id, row.type, row.title, row.owner, row.due, row.priority, row.state, row.evidence)
            for row in actions
        ),
        targets=dict(targets or {}),
        people=dict(people or {}),
    )
