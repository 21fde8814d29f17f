"""Exercises with their people, injects, observations and ratings; systems that only an exercise knows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exercises",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("team_id", sa.String(length=40), nullable=False),
        sa.Column("scenario_id", sa.String(length=80), nullable=False),
        sa.Column("scenario_hash", sa.String(length=64), nullable=False),
        sa.Column("scenario", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("title", sa.String(length=150), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("speed", sa.Integer(), nullable=False),
        sa.Column("legs", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("facilitator", sa.String(length=40), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("levers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("channel_id", sa.String(length=40), nullable=True),
        sa.Column("opening_ts", sa.String(length=40), nullable=True),
        sa.Column("panel_channel", sa.String(length=40), nullable=True),
        sa.Column("panel_ts", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('ended', 'stopped')) = (ended_at IS NOT NULL)", name=op.f("ck_exercises_ended_when")
        ),
        sa.CheckConstraint(
            "state IN ('ready', 'running', 'paused', 'ended', 'stopped')", name=op.f("ck_exercises_state")
        ),
        sa.CheckConstraint("speed > 0", name=op.f("ck_exercises_speed")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_exercises_incident_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercises")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_exercises_channel_id")),
        sa.UniqueConstraint("incident_id", name=op.f("uq_exercises_incident_id")),
        sa.UniqueConstraint("key", name=op.f("uq_exercises_key")),
    )
    with op.batch_alter_table("exercises", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exercises_team_id"), ["team_id"], unique=False)

    op.create_table(
        "exercise_improvements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("exercise_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("added_by", sa.String(length=40), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ticket", sa.String(length=40), nullable=True),
        sa.Column("ticket_url", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["exercise_id"], ["exercises.id"], name=op.f("fk_exercise_improvements_exercise_id_exercises")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise_improvements")),
        sa.UniqueConstraint("key", name=op.f("uq_exercise_improvements_key")),
    )
    with op.batch_alter_table("exercise_improvements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exercise_improvements_exercise_id"), ["exercise_id"], unique=False)

    op.create_table(
        "exercise_injects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exercise_id", sa.Integer(), nullable=False),
        sa.Column("inject_id", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("minute", sa.Double(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by", sa.String(length=40), nullable=True),
        sa.Column("improvised", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("message_ts", sa.String(length=40), nullable=True),
        sa.Column("choice", sa.String(length=60), nullable=True),
        sa.Column("chosen_by", sa.String(length=40), nullable=True),
        sa.Column("chosen_minute", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "(state = 'waiting') = (minute IS NULL)", name=op.f("ck_exercise_injects_minute_when_settled")
        ),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'skipped')", name=op.f("ck_exercise_injects_state")),
        sa.ForeignKeyConstraint(
            ["exercise_id"], ["exercises.id"], name=op.f("fk_exercise_injects_exercise_id_exercises")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise_injects")),
        sa.UniqueConstraint("exercise_id", "inject_id", name="uq_exercise_injects_inject"),
    )
    with op.batch_alter_table("exercise_injects", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exercise_injects_exercise_id"), ["exercise_id"], unique=False)

    op.create_table(
        "exercise_observations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exercise_id", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_minute", sa.Double(), nullable=False),
        sa.Column("minute", sa.Double(), nullable=True),
        sa.Column("by", sa.String(length=40), nullable=True),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state = 'missed' OR minute IS NOT NULL", name=op.f("ck_exercise_observations_done_when")),
        sa.CheckConstraint("state IN ('met', 'late', 'missed')", name=op.f("ck_exercise_observations_state")),
        sa.ForeignKeyConstraint(
            ["exercise_id"], ["exercises.id"], name=op.f("fk_exercise_observations_exercise_id_exercises")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise_observations")),
        sa.UniqueConstraint("exercise_id", "action_id", name="uq_exercise_observations_action"),
    )
    with op.batch_alter_table("exercise_observations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exercise_observations_exercise_id"), ["exercise_id"], unique=False)

    op.create_table(
        "exercise_participants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exercise_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("user", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["exercise_id"], ["exercises.id"], name=op.f("fk_exercise_participants_exercise_id_exercises")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise_participants")),
        sa.UniqueConstraint("exercise_id", "role", "user", name="uq_exercise_participants_role_user"),
    )
    with op.batch_alter_table("exercise_participants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exercise_participants_exercise_id"), ["exercise_id"], unique=False)

    op.create_table(
        "exercise_ratings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exercise_id", sa.Integer(), nullable=False),
        sa.Column("objective_id", sa.String(length=60), nullable=False),
        sa.Column("proposed", sa.String(length=1), nullable=False),
        sa.Column("confirmed", sa.String(length=1), nullable=True),
        sa.Column("confirmed_by", sa.String(length=40), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "confirmed IS NULL OR confirmed = 'U' OR proposed = 'P' OR confirmed = proposed OR (proposed = 'S' AND confirmed = 'M')",
            name=op.f("ck_exercise_ratings_never_above"),
        ),
        sa.CheckConstraint("proposed IN ('P', 'S', 'M', 'U')", name=op.f("ck_exercise_ratings_proposed")),
        sa.CheckConstraint(
            "confirmed IS NULL OR confirmed = proposed OR length(reason) > 0",
            name=op.f("ck_exercise_ratings_change_has_reason"),
        ),
        sa.CheckConstraint(
            "confirmed IS NULL OR confirmed_by IS NOT NULL", name=op.f("ck_exercise_ratings_confirmed_by_someone")
        ),
        sa.ForeignKeyConstraint(
            ["exercise_id"], ["exercises.id"], name=op.f("fk_exercise_ratings_exercise_id_exercises")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise_ratings")),
        sa.UniqueConstraint("exercise_id", "objective_id", name="uq_exercise_ratings_objective"),
    )
    with op.batch_alter_table("exercise_ratings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exercise_ratings_exercise_id"), ["exercise_id"], unique=False)

    op.create_table(
        "hot_wash_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exercise_id", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(length=40), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["exercise_id"], ["exercises.id"], name=op.f("fk_hot_wash_answers_exercise_id_exercises")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hot_wash_answers")),
        sa.UniqueConstraint("exercise_id", "user", name="uq_hot_wash_answers_user"),
    )
    with op.batch_alter_table("hot_wash_answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hot_wash_answers_exercise_id"), ["exercise_id"], unique=False)

    with op.batch_alter_table("systems", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fictional", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("systems", schema=None) as batch_op:
        batch_op.drop_column("fictional")

    with op.batch_alter_table("hot_wash_answers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hot_wash_answers_exercise_id"))

    op.drop_table("hot_wash_answers")
    with op.batch_alter_table("exercise_ratings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exercise_ratings_exercise_id"))

    op.drop_table("exercise_ratings")
    with op.batch_alter_table("exercise_participants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exercise_participants_exercise_id"))

    op.drop_table("exercise_participants")
    with op.batch_alter_table("exercise_observations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exercise_observations_exercise_id"))

    op.drop_table("exercise_observations")
    with op.batch_alter_table("exercise_injects", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exercise_injects_exercise_id"))

    op.drop_table("exercise_injects")
    with op.batch_alter_table("exercise_improvements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exercise_improvements_exercise_id"))

    op.drop_table("exercise_improvements")
    with op.batch_alter_table("exercises", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exercises_team_id"))

    op.drop_table("exercises")
