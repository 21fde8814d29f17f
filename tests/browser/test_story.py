"""The story through the page: three people in three windows, the real bot in its own process, killed on the way."""

import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Response, expect

from incidents.db import upgrade
from sandbox.server import World

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]
PATIENCE_MS = 30_000
ANSWERS = {"materialisation": "event", "ongoing": "yes", "scope": "many", "personal_data": "others", "minors": "none"}


@pytest_asyncio.fixture(loop_scope="module")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A world with the real bot in it, on a database of its own."""
    url = f"sqlite:///{tmp_path / 'rai-incident.db'}"
    upgrade(url)
    command = [sys.executable, "-m", "bot", "serve", "--socket-mode", "--port", "{port}"]
    async with World(tmp_path, port=0, bot_command=command, bot_env={"DATABASE_URL": url}) as running:
        await running.bot_ready()
        yield running


class Window:
    """One person's page: what they press, choose and type, and what they read."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE_MS)

    async def go(self, channel: str) -> None:
        """Open a channel from the sidebar, joining it first where they are not in it."""
        mine, joinable = self.page.get_by_test_id(f"channel-{channel}"), self.page.get_by_test_id(f"join-{channel}")
        await mine.or_(joinable).first.click()
        await expect(self.page.get_by_test_id("channel-name")).to_contain_text(channel)

    async def press(self, action_id: str) -> None:
        """Press the newest button with this action, and wait until the bot has heard of it."""
        button = self.page.locator(f'#messages [data-action-id="{action_id}"]').last
        # The answer itself, not the button's look: a message that is edited meanwhile gets a new button.
        async with self.page.expect_response(_pressed, timeout=PATIENCE_MS):
            await button.click()
            if await self.page.get_by_test_id("confirm").count():
                await self.page.get_by_test_id("confirm-yes").click()

    async def form(self, action_id: str, title: str) -> None:
        """Press a button that opens a form; once more where a busy machine let Slack's three seconds pass."""
        heading = self.page.get_by_test_id("modal-title").filter(has_text=title)
        late = self.page.locator("#messages").get_by_text("please press again")
        said = await late.count()
        await self.press(action_id)
        await expect(heading.or_(late.nth(said))).to_be_visible(timeout=PATIENCE_MS)
        if not await heading.count():
            await self.press(action_id)
        await expect(heading).to_be_visible(timeout=PATIENCE_MS)

    async def write(self, block_id: str, text: str) -> None:
        """Type into a field of the form."""
        await self._block(block_id).locator("textarea, input").first.fill(text)

    async def choose(self, block_id: str, value: str) -> None:
        """Choose from a menu of the form."""
        await self._block(block_id).locator("button.select").click()
        await self.page.locator(f'[role="option"][data-value="{value}"]').click()

    async def submit(self) -> None:
        """Submit the form, and wait until it is gone."""
        await self.page.get_by_test_id("modal-submit").click()
        await expect(self.page.get_by_test_id("modal")).to_have_count(0, timeout=PATIENCE_MS)

    async def panel(self, name: str) -> Locator:
        """A panel of the outside world."""
        await self.page.get_by_test_id(f"tab-{name}").click()
        return self.page.get_by_test_id(f"panel-{name}")

    async def reads(self, *words: str) -> None:
        """Wait until one message of the open channel has all these words."""
        message = self.page.locator('#messages [data-testid="message"]')
        for word in words:
            message = message.filter(has_text=word)
        await expect(message.first).to_be_visible(timeout=PATIENCE_MS)

    def _block(self, block_id: str) -> Locator:
        return self.page.get_by_test_id("modal").locator(f'[data-block-id="{block_id}"]')


@pytest.fixture
def support(page: Page) -> Window:
    return Window(page)


def _pressed(response: Response) -> bool:
    return response.url.endswith("/sandbox/act") and '"block_action"' in (response.request.post_data or "")


async def _window(browser: Browser, world: World, user: str) -> Window:
    page = await browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    await page.goto(f"{world.url}/?as={user}")
    await page.locator("body.ready").wait_for()
    return Window(page)


async def test_three_people_take_an_incident_from_harm_to_postmortem_draft(
    support: Window, browser: Browser, world: World
) -> None:
    on_call, lead = await _window(browser, world, "U0ONCALL01"), await _window(browser, world, "U0RAILEAD1")

    await _reported(support)
    channel = await _opened(support)
    await on_call.go(channel)
    await lead.go(channel)
    await _classified(lead)
    await _contained(on_call)
    await _rolled_back(on_call, lead)
    await _finished(on_call)
    await _resolved(lead)


async def _reported(support: Window) -> None:
    """The assistant leaks; the answer goes to #support, and from there into the four fields."""
    page = support.page
    assistant = await support.panel("assistant")
    await assistant.get_by_test_id("provoke-leak").click()
    await expect(assistant.get_by_test_id("leak")).to_be_visible()
    await assistant.get_by_test_id("post-to-support").click()
    await support.go("support")
    message = page.locator('#messages [data-testid="message"]').last
    await message.hover()
    await message.get_by_test_id("message-more").click()
    await page.get_by_test_id("shortcut-report_ai_harm").click()
    await expect(page.get_by_test_id("modal-title")).to_contain_text("Report AI harm")
    await expect(page.locator('[data-block-id="what_happened"] textarea')).not_to_have_value("")
    await page.locator('[data-block-id="ongoing"]').get_by_label("Yes").check()
    await page.get_by_test_id("modal-submit").click()


async def _opened(support: Window) -> str:
    """The form says what was opened; the page is out, the ticket is there. The incident's channel by name."""
    page = support.page
    modal = page.get_by_test_id("modal")
    await expect(modal).to_contain_text("INC-1 is open", timeout=PATIENCE_MS)
    await expect(modal).to_contain_text("SEV2 provisional because scope is unknown")
    await page.get_by_test_id("modal-close").click()
    channel = "inc-1-support-assistant"
    await support.go(channel)
    await support.reads("SEV2 provisional", "Paged: yes", "RAI-1")
    await expect((await support.panel("pagerduty")).get_by_test_id("pagerduty-incident")).to_have_count(1)
    await expect((await support.panel("jira")).get_by_test_id("jira-issue")).to_have_count(1)
    return channel


async def _classified(lead: Window) -> None:
    await lead.press("role_take_commander")
    await lead.form("classify_open", "Classify INC-1")
    await lead.choose("harm_classes", "H4")
    await lead.page.keyboard.press("Escape")
    for fact, answer in ANSWERS.items():
        await lead.choose(fact, answer)
    await lead.submit()
    await lead.reads("give SEV1", "What would change it")
    await lead.press("assessment_confirm")
    await lead.reads("confirmed SEV1")
    await expect((await lead.panel("pagerduty")).get_by_test_id("pagerduty-incident")).to_have_count(2)


async def _contained(on_call: Window) -> None:
    await on_call.press("acknowledge")
    await on_call.form("contain_open", "Contain INC-1")
    await on_call.submit()
    for title in ("Save the exchange that leaked", "Save what Support assistant was running"):
        await on_call.reads("Personal data in outputs", f"{title} (")
        await on_call.form("evidence_open", "Save evidence")
        await on_call.write("words", "Model v2. Asked: where is my order? Answered with [address 1] of [customer 2].")
        await on_call.submit()
    await on_call.reads("Is it still leaking? (")
    await on_call.press("step_decide_still-leaking")


async def _rolled_back(on_call: Window, lead: Window) -> None:
    """Planned by one, approved by another; the bot is killed on the page the moment the approval is in."""
    await on_call.form("rollback_open", "Plan a rollback")
    await expect(on_call.page.get_by_role("radio")).to_have_count(5)
    await expect(on_call.page.get_by_role("radio").first).to_be_checked()
    await on_call.submit()
    await on_call.reads("Rollback plan", "v2 → v1")
    await on_call.press("rollback_approve")
    await on_call.reads("another responder has to approve it")

    await lead.reads("Rollback plan", "v2 → v1")
    await lead.press("rollback_approve")
    bot = await lead.panel("bot")
    await bot.get_by_test_id("kill-bot").click()
    await bot.get_by_test_id("start-bot").click()
    await expect(bot.get_by_test_id("bot-restarts")).to_have_text("1", timeout=PATIENCE_MS)
    await lead.reads("Done and verified", "v2 → v1")
    await lead.reads("INC-1", "Proposed: mitigated", "Has the harm stopped?")

    assistant = await lead.panel("assistant")
    await expect(assistant.get_by_test_id("assistant-model")).to_contain_text("v1")
    await assistant.get_by_test_id("provoke-leak").click()
    await expect(assistant.get_by_text("I cannot find order")).to_be_visible()
    await expect(assistant.get_by_test_id("leak")).to_have_count(0)
    await lead.press("mitigate")  # Confirm, where the bot proposes it: resolving waits for a person's word
    await lead.reads("confirms that the harm has stopped", "INC-1 is mitigated")


async def _finished(on_call: Window) -> None:
    """The rest of the runbook. The current step is the one whose owner stands behind it, in brackets."""
    await on_call.press("step_decide_stopped")
    await on_call.reads("Find out whose data went to whom, and since when (")
    await on_call.form("evidence_open", "Save evidence")
    await on_call.write("words", "41 people's data seen by 38 accounts since the deployment of v2.")
    await on_call.submit()
    for title in (
        "Limit the copies of what leaked",
        "Tell privacy what is known",
        "Turn the failing words into a test that stays",
    ):
        await on_call.reads(f"{title} (")
        await on_call.press("step_done")
    await on_call.reads("Every step has been dealt with")


async def _resolved(lead: Window) -> None:
    await lead.form("resolve_open", "Resolve INC-1")
    onset = datetime.now().astimezone() - timedelta(minutes=20)
    await lead.write("onset", onset.strftime("%Y-%m-%dT%H:%M"))
    await lead.write("summary", "Model v2 never checked whose order it was; v1 does.")
    await lead.submit()
    await lead.reads("INC-1 is resolved", "TTD", "TTA", "TTM", "TTR")
    await lead.reads("INC-1-postmortem-draft-1.md")
