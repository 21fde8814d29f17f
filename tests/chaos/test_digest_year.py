"""Three replicas over a simulated year with two outages: 52 digests, none twice, the missed ones late and saying so."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from incidents import clock, subscriptions
from incidents.db import make_engine, reading, writing
from incidents.periods import Period
from incidents.subscriptions import SentDigest
from sandbox.server import World
from sandbox.story.waiting import until
from sandbox.supervisor import Supervisor

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
CHANNEL, LEAD, TEAM = "C0INCIDEN1", "U0RAILEAD1", "T0SANDBOX1"
ZONE = "Europe/Berlin"
MONDAYS = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(52)]
# First week without any replica, and the week in which they are back. Both hold a change of the clocks.
OUTAGES = {12: 15, 41: 44}


class Year:
    """The world, three replicas on one database, and the clock that they share."""

    def __init__(self, home: Path, world: World, replicas: list[Supervisor]) -> None:
        self.world = world
        self._file = home / "clock"
        self._replicas = replicas

    def travel(self, moment: datetime) -> None:
        """It is this moment now, for every replica."""
        move(self._file, moment)

    def kill(self) -> None:
        """All of them at once, with SIGKILL."""
        for replica in self._replicas:
            replica.kill()

    async def start(self) -> None:
        """All of them, ready."""
        for replica in self._replicas:
            if not replica.running:
                await replica.ended()
            await replica.start()
        for replica in self._replicas:
            await replica.ready(60)

    def kill_at_the_next_call(self) -> None:
        """All of them, as soon as one has done something outside and before it hears of it."""

        def on_call(number: int, moment: str) -> bool:
            if moment == "done":
                self.kill()
            return moment == "done"

        self.world.faults.on_call = on_call

    def posted(self) -> list[str]:
        """The digests that stand in the channel, oldest first."""
        return [one["text"] for one in self._messages()]

    def late(self) -> list[str]:
        """Those that say that they are late."""
        return [one["text"] for one in self._messages() if "*Late*" in str(one["blocks"])]

    def _messages(self) -> list[dict[str, object]]:
        channel = next(one for one in self.world.state(LEAD)["channels"] if one["id"] == CHANNEL)
        return [one for one in channel["messages"] if "AI-harm digest" in one["text"]]


def move(file: Path, moment: datetime) -> None:
    """Move the clock that a file holds."""
    new = file.with_suffix(".new")
    new.write_text(str((moment - datetime.now(UTC)).total_seconds()), encoding="ascii")
    new.replace(file)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_three_replicas_over_a_year_with_two_outages_post_52_digests_none_twice(
    database_url: str, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    engine = make_engine(database_url)
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    move(tmp_path / "clock", start)
    with clock.travel(start - clock.now()), writing(engine) as session:
        row = subscriptions.subscribe(
            session,
            team_id=TEAM,
            channel=CHANNEL,
            every="weekly",
            weekday=0,
            at="09:00",
            zone=ZONE,
            systems=[],
            harm_classes=[],
            audience="team",
            by=LEAD,
        )
        rhythm = row.rhythm
    periods = [Period(monday - timedelta(weeks=1), monday, ZONE, "weekly") for monday in MONDAYS]

    command = (sys.executable, str(Path(__file__).with_name("warp.py")), str(tmp_path / "clock"), "serve")
    command = (*command, "--port", "{port}")
    world = World(tmp_path / "world", 0, bot_command=command, bot_env={"DATABASE_URL": database_url}, socket_mode=False)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world)
        replicas = [world.supervisor]
        for _ in range(2):
            port = unused_tcp_port_factory()
            environment = {**world.bot_environment(), "BOT_PORT": str(port)}
            other = Supervisor(command, environment, port, lambda: None)
            stack.push_async_callback(other.stop)
            replicas.append(other)
        year = Year(tmp_path, world, replicas)
        await year.start()
        down_until = -1
        for week, period in enumerate(periods):
            if week in OUTAGES:
                down_until = OUTAGES[week]
                year.kill_at_the_next_call()
            year.travel(rhythm.due(period) + timedelta(minutes=1))
            if week in OUTAGES:
                await until(lambda: not any(one.running for one in replicas), "all replicas to be killed", within=60)
                world.faults.on_call = lambda number, moment: False
            if week == down_until:
                await year.start()
            if week >= down_until:
                await until(lambda: len(year.posted()) > week, f"digest {week + 1}", year.posted, 60)  # noqa: B023
        await until(lambda: not unfinished(engine), "everything begun to be done", within=60)
        titles = Counter(year.posted())
        late = len(year.late())

    with reading(engine) as session:
        sent = session.scalars(sa.select(SentDigest).order_by(SentDigest.first)).all()
    engine.dispose()
    assert len(titles) == 52
    assert set(titles.values()) == {1}
    assert [(one.first, one.after) for one in sent] == [(period.first, period.after) for period in periods]
    assert [one.due_at for one in sent] == [rhythm.due(period) for period in periods]
    assert all(one.sent_at is not None and one.ts for one in sent)
    # The week in which they were killed may have been posted in time; the others, but the last, cannot have been.
    missed = sum(back - gone for gone, back in OUTAGES.items())
    assert missed - len(OUTAGES) <= late <= missed


def unfinished(engine: sa.Engine) -> list[str]:
    """Workflows that were begun and are not done."""
    query = sa.text("SELECT workflow_uuid FROM dbos.workflow_status WHERE status <> 'SUCCESS'")
    with reading(engine) as session:
        return list(session.scalars(query))
