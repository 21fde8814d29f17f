"""A picture of somebody who plays alone, as the demo offers it: a part of `make pictures`."""

import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, expect

from bot.demo import offered
from incidents.db import upgrade
from sandbox.server import World
from sandbox.story.person import Person

SCENARIO = "prompt-injection-sends-mail"
PLAYER = "U0ONCALL01"
PATIENCE_MS = 60_000


async def picture(browser: Browser, folder: Path) -> None:
    """Choose a scenario on the page, begin, ask for a hint: the panel counts down beside it."""
    with tempfile.TemporaryDirectory() as home:
        url = f"sqlite:///{Path(home) / 'pictures.db'}"
        upgrade(url)
        command = [sys.executable, "-m", "bot", "serve", "--socket-mode", "--port", "{port}"]
        env = {"DATABASE_URL": url}
        async with World(Path(home), 0, bot_command=command, bot_env=env, exercises=offered()) as world:
            await world.bot_ready()
            player = Person(world, PLAYER)
            page = await browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
            page.set_default_timeout(PATIENCE_MS)
            await page.goto(f"{world.url}/?as={PLAYER}")
            await page.wait_for_selector("body.ready")
            await page.get_by_test_id("guide-play").click()
            await page.get_by_test_id("solo-speed").select_option("10")
            await page.get_by_test_id(f"play-{SCENARIO}").click()
            await expect(page.get_by_test_id("channel-name")).to_contain_text("exercise-ex1", timeout=PATIENCE_MS)
            await page.locator('#messages [data-action-id="exercise_begin"]').click()
            channel = str((player.channel("exercise-") or {})["id"])
            await player.sees(channel, "The exercise begins")
            await player.press(str(player.bot_dm), "solo_hint")
            await player.sees(channel, "Hint:")
            await page.mouse.move(0, 0)
            await page.wait_for_timeout(1500)  # the page settles its scroll; a picture proves nothing
            await page.screenshot(path=folder / "solo.png")
            await page.close()
