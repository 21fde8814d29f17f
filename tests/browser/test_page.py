"""The sandbox's page, in a real browser, against the real server and a small Bolt app."""

import json
from typing import Any

import gallery
import pytest
from playwright.async_api import Browser, Locator, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.server import World

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]
SUPPORT_CHANNEL, GENERAL_CHANNEL = "C0SUPPORT1", "C0GENERAL1"


def block(page: Page, block_id: str) -> Locator:
    return page.locator(f'[data-block-id="{block_id}"]')


async def open_modal(page: Page) -> Locator:
    await page.get_by_test_id("composer").fill("/rai-incident declare")
    await page.get_by_test_id("composer").press("Enter")
    modal = page.get_by_test_id("modal")
    await modal.wait_for()
    return modal


async def choose(page: Page, block_id: str, *options: str) -> None:
    await block(page, block_id).locator("button.select").click()
    for option in options:
        await page.get_by_role("option", name=option).click()


def types_in(node: Any) -> set[str]:
    """Every `type` that stands anywhere in these blocks."""
    if isinstance(node, list):
        return set().union(*map(types_in, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    return {str(node["type"])} | types_in(list(node.values())) if "type" in node else types_in(list(node.values()))


async def test_every_block_of_a_message_is_drawn(page: Page, slack: AsyncWebClient) -> None:
    for name, blocks in gallery.MESSAGES.items():
        posted = await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text=name, blocks=blocks)
        message = page.locator(f'[data-ts="{posted["ts"]}"]')
        await message.wait_for()
        assert await message.locator(".unknown-block").count() == 0
        drawn = await message.locator("[data-block-id]").evaluate_all("nodes => nodes.map(node => [...node.classList])")
        missing = {one["type"] for one in blocks} - {kind.removeprefix("block-") for kinds in drawn for kind in kinds}
        assert missing == set()


async def test_the_gallery_leaves_no_block_out(world: World) -> None:
    known = {
        "header", "section", "context", "actions", "divider", "image", "rich_text", "video", "table", "data_table",
        "data_visualization", "markdown", "card", "carousel", "container", "plan", "task_card", "context_actions",
    }  # fmt: skip
    assert known <= types_in(list(gallery.MESSAGES.values()))
    assert {"input", "alert"} <= types_in(gallery.MODAL)


async def test_text_from_outside_never_becomes_markup(page: Page, slack: AsyncWebClient) -> None:
    hostile = "<script>window.owned=1</script><img src=x onerror=window.owned=1> <javascript:window.owned=1|press>"
    await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text=hostile.replace("<script", "&lt;script"))
    markdown = [{"type": "markdown", "text": "<img src=x onerror=window.owned=1> [press](javascript:window.owned=1)"}]
    posted = await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="plain", blocks=markdown)
    await page.locator(f'[data-ts="{posted["ts"]}"]').wait_for()
    assert await page.evaluate("window.owned") is None
    assert await page.locator('#messages a[href^="javascript"], #messages img, #messages script').count() == 0


async def test_a_button_tells_the_app(page: Page, slack: AsyncWebClient, heard: Any) -> None:
    await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="actions", blocks=gallery.ACTIONS)
    await page.locator('[data-action-id="contain"]').click()
    await expect(page.locator('[data-action-id="contain"].pending')).to_have_count(0)
    assert [action["value"] for action in heard.actions] == ["contain"]


async def test_a_dangerous_button_asks_first(page: Page, slack: AsyncWebClient, heard: Any) -> None:
    await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="actions", blocks=gallery.ACTIONS)
    await page.locator('[data-action-id="rollback"]').click()
    await page.get_by_test_id("confirm-deny").click()
    assert heard.actions == []
    await page.locator('[data-action-id="rollback"]').click()
    await page.get_by_test_id("confirm-yes").click()
    await expect(page.get_by_test_id("confirm")).to_have_count(0)
    await expect(page.locator('[data-action-id="rollback"].pending')).to_have_count(0)
    assert [action["action_id"] for action in heard.actions] == ["rollback"]


async def test_a_button_says_when_no_app_answers(page: Page, slack: AsyncWebClient) -> None:
    await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="actions", blocks=gallery.ACTIONS)
    await page.locator('[data-action-id="contain"]').click()
    await expect(page.get_by_role("alert").filter(has_text="not responding")).to_be_visible(timeout=8000)


async def test_a_data_table_sorts_filters_and_turns_pages(page: Page, slack: AsyncWebClient) -> None:
    await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="table", blocks=gallery.DATA_TABLE)
    table = block(page, "open-actions")
    first = table.locator("tbody tr").first
    await table.get_by_role("button", name="Days open").click()
    await expect(first).to_contain_text("INC-11")
    await table.get_by_role("button", name="Next page").click()
    await expect(first).to_contain_text("INC-12")
    await table.get_by_role("searchbox").fill("runbook")
    await expect(table.locator("tbody tr")).to_have_count(1)
    await expect(first).to_contain_text("INC-7")


async def test_a_submitted_modal_carries_what_was_filled_in(page: Page, heard: Any) -> None:
    modal = await open_modal(page)
    await block(page, "what").locator("textarea").fill("Somebody else's order was shown")
    await choose(page, "system", "Support assistant")
    await choose(page, "others", "Search ranking", "Fraud score")
    await page.keyboard.press("Escape")
    await block(page, "on").get_by_label("Not sure").check()
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_have_count(0)
    values = heard.submitted[0]
    assert values["what"]["v"]["value"] == "Somebody else's order was shown"
    assert values["system"]["v"]["selected_option"]["value"] == "support-assistant"
    assert [one["value"] for one in values["others"]["v"]["selected_options"]] == ["search-ranking", "fraud-score"]
    assert values["commander"]["v"]["selected_user"] == "U0RAILEAD1"
    assert values["onset"]["v"]["selected_date_time"] == 1763700000


async def test_a_modal_names_what_is_missing_and_sends_nothing(page: Page, heard: Any) -> None:
    await open_modal(page)
    await page.get_by_test_id("modal-submit").click()
    await expect(page.locator('[data-error-for="what"]')).to_have_text("Please complete this required field.")
    await expect(block(page, "what").locator("textarea")).to_be_focused()
    assert heard.submitted == []


async def test_a_modal_keeps_its_input_when_the_app_refuses_it(page: Page, heard: Any) -> None:
    await open_modal(page)
    heard.errors = {"title": "This title is taken."}
    await block(page, "what").locator("textarea").fill("Typed once")
    await choose(page, "system", "Search ranking")
    await block(page, "on").get_by_label("Yes").check()
    await page.get_by_test_id("modal-submit").click()
    await expect(page.locator('[data-error-for="title"]')).to_have_text("This title is taken.")
    await expect(block(page, "what").locator("textarea")).to_have_value("Typed once")
    await expect(block(page, "system").locator("button.select")).to_contain_text("Search ranking")


async def test_a_modal_keeps_its_input_while_the_world_changes(page: Page, slack: AsyncWebClient, heard: Any) -> None:
    await open_modal(page)
    text = block(page, "what").locator("textarea")
    await text.press_sequentially("half a sen")
    posted = await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="meanwhile")
    await page.locator(f'[data-ts="{posted["ts"]}"]').wait_for(state="attached")
    await text.press_sequentially("tence")
    await expect(text).to_have_value("half a sentence")


async def test_escape_closes_the_modal_and_tab_stays_inside(page: Page, heard: Any) -> None:
    modal = await open_modal(page)
    await page.get_by_test_id("modal-submit").focus()
    await page.keyboard.press("Tab")
    assert await modal.evaluate("dialog => dialog.contains(document.activeElement)")
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)


async def test_a_message_shortcut_is_reached_by_keyboard(page: Page, slack: AsyncWebClient, heard: Any) -> None:
    posted = await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="The assistant showed an address")
    await page.locator(f'[data-ts="{posted["ts"]}"]').focus()
    await page.keyboard.press("m")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await page.get_by_test_id("shortcut-report_ai_harm").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("modal-title")).to_have_text("Everything to fill in")


async def test_control_k_jumps_to_a_channel(page: Page) -> None:
    await page.keyboard.press("Control+k")
    await page.keyboard.type("gener")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("channel-name")).to_contain_text("general")


async def test_the_composer_completes_commands_and_people(page: Page) -> None:
    composer = page.get_by_test_id("composer")
    await composer.fill("/rai")
    await expect(page.get_by_role("option", name="/rai-incident")).to_be_visible()
    await composer.press("Tab")
    await expect(composer).to_have_value("/rai-incident ")
    await composer.fill("")
    await composer.press_sequentially("hello @onc")
    await composer.press("Enter")
    await expect(composer).to_have_value("hello @oncall ")
    await composer.press("Enter")
    await expect(page.locator('.mention[data-user="U0ONCALL01"]')).to_have_text("@On-call engineer")


async def test_another_person_sees_only_their_own_channels(page: Page) -> None:
    await expect(page.get_by_test_id("channel-support")).to_be_visible()
    await page.get_by_test_id("person-switch").click()
    await page.get_by_test_id("person-contractor").click()
    await expect(page.get_by_test_id("person-switch")).to_contain_text("Outside contractor")
    await expect(page.get_by_test_id("channel-support")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_test_id("person-switch")).to_contain_text("Outside contractor")


async def test_an_ephemeral_message_is_shown_to_one_person(page: Page, slack: AsyncWebClient) -> None:
    await slack.chat_postEphemeral(channel=SUPPORT_CHANNEL, user="U0SUPPORT1", text="for you alone")
    await expect(page.get_by_text("Only visible to you")).to_be_visible()
    await page.get_by_test_id("person-switch").click()
    await page.get_by_test_id("person-oncall").click()
    await expect(page.get_by_text("for you alone")).to_have_count(0)


async def test_a_reply_opens_beside_the_channel(page: Page, slack: AsyncWebClient) -> None:
    posted = await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="the parent")
    await slack.chat_postMessage(channel=SUPPORT_CHANNEL, thread_ts=posted["ts"], text="the reply")
    await page.get_by_test_id("thread-link").click()
    await expect(page.get_by_test_id("thread").get_by_text("the reply")).to_be_visible()
    await page.get_by_test_id("thread-composer-text").fill("one more")
    await page.get_by_test_id("thread-composer-text").press("Enter")
    await expect(page.get_by_test_id("thread-link")).to_contain_text("2 replies")


async def test_a_reaction_is_given_and_taken_back(page: Page, slack: AsyncWebClient) -> None:
    posted = await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="react to this")
    await slack.reactions_add(channel=SUPPORT_CHANNEL, timestamp=posted["ts"], name="eyes")
    eyes = page.locator('[data-reaction="eyes"]')
    await eyes.click()
    await expect(eyes).to_have_attribute("aria-pressed", "true")
    await eyes.click()
    await expect(eyes).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_text_keeps_its_contrast(page: Page, slack: AsyncWebClient, theme: str) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text="text", blocks=gallery.TEXT)
    await expect(page.get_by_text("personal data to the wrong person").first).to_be_visible()
    await page.get_by_test_id("theme").click()
    await page.get_by_test_id(f"theme-{theme}").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", theme)
    weak: list[Any] = []
    for _ in range(30):  # colours move for a moment when the theme changes: what counts is where they come to rest
        weak = await page.evaluate(CONTRAST)
        if not weak:
            break
        await page.wait_for_timeout(100)
    assert weak == [], json.dumps(weak, indent=1)


# Each visible text against the ground painted behind it; WCAG AA asks for 4.5, or 3 for large text.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const style = getComputedStyle(node);
      if (style.backgroundImage !== "none") return null;
      const color = rgba(style.backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const weak = [];
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !node.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (node.closest(".sr-only, .emoji, [aria-disabled=true], script, noscript, svg, option")) continue;
    const style = getComputedStyle(node), behind = ground(node);
    if (!behind) continue;
    const [a, b] = [light(rgba(style.color)), light(behind)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) weak.push([text.slice(0, 30), ratio.toFixed(2), node.className]);
  }
  return weak;
}"""


async def test_the_leak_is_marked_and_can_be_posted(page: Page) -> None:
    await page.get_by_test_id("provoke-leak").click()
    await expect(page.get_by_test_id("leak")).to_be_visible()
    await page.get_by_test_id("post-to-support").click()
    await expect(page.get_by_test_id("messages")).to_contain_text("another customer's order and address")


async def test_a_fault_is_switched_on_and_off(page: Page, slack: AsyncWebClient) -> None:
    await page.get_by_test_id("tab-faults").click()
    switch = page.get_by_test_id("fault-error")
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "true")
    await page.get_by_test_id("faults-off").click()
    await expect(switch).to_have_attribute("aria-checked", "false")


async def test_the_rail_remembers_that_it_was_closed(page: Page) -> None:
    await page.get_by_role("button", name="Close the outside world").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Open the outside world")).to_be_visible()
    await page.get_by_test_id("tab-jira").click()
    await expect(page.get_by_test_id("panel-jira")).to_be_visible()


async def test_the_page_fits_a_narrow_window(browser: Browser, world: World) -> None:
    page = await browser.new_page(viewport={"width": 1000, "height": 700})
    await page.goto(world.url)
    await page.locator("body.ready").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1000
    await expect(page.get_by_test_id("composer")).to_be_in_viewport()


async def test_the_guide_can_be_dismissed_and_called_back(page: Page) -> None:
    await page.get_by_test_id("guide-dismiss").click()
    await page.reload()
    await expect(page.get_by_test_id("guide")).to_be_hidden()
    await page.get_by_test_id("help").click()
    await page.get_by_test_id("guide-show").click()
    await expect(page.get_by_test_id("guide")).to_be_visible()


async def test_a_suggested_question_of_the_apps_pane_is_asked_with_one_press(
    page: Page, world: World, slack: AsyncWebClient
) -> None:
    await page.get_by_test_id("app-home").click()
    await page.get_by_test_id("open-assistant").click()
    await expect(page.get_by_test_id("thread")).to_be_visible()
    [(channel, thread)] = world.workspace.threads
    where = {"channel_id": channel, "thread_ts": thread}
    await slack.assistant_threads_setSuggestedPrompts(**where, prompts=[{"title": "Tiers", "message": "Which tier?"}])
    await slack.assistant_threads_setStatus(**where, status="reads the handbook")
    await expect(page.get_by_text("rai-incident reads the handbook")).to_be_visible()
    await page.get_by_test_id("prompt").click()
    await expect(page.get_by_test_id("thread").get_by_text("Which tier?")).to_be_visible()
    await expect(page.get_by_test_id("prompt")).to_have_count(0)
    await slack.assistant_threads_setTitle(**where, title="About tiers")
    await expect(page.locator("#thread-channel")).to_have_text("About tiers")
