"""One database of each kind per file, and sessions on it that leave nothing behind."""

import shutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from recordkit import open_one
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from incidents.db import make_engine
from incidents.models import Incident


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on a migrated database that the tests of one file share."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("record") / "record.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        engine = make_engine(f"sqlite:///{path}")
        yield engine
        engine.dispose()
        return
    server = sa.make_url(request.getfixturevalue("postgres"))
    name = request.module.__name__
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template_rai")
    engine = make_engine(server.set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def session(shared: Engine) -> Iterator[Session]:
    """One transaction, taken back at the end."""
    with Session(shared, expire_on_commit=False) as open_session:
        yield open_session


@pytest.fixture
def incident(session: Session) -> Incident:
    """An open incident."""
    return open_one(session)
