"""The office-hours queue: questions handed to a person. One expert takes each, answers once, and the asker hears."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.clock import now
from incidents.errors import Conflict, NotFound
from incidents.models import Base
from incidents.questions import Question, names_incident


class Handoff(Base):
    """One question in the queue: open, then taken by somebody, then answered."""

    __tablename__ = "handoffs"
    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'taken', 'answered')", name="state"),
        # Two experts must not answer twice: who holds it is a fact, not a guess.
        sa.CheckConstraint("state = 'open' OR taken_by IS NOT NULL", name="taken_by_someone"),
        sa.CheckConstraint("(state = 'answered') = (answer IS NOT NULL)", name="answered_has_answer"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(sa.ForeignKey("questions.id"), unique=True)  # a question waits once
    team_id: Mapped[str] = mapped_column(sa.String(40), index=True)
    asked_by: Mapped[str] = mapped_column(sa.String(40))
    experts: Mapped[list[str]] = mapped_column(default=list)  # who was on duty when it was handed over
    state: Mapped[str] = mapped_column(sa.String(10), default="open")
    opened_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    taken_by: Mapped[str | None] = mapped_column(sa.String(40))
    taken_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(sa.Text)
    answered_at: Mapped[datetime | None]


class HandoffMessage(Base):
    """Where a queue entry is shown: one message for each channel or expert."""

    __tablename__ = "handoff_messages"

    handoff_id: Mapped[int] = mapped_column(sa.ForeignKey("handoffs.id"), primary_key=True)
    target: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(40))
    ts: Mapped[str] = mapped_column(sa.String(40))


def open_handoff(session: Session, question: Question, asked_by: str, experts: list[str]) -> tuple[Handoff, bool]:
    """The question's queue entry, and whether it is new."""
    # The question's row serialises two presses.
    session.get(Question, question.id, with_for_update=True)
    found = of_question(session, question.id)
    if found is not None:
        return found, False
    if question.withheld or names_incident(question.text):
        # One refusal for every incident that is named, private or not, there or not: it must not tell which.
        raise Conflict(
            "A question about a particular incident is handed to nobody outside it, and nothing was sent. "
            "Ask in the incident's channel, or ask again in general terms."
        )
    made = Handoff(
        question_id=question.id, team_id=question.team_id, asked_by=asked_by, experts=experts, opened_at=now()
    )
    session.add(made)
    session.flush()
    return made, True


def of_question(session: Session, question_id: int) -> Handoff | None:
    """The queue entry of a question."""
    return session.scalars(sa.select(Handoff).where(Handoff.question_id == question_id)).first()


def lock(session: Session, handoff_id: int, team_id: str) -> Handoff:
    """A queue entry of this workspace, locked. Raises NotFound."""
    row = session.get(Handoff, handoff_id, with_for_update=True, populate_existing=True)
    if row is None or row.team_id != team_id:
        raise NotFound("That question is not in the queue. Nothing was changed.")
    return row


def take(handoff: Handoff, by: str, *, over: bool = False) -> None:
    """`by` takes it; `over` from whoever holds it. Raises Conflict."""
    if handoff.state == "answered":
        raise Conflict(f"<@{handoff.taken_by}> has answered it already. Nothing was changed.")
    if handoff.state == "taken" and handoff.taken_by != by and not over:
        raise Conflict(f"<@{handoff.taken_by}> was first and has it. Nothing was changed.")
    if handoff.taken_by != by:
        handoff.state, handoff.taken_by, handoff.taken_at = "taken", by, now()


def answer(handoff: Handoff, text: str, *, by: str) -> None:
    """The expert's answer; who answers an open entry takes it. Raises Conflict."""
    take(handoff, by)
    handoff.state, handoff.answer, handoff.answered_at = "answered", text, now()


def waiting(session: Session, team_id: str) -> tuple[int, int]:
    """How many questions wait for somebody, and how many somebody has."""
    query = sa.select(Handoff.state, sa.func.count()).where(Handoff.team_id == team_id).group_by(Handoff.state)
    counted: dict[str, int] = dict(session.execute(query).tuples().all())
    return counted.get("open", 0), counted.get("taken", 0)


def messages(session: Session, handoff_id: int) -> dict[str, tuple[str, str]]:
    """Where an entry is shown: target -> (channel, ts)."""
    query = sa.select(HandoffMessage).where(HandoffMessage.handoff_id == handoff_id)
    return {row.target: (row.channel, row.ts) for row in session.scalars(query)}
