"""The digest in a channel: subscribed in the form, previewed, sent once, paused; a picture where charts are refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botkit import GUEST, LEAD, ONCALL, SUPPORT, Scene

from incidents.clock import now
from incidents.db import writing
from incidents.models import Timer
from incidents.subscriptions import DigestSubscription, SentDigest
from sandbox.story.fields import words_of
from sandbox.story.stage import SUPPORT_CHANNEL
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
INCIDENTS = "C0INCIDEN1"


def kinds(message: dict[str, Any]) -> set[str]:
    return {block["type"] for block in message["blocks"]}


async def digests(scene: Scene, channel: str) -> list[dict[str, Any]]:
    await scene.settled()
    return [one for one in scene.person(LEAD).messages(channel) if "AI-harm digest" in one["text"]]


async def test_a_responder_subscribes_a_channel_in_the_form(scene: Scene) -> None:
    lead = scene.person(LEAD)
    await lead.command(INCIDENTS, "digest")
    await lead.modal("Digest", "How often")
    before = len(scene.whispers(LEAD))
    await lead.submit({"weekday": "1", "zone": "Europe/Berlin", "systems": ["support-assistant"]})
    await scene.hears(LEAD, before, "Saved.", "Weekly", "Tuesday", "Europe/Berlin", "support-assistant")
    (row,) = scene.rows(DigestSubscription, DigestSubscription.channel == INCIDENTS)
    assert (row.weekday, row.at, row.audience) == (1, "09:00", "team")
    (timer,) = scene.rows(Timer, Timer.kind == "digest", Timer.fired_at.is_(None))
    assert timer.due_at > now()


async def test_a_zone_that_does_not_exist_is_refused_in_its_field(scene: Scene) -> None:
    lead = scene.person(LEAD)
    await lead.command(INCIDENTS, "digest")
    await lead.submit({"zone": "Europe/Atlantis"})
    assert lead.top
    assert "no time zone" in json.dumps(lead.top["errors"])
    await lead.close()


async def test_whoever_is_no_responder_cannot_subscribe(scene: Scene) -> None:
    support = scene.person(SUPPORT)
    await support.command(SUPPORT_CHANNEL, "digest")
    before = len(scene.whispers(SUPPORT))
    await support.submit()
    await scene.hears(SUPPORT, before, "Only responders")
    assert not scene.rows(DigestSubscription, DigestSubscription.channel == SUPPORT_CHANNEL)


async def test_a_guest_is_shown_no_form(scene: Scene) -> None:
    guest = scene.person(GUEST)
    await guest.command("C0GENERAL1", "digest preview")
    await scene.settled()
    assert not await digests(scene, "C0GENERAL1")


async def test_a_preview_is_for_one_persons_eyes(scene: Scene) -> None:
    before = len(scene.whispers(ONCALL))
    await scene.person(ONCALL).command(INCIDENTS, "digest preview")
    await scene.hears(ONCALL, before, "AI-harm digest")
    assert not [one for one in await digests(scene, INCIDENTS) if not one["ephemeral"]]


async def test_sent_by_hand_twice_it_is_posted_once_with_slacks_own_charts(scene: Scene) -> None:
    lead = scene.person(LEAD)
    await lead.command(INCIDENTS, "digest now")
    await lead.sees(INCIDENTS, "Weekly AI-harm digest")
    before = len(scene.whispers(LEAD))
    await lead.command(INCIDENTS, "digest now")
    await scene.hears(LEAD, before, "was sent here already")
    (shown,) = [one for one in await digests(scene, INCIDENTS) if not one["ephemeral"]]
    assert {"data_visualization", "data_table"} <= kinds(shown)
    sent = await until(lambda: scene.rows(SentDigest, SentDigest.sent_at.is_not(None)), "it to be noted as sent")
    assert sent[0].numbers["counts"]["total"] == 0
    assert sent[0].ts == shown["ts"]


async def test_a_paused_digest_is_not_sent_and_a_resumed_one_comes_late_and_says_so(scene: Scene) -> None:
    lead = scene.person(LEAD)
    before = len(scene.whispers(LEAD))
    await lead.command(INCIDENTS, "digest pause")
    await scene.hears(LEAD, before, "Paused")
    (row,) = scene.rows(DigestSubscription, DigestSubscription.channel == INCIDENTS)
    assert row.paused_at is not None
    await lead.command(INCIDENTS, "digest resume")
    await scene.hears(LEAD, before, "Next:")
    # As if the bot had been down over the due time of the week before the one that was sent by hand.
    with writing(scene.engine) as session:
        waiting = session.query(Timer).filter(Timer.kind == "digest", Timer.fired_at.is_(None)).all()
        timer = max(waiting, key=lambda one: one.id)
        sent = session.query(SentDigest).one()
        earlier = sent.period(row).previous
        dates = {"first": earlier.first.isoformat(), "after": earlier.after.isoformat()}
        timer.payload = {**timer.payload, **dates}
        timer.due_at = now() - timedelta(hours=7)
    shown = await lead.sees(INCIDENTS, "Late", "was due")
    assert earlier.title in shown["text"]
    assert len([one for one in await digests(scene, INCIDENTS) if not one["ephemeral"]]) == 2


async def test_a_workspace_that_refuses_charts_gets_a_picture_and_plain_tables(scene: Scene) -> None:
    scene.world.faults.set({"refuse_blocks": ["data_visualization", "data_table"]})
    try:
        lead = scene.person(LEAD)
        before = len(scene.whispers(LEAD))
        await lead.command(SUPPORT_CHANNEL, "digest")
        await lead.submit({"every": "monthly"})
        await scene.hears(LEAD, before, "Monthly")
        await lead.command(SUPPORT_CHANNEL, "digest now")
        shown = await lead.sees(SUPPORT_CHANNEL, "Monthly AI-harm digest")
    finally:
        scene.world.faults.set({"refuse_blocks": []})
    assert not {"data_visualization", "data_table"} & kinds(shown)
    (picture,) = [block for block in shown["blocks"] if block["type"] == "image"]
    assert "Severity-weighted rate" in picture["alt_text"]
    assert "Median time to" in words_of(shown)


async def test_a_button_of_another_channels_digest_changes_nothing(scene: Scene) -> None:
    """The number in a button is looked up, and must belong to the channel that the form was opened in."""
    lead = scene.person(LEAD)
    (row,) = scene.rows(DigestSubscription, DigestSubscription.channel == SUPPORT_CHANNEL)
    await lead.command(INCIDENTS, "digest")
    view = await lead.modal("Digest")
    before = len(scene.whispers(LEAD))
    await lead.act(
        "block_action",
        container={"type": "view", "view_id": view["id"]},
        block_id="digest:weekly",
        action_id="digest_pause",
        element={"type": "button", "action_id": "digest_pause", "value": str(row.id)},
        state={},
    )
    await scene.hears(LEAD, before, "another channel")
    (row,) = scene.rows(DigestSubscription, DigestSubscription.channel == SUPPORT_CHANNEL)
    assert row.paused_at is None
