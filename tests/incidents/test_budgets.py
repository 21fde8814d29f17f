"""A daily allowance is one for all replicas and new every day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from incidents import budgets
from incidents.db import writing


def test_an_allowance_ends_after_so_many_uses(session: Session) -> None:
    assert [budgets.spend(session, "calls", 3) for _ in range(5)] == [True, True, True, False, False]


def test_allowances_of_other_names_are_their_own(session: Session) -> None:
    assert budgets.spend(session, "calls", 1)
    assert budgets.spend(session, "mails", 1)


def test_an_allowance_of_nothing_allows_nothing(session: Session) -> None:
    assert not budgets.spend(session, "calls", 0)


def test_the_next_day_begins_anew(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert budgets.spend(session, "calls", 1)
    assert not budgets.spend(session, "calls", 1)
    monkeypatch.setattr(budgets, "now", lambda: datetime(2999, 1, 1, tzinfo=UTC))
    assert budgets.spend(session, "calls", 1)


def test_replicas_at_once_share_one_allowance(engine: Engine) -> None:
    def take(_: int) -> bool:
        with writing(engine) as session:
            return budgets.spend(session, "calls", 7)

    with ThreadPoolExecutor(8) as replicas:
        assert sum(replicas.map(take, range(24))) == 7
