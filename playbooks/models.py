"""Tables of tabletop exercises: the exercise with its frozen scenario, people, injects, observations, ratings.

Constraints carry the reason beside them: what must never be true is refused by the database, not only by us.
"""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from incidents.models import Base

LIVE = ("ready", "running", "paused")
EVALUATOR = "evaluator"  # a participant's role that is not the scenario's: who rates


class Exercise(Base):
    """One exercise. The scenario is frozen as it was when it was started: editing the file changes no exercise."""

    __tablename__ = "exercises"
    __table_args__ = (
        sa.CheckConstraint("state IN ('ready', 'running', 'paused', 'ended', 'stopped')", name="state"),
        # An end without a time could not be scored.
        sa.CheckConstraint("(state IN ('ended', 'stopped')) = (ended_at IS NOT NULL)", name="ended_when"),
        sa.CheckConstraint("speed > 0", name="speed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one submit starts one exercise
    team_id: Mapped[str] = mapped_column(sa.String(40), index=True)
    scenario_id: Mapped[str] = mapped_column(sa.String(80))
    scenario_hash: Mapped[str] = mapped_column(sa.String(64))
    scenario: Mapped[dict[str, Any]]
    title: Mapped[str] = mapped_column(sa.String(150))
    state: Mapped[str] = mapped_column(sa.String(10))
    speed: Mapped[int] = mapped_column(default=1)
    legs: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the exercise clock: see playbooks.exercise.Clock
    revision: Mapped[int] = mapped_column(default=0)  # of the clock: a tick set for an earlier one does nothing
    facilitator: Mapped[str] = mapped_column(sa.String(40))
    incident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incidents.id"), unique=True)
    levers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what rehearsed rollbacks have set, by target
    channel_id: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    opening_ts: Mapped[str | None] = mapped_column(sa.String(40))
    panel_channel: Mapped[str | None] = mapped_column(sa.String(40))
    panel_ts: Mapped[str | None] = mapped_column(sa.String(40))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None] = mapped_column(sa.Text)

    @property
    def number(self) -> str:
        """`EX-<n>`, the name people use."""
        return f"EX-{self.id}"

    @property
    def live(self) -> bool:
        """Whether it can still go on."""
        return self.state in LIVE


class ExerciseParticipant(Base):
    """Who plays which role of the scenario, or evaluates."""

    __tablename__ = "exercise_participants"
    __table_args__ = (sa.UniqueConstraint("exercise_id", "role", "user", name="uq_exercise_participants_role_user"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    exercise_id: Mapped[int] = mapped_column(sa.ForeignKey("exercises.id"), index=True)
    role: Mapped[str] = mapped_column(sa.String(60))
    user: Mapped[str] = mapped_column(sa.String(40))


class ExerciseInject(Base):
    """One inject of an exercise. `improvised-<n>` ones are the facilitator's own."""

    __tablename__ = "exercise_injects"
    __table_args__ = (
        sa.UniqueConstraint("exercise_id", "inject_id", name="uq_exercise_injects_inject"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'skipped')", name="state"),
        # When it was sent or left out decides what follows it, and when.
        sa.CheckConstraint("(state = 'waiting') = (minute IS NULL)", name="minute_when_settled"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    exercise_id: Mapped[int] = mapped_column(sa.ForeignKey("exercises.id"), index=True)
    inject_id: Mapped[str] = mapped_column(sa.String(60))
    state: Mapped[str] = mapped_column(sa.String(10), default="waiting")
    minute: Mapped[float | None]  # exercise minutes since its start, when it was sent or left out
    settled_at: Mapped[datetime | None]
    by: Mapped[str | None] = mapped_column(sa.String(40))  # a person's id, or "clock"
    improvised: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the inject itself, where no scenario holds it
    message_ts: Mapped[str | None] = mapped_column(sa.String(40))
    choice: Mapped[str | None] = mapped_column(sa.String(60))
    chosen_by: Mapped[str | None] = mapped_column(sa.String(40))
    chosen_minute: Mapped[float | None]


class ExerciseObservation(Base):
    """How one expected action came out, with the timeline entry that shows it."""

    __tablename__ = "exercise_observations"
    __table_args__ = (
        sa.UniqueConstraint("exercise_id", "action_id", name="uq_exercise_observations_action"),
        sa.CheckConstraint("state IN ('met', 'late', 'missed')", name="state"),
        # Something done has a time; evidence is asked for in the code, since a choice is on no incident's timeline.
        sa.CheckConstraint("state = 'missed' OR minute IS NOT NULL", name="done_when"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    exercise_id: Mapped[int] = mapped_column(sa.ForeignKey("exercises.id"), index=True)
    action_id: Mapped[str] = mapped_column(sa.String(60))
    state: Mapped[str] = mapped_column(sa.String(10))
    due_minute: Mapped[float]
    minute: Mapped[float | None]
    by: Mapped[str | None] = mapped_column(sa.String(40))
    entry_id: Mapped[
        int | None
    ]  # of the timeline, which loses nothing: no key, so that nothing but its triggers guards it


class ExerciseRating(Base):
    """The rating of one objective: what the evidence gives, and what an evaluator made of it."""

    __tablename__ = "exercise_ratings"
    __table_args__ = (
        sa.UniqueConstraint("exercise_id", "objective_id", name="uq_exercise_ratings_objective"),
        sa.CheckConstraint("proposed IN ('P', 'S', 'M', 'U')", name="proposed"),
        # Never above the evidence (P is best).
        sa.CheckConstraint(
            "confirmed IS NULL OR confirmed = 'U' OR proposed = 'P' OR confirmed = proposed"
            " OR (proposed = 'S' AND confirmed = 'M')",
            name="never_above",
        ),
        sa.CheckConstraint("confirmed IS NULL OR confirmed_by IS NOT NULL", name="confirmed_by_someone"),
        # Another rating than the evidence gives is somebody's judgement, and needs their words.
        sa.CheckConstraint("confirmed IS NULL OR confirmed = proposed OR length(reason) > 0", name="change_has_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    exercise_id: Mapped[int] = mapped_column(sa.ForeignKey("exercises.id"), index=True)
    objective_id: Mapped[str] = mapped_column(sa.String(60))
    proposed: Mapped[str] = mapped_column(sa.String(1))
    confirmed: Mapped[str | None] = mapped_column(sa.String(1))
    confirmed_by: Mapped[str | None] = mapped_column(sa.String(40))
    confirmed_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(sa.Text, default="")


class HotWashAnswer(Base):
    """What one participant said right after the exercise. Anonymous: the name is kept from everybody's report."""

    __tablename__ = "hot_wash_answers"
    __table_args__ = (sa.UniqueConstraint("exercise_id", "user", name="uq_hot_wash_answers_user"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    exercise_id: Mapped[int] = mapped_column(sa.ForeignKey("exercises.id"), index=True)
    user: Mapped[str] = mapped_column(sa.String(40))
    anonymous: Mapped[bool] = mapped_column(default=False)
    answers: Mapped[dict[str, Any]]  # question -> words
    at: Mapped[datetime]


BEING_OPENED = ""


class Improvement(Base):
    """One line of the improvement plan: real work that an exercise has shown to be needed."""

    __tablename__ = "exercise_improvements"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one submit adds one line
    exercise_id: Mapped[int] = mapped_column(sa.ForeignKey("exercises.id"), index=True)
    text: Mapped[str] = mapped_column(sa.Text)
    owner: Mapped[str] = mapped_column(sa.String(40))
    due: Mapped[date] = mapped_column(sa.Date)
    added_by: Mapped[str] = mapped_column(sa.String(40))
    added_at: Mapped[datetime]
    ticket: Mapped[str | None] = mapped_column(sa.String(40))  # its key; empty while it is being opened
    ticket_url: Mapped[str | None] = mapped_column(sa.String(500))
