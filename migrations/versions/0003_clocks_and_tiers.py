"""Regulator clocks, stamps and tier decisions"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tier_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system_id", sa.String(length=80), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("outcome", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("tree_hash", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.CheckConstraint("tier BETWEEN 0 AND 3", name=op.f("ck_tier_decisions_tier")),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name=op.f("fk_tier_decisions_system_id_systems")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_decisions")),
        sa.UniqueConstraint("key", name=op.f("uq_tier_decisions_key")),
    )
    with op.batch_alter_table("tier_decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tier_decisions_system_id"), ["system_id"], unique=False)

    op.create_table(
        "regulator_clocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_reason", sa.Text(), nullable=True),
        sa.Column("due_stage", sa.String(length=64), nullable=True),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("conservative_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outer_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'declined' OR declined_reason IS NOT NULL", name=op.f("ck_regulator_clocks_declined_has_reason")
        ),
        sa.CheckConstraint(
            "state = 'proposed' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_regulator_clocks_decided_by_someone"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'running', 'declined', 'submitted')", name=op.f("ck_regulator_clocks_state")
        ),
        sa.CheckConstraint(
            "conservative_at IS NULL OR outer_at IS NULL OR conservative_at <= outer_at",
            name=op.f("ck_regulator_clocks_conservative_first"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_regulator_clocks_incident_id_incidents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regulator_clocks")),
        sa.UniqueConstraint("incident_id", "clock", name="uq_regulator_clocks_clock"),
    )
    with op.batch_alter_table("regulator_clocks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_regulator_clocks_incident_id"), ["incident_id"], unique=False)

    op.create_table(
        "stamps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("clock_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "(name IN ('initial_submitted', 'intermediate_submitted', 'final_submitted')) = (clock_id IS NOT NULL) AND (clock_id IS NULL) = (stage IS NULL)",
            name=op.f("ck_stamps_submission_has_clock"),
        ),
        sa.ForeignKeyConstraint(
            ["clock_id"], ["regulator_clocks.id"], name=op.f("fk_stamps_clock_id_regulator_clocks")
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_stamps_incident_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stamps")),
    )
    with op.batch_alter_table("stamps", schema=None) as batch_op:
        batch_op.create_index("ix_stamps_incident_name", ["incident_id", "name"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("stamps", schema=None) as batch_op:
        batch_op.drop_index("ix_stamps_incident_name")

    op.drop_table("stamps")
    with op.batch_alter_table("regulator_clocks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_regulator_clocks_incident_id"))

    op.drop_table("regulator_clocks")
    with op.batch_alter_table("tier_decisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tier_decisions_system_id"))

    op.drop_table("tier_decisions")
