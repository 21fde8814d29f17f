"""A running world without a bot of its own, people who act in it, and a Bolt app to answer them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from worldkit import People, over_http, over_socket

from sandbox.people import BOT_TOKEN, SIGNING_SECRET
from sandbox.server import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, port=0, bot_command=(), bot_env={}) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def people(world: World, http: aiohttp.ClientSession) -> People:
    return People(world.url, http)


@pytest.fixture
def slack(world: World) -> AsyncWebClient:
    return AsyncWebClient(BOT_TOKEN, base_url=f"{world.url}/api/", retry_handlers=[])


@pytest.fixture
def bolt(slack: AsyncWebClient) -> AsyncApp:
    """An app without listeners; a test adds its own."""
    return AsyncApp(client=slack, signing_secret=SIGNING_SECRET, process_before_response=True)


@pytest.fixture(params=["http", "socket"])
def connect(request: pytest.FixtureRequest) -> Any:
    """Both ways a bot may be reached."""
    return over_http if request.param == "http" else over_socket
