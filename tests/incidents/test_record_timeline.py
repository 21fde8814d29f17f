"""The timeline: append-only for everybody, one chain however many write, and a chain that tells who was changed."""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordkit import ONCALL, open_one
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from incidents import timeline
from incidents.db import reading, writing
from incidents.models import Incident, TimelineEntry


@pytest.fixture
def incident_id(engine: Engine) -> int:
    """An incident with five notes on its timeline."""
    with writing(engine) as session:
        found = open_one(session).id
        for number in range(5):
            timeline.append(session, found, "note", ONCALL, f"note {number}", data={"number": number, "share": 0.1})
    return found


def _verify(engine: Engine, incident_id: int) -> timeline.Broken | None:
    with reading(engine) as session:
        return timeline.verify(session, incident_id)


def _as_owner(engine: Engine, *statements: str) -> None:
    """What only somebody who owns the database could do: the triggers off, and then the change."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("ALTER TABLE timeline DISABLE TRIGGER USER"))
        else:
            names = connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
            for name in names.all():
                connection.execute(sa.text(f"DROP TRIGGER {name}"))
        for statement in statements:
            assert connection.execute(sa.text(statement)).rowcount > 0, statement


# append-only


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE timeline SET text = 'nothing happened'",
        "UPDATE timeline SET seq = seq + 100 WHERE seq = 3",
        "DELETE FROM timeline WHERE seq = 2",
        "DELETE FROM timeline",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_entry(engine: Engine, incident_id: int, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))
    assert _verify(engine, incident_id) is None


def test_the_database_refuses_to_empty_or_replace_the_timeline(engine: Engine, incident_id: int) -> None:
    columns = ", ".join(column.key for column in sa.inspect(TimelineEntry).columns)
    statement = {
        "postgresql": "TRUNCATE timeline",
        # SQLite deletes for REPLACE without asking a DELETE trigger
        "sqlite": f"INSERT OR REPLACE INTO timeline ({columns}) SELECT {columns} FROM timeline WHERE seq = 2",
    }[engine.dialect.name]
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))


def test_a_changed_entry_cannot_be_flushed_by_our_own_code_either(engine: Engine, incident_id: int) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(engine) as session:
        timeline.entries(session, incident_id)[2].text = "changed"


# the chain


def test_an_untouched_chain_holds(engine: Engine, incident_id: int) -> None:
    assert _verify(engine, incident_id) is None


@pytest.mark.parametrize(
    "column", ["text = 'x'", "actor = 'U0NOBODY01'", "kind = 'x'", "key = 'x'", "source_url = 'https://x.invalid'"]
)
def test_verify_finds_an_edited_entry(engine: Engine, incident_id: int, column: str) -> None:
    _as_owner(engine, f"UPDATE timeline SET {column} WHERE seq = 4")
    assert _verify(engine, incident_id) == timeline.Broken(incident_id, 4, "its content was changed")


@pytest.mark.parametrize("column", ["at", "recorded_at"])
def test_verify_finds_an_entry_whose_clock_was_moved_back(engine: Engine, incident_id: int, column: str) -> None:
    _as_owner(engine, f"UPDATE timeline SET {column} = '2020-01-01 00:00:00.000000' WHERE seq = 5")
    assert _verify(engine, incident_id) == timeline.Broken(incident_id, 5, "its content was changed")


def test_verify_finds_an_edited_entry_that_was_hashed_again(engine: Engine, incident_id: int) -> None:
    with reading(engine) as session:
        entry = timeline.entries(session, incident_id)[3]
        entry.text = "nothing happened"
        forged = timeline.entry_hash(entry)
    _as_owner(engine, f"UPDATE timeline SET text = 'nothing happened', hash = '{forged}' WHERE seq = 4")
    assert _verify(engine, incident_id) == timeline.Broken(incident_id, 5, "it does not follow the entry before it")


def test_verify_finds_a_deleted_entry(engine: Engine, incident_id: int) -> None:
    _as_owner(engine, "DELETE FROM timeline WHERE seq = 3")
    assert _verify(engine, incident_id) == timeline.Broken(incident_id, 3, "an entry is missing")


def test_verify_finds_a_deleted_entry_whose_gap_was_closed(engine: Engine, incident_id: int) -> None:
    _as_owner(
        engine,
        "DELETE FROM timeline WHERE seq = 3",
        *(f"UPDATE timeline SET seq = {seq - 1} WHERE seq = {seq}" for seq in range(4, 8)),
    )
    assert _verify(engine, incident_id) == timeline.Broken(incident_id, 3, "it does not follow the entry before it")


def test_verify_finds_reordered_entries(engine: Engine, incident_id: int) -> None:
    _as_owner(
        engine,
        "UPDATE timeline SET seq = 99 WHERE seq = 3",
        "UPDATE timeline SET seq = 3 WHERE seq = 4",
        "UPDATE timeline SET seq = 4 WHERE seq = 99",
    )
    assert _verify(engine, incident_id) == timeline.Broken(incident_id, 3, "it does not follow the entry before it")


def test_an_entry_moved_to_another_incident_is_found(engine: Engine, incident_id: int) -> None:
    with writing(engine) as session:
        other = open_one(session, "declare:2").id
    _as_owner(
        engine, f"UPDATE timeline SET incident_id = {other}, seq = 3 WHERE incident_id = {incident_id} AND seq = 7"
    )
    assert _verify(engine, incident_id) is None, "a cut tail needs a checkpoint kept elsewhere"
    broken = _verify(engine, other)
    assert broken is not None
    assert broken.seq == 3


# appending


def test_the_same_cause_is_written_once(engine: Engine, incident_id: int) -> None:
    with writing(engine) as session:
        assert timeline.append(session, incident_id, "note", ONCALL, "once", key="press:1") is not None
        assert timeline.append(session, incident_id, "note", ONCALL, "twice", key="press:1") is None
    with writing(engine) as session:
        assert timeline.append(session, incident_id, "note", ONCALL, "late", key="press:1") is None
    with reading(engine) as session:
        assert [entry.text for entry in timeline.entries(session, incident_id) if entry.key == "press:1"] == ["once"]


def test_one_key_may_serve_two_incidents(engine: Engine, incident_id: int) -> None:
    with writing(engine) as session:
        other = open_one(session, "declare:2").id
        for found in (incident_id, other):
            assert timeline.append(session, found, "note", ONCALL, "x", key="press:1") is not None


def test_an_entry_of_a_failed_transaction_leaves_no_trace(engine: Engine, incident_id: int) -> None:
    def fail() -> None:
        with writing(engine) as session:
            timeline.append(session, incident_id, "note", ONCALL, "never")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with writing(engine) as session:
        timeline.append(session, incident_id, "note", ONCALL, "after")
    with reading(engine) as session:
        assert [entry.seq for entry in timeline.entries(session, incident_id)] == list(range(1, 9))
    assert _verify(engine, incident_id) is None


def test_appends_from_many_threads_make_one_chain(engine: Engine, incident_id: int) -> None:
    faults: list[Exception] = []

    def write(worker: int) -> None:
        for number in range(5):
            try:
                with writing(engine) as session:
                    timeline.append(
                        session, incident_id, "note", ONCALL, f"{worker}/{number}", key=f"{worker}/{number}"
                    )
            except Exception as fault:  # a thread's fault must reach the test
                faults.append(fault)

    _together(8, write)
    assert faults == []
    assert _verify(engine, incident_id) is None
    with reading(engine) as session:
        written = [entry.text for entry in timeline.entries(session, incident_id)[7:]]
    assert sorted(written) == sorted(f"{worker}/{number}" for worker in range(8) for number in range(5))


def test_the_same_cause_from_many_threads_is_written_once(engine: Engine, incident_id: int) -> None:
    written: list[bool] = []

    def write(worker: int) -> None:
        with writing(engine) as session:
            written.append(timeline.append(session, incident_id, "note", ONCALL, str(worker), key="same") is not None)

    _together(8, write)
    assert sorted(written) == [False] * 7 + [True]


def test_one_report_from_many_threads_opens_one_incident(engine: Engine) -> None:
    numbers: list[int] = []
    refused: list[Exception] = []

    def declare(worker: int) -> None:
        try:
            with writing(engine) as session:
                numbers.append(open_one(session, "declare:same").id)
        except sa.exc.IntegrityError as fault:  # the database's word where two came at the very same moment
            refused.append(fault)

    _together(8, declare)
    assert len(set(numbers)) == 1
    assert len(numbers) + len(refused) == 8
    with reading(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Incident)) == 1


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_abuse_39_any_text_is_kept_as_it_is_and_hashed(engine: Engine, text: str) -> None:
    with Session(engine) as session, session.begin():
        incident_id = session.scalars(sa.select(Incident.id)).first() or open_one(session).id
        entry = timeline.append(session, incident_id, "note", ONCALL, text, data={"quoted": text.replace("\x00", "")})
        assert entry is not None
        session.expire_all()
        assert entry.text == text.replace("\x00", "")
        assert timeline.entry_hash(entry) == entry.hash


def _together(count: int, work: Callable[[int], None]) -> None:
    """Run `work(0..count-1)` in threads that begin at the same moment."""
    start = threading.Barrier(count)

    def run(worker: int) -> None:
        start.wait()
        work(worker)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
