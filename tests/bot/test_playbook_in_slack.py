"""The playbook of an incident's harm classes, as people open it."""

import pytest
from botkit import LEAD, ONCALL, SUPPORT, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_playbook_opens_once_the_kind_of_harm_is_known_and_shows_who_and_what(scene: Scene) -> None:
    number, channel = await scene.declare("It read out another customer's order")
    lead, oncall = scene.person(LEAD), scene.person(ONCALL)
    await lead.join(channel)
    heard = len(scene.whispers(LEAD))
    await lead.command(channel, "playbook")
    await scene.hears(LEAD, heard, "Nobody has said yet what kind of harm", "Classify")
    assert "playbook_open" not in lead.buttons(channel)

    await lead.press(channel, "classify_open")
    await lead.fill({"harm_classes": ["H4"]})
    await lead.modal()
    await lead.submit()
    await lead.press(channel, "assessment_confirm")
    await lead.press(channel, "role_take_commander")
    await lead.sees(channel, "is now commander")
    await oncall.press(channel, "contain_open")
    await oncall.submit({"runbook": "personal-data-in-outputs"})
    await oncall.sees(channel, "Save the exchange")
    await lead.press(channel, "playbook_open")
    view = await lead.modal(
        "Roles to fill", f"commander* (<@{LEAD}>)", "privacy* (nobody yet)", "Who is told", "Never say"
    )
    assert view["title"]["text"] == f"Playbook {number}"
    await lead.modal("1. Personal data in outputs", "0 of ")
    await lead.close()


async def test_a_private_incidents_playbook_is_not_there_for_others(scene: Scene) -> None:
    number, _ = await scene.declare("A private matter", private=True)
    answer = await scene.post(scene.command(LEAD, f"playbook {number}"))
    assert f"There is no incident {number}" in answer.text
    answer = await scene.post(scene.command(SUPPORT, f"playbook {number}"))
    assert "Nobody has said yet what kind of harm" in answer.text
