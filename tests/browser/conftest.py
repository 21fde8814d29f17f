"""A world, a small Bolt app that answers in it, and the system's Chromium showing the page."""

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gallery
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.people import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from sandbox.server import World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@dataclass
class Heard:
    """What the app was told, and the errors it answers the next submission with."""

    actions: list[dict[str, Any]] = field(default_factory=list)
    submitted: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[str, str] | None = None


# One browser serves a file's tests, so they share its loop; each test has a world and pages of its own.


@pytest_asyncio.fixture(loop_scope="module")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, port=0, bot_command=(), bot_env={}) as running:
        yield running


@pytest.fixture
def slack(world: World) -> AsyncWebClient:
    return AsyncWebClient(BOT_TOKEN, base_url=f"{world.url}/api/", retry_handlers=[])


@pytest_asyncio.fixture(loop_scope="module")
async def heard(slack: AsyncWebClient) -> AsyncIterator[Heard]:
    """An app that opens the gallery's modal on its command and its shortcuts, and takes note of everything."""
    app = AsyncApp(client=slack, signing_secret=SIGNING_SECRET, process_before_response=True)
    notes = Heard()

    async def open_modal(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await slack.views_open(trigger_id=body["trigger_id"], view=gallery.MODAL)

    async def note_action(ack: Any, body: dict[str, Any]) -> None:
        notes.actions.extend(body["actions"])
        await ack()

    async def note_submission(ack: Any, view: dict[str, Any]) -> None:
        notes.submitted.append(view["state"]["values"])
        errors, notes.errors = notes.errors, None
        await (ack(response_action="errors", errors=errors) if errors else ack())

    async def listen() -> None:
        return None

    app.command("/rai-incident")(open_modal)
    app.shortcut("report_ai_harm")(open_modal)
    app.action(re.compile(".*"))(note_action)
    app.view("gallery")(note_submission)
    for event in ("message", "reaction_added", "reaction_removed", "app_home_opened"):
        app.event(event)(listen)
    handler = AsyncSocketModeHandler(app, APP_TOKEN)
    await handler.connect_async()
    yield notes
    await handler.close_async()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: the page cannot be shown")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, world: World) -> AsyncIterator[Page]:
    """The page as the support agent first sees it; an error in its console fails the test."""
    shown = await browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    faults: list[str] = []
    shown.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    shown.on("pageerror", lambda error: faults.append(str(error)))
    await shown.goto(world.url)
    await shown.locator("body.ready").wait_for()
    yield shown
    await shown.close()
    assert faults == []
