"""Planned exercises, reminders of the programme that were given, and what a solo exercise remembers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "programme_reminders",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_programme_reminders")),
    )
    op.create_table(
        "planned_exercises",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("team_id", sa.String(length=40), nullable=False),
        sa.Column("scenario_id", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=150), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("system_id", sa.String(length=80), nullable=True),
        sa.Column("facilitator", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("exercise_id", sa.Integer(), nullable=True),
        sa.Column("planned_by", sa.String(length=40), nullable=False),
        sa.Column("changed_by", sa.String(length=40), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'held') = (exercise_id IS NOT NULL)", name=op.f("ck_planned_exercises_held_as")),
        sa.CheckConstraint("state IN ('planned', 'cancelled', 'held')", name=op.f("ck_planned_exercises_state")),
        sa.ForeignKeyConstraint(
            ["exercise_id"], ["exercises.id"], name=op.f("fk_planned_exercises_exercise_id_exercises")
        ),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name=op.f("fk_planned_exercises_system_id_systems")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_exercises")),
        sa.UniqueConstraint("exercise_id", name=op.f("uq_planned_exercises_exercise_id")),
        sa.UniqueConstraint("key", name=op.f("uq_planned_exercises_key")),
    )
    with op.batch_alter_table("planned_exercises", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_planned_exercises_team_id"), ["team_id"], unique=False)

    op.create_table(
        "solo_exercises",
        sa.Column("exercise_id", sa.Integer(), nullable=False),
        sa.Column("hints", sa.Boolean(), nullable=False),
        sa.Column("hinted", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("seen", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["exercise_id"], ["exercises.id"], name=op.f("fk_solo_exercises_exercise_id_exercises")
        ),
        sa.PrimaryKeyConstraint("exercise_id", name=op.f("pk_solo_exercises")),
    )


def downgrade() -> None:

    op.drop_table("solo_exercises")
    with op.batch_alter_table("planned_exercises", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_planned_exercises_team_id"))

    op.drop_table("planned_exercises")
    op.drop_table("programme_reminders")
