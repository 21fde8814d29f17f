"""From the submit of the form to page, reporter in the channel, and everything done, over signed HTTP.

With L ms per outside call the design allows 1 L + 60 ms for the page, 2 L + 80 ms for the reporter, 4 L + 150 ms for
all. Times are the sandbox's: from the moment the submit is sent to the end of the outside call that counts.
"""

import asyncio
import time

from sandbox.server import World
from sandbox.story.person import Person
from sandbox.story.waiting import until
from tests.benchmarks.table import Row, of_milliseconds
from tests.benchmarks.worlds import databases, world_on

DECLARES = 15
LATENCIES = (150, 0)  # ms per outside call
QUIET_SECONDS = 0.8  # beyond one call: no call for so long means that everything is done


def run() -> list[Row]:
    """Rows for each database and latency."""
    with databases() as urls:
        return [row for name, url in urls.items() for row in asyncio.run(_measure(name, url))]


async def _measure(name: str, url: str) -> list[Row]:
    rows = []
    async with world_on(url) as world:
        await _declare(world, 0)  # what a process does once is not what is measured here
        for latency in LATENCIES:
            taken = [await _declare(world, latency) for _ in range(DECLARES)]
            page, reporter, everything = ([one[index] for one in taken] for index in range(3))
            label = f"declare, {name}, {latency} ms per call:"
            rows += [
                of_milliseconds(f"{label} page sent", page, latency + 60),
                of_milliseconds(f"{label} reporter in the channel", reporter, 2 * latency + 80),
                of_milliseconds(f"{label} everything done", everything, 4 * latency + 150),
            ]
    return rows


async def _declare(world: World, latency_ms: int) -> tuple[float, float, float]:
    """Milliseconds from the submit to the end of the page call, of the invitation, and of the last call."""
    support = Person(world, "U0SUPPORT1")
    world.faults.set({"latency_ms": 0})
    await support.command("C0SUPPORT1", "declare The assistant showed one customer the address of another")
    await support.fill({"system": "support-assistant", "ongoing": "yes"})
    world.faults.set({"latency_ms": latency_ms})
    world.faults.calls.clear()
    calls = world.faults.calls
    sent = time.time()
    await support.submit()

    def silent() -> bool:
        last = calls[-1]["at"] + calls[-1]["ms"] / 1000 if calls else sent
        return time.time() - last > QUIET_SECONDS + latency_ms / 1000

    await until(silent, "an end of the calls", within=30)
    ends = [(call["method"], (call["at"] - sent) * 1000 + call["ms"]) for call in calls]
    await support.close()

    def end_of(method: str) -> float:
        return next(end for name, end in ends if name == method)

    return end_of("events.enqueue"), end_of("conversations.invite"), max(end for _, end in ends)
