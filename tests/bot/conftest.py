"""One world per file, with the real bot reached over signed HTTP."""

import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from botkit import Scene

from incidents.db import upgrade
from sandbox.server import World


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    home = tmp_path_factory.mktemp("world")
    url = f"sqlite:///{home / 'record.db'}"
    upgrade(url)
    command = [sys.executable, "-m", "bot.cli", "serve", "--port", "{port}"]
    world = World(home, 0, bot_command=command, bot_env={"DATABASE_URL": url}, socket_mode=False)
    async with world:
        await world.bot_ready()
        made = Scene(world, url)
        yield made
        made.engine.dispose()
