"""Card, page and ticket of a new incident wait for nobody: whichever is late, in the end the card names them."""

import json

import pytest
from botkit import SUPPORT, SUPPORT_CHANNEL, Scene

from incidents.models import Link
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _card(scene: Scene, channel: str) -> str:
    """The channel's card, as it stands."""
    [link] = scene.rows(Link, Link.kind == "card", Link.name == channel)
    return json.dumps(scene.world.workspace.channels[channel].messages[link.external_id].blocks, ensure_ascii=False)


@pytest.mark.parametrize("late", ["pagerduty", "jira", "slack"])
async def test_the_card_names_page_and_ticket_whoever_answers_last(scene: Scene, late: str) -> None:
    scene.world.faults.set({"latency_ms": 400, "service": late})
    try:
        number, channel = await scene.declare(f"The answer of {late} is late")
    finally:
        scene.world.faults.set({"latency_ms": 0, "service": "all"})
    [ticket] = scene.rows(Link, Link.kind == "ticket", Link.incident_id == int(number[4:]))
    card = _card(scene, channel)
    assert "Paged: yes" in card
    assert f"|{ticket.external_id}>" in card
    assert [held["title"] for held in scene.world.workspace.channels[channel].bookmarks] == [
        f"Ticket {ticket.external_id}"
    ]


async def test_where_no_channel_can_be_made_the_reporter_sees_the_number_and_page_and_ticket_go_out(
    scene: Scene,
) -> None:
    before = {link.id for link in scene.rows(Link)}
    scene.world.faults.set(
        {"error": {"service": "slack", "method": "conversations.create", "status": 200, "code": "restricted_action"}}
    )
    reporter = scene.person(SUPPORT)
    try:
        await reporter.command(SUPPORT_CHANNEL, "declare")
        await reporter.submit({"what_happened": "No channel for this one", "system": "support-assistant"})
        await until(lambda: "is open" in json.dumps(reporter.top, ensure_ascii=False), "the number in the form")
        await scene.settled()
    finally:
        scene.world.faults.set({"error": None})
    assert "Its channel is on the way" in json.dumps(reporter.top, ensure_ascii=False)
    await reporter.close()
    assert sorted(link.kind for link in scene.rows(Link) if link.id not in before) == ["page", "ticket"]
