"""The tables of the record that every room reads. Words are those of DESIGN.md.

Constraints carry the reason beside them: what must never be true is refused by the database, not only by us.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from incidents.db import Json, UtcDateTime, partial_index

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base of all rooms' tables."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: Json, list[str]: Json}  # noqa: RUF012


class System(Base):
    """An AI system of the inventory, as last loaded from `systems.yaml`."""

    __tablename__ = "systems"

    id: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(150))
    owner: Mapped[str] = mapped_column(sa.String(40))
    tier: Mapped[int | None] = mapped_column(sa.SmallInteger)
    entry: Mapped[dict[str, Any]]
    fictional: Mapped[bool] = mapped_column(default=False)  # of an exercise: only its own incident may name it
    loaded_at: Mapped[datetime]


class Incident(Base):
    """One incident. Times on this row repeat the current milestones, so that constraints and trends can use them;
    `incidents.milestones.stamp` is the only writer of both."""

    __tablename__ = "incidents"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('real', 'exercise', 'test')", name="kind"),
        sa.CheckConstraint("status IN ('open', 'mitigated', 'resolved', 'closed')", name="status"),
        sa.CheckConstraint("severity IN ('SEV0', 'SEV1', 'SEV2', 'SEV3', 'SEV4')", name="severity"),
        # A negative TTM is a typing error until somebody has said, by name, that it is not.
        sa.CheckConstraint(
            "mitigated_at IS NULL OR detected_at IS NULL OR mitigated_at >= detected_at"
            " OR times_confirmed_by IS NOT NULL",
            name="mitigated_after_detected",
        ),
        sa.CheckConstraint("length(title) > 0", name="title_not_empty"),
        # Whoever acted alone is looked at by somebody else before the record ends.
        sa.CheckConstraint("status <> 'closed' OR unreviewed = 0", name="reviewed_before_closed"),
        sa.Index("ix_incidents_declared_severity", "declared_at", "severity"),
        # The digest's weekly sums read this index alone, and what is open is found without a walk through the past.
        sa.Index("ix_incidents_counted", "declared_at", "kind", "private", "team_id", "severity", "system_id"),
        sa.Index("ix_incidents_status", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    declare_key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one submit opens one incident
    team_id: Mapped[str] = mapped_column(sa.String(40), index=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    status: Mapped[str] = mapped_column(sa.String(10), default="open")
    title: Mapped[str] = mapped_column(sa.String(150))
    description: Mapped[str] = mapped_column(sa.Text)
    system_id: Mapped[str | None] = mapped_column(sa.ForeignKey("systems.id"))
    reporter: Mapped[str] = mapped_column(sa.String(40))
    private: Mapped[bool] = mapped_column(default=False)
    invited: Mapped[list[str]] = mapped_column(default=list)  # reporter, on-call, and whoever was brought in
    ongoing: Mapped[str] = mapped_column(sa.String(10), default="not_sure")  # yes | no | not_sure
    harm_classes: Mapped[list[str]] = mapped_column(default=list)
    suggestion: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the report's words suggest, and the words
    severity: Mapped[str] = mapped_column(sa.String(4))
    severity_provisional: Mapped[bool] = mapped_column(default=True)
    source_url: Mapped[str | None] = mapped_column(sa.String(500))
    next_update_at: Mapped[datetime | None]
    onset_at: Mapped[datetime | None]
    detected_at: Mapped[datetime | None]
    declared_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    mitigated_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    times_confirmed_by: Mapped[str | None] = mapped_column(sa.String(40))
    unreviewed: Mapped[int] = mapped_column(default=0, server_default="0")  # uses of break glass nobody has reviewed

    assessments: Mapped[list["Assessment"]] = relationship(order_by="Assessment.id", viewonly=True)
    milestones: Mapped[list["Milestone"]] = relationship(order_by="Milestone.id", viewonly=True)
    roles: Mapped[list["RoleAssignment"]] = relationship(order_by="RoleAssignment.id", viewonly=True)
    links: Mapped[list["Link"]] = relationship(order_by="Link.id", viewonly=True)

    @property
    def number(self) -> str:
        """`INC-<n>`, the name people use."""
        return f"INC-{self.id}"


class Assessment(Base):
    """One run of the severity policy: facts, answer, rule that fired, policy hash, and who decided."""

    __tablename__ = "assessments"
    __table_args__ = (
        sa.CheckConstraint("state IN ('provisional', 'proposed', 'confirmed', 'superseded')", name="state"),
        # Confirmed means a named person.
        sa.CheckConstraint("state <> 'confirmed' OR confirmed_by IS NOT NULL", name="confirmed_by_someone"),
        # An override without a reason is not a decision.
        sa.CheckConstraint("severity = computed_severity OR override_reason IS NOT NULL", name="override_has_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(40))
    state: Mapped[str] = mapped_column(sa.String(12))
    harm_classes: Mapped[list[str]]
    answers: Mapped[dict[str, Any]]
    computed_severity: Mapped[str] = mapped_column(sa.String(4))
    severity: Mapped[str] = mapped_column(sa.String(4))
    rule: Mapped[str] = mapped_column(sa.String(100))
    because: Mapped[str] = mapped_column(sa.Text)
    floor: Mapped[str | None] = mapped_column(sa.String(4))
    materialised: Mapped[bool] = mapped_column(default=True)
    policy_hash: Mapped[str] = mapped_column(sa.String(64))
    override_reason: Mapped[str | None] = mapped_column(sa.Text)
    confirmed_by: Mapped[str | None] = mapped_column(sa.String(40))
    confirmed_at: Mapped[datetime | None]
    second_by: Mapped[str | None] = mapped_column(sa.String(40))  # who agreed to go below a floor


class Milestone(Base):
    """One stamp of a milestone. A correction adds a row and supersedes the old one, which stays."""

    __tablename__ = "milestones"
    __table_args__ = (
        sa.CheckConstraint(
            "name IN ('onset', 'detected', 'reported', 'declared', 'acknowledged', 'mitigated', 'verified',"
            " 'resolved', 'closed')",
            name="name",
        ),
        partial_index("uq_milestones_current", "incident_id", "name", where="superseded_at IS NULL", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(12))
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(sa.String(40))  # report, rubric, button, rollback, correction, ...
    actor: Mapped[str] = mapped_column(sa.String(40))
    confirmed_by: Mapped[str | None] = mapped_column(sa.String(40))
    superseded_at: Mapped[datetime | None]


class TimelineEntry(Base):
    """Append-only, hash-chained per incident. Triggers refuse UPDATE and DELETE."""

    __tablename__ = "timeline"
    __table_args__ = (
        sa.UniqueConstraint("incident_id", "seq"),
        sa.UniqueConstraint("incident_id", "key", name="uq_timeline_key"),  # the same cause is written once
        sa.Index("ix_timeline_kind_at", "kind", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"))
    seq: Mapped[int]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(sa.String(40))
    actor: Mapped[str] = mapped_column(sa.String(40))
    text: Mapped[str] = mapped_column(sa.Text)
    data: Mapped[dict[str, Any]]
    source_url: Mapped[str | None] = mapped_column(sa.String(500))
    key: Mapped[str | None] = mapped_column(sa.String(200))
    prev_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


class RoleAssignment(Base):
    """Who holds a role. One person at a time per role: the row of a former holder stays, ended."""

    __tablename__ = "roles"
    __table_args__ = (partial_index("uq_roles_current", "incident_id", "role", where="ended_at IS NULL", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    role: Mapped[str] = mapped_column(sa.String(20))
    user: Mapped[str] = mapped_column(sa.String(40))
    assigned_by: Mapped[str] = mapped_column(sa.String(40))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Link(Base):
    """An object outside that belongs to an incident, found again by its idempotency key."""

    __tablename__ = "links"
    __table_args__ = (
        # Two open channels for one incident would split the responders.
        partial_index(
            "uq_links_one_open_channel", "incident_id", where="kind = 'channel' AND closed_at IS NULL", unique=True
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(20))  # channel, page, card, ticket, announcement
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    external_id: Mapped[str] = mapped_column(sa.String(200))
    name: Mapped[str] = mapped_column(sa.String(200), default="")
    url: Mapped[str | None] = mapped_column(sa.String(500))
    at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Timer(Base):
    """A row that is due. Every replica sweeps; the workflow id made of id and due time lets one win."""

    __tablename__ = "timers"
    __table_args__ = (partial_index("ix_timers_due", "due_at", where="fired_at IS NULL"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    due_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    fired_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class InboxItem(Base):
    """What Slack (or another outside) told us, saved before it is acknowledged."""

    __tablename__ = "inbox"
    __table_args__ = (partial_index("ix_inbox_waiting", "received_at", where="done_at IS NULL"),)

    key: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(60))
    team_id: Mapped[str] = mapped_column(sa.String(40))
    user: Mapped[str] = mapped_column(sa.String(40))
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class RegulatorClock(Base):
    """A duty to report that may apply to an incident, and what named persons decided about it.

    The due times are those of the report that is owed next, as the stamps and the clocks' file said when it was last
    counted; `incidents.clocks` is the only writer.
    """

    __tablename__ = "regulator_clocks"
    __table_args__ = (
        sa.UniqueConstraint("incident_id", "clock", name="uq_regulator_clocks_clock"),  # one duty, one decision
        sa.CheckConstraint("state IN ('proposed', 'running', 'declined', 'submitted')", name="state"),
        # A machine proposes; everything after that has a name and a time.
        sa.CheckConstraint(
            "state = 'proposed' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)", name="decided_by_someone"
        ),
        # An authority will ask why nobody reported: "does not apply" without a reason is no decision.
        sa.CheckConstraint("state <> 'declined' OR declined_reason IS NOT NULL", name="declined_has_reason"),
        # The time to work to is never later than the outer limit; the other way round people would be told too late.
        sa.CheckConstraint(
            "conservative_at IS NULL OR outer_at IS NULL OR conservative_at <= outer_at", name="conservative_first"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    clock: Mapped[str] = mapped_column(sa.String(64))
    stage: Mapped[str] = mapped_column(sa.String(64))  # which first report was proposed or chosen
    state: Mapped[str] = mapped_column(sa.String(10))
    because: Mapped[str] = mapped_column(sa.Text)
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(sa.String(40))  # who started or declined it
    decided_at: Mapped[datetime | None]
    declined_reason: Mapped[str | None] = mapped_column(sa.Text)
    due_stage: Mapped[str | None] = mapped_column(sa.String(64))
    start_at: Mapped[datetime | None]
    conservative_at: Mapped[datetime | None]
    outer_at: Mapped[datetime | None]


class Stamp(Base):
    """One of the times that a regulator clock counts from, said by a named person. Never changed: a later row of the
    same stamp corrects an earlier one, or, for a report that repeats, is the next one."""

    __tablename__ = "stamps"
    __table_args__ = (
        # A submission belongs to one clock and one of its reports; all other stamps are the incident's.
        sa.CheckConstraint(
            "(name IN ('initial_submitted', 'intermediate_submitted', 'final_submitted')) = (clock_id IS NOT NULL)"
            " AND (clock_id IS NULL) = (stage IS NULL)",
            name="submission_has_clock",
        ),
        sa.Index("ix_stamps_incident_name", "incident_id", "name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"))
    clock_id: Mapped[int | None] = mapped_column(sa.ForeignKey("regulator_clocks.id"))
    name: Mapped[str] = mapped_column(sa.String(40))
    stage: Mapped[str | None] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(sa.String(40))


class TierDecision(Base):
    """One walk through the tier questions, decided by a named person. The newest of a system counts."""

    __tablename__ = "tier_decisions"
    __table_args__ = (sa.CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    system_id: Mapped[str] = mapped_column(sa.ForeignKey("systems.id"), index=True)
    tier: Mapped[int] = mapped_column(sa.SmallInteger)
    category: Mapped[str] = mapped_column(sa.String(200))
    answers: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any]]  # the path, the controls and the category, as they were then
    tree_hash: Mapped[str] = mapped_column(sa.String(64))
    decided_by: Mapped[str] = mapped_column(sa.String(40))
    decided_at: Mapped[datetime]
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one submit decides once
