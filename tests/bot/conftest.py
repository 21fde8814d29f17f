"""One world per file, with the real bot reached over signed HTTP."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from botkit import Scene, staged


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    home = tmp_path_factory.mktemp("world")
    async with staged(home, f"sqlite:///{home / 'record.db'}") as made:
        yield made
