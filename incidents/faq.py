"""Reviewed FAQ entries: an expert's answer in general words, that a second person has read and put into the corpus.

An entry never names an incident, a person or a channel, and never repeats words of a private incident's record: what is
said to everybody must not carry what only some may see.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotFound
from incidents.models import Base, Incident, TimelineEntry
from incidents.private_words import runs
from integrations.redact import find
from severity.officehours.sections import Section, slug

FILE = "faq.md"
TITLE = "Frequently asked questions"
LENGTH = 2_000
QUESTION_LENGTH = 200

_NAMES = re.compile(r"\binc[-_ #]?\d+|<[@#!][^>]*>|(?<!\w)@[\w.-]+|(?<!\w)#[a-z][\w-]+|https?://|www\.", re.IGNORECASE)


class FaqEntry(Base):
    """One entry: proposed by its author, published by a reviewer, perhaps retired."""

    __tablename__ = "faq_entries"
    __table_args__ = (
        sa.CheckConstraint("state IN ('proposed', 'published', 'retired')", name="state"),
        sa.CheckConstraint("state = 'proposed' OR reviewer IS NOT NULL", name="reviewed_by_someone"),
        # Whoever wrote it has read it already: a review is a second pair of eyes.
        sa.CheckConstraint("reviewer IS NULL OR reviewer <> author", name="reviewer_is_another"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[str] = mapped_column(sa.String(40), index=True)
    handoff_id: Mapped[int] = mapped_column(sa.ForeignKey("handoffs.id"), unique=True)
    question: Mapped[str] = mapped_column(sa.String(QUESTION_LENGTH))
    answer: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.String(10), default="proposed")
    author: Mapped[str] = mapped_column(sa.String(40))
    proposed_at: Mapped[datetime]
    reviewer: Mapped[str | None] = mapped_column(sa.String(40))
    reviewed_at: Mapped[datetime | None]
    retired_by: Mapped[str | None] = mapped_column(sa.String(40))
    retired_at: Mapped[datetime | None]


def check_words(session: Session, team_id: str, field: str, text: str) -> None:
    """Raise BadInput unless the text is fit for everybody. One refusal for every reason: it must not tell which."""
    if _NAMES.search(text) or find(text) or _repeats_private(session, team_id, runs(text)):
        raise BadInput(
            field,
            "An FAQ entry is for everybody: say it in general terms, without names of incidents, people, channels or "
            "addresses, and without the words of a report.",
        )


def _repeats_private(session: Session, team_id: str, own: set[tuple[str, ...]]) -> bool:
    if not own:
        return False
    private = sa.and_(Incident.team_id == team_id, Incident.private)
    held = session.execute(sa.select(Incident.title, Incident.description).where(private)).all()
    said = session.execute(sa.select(TimelineEntry.text).join(Incident).where(private)).all()
    return any(own & runs(str(part)) for row in (*held, *said) for part in row)


def propose(session: Session, handoff_id: int, team_id: str, question: str, answer: str, *, author: str) -> FaqEntry:
    """Offer an entry for review, once per queue entry. Raises BadInput."""
    for field, text in (("faq", question), ("answer", answer)):
        check_words(session, team_id, field, text)
    entry = FaqEntry(
        team_id=team_id,
        handoff_id=handoff_id,
        question=question[:QUESTION_LENGTH],
        answer=answer[:LENGTH],
        author=author,
        proposed_at=now(),
    )
    session.add(entry)
    session.flush()
    return entry


def publish(session: Session, handoff_id: int, team_id: str, *, by: str) -> FaqEntry:
    """A second person puts a proposed entry into the corpus. Raises Conflict, BadInput, NotFound."""
    entry = _lock(session, handoff_id, team_id)
    if entry.state != "proposed":
        raise Conflict(f"This entry is {entry.state} already. Nothing was changed.")
    if entry.author == by:
        raise Conflict("You wrote it, so somebody else reviews it. Nothing was changed.")
    for field, text in (("faq", entry.question), ("answer", entry.answer)):
        check_words(session, team_id, field, text)  # again: an incident may have been opened since
    entry.state, entry.reviewer, entry.reviewed_at = "published", by, now()
    return entry


def retire(session: Session, handoff_id: int, team_id: str, *, by: str) -> FaqEntry:
    """Take a published entry out of the corpus; the record keeps it. Raises Conflict, NotFound."""
    entry = _lock(session, handoff_id, team_id)
    if entry.state != "published":
        raise Conflict("This entry is not in the FAQ. Nothing was changed.")
    entry.state, entry.retired_by, entry.retired_at = "retired", by, now()
    return entry


def of_handoff(session: Session, handoff_id: int) -> FaqEntry | None:
    """The entry that came of a queue entry."""
    return session.scalars(sa.select(FaqEntry).where(FaqEntry.handoff_id == handoff_id)).first()


def _lock(session: Session, handoff_id: int, team_id: str) -> FaqEntry:
    query = sa.select(FaqEntry).where(FaqEntry.handoff_id == handoff_id, FaqEntry.team_id == team_id)
    entry = session.scalars(query.with_for_update()).first()
    if entry is None:
        raise NotFound("There is no such FAQ entry. Nothing was changed.")
    return entry


def version(session: Session, team_id: str) -> tuple[Any, ...]:
    """What changes whenever the published entries do: cheap, for a look every second."""
    query = sa.select(
        sa.func.count(FaqEntry.id), sa.func.max(FaqEntry.reviewed_at), sa.func.max(FaqEntry.retired_at)
    ).where(FaqEntry.team_id == team_id)
    return tuple(session.execute(query).one())


def sections(session: Session, team_id: str) -> Sequence[Section]:
    """The published entries as sections of `faq.md`, for this workspace's corpus and no other."""
    query = sa.select(FaqEntry).where(FaqEntry.team_id == team_id, FaqEntry.state == "published")
    return [
        Section(
            organisation=team_id,
            handbook="faq",
            file=FILE,
            path=(TITLE, entry.question),
            anchor=f"{entry.id}-{slug(entry.question)}",
            text=entry.answer,
            line=entry.id,
            reviewed=entry.reviewed_at.date() if entry.reviewed_at else None,
        )
        for entry in session.scalars(query.order_by(FaqEntry.id))
    ]
