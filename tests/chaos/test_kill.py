"""kill -9 of the real bot at every boundary and at random moments of declaring and of rolling back, then a restart.

However it dies, afterwards there is one incident, channel, page, ticket, card, announcement, message to the reporter
and rollback, the timeline's chain holds, and nothing that was acknowledged is left undone.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from scene import Scene, scene

from sandbox.faults import Moment
from sandbox.story.waiting import Unmet

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MOMENTS: tuple[Moment, ...] = ("arrived", "done")
DECLARING, ROLLING_BACK = 1.0, 1.2  # seconds a workflow takes at most: random moments lie within


@ON_SQLITE
async def test_declare_killed_at_every_outside_call_leaves_one_of_everything(database_url: str, tmp_path: Path) -> None:
    async with scene(tmp_path / "world", database_url) as world:
        calls = await _at_every_call(world, "declaring", declare)
    assert calls >= 8, f"only {calls} outside calls were seen"


async def test_declare_killed_between_checkpoints_leaves_one_of_everything(database_url: str, tmp_path: Path) -> None:
    async with scene(tmp_path / "world", database_url) as world:
        trouble = []
        for more in _every(database_url, range(1, 49, 4), range(3, 49, 12)):
            await world.open_form()
            before = world.checkpoints()
            submitting = asyncio.create_task(world.submit())
            await world.kill_after_checkpoints(more, before)
            workflow = Ready(world.submit, world.check_declared_once)
            await submitting
            trouble += await _recovered(world, f"after {more} checkpoints", workflow)
    assert not trouble, "\n".join(trouble)


@ON_SQLITE
async def test_rollback_killed_at_every_outside_call_rolls_back_once(database_url: str, tmp_path: Path) -> None:
    async with scene(tmp_path / "world", database_url) as world:
        calls = await _at_every_call(world, "rolling back", roll_back)
    assert calls >= 4, f"only {calls} outside calls were seen"


@pytest.mark.parametrize("lost_answers", [0.0, 0.2], ids=["answers arrive", "one answer in five is lost"])
async def test_random_kills_over_both_workflows_do_everything_once(
    database_url: str, tmp_path: Path, lost_answers: float
) -> None:
    chosen = random.Random(20261121)
    async with scene(tmp_path / "world", database_url) as world:
        trouble = []
        for _ in _every(database_url, range(5), range(2)):
            for longest, workflow in ((DECLARING, declare), (ROLLING_BACK, roll_back)):
                ready = await workflow(world)
                if lost_answers:
                    world.world.faults.set({"lose_answer": {"probability": lost_answers}})
                delay = chosen.uniform(0, longest)
                acting = asyncio.create_task(ready.act())
                await asyncio.sleep(delay)
                world.world.kill_bot()
                await acting
                trouble += await _recovered(world, f"{delay:.3f} s after {workflow.__name__}", ready)
    assert not trouble, "\n".join(trouble)


@dataclass(frozen=True)
class Ready:
    """A workflow about to be started: what a person does, and what must hold in the end."""

    act: Callable[[], Awaitable[None]]  # nothing, where nothing is left to do
    holds: Callable[[], None]


async def declare(world: Scene) -> Ready:
    await world.open_form()
    return Ready(world.submit, world.check_declared_once)


async def roll_back(world: Scene) -> Ready:
    incident = await world.declared()
    await world.ask_for_rollback(incident)
    await world.quiet()
    return Ready(lambda: world.approve(incident), lambda: world.check_rolled_back_once(incident))


async def _at_every_call(world: Scene, what: str, workflow: Callable[[Scene], Awaitable[Ready]]) -> int:
    """Kill at the first, second, ... call until there is none left; how many there were. Fails with every trouble."""
    trouble: list[str] = []
    call = 1
    while True:
        for moment in MOMENTS:
            ready = await workflow(world)
            with world.killed_at(call, moment) as killed:
                await ready.act()
                if not await _happens(world, killed):
                    await world.quiet()
                    assert not trouble, "\n".join(trouble)
                    return call - 1
            trouble += await _recovered(world, f"{what}, call {call} {moment}", ready)
        call += 1


async def _happens(world: Scene, killed: Callable[[], bool]) -> bool:
    """Whether the kill comes before the workflow comes to rest."""
    while not killed():
        if not world.unfinished():
            return killed()
        await asyncio.sleep(0.02)
    return True


async def _recovered(world: Scene, when: str, ready: Ready) -> list[str]:
    """Restart, wait until all is done, and look; the trouble found, in words. Who got no answer, or was told to try
    again, does so."""
    await world.restart()
    try:
        await world.quiet()
        world.world.faults.set({"lose_answer": None})
        await ready.act()
        await world.quiet()
        ready.holds()
    except Unmet as unmet:
        return [f"killed {when} (INC-{world.newest()}): {unmet}"]
    return []


def _every(url: str, on_sqlite: range, on_postgresql: range) -> range:
    return on_sqlite if url.startswith("sqlite") else on_postgresql
