"""The timeline is append-only: the database itself refuses UPDATE and DELETE."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REFUSAL = "the timeline is append-only"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER timeline_no_{verb.lower()} BEFORE {verb} ON timeline"
                f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        # INSERT OR REPLACE deletes without asking a DELETE trigger.
        op.execute(
            "CREATE TRIGGER timeline_no_replace BEFORE INSERT ON timeline WHEN EXISTS (SELECT 1 FROM timeline"  # noqa: S608
            " WHERE id = NEW.id OR (incident_id = NEW.incident_id AND (seq = NEW.seq OR key = NEW.key)))"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION timeline_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER timeline_no_change BEFORE UPDATE OR DELETE ON timeline"
        " FOR EACH ROW EXECUTE FUNCTION timeline_append_only()"
    )
    op.execute(
        "CREATE TRIGGER timeline_no_truncate BEFORE TRUNCATE ON timeline EXECUTE FUNCTION timeline_append_only()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER timeline_no_{verb}")
        return
    op.execute("DROP TRIGGER timeline_no_truncate ON timeline")
    op.execute("DROP TRIGGER timeline_no_change ON timeline")
    op.execute("DROP FUNCTION timeline_append_only()")
