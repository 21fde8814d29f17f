"""Tables of the postmortems: versions of the text, and the actions that came out of it."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from incidents.db import Json
from incidents.models import Base

SAVED = "postmortem"  # kind of the timeline entry that says a version was saved


class PostmortemVersion(Base):
    """One version of one incident's postmortem. Rows are only added: a change of text or state is the next version."""

    __tablename__ = "postmortem_versions"
    __table_args__ = (
        sa.CheckConstraint("state IN ('draft', 'in_review', 'approved', 'published')", name="state"),
        # Version n of an incident exists once, so two writers at the same time cannot both be "the latest".
        sa.UniqueConstraint("incident_id", "version"),
        sa.CheckConstraint("version > 0", name="version_from_one"),
        # An empty postmortem is a lost one.
        sa.CheckConstraint("length(body) > 0", name="body_not_empty"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    version: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(10))
    author: Mapped[str] = mapped_column(sa.String(40))
    body: Mapped[str] = mapped_column(sa.Text)
    citations: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    created_at: Mapped[datetime]
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one press saves one version


class Action(Base):
    """Something somebody will do so that it does not happen again, is seen sooner, or hurts less."""

    __tablename__ = "actions"
    __table_args__ = (
        sa.CheckConstraint("type IN ('prevent', 'detect', 'mitigate', 'process')", name="type"),
        sa.CheckConstraint("priority IN ('high', 'medium', 'low')", name="priority"),
        sa.CheckConstraint("state IN ('open', 'done')", name="state"),
        sa.CheckConstraint("length(title) > 0", name="title_not_empty"),
        # "Done" without evidence is a hope; without a name and a time it is a rumour.
        sa.CheckConstraint(
            "state <> 'done' OR (evidence IS NOT NULL AND length(evidence) > 0"
            " AND done_by IS NOT NULL AND done_at IS NOT NULL)",
            name="done_has_evidence",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one submit adds one action
    type: Mapped[str] = mapped_column(sa.String(10))
    title: Mapped[str] = mapped_column(sa.String(200))
    owner: Mapped[str] = mapped_column(sa.String(40))
    due: Mapped[date] = mapped_column(sa.Date, index=True)
    priority: Mapped[str] = mapped_column(sa.String(10))
    state: Mapped[str] = mapped_column(sa.String(10), default="open")
    evidence: Mapped[str | None] = mapped_column(sa.Text)
    created_by: Mapped[str] = mapped_column(sa.String(40))
    created_at: Mapped[datetime]
    done_by: Mapped[str | None] = mapped_column(sa.String(40))
    done_at: Mapped[datetime | None]
