"""The migrations on both databases: up, down, and nothing left to migrate."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.util.exc import CommandError
from sqlalchemy.engine import Engine

import incidents.budgets
import incidents.exposure
import incidents.faq
import incidents.handoffs
import incidents.policies
import incidents.questions
import incidents.subscriptions
import playbooks.models
import playbooks.planning
import playbooks.solo
import postmortems.models
import runbooks.keeping
import runbooks.models
from incidents.db import alembic_config, current_and_head, make_engine, upgrade
from incidents.models import Base

assert incidents.budgets
assert incidents.exposure
assert incidents.faq
assert incidents.handoffs
assert incidents.questions
assert incidents.subscriptions
assert incidents.policies
assert playbooks.models
assert playbooks.planning
assert playbooks.solo
assert postmortems.models
assert runbooks.keeping
assert runbooks.models
OURS = {*Base.metadata.tables, "alembic_version"}


def _tables(engine: Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def test_upgrade_makes_every_table_of_the_record(engine: Engine) -> None:
    assert _tables(engine) == OURS
    current, head = current_and_head(engine)
    assert current == head


def test_downgrade_to_base_leaves_nothing_and_upgrade_brings_it_back(engine: Engine, database_url: str) -> None:
    command.downgrade(alembic_config(database_url), "base")
    assert _tables(engine) <= {"alembic_version"}
    assert current_and_head(engine)[0] is None
    upgrade(database_url)
    assert _tables(engine) >= OURS


def test_the_models_and_the_migrations_agree(database_url: str) -> None:
    command.check(alembic_config(database_url))


def test_the_check_sees_a_column_that_no_migration_made(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE systems DROP COLUMN tier"))
    with pytest.raises(CommandError, match="tier"):
        command.check(alembic_config(database_url))


def test_tables_of_others_in_the_same_database_are_left_alone(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE operation_outputs (workflow_uuid TEXT PRIMARY KEY, output TEXT)"))
        connection.execute(sa.text("CREATE INDEX of_others ON operation_outputs (output)"))
    command.check(alembic_config(database_url))
    command.downgrade(alembic_config(database_url), "base")
    assert "operation_outputs" in _tables(engine)


def test_upgrading_twice_changes_nothing(engine: Engine, database_url: str) -> None:
    upgrade(database_url)
    assert _tables(engine) >= OURS


def test_a_password_with_a_percent_sign_reaches_the_database_unchanged() -> None:
    url = "postgresql://user:p%25w@localhost/db"
    assert alembic_config(url).get_main_option("sqlalchemy.url") == url


def test_every_sqlite_connection_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/x.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    engine.dispose()
