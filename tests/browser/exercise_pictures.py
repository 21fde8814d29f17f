"""Pictures of an exercise while it runs, and of the first page of its report: a part of `make pictures`."""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import Browser, FloatRect, Page, async_playwright

from incidents.db import upgrade
from sandbox.server import World
from sandbox.story.person import Person
from sandbox.story.stage import SUPPORT_CHANNEL
from sandbox.story.waiting import until

SCENARIO = "personal-data-after-model-update"
SURE = {"materialisation": "event", "ongoing": "yes", "personal_data": "others", "minors": "none", "rights_law": "no"}


class Cast:
    """Who plays."""

    def __init__(self, world: World) -> None:
        people = {person.handle: Person(world, person.id) for person in world.workspace.people.values()}
        self.support, self.on_call, self.lead = (people[name] for name in ("support", "oncall", "rai-lead"))
        self.privacy, self.comms = people["privacy"], people["comms"]


async def pictures(browser: Browser, folder: Path, *, every: bool = False) -> None:
    """Play an exercise with its panel's buttons, and take the two pictures; with `every`, one of each stage."""
    with tempfile.TemporaryDirectory() as home:
        url = f"sqlite:///{Path(home) / 'pictures.db'}"
        upgrade(url)
        command = [sys.executable, "-m", "bot", "serve", "--socket-mode", "--port", "{port}"]
        async with World(Path(home), 0, bot_command=command, bot_env={"DATABASE_URL": url}) as world:
            await world.bot_ready()
            cast = Cast(world)
            channel = await _set_up(cast)
            panel = str(cast.comms.bot_dm)
            if every:
                await _take(browser, world, cast.comms, panel, folder / "panel-ready.png")
                await _take(browser, world, cast.on_call, channel, folder / "opening.png", top=True)
            await _play(cast, channel, panel)
            await _take(browser, world, cast.on_call, channel, folder / "exercise.png")
            if every:
                await _take(browser, world, cast.comms, panel, folder / "panel.png")
                await _take(browser, world, cast.comms, panel, folder / "panel-top.png", top=True)
            await _contain(cast, channel)
            await _end(cast, channel, panel)
            if every:
                await cast.on_call.press(channel, "hot_wash_open")
                await _take(browser, world, cast.on_call, channel, folder / "hot-wash.png")
                await cast.on_call.submit({"q0": "At minute 27: no cache hits.", "anonymous": ["yes"]})
                await cast.comms.press(panel, "exercise_rate_open")
                await _take(browser, world, cast.comms, panel, folder / "rate.png")
                await cast.comms.submit()
            await cast.comms.press(panel, "exercise_report")
            report = await until(lambda: _pdf(world), "the report as PDF")
            if every:
                await cast.comms.sees(channel, "The same to print")
                await _take(browser, world, cast.lead, channel, folder / "ended.png")
                await _take(browser, world, cast.comms, panel, folder / "panel-ended.png")
            await _pages(report, folder, 9 if every else 1)


async def _set_up(cast: Cast) -> str:
    await cast.comms.command(SUPPORT_CHANNEL, f"exercise start {SCENARIO}")
    roles = {
        "commander": cast.lead,
        "on-call": cast.on_call,
        "privacy": cast.privacy,
        "communications": cast.comms,
        "support": cast.support,
        "scribe": cast.support,
    }
    length = {f"length:{SCENARIO}": "short", "speed": "10"}
    await cast.comms.submit({**length, **{f"role:{role}": [person.id] for role, person in roles.items()}})
    panel = await until(lambda: cast.comms.bot_dm, "the panel")
    await cast.comms.sees(panel, "Ready to begin")
    room = await until(lambda: cast.on_call.channel("exercise-"), "the exercise's channel")
    return str(room["id"])


async def _play(cast: Cast, channel: str, panel: str) -> None:
    await cast.comms.press(panel, "exercise_begin")
    await cast.comms.sees(channel, "The exercise begins")
    await cast.support.command(channel, "declare")
    await cast.support.submit({"what_happened": "It told a customer a stranger's address", "system": "x1-order-helper"})
    await cast.on_call.press(channel, "acknowledge")
    await cast.lead.press(channel, "role_take_commander")
    await cast.lead.press(channel, "classify_open")
    await cast.lead.submit({"harm_classes": ["H4"], **SURE, "scope": "many"})
    await cast.lead.press(channel, "assessment_confirm")
    await cast.lead.sees(channel, "confirmed *SEV1*")
    await cast.lead.sees(channel, "Say go.", within=60)
    await cast.lead.press(channel, "exercise_option_1")
    await cast.lead.sees(channel, "31 since 06:10", within=60)


async def _contain(cast: Cast, channel: str) -> None:
    await cast.on_call.sees(channel, "with a postal address not on the account", within=60)
    await cast.on_call.press(channel, "contain_open")
    await cast.on_call.submit({"runbook": "personal-data-in-outputs"})
    for seen, words in (("Save the exchange", "Told [address 1] of [customer 2]."), ("1 saved", "Model 14, no cache.")):
        await cast.on_call.sees(channel, "Personal data in outputs", seen)
        await cast.on_call.press(channel, "evidence_open")
        await cast.on_call.submit({"kind": "text", "words": words})
    await cast.on_call.press(channel, "step_decide_still-leaking")
    await cast.on_call.press(channel, "rollback_open")
    await cast.on_call.submit({"target": "model-version"})
    await cast.lead.press(channel, "rollback_approve")
    await cast.lead.sees(channel, "Done and verified")
    await cast.lead.press(channel, "mitigate")


async def _end(cast: Cast, channel: str, panel: str) -> None:
    await cast.comms.sees(channel, "The exercise is over", within=90)
    await cast.comms.press(panel, "exercise_improve_open")
    due = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    await cast.comms.submit({"text": "Write down who may purge transcripts.", "owner": cast.privacy.id, "due": due})
    await cast.comms.sees(panel, "Improvement plan")


async def _take(browser: Browser, world: World, person: Person, channel: str, file: Path, *, top: bool = False) -> None:
    page = await browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    await page.goto(f"{world.url}/?as={person.id}#{channel}")
    await page.wait_for_selector("body.ready")
    if not await page.get_by_test_id("modal").is_visible():
        await page.get_by_test_id("guide-dismiss").click()
    await page.get_by_test_id("tab-pagerduty").click()
    if top:
        await (
            page.get_by_test_id("messages")
            .locator("[data-ts]")
            .first.evaluate("message => message.scrollIntoView({block: 'start'})")
        )
    await _settled(page)
    await page.screenshot(path=file)
    await page.close()


async def _pages(report: bytes, folder: Path, wanted: int) -> None:
    """The report's pages as Chromium's own viewer shows them, which only its full mode has."""
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "report.pdf"
        file.write_bytes(report)
        async with async_playwright() as playwright:
            viewer = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags, headless=False)
            for number in range(1, wanted + 1):
                page = await viewer.new_page(viewport={"width": 900, "height": 1230})
                await page.goto(f"file://{file}#page={number}&toolbar=0&navpanes=0&view=Fit")
                await page.wait_for_timeout(2500)
                sheet: FloatRect = {"x": 12, "y": 4, "width": 861, "height": 1218}  # without the viewer's own edges
                await page.screenshot(path=folder / ("aar.png" if number == 1 else f"aar-{number}.png"), clip=sheet)
                await page.close()
            await viewer.close()


async def _settled(page: Page) -> None:
    await page.wait_for_timeout(400)  # the page settles its scroll; a picture proves nothing


def _pdf(world: World) -> bytes | None:
    files = world.workspace.files.values()
    return next((file.content for file in files if file.name.endswith(".pdf") and file.content), None)
