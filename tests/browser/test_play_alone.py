"""Playing alone through the page, from the offer to the report, with the real bot in its own process."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.demo import offered
from incidents.db import upgrade
from sandbox.server import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
PATIENCE_MS = 30_000
SCENARIO = "prompt-injection-sends-mail"


@pytest_asyncio.fixture(loop_scope="module")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The world as the demo makes it, on a database of its own."""
    url = f"sqlite:///{tmp_path / 'rai-incident.db'}"
    upgrade(url)
    command = [sys.executable, "-m", "bot", "serve", "--socket-mode", "--port", "{port}"]
    env = {"DATABASE_URL": url}
    async with World(tmp_path, port=0, bot_command=command, bot_env=env, exercises=offered()) as running:
        await running.bot_ready()
        yield running


async def test_a_newcomer_plays_alone_from_the_offer_to_the_report(page: Page) -> None:
    page.set_default_timeout(PATIENCE_MS)
    await page.get_by_test_id("guide-play").click()
    await page.get_by_test_id("solo-speed").select_option("10")
    await page.get_by_test_id(f"play-{SCENARIO}").click()

    await expect(page.get_by_test_id("person-switch")).to_contain_text("On-call engineer")
    await expect(page.get_by_test_id("channel-name")).to_contain_text("exercise-ex1", timeout=PATIENCE_MS)
    await expect(page.get_by_test_id("guide")).to_be_hidden()
    await page.locator('#messages [data-action-id="exercise_begin"]').click()

    panel = page.get_by_test_id("solo-panel")
    await expect(panel).to_contain_text("Asked of you now", timeout=PATIENCE_MS)
    await expect(page.get_by_test_id("solo-left")).to_contain_text(":")
    await panel.locator('[data-action-id="solo_hint"]').click()
    await expect(page.locator("#messages").get_by_text("Hint:").first).to_be_visible(timeout=PATIENCE_MS)
    await panel.locator('[data-action-id="exercise_pause"]').click()
    await expect(panel).to_contain_text("Paused", timeout=PATIENCE_MS)

    await panel.locator('[data-action-id="exercise_end"]').click()
    await page.get_by_test_id("confirm-yes").click()
    await expect(panel).to_contain_text("Your ratings, from the record", timeout=PATIENCE_MS)
    await expect(page.locator("#messages").get_by_text("What was really going on")).to_be_visible(timeout=PATIENCE_MS)
    report = page.get_by_test_id("panel-exercise").locator(".solo-files")
    await expect(report).to_contain_text("EX-1-after-action", timeout=PATIENCE_MS)
    await expect(page.get_by_test_id(f"play-{SCENARIO}")).to_be_visible()
