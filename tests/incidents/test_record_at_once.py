"""What several replicas write at the same moment, as they do when they start together."""

import threading
from collections.abc import Callable

import pytest
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
                began.set()
                write(session)
        except Exception as error:
            failed.append(error)

    began = threading.Event()
    other = threading.Thread(target=second)
    with writing(engine) as session:
        write(session)
        other.start()
        assert began.wait(10)
        other.join(0.2)  # it waits for our row; were it to run later, it would find it and the test would pass
    other.join(10)
    assert not other.is_alive()
    assert failed == []
