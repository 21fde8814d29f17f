"""What several replicas write at the same moment, as they do when they start together."""

import threading
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from incidents import inventory, policies
from incidents.clock import now
from incidents.db import writing
from incidents.inventory import SystemEntry
from incidents.timers import set_timer
from severity.policy import load_policy

SEARCH = SystemEntry(id="search", name="Search", owner="U0RAILEAD1")
MOMENT = now()
WRITES: dict[str, Callable[[Session], None]] = {
    "the inventory": lambda session: inventory.store(session, [SEARCH]),
    "a timer": lambda session: set_timer(session, "look", "look:1", MOMENT),
    "the policy": lambda session: policies.begin_with(session, load_policy()),
}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_second_replica_that_writes_before_the_first_has_committed_changes_nothing(
    engine: Engine, write: Callable[[Session], None]
) -> None:
    failed: list[Exception] = []

    def second() -> None:
        try:
            with writing(engine) as session:
                write(session)
        except Exception as error:
            failed.append(error)

    other = threading.Thread(target=second)
    with writing(engine) as session:
        write(session)
        other.start()
        while other.is_alive() and not _waits(engine):
            pass
    other.join(10)
    assert not other.is_alive()
    assert failed == []


def _waits(engine: Engine) -> bool:
    """Whether a transaction waits for the row of another."""
    time.sleep(0.01)
    with engine.connect() as connection:
        return bool(connection.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
