"""Engine, sessions and the migration check: the one way into the database."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from incidents.sqlite import TurnTaking
from severity.errors import RaiIncidentError

MIGRATIONS = Path(__file__).parent.parent / "migrations"
READ_ONLY = "rai_read_only"


class DatabaseTrouble(RaiIncidentError):
    """The database cannot be used as it is: why, and what to do."""


@contextmanager
def _in_words() -> Iterator[None]:
    """The database's own errors as one line for the operator, without the address (it may hold a password)."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        reason = (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DatabaseTrouble(
            f"The database cannot be used: {reason}. Nothing was changed; check DATABASE_URL."
        ) from None


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. Refuses naive values, because a naive time in a record is a guess."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime refused: every time in the record is UTC-aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = sa.JSON().with_variant(JSONB(), "postgresql")


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index over the rows that `where` (SQL) holds for, on both databases."""
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def make_engine(url: str) -> Engine:
    """An engine for SQLite (a file) or PostgreSQL, set up as `facts/engine.md` measured.

    SQLite: WAL, full sync, foreign keys, 30 s busy timeout, and `BEGIN IMMEDIATE` for every transaction that may
    write, so that two writers queue instead of failing half-way. Sessions from `reading()` begin deferred.
    """
    with _in_words():
        parsed = sa.make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return sa.create_engine(parsed, pool_size=10, max_overflow=20, pool_pre_ping=True)
    engine = sa.create_engine(
        parsed, pool_size=20, max_overflow=40, connect_args={"timeout": 30, "factory": TurnTaking}
    )

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session in one transaction: committed at the end, rolled back on any error."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that only looks: it never takes SQLite's write lock."""
    with Session(engine.execution_options(**{READ_ONLY: True}), expire_on_commit=False) as session:
        yield session


def insert_once(session: Session, table: type[Any], *, unique: str | None = None, **values: object) -> None:
    """Insert a row, or leave the one that has its key: also where replicas do so at the same moment.

    `unique` names the column of that key; any other clash is an error then.
    """
    insert: Callable[..., sqlite.Insert | postgresql.Insert] = (
        postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    )
    session.execute(insert(table).values(**values).on_conflict_do_nothing(index_elements=[unique] if unique else None))


def alembic_config(url: str) -> Any:
    """Alembic's configuration for our migrations, which travel inside the wheel."""
    from alembic.config import Config

    config = Config(stdout=sys.stdout)  # its default is what standard output was when alembic was imported
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`. Raises DatabaseTrouble."""
    from alembic import command
    from alembic.util.exc import CommandError

    try:
        with _in_words():
            command.upgrade(alembic_config(url), revision)
    except CommandError as error:
        raise DatabaseTrouble(f"The database cannot be brought to this version: {error}") from None


def current_and_head(engine: Engine) -> tuple[str | None, str | None]:
    """(revision the database is at, newest revision we ship). Looking makes no file. Raises DatabaseTrouble."""
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not Path(file).exists():
        return None, head
    with _in_words(), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision(), head


def require_head(engine: Engine) -> None:
    """Raise DatabaseTrouble unless the database is there and at this version."""
    current, head = current_and_head(engine)
    if current != head:
        raise DatabaseTrouble(
            f"The database is at {current or 'no version'}, this version needs {head}. Run `rai-incident db upgrade`."
        )
