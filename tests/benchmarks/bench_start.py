"""Starting: time until ready, memory when idle, and what must not be imported for it."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.table import Row
from tests.benchmarks.worlds import databases, world_on

STARTS = 5
UNWANTED = ("langchain", "matplotlib", "numpy")
_IMPORTS = (
    "import sys; from bot import cli, serve; "
    f"print(' '.join(sorted({{name.partition('.')[0] for name in sys.modules if name.startswith({UNWANTED!r})}})))"
)


def run() -> list[Row | tuple[str, str]]:
    """Rows for start and memory, and the unwanted imports by name."""
    found = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True).stdout.strip()
    with databases() as urls:
        seconds, megabytes = asyncio.run(_starts(urls["SQLite"]))
    seconds.sort()
    return [
        Row("start: ready", seconds[len(seconds) // 2], "s", 2.0, p99=seconds[-1]),
        Row("start: memory when idle", megabytes, "MB", 180.0),
        ("start: imports of langchain, matplotlib, numpy", found or "none"),
    ]


async def _starts(url: str) -> tuple[list[float], float]:
    seconds = []
    async with world_on(url) as world:
        for _ in range(STARTS):
            world.kill_bot()
            await world.supervisor.ended()
            began = time.perf_counter()
            await world.start_bot()
            await world.bot_ready()
            seconds.append(time.perf_counter() - began)
        await asyncio.sleep(3)  # idle: the first sweeps have run
        return seconds, _resident_megabytes(world.supervisor.pid or 0)


def _resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not say how much memory the process has")
