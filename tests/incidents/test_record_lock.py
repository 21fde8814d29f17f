"""The incident's lock on PostgreSQL, where two people may have read before either of them locks."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from recordkit import TEAM, open_one
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from incidents import lifecycle
from incidents.db import make_engine, writing


@pytest.fixture
def postgresql(postgres: str) -> Iterator[Engine]:
    """A migrated PostgreSQL database of the test's own. (SQLite has one writer: its sessions cannot overlap so.)"""
    admin = sa.create_engine(postgres, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE test_record_lock TEMPLATE template_rai")
    engine = make_engine(sa.make_url(postgres).set(database="test_record_lock").render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE test_record_lock WITH (FORCE)")


def test_the_lock_shows_what_somebody_changed_after_it_was_first_read(postgresql: Engine) -> None:
    with writing(postgresql) as session:
        number = open_one(session).number
    with Session(postgresql) as mine:
        incident = lifecycle.find(mine, TEAM, number)
        assert incident.status == "open"
        with writing(postgresql) as theirs:
            lifecycle.mitigate(theirs, lifecycle.find(theirs, TEAM, number), by="U0ONCALL01", key="m")
        assert lifecycle.lock(mine, incident.id).status == "mitigated"


def test_the_lock_keeps_what_this_transaction_has_changed(postgresql: Engine) -> None:
    with writing(postgresql) as session:
        incident = open_one(session)
        incident.title = "Another title"
        assert lifecycle.lock(session, incident.id).title == "Another title"
