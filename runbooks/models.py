"""Tables of containment: runs of runbooks and their steps; rollback plans, approvals and executions.

Constraints carry the reason beside them: what must never be true is refused by the database, not only by us.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from incidents.db import partial_index
from incidents.models import Base

OPEN_STATES = ("open", "started")
ENDED_STATES = ("done", "skipped", "not_applicable", "failed")
PLAN_STATES = (
    "planned",
    "approved",
    "executing",
    "executed",
    "verified",
    "failed",
    "undone",
    "stopped",  # the target was not as planned: nothing was changed
    "rejected",
    "void",  # expired, changed, or its incident closed
)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class RunbookRun(Base):
    """One run of a runbook in an incident, with the definition it runs: editing the file never changes a run."""

    __tablename__ = "runbook_runs"
    __table_args__ = (
        sa.CheckConstraint("state IN ('running', 'finished')", name="state"),
        # A run that ended knows when.
        sa.CheckConstraint("(state = 'finished') = (finished_at IS NOT NULL)", name="finished_when"),
        # Two runs of one runbook at once would give two people the same step.
        partial_index("uq_runbook_runs_running", "incident_id", "runbook_id", where="state = 'running'", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one press starts one run
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    runbook_id: Mapped[str] = mapped_column(sa.String(80))
    title: Mapped[str] = mapped_column(sa.String(150))
    definition: Mapped[str] = mapped_column(sa.Text)  # the YAML as it was when the run started
    definition_hash: Mapped[str] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(sa.String(10), default="running")
    started_by: Mapped[str] = mapped_column(sa.String(40))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class RunbookStep(Base):
    """One visit to a step of a run. A row exists from the moment the step is open; a loop adds a row per visit."""

    __tablename__ = "runbook_steps"
    __table_args__ = (
        sa.UniqueConstraint("run_id", "step_id", "visit"),
        # A step is open once at a time: two rows would let two people do it.
        partial_index("uq_runbook_steps_open", "run_id", "step_id", where="state IN ('open', 'started')", unique=True),
        sa.CheckConstraint(_one_of("state", OPEN_STATES + ENDED_STATES), name="state"),
        # Who ended a step, and when, is the record.
        sa.CheckConstraint(
            "(state IN ('open', 'started')) = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            name="ended_by_someone",
        ),
        # Leaving a step out, or failing at it, needs words.
        sa.CheckConstraint("state NOT IN ('skipped', 'not_applicable', 'failed') OR length(note) > 0", name="reason"),
        partial_index("ix_runbook_steps_due", "due_at", where="ended_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("runbook_runs.id"), index=True)
    step_id: Mapped[str] = mapped_column(sa.String(80))
    visit: Mapped[int] = mapped_column(default=1)
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("runbook_steps.id"))  # the parallel step it is part of
    kind: Mapped[str] = mapped_column(sa.String(10))
    state: Mapped[str] = mapped_column(sa.String(14), default="open")
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    assignee: Mapped[str | None] = mapped_column(sa.String(40))
    started_by: Mapped[str | None] = mapped_column(sa.String(40))
    started_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(sa.String(40))
    ended_at: Mapped[datetime | None]
    choice: Mapped[str | None] = mapped_column(sa.String(80))
    note: Mapped[str] = mapped_column(sa.Text, default="")
    evidence: Mapped[dict[str, Any] | None]
    reminders: Mapped[int] = mapped_column(default=0)  # 1: the owner was reminded, 2: the commander too


class RollbackPlan(Base):
    """One change proposed, never edited: a changed plan is a new row, so an approval cannot slide onto it."""

    __tablename__ = "rollback_plans"
    __table_args__ = (
        # What an approval is bound to (see RollbackApproval's foreign key).
        sa.UniqueConstraint("id", "plan_hash", "action_class", "requested_by", "requester_person"),
        sa.CheckConstraint("action_class IN ('routine', 'disruptive', 'critical')", name="action_class"),
        sa.CheckConstraint(_one_of("state", PLAN_STATES), name="state"),
        # A plan that changes nothing is a mistake in the plan.
        sa.CheckConstraint("from_value <> to_value", name="changes_something"),
        # Two hands on one lever would undo each other.
        partial_index(
            "uq_rollback_plans_executing",
            "system_id",
            "target_id",
            where="state IN ('executing', 'executed')",
            unique=True,
        ),
        # An action is undone by one plan at a time.
        partial_index(
            "uq_rollback_plans_undo",
            "undoes_id",
            where="undoes_id IS NOT NULL AND state NOT IN ('rejected', 'void', 'stopped', 'failed')",
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one press makes one plan
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    step_id: Mapped[int | None] = mapped_column(sa.ForeignKey("runbook_steps.id"), index=True)
    undoes_id: Mapped[int | None] = mapped_column(sa.ForeignKey("rollback_plans.id"))
    system_id: Mapped[str] = mapped_column(sa.ForeignKey("systems.id"))
    target_id: Mapped[str] = mapped_column(sa.String(80))
    kind: Mapped[str] = mapped_column(sa.String(40))
    title: Mapped[str] = mapped_column(sa.String(150))
    # SHA-256 of the operator's entry: the entry itself, with its addresses, is always read from the operator's file.
    entry_hash: Mapped[str] = mapped_column(sa.String(64))
    action_class: Mapped[str] = mapped_column(sa.String(10))
    from_value: Mapped[str] = mapped_column(sa.String(500))
    to_value: Mapped[str] = mapped_column(sa.String(500))
    blast_radius: Mapped[str] = mapped_column(sa.Text)
    dry_run: Mapped[str] = mapped_column(sa.Text)
    snapshot: Mapped[str] = mapped_column(sa.Text)  # evidence: canonical JSON, kept to the byte because it is hashed
    plan_hash: Mapped[str] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(sa.String(10), default="planned")
    requested_by: Mapped[str] = mapped_column(sa.String(40))
    requester_person: Mapped[str] = mapped_column(sa.String(200))  # the human behind the account
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen: Mapped[str] = mapped_column(sa.Text, default="")  # what the target said last, or why it is void or rejected


class RollbackApproval(Base):
    """One person's yes to exactly one plan hash. Used once, by one execution."""

    __tablename__ = "rollback_approvals"
    __table_args__ = (
        # The plan's hash, class and requester are part of the key: an approval cannot exist for anything else.
        sa.ForeignKeyConstraint(
            ["plan_id", "plan_hash", "action_class", "requested_by", "requester_person"],
            [
                "rollback_plans.id",
                "rollback_plans.plan_hash",
                "rollback_plans.action_class",
                "rollback_plans.requested_by",
                "rollback_plans.requester_person",
            ],
        ),
        # Two people means two humans, whatever accounts they hold; a requester may approve only a routine action.
        sa.CheckConstraint(
            "action_class = 'routine' OR (approver <> requested_by AND approver_person <> requester_person)",
            name="two_people",
        ),
        sa.UniqueConstraint("id", "plan_id"),  # what an execution is bound to
        # One yes in force per plan.
        partial_index("uq_rollback_approvals_in_force", "plan_id", where="voided_at IS NULL", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int]
    plan_hash: Mapped[str] = mapped_column(sa.String(64))
    action_class: Mapped[str] = mapped_column(sa.String(10))
    requested_by: Mapped[str] = mapped_column(sa.String(40))
    requester_person: Mapped[str] = mapped_column(sa.String(200))
    approver: Mapped[str] = mapped_column(sa.String(40))
    approver_person: Mapped[str] = mapped_column(sa.String(200))
    at: Mapped[datetime]
    voided_at: Mapped[datetime | None]


class BreakGlass(Base):
    """One responder alone let a plan go ahead in an emergency. It is open until another person has reviewed it."""

    __tablename__ = "break_glass"
    __table_args__ = (
        sa.UniqueConstraint("id", "plan_id"),  # what an execution is bound to
        sa.CheckConstraint("length(reason) > 0", name="reason"),
        sa.CheckConstraint("verdict IN ('justified', 'not_justified')", name="verdict"),
        # A review has a verdict, words, a name and a time, or it has not happened.
        sa.CheckConstraint(
            "(verdict IS NULL) = (reviewed_by IS NULL) AND (verdict IS NULL) = (reviewed_at IS NULL)"
            " AND (verdict IS NULL) = (reviewer_person IS NULL) AND (verdict IS NULL OR length(words) > 0)",
            name="reviewed_by_someone",
        ),
        # Two humans, whatever accounts they hold: nobody reviews themselves.
        sa.CheckConstraint(
            "reviewed_by IS NULL OR (reviewed_by <> used_by AND reviewer_person <> person)", name="reviewed_by_another"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)  # one press, one use
    plan_id: Mapped[int] = mapped_column(sa.ForeignKey("rollback_plans.id"), unique=True)
    plan_hash: Mapped[str] = mapped_column(sa.String(64))
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    used_by: Mapped[str] = mapped_column(sa.String(40))
    person: Mapped[str] = mapped_column(sa.String(200))  # the human behind the account
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
    verdict: Mapped[str | None] = mapped_column(sa.String(13))
    words: Mapped[str | None] = mapped_column(sa.Text)
    reviewed_by: Mapped[str | None] = mapped_column(sa.String(40))
    reviewer_person: Mapped[str | None] = mapped_column(sa.String(200))
    reviewed_at: Mapped[datetime | None]


class RollbackExecution(Base):
    """The one execution of a plan. Its key is what the target is changed with, however often it is tried."""

    __tablename__ = "rollback_executions"
    __table_args__ = (
        # No execution without an approval or a broken glass for the same plan, which serves one execution; a plan has
        # one.
        sa.ForeignKeyConstraint(["approval_id", "plan_id"], ["rollback_approvals.id", "rollback_approvals.plan_id"]),
        sa.ForeignKeyConstraint(["break_glass_id", "plan_id"], ["break_glass.id", "break_glass.plan_id"]),
        sa.CheckConstraint("(approval_id IS NULL) <> (break_glass_id IS NULL)", name="one_authority"),
        sa.UniqueConstraint("approval_id"),
        sa.UniqueConstraint("break_glass_id"),
        sa.UniqueConstraint("plan_id"),
        sa.CheckConstraint("kind IN ('execute', 'undo')", name="kind"),
        # Verified is said of something that finished.
        sa.CheckConstraint("verified IS NULL OR finished_at IS NOT NULL", name="finished_before_verified"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    plan_id: Mapped[int] = mapped_column(sa.ForeignKey("rollback_plans.id"))
    approval_id: Mapped[int | None]
    break_glass_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(sa.String(10))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    verified: Mapped[bool | None]
    verified_at: Mapped[datetime | None]
    seen: Mapped[str] = mapped_column(sa.Text, default="")
