"""Replicas on PostgreSQL: one is killed in the middle of a declaration, another finishes it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from scene import BOT, Scene, scene

from sandbox.story.waiting import until
from sandbox.supervisor import Supervisor

ADOPTED_WITHIN = 5.0  # seconds
pytestmark = [pytest.mark.chaos, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]


@asynccontextmanager
async def second_replica(world: Scene, port: int) -> AsyncIterator[Supervisor]:
    """One more process of the bot on the same database, which Slack could reach as well."""
    other = Supervisor(BOT, world.world.bot_environment(), port, lambda: None)
    await other.start()
    try:
        await other.ready(30)
        yield other
    finally:
        await other.stop()


async def test_a_survivor_finishes_what_a_killed_replica_began(
    database_url: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with (
        scene(tmp_path / "world", database_url, socket_mode=False) as world,
        second_replica(world, unused_tcp_port),
    ):
        await world.open_form()
        with world.killed_at(2, "done") as killed:
            await world.submit()
            await until(killed, "the first replica to be killed in the middle")
            died = time.monotonic()
        assert world.unfinished()
        await world.quiet()
        assert time.monotonic() - died < ADOPTED_WITHIN
        assert not world.world.supervisor.running
        world.check_declared_once()


async def test_replicas_share_the_work_and_do_it_once(database_url: str, tmp_path: Path, unused_tcp_port: int) -> None:
    async with scene(tmp_path / "world", database_url, socket_mode=False) as world:
        first = world.world.delivery.events_url
        async with second_replica(world, unused_tcp_port):
            for turn in range(1, 5):
                second = f"http://127.0.0.1:{unused_tcp_port}/slack/events"
                world.world.delivery.events_url = first if turn % 2 else second
                await world.open_form()
                await world.submit()
                await world.quiet()
                await world.support.close()
                world.check_declared_once()


async def test_a_killed_bot_goes_on_after_its_restart(database_url: str, tmp_path: Path) -> None:
    async with scene(tmp_path / "world", database_url, socket_mode=False) as world:
        await world.open_form()
        with world.killed_at(3, "arrived") as killed:
            await world.submit()
            await until(killed, "the bot to be killed in the middle")
        await world.restart()
        await world.quiet()
        world.check_declared_once()
