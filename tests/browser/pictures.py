"""Takes the README's pictures from the real page while the story plays: `make pictures`."""

import asyncio
import sys
import tempfile
from pathlib import Path

import exercise_pictures
import solo_picture
from playwright.async_api import Browser, async_playwright

from incidents.db import upgrade
from sandbox.play import STEPS
from sandbox.server import World
from sandbox.story import containing, reporting
from sandbox.story.stage import SUPPORT_CHANNEL, Story

FOLDER = Path(__file__).parent.parent.parent / "docs" / "pictures"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# step -> (picture, whose page, which panel)
PICTURES = {
    reporting.report: ("report", "support", "assistant"),
    containing.own_approval: ("rollback", "rai-lead", "assistant"),
    containing.mitigated: ("incident", "rai-lead", "pagerduty"),
}


async def take(browser: Browser, story: Story, name: str, handle: str, panel: str) -> None:
    """One picture of one person's page."""
    people = {person.handle: person.id for person in story.world.workspace.people.values()}
    page = await browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    channel = story.channel or SUPPORT_CHANNEL
    await page.goto(f"{story.world.url}/?as={people[handle]}#{channel}")
    await page.wait_for_selector("body.ready")
    if not await page.get_by_test_id("modal").is_visible():
        await page.get_by_test_id("guide-dismiss").click()
    await page.get_by_test_id(f"tab-{panel}").click()
    if name == "incident":
        card = page.locator(f'[data-testid=messages] [data-ts="{story.card["ts"]}"]')
        await card.evaluate("card => card.scrollIntoView({block: 'start'})")
    await page.wait_for_timeout(400)  # the page settles its scroll; a picture proves nothing
    await page.screenshot(path=FOLDER / f"{name}.png")
    await page.close()


async def main() -> None:
    """Play the story, stopping for a picture where one is wanted."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        url = f"sqlite:///{home / 'pictures.db'}"
        upgrade(url)
        command = [sys.executable, "-m", "bot", "serve", "--socket-mode", "--port", "{port}"]
        async with World(home, 0, bot_command=command, bot_env={"DATABASE_URL": url}) as world:
            await world.bot_ready()
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
                story = Story(world)
                for step in STEPS:
                    await step(story)
                    if step in PICTURES:
                        await take(browser, story, *PICTURES[step])
                await exercise_pictures.pictures(browser, FOLDER)
                await solo_picture.picture(browser, FOLDER)
                await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
