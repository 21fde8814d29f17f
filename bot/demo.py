"""`rai-incident demo`: the sandbox's world with the real bot beside it. The one place that starts the sandbox."""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import typer

from bot.settings import Settings
from incidents.db import upgrade
from sandbox.play import play
from sandbox.server import World


def run(settings: Settings, port: int, *, play: bool) -> int:
    """Run the demo until interrupted, or play the story; the exit code."""
    with tempfile.TemporaryDirectory(prefix="rai-incident-demo-") as folder:
        return asyncio.run(_run(settings, Path(folder), port, unattended=play))


async def _run(settings: Settings, home: Path, port: int, *, unattended: bool) -> int:
    # A database of one's own is kept between demos; without one, each demo starts from nothing.
    given = "database_url" in settings.model_fields_set
    url = settings.database_url if given else f"sqlite:///{home / 'rai-incident.db'}"
    upgrade(url)
    world = World(
        home,
        0 if unattended else port,
        bot_command=[sys.executable, "-m", "bot.cli", "serve", "--socket-mode", "--port", "{port}"],
        bot_env={"DATABASE_URL": url},
    )
    try:
        async with world:
            await world.bot_ready()
            if unattended:
                return 0 if await play(world, typer.echo) else 1
            typer.echo(f"\n  Open {world.url} in your browser. Ctrl+C ends it.\n")
            await _interrupted()
            return 0
    except OSError as error:
        typer.echo(
            f"rai-incident: port {port} cannot be used ({error.strerror}). Choose another with --port.", err=True
        )
        return 2


async def _interrupted() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
