"""How fast a slash command is acknowledged: signed, saved durably, one process over HTTP, load from another process."""

import asyncio
import json
import sys
from typing import Any

from sandbox.server import World
from sandbox.story.person import Person
from sandbox.story.waiting import until
from tests.benchmarks.table import Row, of_milliseconds, p99
from tests.benchmarks.worlds import databases, world_on

SECONDS = 4
RATE = 200  # commands a second of the open loop
CLIENTS = (32, 128)


def run() -> list[Row]:
    """Rows for each database."""
    with databases() as urls:
        return [row for name, url in urls.items() for row in asyncio.run(_measure(name, url))]


async def _measure(name: str, url: str) -> list[Row]:
    rows = []
    async with world_on(url) as world:
        channel = await _incident_channel(world)
        await _load(world, channel, 8, 1)  # connections, caches and compiled statements are there
        steady = await _load(world, channel, 64, SECONDS, RATE)
        label = f"acknowledgement, {name}, {RATE} a second"
        rows.append(of_milliseconds(f"{label}: median", steady["milliseconds"]))
        rows.append(Row(f"{label}: p99", p99(steady["milliseconds"]), "ms", 50))
        for clients in CLIENTS:
            full = await _load(world, channel, clients, SECONDS)
            rate = (len(full["milliseconds"]) - full["refused"]) / full["seconds"]
            label = f"acknowledgement, {name}, {clients} clients: sustained"
            rows.append(Row(label, rate, "/s", 2000, at_least=True))
    return rows


async def _incident_channel(world: World) -> str:
    support, oncall = Person(world, "U0SUPPORT1"), Person(world, "U0ONCALL01")
    await support.command("C0SUPPORT1", "declare Something to write notes about")
    await support.submit({"system": "support-assistant"})
    channel = await until(lambda: oncall.channel("inc-1-"), "the incident's channel")
    return str(channel["id"])


async def _load(world: World, channel: str, clients: int, seconds: float, per_second: float | None = None) -> Any:
    words = [str(world.bot_port), channel, str(clients), str(seconds), *([str(per_second)] if per_second else [])]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.load", *words, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the load generator failed")
    return json.loads(printed)
