"""Break glass: one responder alone, and the review by another that must follow"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CLOSED = "status <> 'closed' OR unreviewed = 0"
AUTHORITY = "(approval_id IS NULL) <> (break_glass_id IS NULL)"


def upgrade() -> None:
    op.create_table(
        "break_glass",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("used_by", sa.String(length=40), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=13), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=40), nullable=True),
        sa.Column("reviewer_person", sa.String(length=200), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_break_glass_reason")),
        sa.CheckConstraint("verdict IN ('justified', 'not_justified')", name=op.f("ck_break_glass_verdict")),
        sa.CheckConstraint(
            "(verdict IS NULL) = (reviewed_by IS NULL) AND (verdict IS NULL) = (reviewed_at IS NULL)"
            " AND (verdict IS NULL) = (reviewer_person IS NULL) AND (verdict IS NULL OR length(words) > 0)",
            name=op.f("ck_break_glass_reviewed_by_someone"),
        ),
        sa.CheckConstraint(
            "reviewed_by IS NULL OR (reviewed_by <> used_by AND reviewer_person <> person)",
            name=op.f("ck_break_glass_reviewed_by_another"),
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_break_glass_incident_id_incidents")),
        sa.ForeignKeyConstraint(["plan_id"], ["rollback_plans.id"], name=op.f("fk_break_glass_plan_id_rollback_plans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass")),
        sa.UniqueConstraint("id", "plan_id", name=op.f("uq_break_glass_id")),
        sa.UniqueConstraint("key", name=op.f("uq_break_glass_key")),
        sa.UniqueConstraint("plan_id", name=op.f("uq_break_glass_plan_id")),
    )
    op.create_index(op.f("ix_break_glass_incident_id"), "break_glass", ["incident_id"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        # In place: a table that others refer to cannot be made anew under foreign keys.
        name = op.f("ck_incidents_reviewed_before_closed")
        op.execute(
            f"ALTER TABLE incidents ADD COLUMN unreviewed INTEGER DEFAULT 0 NOT NULL CONSTRAINT {name} CHECK ({CLOSED})"
        )
    else:
        op.add_column("incidents", sa.Column("unreviewed", sa.Integer(), server_default="0", nullable=False))
        op.create_check_constraint(op.f("ck_incidents_reviewed_before_closed"), "incidents", CLOSED)
    with op.batch_alter_table("rollback_executions", copy_from=_executions()) as batch:
        batch.add_column(sa.Column("break_glass_id", sa.Integer(), nullable=True))
        batch.alter_column("approval_id", existing_type=sa.Integer(), nullable=True)
        batch.create_unique_constraint(op.f("uq_rollback_executions_break_glass_id"), ["break_glass_id"])
        batch.create_foreign_key(
            op.f("fk_rollback_executions_break_glass_id_break_glass"),
            "break_glass",
            ["break_glass_id", "plan_id"],
            ["id", "plan_id"],
        )
        batch.create_check_constraint(op.f("ck_rollback_executions_one_authority"), AUTHORITY)


def downgrade() -> None:
    with op.batch_alter_table("rollback_executions", copy_from=_executions(glass=True)) as batch:
        batch.drop_constraint(op.f("ck_rollback_executions_one_authority"), type_="check")
        batch.drop_constraint(op.f("fk_rollback_executions_break_glass_id_break_glass"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_rollback_executions_break_glass_id"), type_="unique")
        batch.alter_column("approval_id", existing_type=sa.Integer(), nullable=False)
        batch.drop_column("break_glass_id")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_incidents_reviewed_before_closed"), "incidents", type_="check")
    op.execute("ALTER TABLE incidents DROP COLUMN unreviewed")
    op.drop_table("break_glass")


def _executions(*, glass: bool = False) -> sa.Table:
    """The table as it is, or as it will be: SQLite makes it anew, and does not say which checks it had."""
    more: list[Any] = []
    if glass:
        more = [
            sa.Column("break_glass_id", sa.Integer(), nullable=True),
            sa.CheckConstraint(AUTHORITY, name=op.f("ck_rollback_executions_one_authority")),
            sa.UniqueConstraint("break_glass_id", name=op.f("uq_rollback_executions_break_glass_id")),
            sa.ForeignKeyConstraint(
                ["break_glass_id", "plan_id"],
                ["break_glass.id", "break_glass.plan_id"],
                name=op.f("fk_rollback_executions_break_glass_id_break_glass"),
            ),
        ]
    return sa.Table(
        "rollback_executions",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=glass),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('execute', 'undo')", name=op.f("ck_rollback_executions_kind")),
        sa.CheckConstraint(
            "verified IS NULL OR finished_at IS NOT NULL", name=op.f("ck_rollback_executions_finished_before_verified")
        ),
        sa.ForeignKeyConstraint(
            ["approval_id", "plan_id"],
            ["rollback_approvals.id", "rollback_approvals.plan_id"],
            name=op.f("fk_rollback_executions_approval_id_rollback_approvals"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["rollback_plans.id"], name=op.f("fk_rollback_executions_plan_id_rollback_plans")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollback_executions")),
        sa.UniqueConstraint("approval_id", name=op.f("uq_rollback_executions_approval_id")),
        sa.UniqueConstraint("key", name=op.f("uq_rollback_executions_key")),
        sa.UniqueConstraint("plan_id", name=op.f("uq_rollback_executions_plan_id")),
        *more,
    )
