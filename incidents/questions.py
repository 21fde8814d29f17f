"""Questions asked in office hours: what was asked, what the handbook answered, and whether that helped.

Texts are stored redacted. A question that touches a private incident is withheld: its asker got an answer, and nobody
else ever reads it, not in the gaps, not in the digest, not in the queue.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents import lifecycle
from incidents.clock import now
from incidents.errors import NotFound
from incidents.models import Base, Incident, Link
from incidents.private_words import PrivateReports
from severity.officehours.gaps import Asked

_NUMBER = re.compile(r"\binc[-_ #]?(\d{1,9})\b", re.IGNORECASE)


class Question(Base):
    """One question and the answer it got. `thread` is what a follow-up is found by."""

    __tablename__ = "questions"
    __table_args__ = (
        sa.CheckConstraint("verdict IN ('answered', 'unsure', 'abstained')", name="verdict"),
        sa.CheckConstraint("place IN ('command', 'mention', 'direct', 'channel')", name="place"),
        sa.Index("ix_questions_thread", "team_id", "thread", "id"),
        sa.Index("ix_questions_asked", "team_id", "asked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one message is one question
    team_id: Mapped[str] = mapped_column(sa.String(40))
    user: Mapped[str] = mapped_column(sa.String(40))
    place: Mapped[str] = mapped_column(sa.String(10))
    channel: Mapped[str] = mapped_column(sa.String(40))
    thread_ts: Mapped[str | None] = mapped_column(sa.String(40))
    thread: Mapped[str] = mapped_column(sa.String(120))
    text: Mapped[str] = mapped_column(sa.Text)
    verdict: Mapped[str] = mapped_column(sa.String(10))
    answer: Mapped[dict[str, Any]]  # citations, offers, the systems meant, what an expert may be shown
    context: Mapped[dict[str, Any]]  # what a follow-up in this thread is about
    rewording: Mapped[dict[str, Any]] = mapped_column(default=dict)  # a model's checked sentences, if any
    withheld: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime]
    shown_ts: Mapped[str | None] = mapped_column(sa.String(40))  # the answer's message, where it can be edited

    @property
    def public(self) -> bool:
        """Whether asker and answer stand in a channel for everybody in it."""
        return self.place == "channel"


class Feedback(Base):
    """What one person said of one answer; their newest word counts."""

    __tablename__ = "question_feedback"
    __table_args__ = (sa.CheckConstraint("verdict IN ('helpful', 'wrong')", name="verdict"),)

    question_id: Mapped[int] = mapped_column(sa.ForeignKey("questions.id"), primary_key=True)
    user: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    verdict: Mapped[str] = mapped_column(sa.String(10))
    at: Mapped[datetime]


def last_in_thread(session: Session, team_id: str, thread: str, since: datetime | None = None) -> Question | None:
    """The newest question of a thread, not older than `since`: one indexed read."""
    query = sa.select(Question).where(Question.team_id == team_id, Question.thread == thread)
    if since is not None:
        query = query.where(Question.asked_at >= since)
    return session.scalars(query.order_by(Question.id.desc()).limit(1)).first()


def touches_private(session: Session, team_id: str, channel: str, text: str) -> bool:
    """Whether a question comes from a private incident's channel, or names a private incident or repeats its report."""
    here = lifecycle.in_channel(session, team_id, channel)
    if here is not None and here.private:
        return True
    return _names_private(session, text) or PrivateReports(session, team_id).repeated_in(text)


def names_incident(text: str) -> bool:
    """Whether a text names an incident by number, private or not, there or not."""
    return _NUMBER.search(text) is not None


def _names_private(session: Session, text: str) -> bool:
    numbers = {int(number) for number in _NUMBER.findall(text)}
    if not numbers:
        return False
    private = sa.select(Incident.id).where(Incident.id.in_(numbers), Incident.private)
    return session.scalar(private.limit(1)) is not None


def get(session: Session, question_id: int, team_id: str) -> Question:
    """A question of this workspace. Raises NotFound."""
    row = session.get(Question, question_id)
    if row is None or row.team_id != team_id:
        raise NotFound("That question is not on record. Nothing was changed.")
    return row


def rate(session: Session, question: Question, user: str, verdict: str) -> None:
    """Somebody says whether an answer helped."""
    row = session.get(Feedback, (question.id, user))
    if row is None:
        session.add(Feedback(question_id=question.id, user=user, verdict=verdict, at=now()))
    else:
        row.verdict, row.at = verdict, now()
    session.flush()


def asked_between(session: Session, team_id: str | None, start: datetime, end: datetime) -> Sequence[Asked]:
    """The questions of a window, `start` included, `end` not, oldest first, for `severity.officehours.gaps`.

    None for `team_id` means every workspace. Withheld questions are left out: their very existence may be private. So
    are those that were asked in the channel of an incident, or name one or repeat it, that has become private since.
    """
    private = sa.select(Incident.id).where(Incident.private)
    rooms = sa.select(Link.external_id).where(Link.kind == "channel", Link.incident_id.in_(private))
    wrong = sa.exists().where(Feedback.question_id == Question.id, Feedback.verdict == "wrong")
    query = (
        sa.select(Question.text, Question.verdict, wrong)
        .where(
            Question.asked_at >= start,
            Question.asked_at < end,
            Question.withheld.is_(False),
            Question.channel.not_in(rooms),
        )
        .order_by(Question.id)
    )
    if team_id is not None:
        query = query.where(Question.team_id == team_id)
    reports = PrivateReports(session, team_id)
    return [
        Asked(text, verdict, bool(marked))
        for text, verdict, marked in session.execute(query).all()
        if not _names_private(session, text) and not reports.repeated_in(text)
    ]
