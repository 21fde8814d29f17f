"""`rai-incident demo`: the sandbox's world with the real bot beside it. The one place that starts the sandbox."""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import typer

from bot.settings import Settings
from incidents.db import upgrade
from playbooks.scenario import load_scenarios
from sandbox.play import play
from sandbox.server import World
from sandbox.supervisor import NotReady


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
        bot_command=[sys.executable, "-m", "bot", "serve", "--socket-mode", "--port", "{port}"],
        bot_env={"DATABASE_URL": url},
        exercises=offered(),
    )
    _cancelled_by_signals()
    try:
        async with world:
            await world.bot_ready()
            if unattended:
                return 0 if await play(world, typer.echo) else 1
            typer.echo(f"\n  Open {world.url} in your browser. Ctrl+C ends it.\n")
            await asyncio.Event().wait()
            return 0
    except asyncio.CancelledError:
        return 0 if not unattended else 130
    except NotReady as error:
        typer.echo(f"rai-incident: {error}", err=True)
        return 1
    except OSError as error:
        typer.echo(
            f"rai-incident: port {port} cannot be used ({error.strerror}). Choose another with --port.", err=True
        )
        return 2


def offered() -> list[dict[str, Any]]:
    """The shipped scenarios as the page offers them to somebody who plays alone."""
    return [
        {
            "id": scenario.id,
            "title": scenario.title,
            "about": f"{', '.join(scenario.harm_classes)} · {scenario.systems[0].name}, tier {scenario.tier}",
            "minutes": scenario.minutes,
            "short": scenario.short.minutes if scenario.short else None,
        }
        for scenario in sorted(load_scenarios().scenarios.values(), key=lambda each: each.title)
    ]


def _cancelled_by_signals() -> None:
    """Ctrl+C and SIGTERM leave the world properly, so that the bot's process ends with it."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
