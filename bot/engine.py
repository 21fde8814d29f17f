"""The durable engine: DBOS on our database. The only file that knows DBOS's traps (facts/engine.md).

Replicas on PostgreSQL each hold a session advisory lock on their executor's slot. When a process dies its lock goes
with it, and a survivor that can take the lock adopts the slot's unfinished workflows. On SQLite there is one process,
which recovers its own workflows when it starts again.
"""

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Literal, ParamSpec, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID, SQLAlchemyDatasource
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from incidents.sqlite import TurnTaking

P = ParamSpec("P")
R = TypeVar("R")

LOCK_NAMESPACE = 0x524149  # "RAI": our advisory locks
SLOTS = 64  # more replicas than anybody runs
log = logging.getLogger("rai.engine")


class LostLock(Exception):
    """Another process may now own our workflows: this one must stop."""


class Durable:
    """One process's engine. Make it, `launch()` it, `stop()` it."""

    def __init__(self, url: str, engine: Engine) -> None:
        self._engine = engine
        self._url = url
        self._lock_connection: Connection | None = None
        self._system_engine = _system_engine(url, engine)
        self.slot = self._take_free_slot()
        config: DBOSConfig = {
            "name": "rai-incident",
            "system_database_url": _dbos_url(url),
            "system_database_engine": self._system_engine,
            "application_version": "1",  # pinned: survivors of another version would adopt nothing; change with patch()
            "executor_id": f"executor-{self.slot}",
            "enable_otlp": False,
            "log_level": "WARNING",
            "console_log_level": "WARNING",
        }
        DBOS(config=config)
        # Our verbs lock the incident's row, so PostgreSQL need not guess at conflicts; SQLite has one writer.
        self._isolation: Literal["READ COMMITTED", "SERIALIZABLE"]
        self._isolation = "READ COMMITTED" if engine.dialect.name == "postgresql" else "SERIALIZABLE"
        self._datasource = SQLAlchemyDatasource.create(_dbos_url(url), engine=engine)

    def launch(self) -> None:
        """Start, and take up again what this slot left unfinished."""
        DBOS.launch()

    def stop(self) -> None:
        """End; workflows in flight are taken up at the next start."""
        DBOS.destroy(workflow_completion_timeout_sec=0)
        if self._lock_connection is not None:
            self._lock_connection.close()
        self._system_engine.dispose()

    def start(
        self, workflow: Callable[P, Any], workflow_id: str, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[Any] | None":
        """Start a workflow once per id: a second start of the same id changes nothing. Answers the run's future, or
        None where it was started before."""
        with SetWorkflowID(workflow_id):
            return getattr(DBOS.start_workflow(workflow, *args, **kwargs), "future", None)

    def knows(self, workflow_id: str) -> bool:
        """Whether a workflow of this id was ever started; then it is finished, running, or recovered by DBOS."""
        return DBOS.get_workflow_status(workflow_id) is not None

    def transact(self, name: str, function: Callable[..., R], *args: Any) -> R:
        """Run `function(session, *args)` in one transaction whose result is checkpointed with it: exactly once."""

        def body() -> R:
            return function(self._session(), *args)

        return self._datasource.run_tx_step({"name": name, "isolation_level": self._isolation}, body)

    def adopt_orphans(self) -> None:
        """Take over the unfinished workflows of slots whose process is gone. Raises LostLock when ours is gone."""
        if self._engine.dialect.name != "postgresql":
            return
        self._check_lock()
        with self._engine.connect() as connection:
            busy = sa.text(
                "SELECT DISTINCT executor_id FROM dbos.workflow_status WHERE status = 'PENDING' AND executor_id <> :me"
            )
            orphans = connection.execute(busy, {"me": f"executor-{self.slot}"}).scalars().all()
            for executor in orphans:
                number = str(executor).removeprefix("executor-")
                if not number.isdigit() or not _try_lock(connection, int(number)):
                    continue
                try:
                    DBOS._recover_pending_workflows([str(executor)])
                    log.info("adopted the workflows of %s", executor)
                finally:
                    connection.execute(sa.text("SELECT pg_advisory_unlock(:a, :b)"), _lock_key(int(number)))
                    connection.commit()

    def _session(self) -> Session:
        return self._datasource.sql_session()

    def _take_free_slot(self) -> int:
        if self._engine.dialect.name != "postgresql":
            return 0
        self._lock_connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for slot in range(SLOTS):
            if _try_lock(self._lock_connection, slot):
                return slot
        raise LostLock("no free slot: more replicas run than this version supports")

    def _check_lock(self) -> None:
        assert self._lock_connection is not None
        query = sa.text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = :a AND objid = :b"
            " AND pid = pg_backend_pid() AND granted"
        )
        try:
            held = self._lock_connection.execute(query, _lock_key(self.slot)).scalar_one()
        except sa.exc.DBAPIError as error:
            raise LostLock("the connection that holds our lock is gone") from error
        if not held:
            raise LostLock("our lock is gone")


def _lock_key(slot: int) -> dict[str, int]:
    return {"a": LOCK_NAMESPACE, "b": slot}


def _try_lock(connection: Connection, slot: int) -> bool:
    return bool(connection.execute(sa.text("SELECT pg_try_advisory_lock(:a, :b)"), _lock_key(slot)).scalar_one())


def _dbos_url(url: str) -> str:
    parsed = sa.make_url(url)
    return parsed.set(drivername=parsed.get_backend_name()).render_as_string(hide_password=False)


def _system_engine(url: str, engine: Engine) -> Engine:
    """DBOS's own engine. A transaction of ours needs one of its connections to end, so it must not have to wait for one
    that waits for ours: never the same pool, and on SQLite, where writers queue, one without a limit."""
    if engine.dialect.name != "sqlite":
        return sa.create_engine(url, pool_size=10, max_overflow=20)  # DBOS tries again on a lost connection
    # It begins its transactions itself, so on SQLite it needs connections set up in its own way.
    system = sa.create_engine(url, pool_size=20, max_overflow=-1, connect_args={"timeout": 30, "factory": TurnTaking})

    @sa.event.listens_for(system, "connect")
    def _on_connect(connection: Any, _entry: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    return system


def exit_process(reason: str) -> None:
    """End at once without finishing anything: somebody else owns our work now."""
    log.critical("stopping at once: %s", reason)
    threading.Thread(target=lambda: os._exit(75), daemon=True).start()
