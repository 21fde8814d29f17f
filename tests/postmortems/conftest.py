"""The record of the tests: a real database file with every table, and two incidents in it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import storykit
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from incidents.db import make_engine, writing
from incidents.models import Base, Incident


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'record.db'}")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the one clock to storykit.START plus so many seconds."""

    def set_clock(seconds: float) -> None:
        moment = storykit.START + timedelta(seconds=seconds)
        for module in storykit.CLOCKED:
            monkeypatch.setattr(module, "now", lambda: moment)

    set_clock(0)
    return set_clock


@pytest.fixture
def bare(session: Session, at: Callable[[float], None]) -> Incident:
    return storykit.declare(session)


@pytest.fixture
def story(session: Session, at: Callable[[float], None]) -> Incident:
    return storykit.tell(session, at)
