"""SQLite inside one process: writers take turns, and there is a median.

SQLite lets a second writer wait by sleeping and looking again, up to 100 ms at a time; with a dozen threads of one
process writing, that sleep is most of what a step takes. A lock hands the turn over at once. Other processes (the
command line) still wait in SQLite's own way, which stays switched on.

A median in SQL takes a sort with window functions, three times as long as gathering the values and sorting them here.
"""

import sqlite3
import threading
from statistics import median
from typing import Any

MEDIAN = "median"  # the function's name in SQL: of numbers, None where there is none
WAIT_SECONDS = 30.0  # then SQLite's own rules decide
_WRITES = ("BEGIN IMMEDIATE", "INSERT", "UPDATE", "DELETE", "REPLACE")
_turns: dict[str, threading.Lock] = {}


class _Cursor(sqlite3.Cursor):
    connection: "TurnTaking"

    def execute(self, sql: str, *parameters: Any) -> "_Cursor":
        with self.connection.turn(sql):
            super().execute(sql, *parameters)
        return self

    def executemany(self, sql: str, *parameters: Any) -> "_Cursor":
        with self.connection.turn(sql):
            super().executemany(sql, *parameters)
        return self


class TurnTaking(sqlite3.Connection):
    """The `factory` of a connection: from a transaction's first write to its end the process's other writers wait."""

    def __init__(self, database: str, *arguments: Any, **options: Any) -> None:
        super().__init__(database, *arguments, **options)
        self._turn = _turns.setdefault(str(database), threading.Lock())
        self._mine = False
        self.create_aggregate(MEDIAN, 1, _Median)

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _Cursor)

    def turn(self, sql: str) -> "_Turn":
        """Around one statement: takes the turn where it writes."""
        return _Turn(self, sql)

    def commit(self) -> None:
        super().commit()
        self.leave()

    def rollback(self) -> None:
        super().rollback()
        self.leave()

    def close(self) -> None:
        super().close()
        self.leave()

    def enter(self) -> None:
        """Wait for the turn."""
        if not self._mine:
            self._mine = self._turn.acquire(timeout=WAIT_SECONDS)

    def leave(self) -> None:
        """Give the turn to the next."""
        if self._mine:
            self._mine = False
            self._turn.release()


class _Turn:
    def __init__(self, connection: TurnTaking, sql: str) -> None:
        self._connection = connection
        self._writes = sql.lstrip()[:15].upper().startswith(_WRITES)

    def __enter__(self) -> None:
        if self._writes:
            self._connection.enter()

    def __exit__(self, *_: object) -> None:
        if not self._connection.in_transaction:
            self._connection.leave()


class _Median:
    """What SQLite calls for each row of a group, and at its end."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def step(self, value: float | None) -> None:
        if value is not None:
            self._values.append(value)

    def finalize(self) -> Any:
        return median(self._values) if self._values else None
