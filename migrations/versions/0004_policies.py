"""Stored policies, their activations, and daily allowances"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_uses",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "day", name=op.f("pk_daily_uses")),
    )
    op.create_table(
        "policies",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_policies")),
    )
    op.create_table(
        "policy_activations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("requested_by", sa.String(length=40), nullable=False),
        sa.Column("requester_person", sa.String(length=200), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=40), nullable=True),
        sa.Column("approver_person", sa.String(length=200), nullable=True),
        sa.Column("rejected_by", sa.String(length=40), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'active' OR approved_by IS NOT NULL OR requested_by = 'shipped'",
            name=op.f("ck_policy_activations_active_is_approved"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'active', 'superseded', 'rejected')", name=op.f("ck_policy_activations_state")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR (approved_by <> requested_by AND approver_person <> requester_person)",
            name=op.f("ck_policy_activations_two_people"),
        ),
        sa.ForeignKeyConstraint(["hash"], ["policies.hash"], name=op.f("fk_policy_activations_hash_policies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_activations")),
    )
    with op.batch_alter_table("policy_activations", schema=None) as batch_op:
        batch_op.create_index(
            "uq_policy_activations_open",
            ["state"],
            unique=True,
            sqlite_where=sa.text("state IN ('active', 'proposed')"),
            postgresql_where=sa.text("state IN ('active', 'proposed')"),
        )


def downgrade() -> None:
    with op.batch_alter_table("policy_activations", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_policy_activations_open",
            sqlite_where=sa.text("state IN ('active', 'proposed')"),
            postgresql_where=sa.text("state IN ('active', 'proposed')"),
        )

    op.drop_table("policy_activations")
    op.drop_table("policies")
    op.drop_table("daily_uses")
