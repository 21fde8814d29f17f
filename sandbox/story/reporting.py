"""Steps 1 to 3: harm is seen, reported, and everybody who must know hears of it."""

import re
import time

from sandbox.story.fields import words_of
from sandbox.story.person import Refused
from sandbox.story.stage import INCIDENTS_CHANNEL, SUPPORT_CHANNEL, Story
from sandbox.story.waiting import check, until

QUESTION = "Where is my order?"
COMPLAINT = "A customer asked the assistant where their order is, and was told somebody else's order and address."
LATENCY_MS = 40  # of each outside call around a kill, so that it lands in the middle of one


async def harm(story: Story) -> str:
    answer = await story.chat(QUESTION)
    check(answer["leaked"] and answer["model_version"] == "v2", "the assistant of model v2 to leak", answer)
    return "the assistant told one customer another customer's order and address"


async def nothing_said(story: Story) -> str:
    """An empty report is refused in the form itself, and closing the form leaves nothing behind."""
    before = len(story.world.workspace.channels)
    await story.support.command(SUPPORT_CHANNEL, "declare")
    await story.support.modal("Report AI harm", "What happened?")
    try:
        await story.support.submit({"system": "support-assistant", "what_happened": "   "})
    except Refused as refusal:
        words = refusal.message
    else:
        words = ((story.support.top or {}).get("errors") or {}).get("what_happened", "")
    check(words, "an error at the empty field", "the form was taken")
    await story.support.close()
    check(len(story.world.workspace.channels) == before, "no incident from an empty report", "a channel was made")
    return f"/rai-incident declare, left empty: “{words}”"


async def report(story: Story) -> str:
    ts = await story.support.say(SUPPORT_CHANNEL, COMPLAINT)
    await story.support.shortcut("report_ai_harm", SUPPORT_CHANNEL, ts)
    view = await story.support.modal("Report AI harm", within=3)
    fields = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    check(fields == ["what_happened", "system", "ongoing", "private"], "the four fields", fields)
    prefilled = view["blocks"][0]["element"].get("initial_value")
    check(prefilled == COMPLAINT, "the message in the first field", prefilled)
    return "Report AI harm on a message opens four fields, the first one filled in"


async def submitted(story: Story) -> str:
    """Submit, and kill the bot as soon as the first needs are met: the page is out, the reporter is in the channel."""
    story.world.faults.set({"latency_ms": LATENCY_MS})
    start = time.perf_counter()
    await story.support.submit({"system": "support-assistant", "ongoing": "yes", "private": []})
    await story.support.modal("Saved")
    answered = time.perf_counter() - start
    await until(lambda: story.world.pagerduty.panel()["incidents"], "the on-call engineer to be paged")
    paged = time.perf_counter() - start
    await until(lambda: story.support.channel("inc-"), "the reporter to be in the incident's channel")
    invited = time.perf_counter() - start
    await story.kill_and_restart()
    story.world.faults.set({"latency_ms": 0})
    return (
        f"submitted: answered in {answered:.2f} s, paged in {paged:.2f} s, reporter in the channel in {invited:.2f} s; "
        "then the bot is killed, and started again"
    )


async def opened(story: Story) -> str:
    dm = await until(lambda: story.support.bot_dm, "a direct message to the reporter")
    words = words_of(await story.support.sees(dm, "is open", "provisional"))
    number = re.search(r"INC-\d+", words)
    check(number and "*SEV2* provisional because scope is unknown" in words, "SEV2, scope unknown", words)
    check(number and re.search(r"<#C\w+>", words), "a link to the channel", words)
    story.number = number[0] if number else ""
    channel = await until(lambda: story.on_call.channel(f"{story.number.lower()}-"), "the on-call engineer in it")
    story.channel = channel["id"]
    return f"{story.number} is open, SEV2 provisional because scope is unknown; its channel is #{channel['name']}"


async def everybody_knows(story: Story) -> str:
    await until(lambda: story.world.jira.panel()["issues"], "a Jira ticket")
    await story.comms.sees(INCIDENTS_CHANNEL, story.number)
    await story.card_shows(story.number, "SEV2 provisional", "Paged: yes", "Ticket:")
    members = story.world.workspace.channels[story.channel].members
    check({story.support.id, story.on_call.id} <= set(members), "reporter and on-call engineer in the channel", members)
    check([one["assigned"] for one in story.pages] == [["On-call engineer"]], "one page, to on-call", story.pages)
    need = [_first(story, "events.enqueue"), _first(story, "conversations.invite"), _first(story, "pins.add")]
    check(need == sorted(need), "page and reporter before the rest", need)
    once(story)
    return "page, channel, both people, pinned card, ticket and announcement are there, each exactly once"


def once(story: Story) -> None:
    """Nothing exists twice: channels, tickets, pages by key, messages by key."""
    prefix = f"{story.number.lower()}-"
    channels = [one.name for one in story.world.workspace.channels.values() if one.name.startswith(prefix)]
    check(len(channels) == 1, "one channel", channels)
    tickets = [one["summary"] for one in story.world.jira.panel()["issues"] if story.number in one["summary"].split()]
    check(len(tickets) == 1, "one ticket", tickets)
    pages = [page["dedup_key"] for page in story.pages]
    check(len(pages) == len(set(pages)), "one page for each reason", pages)
    for channel in (story.channel, INCIDENTS_CHANNEL):
        keys = [message["metadata_key"] for message in story.on_call.messages(channel) if message.get("metadata_key")]
        check(len(keys) == len(set(keys)), "each message once", sorted(keys))


def _first(story: Story, method: str) -> float:
    return min((call["at"] for call in story.world.faults.calls if call["method"] == method), default=float("inf"))
