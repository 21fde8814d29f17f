"""The record of the tests: a real database file with every table, and two incidents in it."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import storykit
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from incidents.db import make_engine, writing
from incidents.models import Base, Incident


@pytest.fixture(scope="session")
def empty_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with every table, copied for each test."""
    return _file(tmp_path_factory.mktemp("empty"), lambda session: None)


@pytest.fixture(scope="session")
def told_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the whole story in it: telling it takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        set_clock = _clock(patch)
        return _file(tmp_path_factory.mktemp("told"), lambda session: storykit.tell(session, set_clock))


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The record with the story where a test asks for the story, else with none."""
    record = request.getfixturevalue("told_record" if "story" in request.fixturenames else "empty_record")
    engine = make_engine(f"sqlite:///{shutil.copy(record, tmp_path / 'record.db')}")
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the one clock to storykit.START plus so many seconds."""
    return _clock(monkeypatch)


@pytest.fixture
def bare(session: Session, at: Callable[[float], None]) -> Incident:
    return storykit.declare(session)


@pytest.fixture
def story(session: Session, at: Callable[[float], None]) -> Incident:
    at(storykit.TOLD)
    return session.scalars(sa.select(Incident)).one()


def _clock(patch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def set_clock(seconds: float) -> None:
        moment = storykit.START + timedelta(seconds=seconds)
        for module in storykit.CLOCKED:
            patch.setattr(module, "now", lambda: moment)

    set_clock(0)
    return set_clock


def _file(folder: Path, fill: Callable[[Session], object]) -> Path:
    engine = make_engine(f"sqlite:///{folder / 'record.db'}")
    Base.metadata.create_all(engine)
    with writing(engine) as session:
        fill(session)
    engine.dispose()  # the last to close the file writes its log into it
    return folder / "record.db"
