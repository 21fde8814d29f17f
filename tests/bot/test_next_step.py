"""What is next for the one who asks, and steps that are given to a colleague."""

import pytest
from botkit import LEAD, ONCALL, PRIVACY, SUPPORT, Scene

from sandbox.story.person import Person

GUEST = "U0GUEST001"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _asks_whose(person: Person, channel: str) -> None:
    """A runbook is started, and the form stands open that asks whose its first step is."""
    await person.press(channel, "contain_open")
    await person.submit({"runbook": "personal-data-in-outputs"})
    await person.sees(channel, "Save the exchange")
    await person.press(channel, "step_assign_open")


async def test_a_step_given_to_a_colleague_is_theirs_and_they_are_told_what_is_next(scene: Scene) -> None:
    number, channel = await scene.declare("It read out another customer's order")
    lead, oncall = scene.person(LEAD), scene.person(ONCALL)
    heard = len(scene.whispers(ONCALL))
    await oncall.command(channel, "next")
    await scene.hears(ONCALL, heard, f"{number}, next: Acknowledge the page")

    await _asks_whose(oncall, channel)
    await oncall.submit({"user": LEAD})
    await oncall.sees(channel, f"<@{LEAD}>, about")
    heard = len(scene.whispers(LEAD))
    await lead.press(channel, "next")
    await scene.hears(LEAD, heard, f"{number}, next: Containment step: Save the exchange")
    heard = len(scene.whispers(ONCALL))
    await oncall.command(channel, "next")
    await scene.hears(ONCALL, heard, f"{number}, next: Acknowledge the page")


async def test_a_step_cannot_be_given_to_a_guest(scene: Scene) -> None:
    _, channel = await scene.declare("Guests are not given steps")
    oncall = scene.person(ONCALL)
    await _asks_whose(oncall, channel)
    heard = len(scene.whispers(ONCALL))
    await oncall.submit({"user": GUEST})
    await scene.hears(ONCALL, heard, "full members of this workspace only")


async def test_a_step_is_given_only_to_somebody_who_can_act_on_it(scene: Scene) -> None:
    _, channel = await scene.declare("The support agent is no responder")
    oncall = scene.person(ONCALL)
    await _asks_whose(oncall, channel)
    heard = len(scene.whispers(ONCALL))
    await oncall.submit({"user": SUPPORT})
    await scene.hears(ONCALL, heard, f"<@{SUPPORT}> could not act on it")
    await oncall.press(channel, "role_open")
    await oncall.submit({"role": "communications", "user": SUPPORT})
    await oncall.sees(channel, f"<@{SUPPORT}>")
    await scene.settled()
    await oncall.press(channel, "step_assign_open")
    await oncall.submit({"user": SUPPORT})
    await oncall.sees(channel, f"<@{SUPPORT}>, about")


async def test_a_step_of_a_private_incident_makes_it_there_for_whom_it_is_given_to(scene: Scene) -> None:
    _, channel = await scene.declare("Nobody else is to know", private=True)
    oncall, privacy = scene.person(ONCALL), scene.person(PRIVACY)
    await _asks_whose(oncall, channel)
    await oncall.submit({"user": PRIVACY})
    await privacy.sees(channel, f"<@{PRIVACY}>, about")
    heard = len(scene.whispers(PRIVACY))
    await privacy.press(channel, "next")
    await scene.hears(PRIVACY, heard, "next: Containment step: Save the exchange")
