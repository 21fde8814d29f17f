"""Writing to people outside the response: the real bot, the sandbox's Slack, nothing faked."""

import asyncio
import re

import pytest
from botkit import COMMS, LEAD, ONCALL, SUPPORT, Scene

from incidents.models import Incident, TimelineEntry
from sandbox.story.fields import words_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOMER = "text:H4:customer-notice"


async def _classified(scene: Scene, channel: str, *classes: str) -> None:
    """The on-call engineer says what kind of harm it is; an unanswered question counts as the worse answer."""
    lead = scene.person(LEAD)
    await lead.act("join", channel=channel)
    await lead.press(channel, "classify_open")
    await lead.fill({"harm_classes": list(classes)})
    await lead.modal()
    await lead.submit()
    await lead.press(channel, "assessment_confirm")
    await scene.settled()


async def _opened(scene: Scene, *classes: str, private: bool = False) -> tuple[str, str]:
    number, channel = await scene.declare("The assistant reads out other people's orders", private=private)
    if classes:
        await _classified(scene, channel, *classes)
    return number, channel


def _text(view: dict[str, object]) -> str:
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    return next(block["element"]["initial_value"] for block in blocks if str(block.get("block_id")).startswith("text:"))


async def test_comms_offers_the_texts_of_the_incidents_harm_classes_filled_from_the_record(scene: Scene) -> None:
    number, channel = await _opened(scene, "H4")
    on_call = scene.person(ONCALL)
    await on_call.command(channel, "comms")
    view = await on_call.modal(f"Write about {number}", "Never say", "Who is told")
    options = view["blocks"][1]["element"]["options"]
    assert {option["value"] for option in options} == {
        "H4:internal-update",
        "H4:regulator-note",
        "H4:status-page",
        "H4:customer-notice",
    }
    assert number in _text(view)
    assert "Support assistant" in _text(view)
    assert "[what was switched off or changed, and when]" in _text(view)
    assert "reads out other people's orders" not in _text(view)


async def test_choosing_another_text_replaces_the_one_shown(scene: Scene) -> None:
    number, channel = await _opened(scene, "H4")
    on_call = scene.person(ONCALL)
    await on_call.press(channel, "comms_open")
    await on_call.modal(f"Write about {number}")
    await on_call.fill({"template": "H4:customer-notice"})
    view = await on_call.modal("Legal and privacy read it")
    assert _text(view).startswith("Subject: Information about you may have been shown")


async def test_a_saved_text_is_a_draft_in_the_channel_and_on_the_timeline_under_the_writers_name(scene: Scene) -> None:
    _, channel = await _opened(scene, "H4")
    on_call = scene.person(ONCALL)
    await on_call.command(channel, "comms")
    await on_call.fill({"template": "H4:customer-notice"})
    await on_call.modal("Legal and privacy read it")
    await on_call.submit({CUSTOMER: "This was *our mistake* <!channel>, write to [where readers can write or call]."})
    shown = await on_call.sees(
        channel, "Draft: Customer notice, H4", "Not sent to anybody", "Still blank", "Look at again"
    )
    words = words_of(shown)
    assert "This was *our mistake* <!channel>, write to" in words
    assert "“our mistake” reads as an admission" in words
    assert not any(block["type"] == "section" and "<!channel>" in str(block) for block in shown["blocks"])
    entry = scene.rows(TimelineEntry, TimelineEntry.kind == "comms", TimelineEntry.actor == ONCALL)[-1]
    assert entry.text == "Drafted, not sent: Customer notice, H4 Privacy, data exposure (1 blanks left)"
    assert entry.data["template"] == "H4:customer-notice"
    assert entry.data["text"].startswith("This was *our mistake*")


async def test_personal_data_in_a_draft_is_pointed_out(scene: Scene) -> None:
    _, channel = await _opened(scene, "H4")
    on_call = scene.person(ONCALL)
    await on_call.command(channel, "comms")
    await on_call.fill({"template": "H4:internal-update"})
    await on_call.submit({"text:H4:internal-update": "Ask reporter@example.org about it."})
    await on_call.sees(channel, "personal data or a secret (email)")


async def test_without_harm_classes_the_neutral_texts_are_offered(scene: Scene) -> None:
    number, channel = await scene.declare("Something is odd")
    on_call = scene.person(ONCALL)
    await on_call.command(channel, "comms")
    view = await on_call.modal(f"Write about {number}")
    values = [option["value"] for option in view["blocks"][1]["element"]["options"]]
    with_classes = scene.rows(Incident, Incident.id == int(number.split("-")[1]))[0].harm_classes
    assert {value.split(":")[0] for value in values} == set(with_classes or ["H10"])


async def test_before_anybody_has_classified_it_the_texts_for_what_the_report_says_are_offered(scene: Scene) -> None:
    number, channel = await scene.declare("It showed an order of another customer")
    on_call = scene.person(ONCALL)
    await on_call.command(channel, "comms")
    view = await on_call.modal(f"Write about {number}", "Privacy, data exposure")
    values = [option["value"] for option in view["blocks"][1]["element"]["options"]]
    assert {value.split(":")[0] for value in values} == {"H4"}
    await on_call.close()


async def test_a_private_incident_is_offered_no_status_page(scene: Scene) -> None:
    number, channel = await scene.declare("A private matter about health", private=True)
    on_call = scene.person(ONCALL)
    await on_call.command(channel, "comms")
    view = await on_call.modal(f"Write about {number}")
    assert not any("status-page" in option["value"] for option in view["blocks"][1]["element"]["options"])


async def test_only_responders_can_write(scene: Scene) -> None:
    _, channel = await scene.declare("Something else is odd")
    reporter = scene.person(SUPPORT)
    before = len(scene.whispers(SUPPORT))
    await reporter.command(channel, "comms")
    await scene.hears(SUPPORT, before, "Only responders can do this")
    assert reporter.top is None


async def test_an_empty_text_is_refused_at_its_field(scene: Scene) -> None:
    _, channel = await _opened(scene, "H4")
    on_call = scene.person(ONCALL)
    await on_call.command(channel, "comms")
    view = await on_call.modal()
    chosen = view["blocks"][1]["element"]["initial_option"]["value"]
    await on_call.submit({f"text:{chosen}": "   "})
    top = on_call.top
    assert top is not None
    assert top["errors"] == {f"text:{chosen}": "This cannot be empty."}
    await on_call.close()


async def test_two_people_may_draft_the_same_text(scene: Scene) -> None:
    number, channel = await _opened(scene, "H4")
    writers = [scene.person(ONCALL), scene.person(COMMS)]
    await writers[1].act("join", channel=channel)
    for writer in writers:
        await writer.command(channel, "comms")
        await writer.modal(f"Write about {number}")
    await asyncio.gather(*(writer.submit() for writer in writers))
    await scene.settled()
    incident = int(re.sub(r"\D", "", number))
    drafts = scene.rows(TimelineEntry, TimelineEntry.incident_id == incident, TimelineEntry.kind == "comms")
    assert {entry.actor for entry in drafts} == {ONCALL, COMMS}
