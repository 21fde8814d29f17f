"""Bad input: a clear message to the person who gave it, and nothing changed in the record."""

import pytest
from botkit import COMMS, GUEST, LEAD, ONCALL, SUPPORT, Scene, interaction

from incidents.models import Incident, TimelineEntry
from sandbox.people import SIGNING_SECRET
from sandbox.story.person import Refused
from sandbox.story.stage import SUPPORT_CHANNEL
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
CARD_BUTTONS = ("acknowledge", "mitigate", "role_take_commander", "role_take_scribe")
CARD_FORMS = ("classify_open", "contain_open", "update_open", "resolve_open", "role_open", "note_open")


async def _refused(scene: Scene, user_id: str, text: str, *words: str, channel: str = SUPPORT_CHANNEL) -> str:
    """Type a command that is refused in these words to this person only, and leaves the record as it was."""
    before, heard = scene.record(), len(scene.whispers(user_id))
    await scene.person(user_id).command(channel, text)
    said = await scene.hears(user_id, heard, *words)
    await scene.settled()
    assert scene.record() == before
    assert len(scene.whispers(user_id)) == heard + 1, "one clear message, not two"
    return said


# typed


async def test_an_unknown_subcommand_is_named_and_the_known_ones_are_listed(scene: Scene) -> None:
    said = await _refused(scene, ONCALL, "frobnicate INC-1", "There is no `frobnicate`", "Nothing was changed")
    assert "`/rai-incident declare [what happened]`" in said


@pytest.mark.parametrize(
    "verb", ["status", "ack", "mitigated", "classify", "contain", "resolve", "reopen", "postmortem"]
)
async def test_an_unknown_incident_is_refused(scene: Scene, verb: str) -> None:
    await _refused(scene, ONCALL, f"{verb} INC-999", "There is no incident INC-999", "Nothing was changed")


@pytest.mark.parametrize("verb", ["ack", "mitigated", "classify", "update", "note", "note words", "role", "resolve"])
async def test_a_command_outside_an_incidents_channel_says_where_to_go(scene: Scene, verb: str) -> None:
    await _refused(scene, ONCALL, verb, "This works in an incident's channel")


async def test_what_is_no_number_of_an_incident_is_refused_without_saying_it_back(scene: Scene) -> None:
    said = await _refused(scene, ONCALL, "status <!channel> of <https://evil.invalid|it>", "not the number")
    assert "evil" not in said


async def test_a_command_that_names_another_incident_than_the_channels_is_refused(scene: Scene) -> None:
    here, channel = await scene.declare("named here")
    other, _ = await scene.declare("named elsewhere")
    await _refused(scene, ONCALL, f"ack {other}", f"This is the channel of {here}", channel=channel)


async def test_a_command_may_name_its_own_channels_incident(scene: Scene) -> None:
    here, channel = await scene.declare("named in its own channel")
    await scene.person(ONCALL).command(channel, f"ack {here}")
    await until(lambda: scene.rows(Incident, Incident.id == int(here[4:]))[0].acknowledged_at, "acknowledged")


async def test_a_command_over_two_lines_is_read(scene: Scene) -> None:
    number, channel = await scene.declare("two lines")
    await scene.person(ONCALL).command(channel, "note\nfirst line\nsecond line")
    await scene.settled()
    texts = [row.text for row in scene.rows(TimelineEntry, TimelineEntry.incident_id == int(number[4:]))]
    assert "first line\nsecond line" in texts


# long and empty


@pytest.mark.parametrize("verb", ["note", "declare", "status"])
async def test_a_command_of_100_000_characters_is_refused_with_the_rule(scene: Scene, verb: str) -> None:
    await _refused(scene, ONCALL, f"{verb} {'x' * 100_000}", "100,000 characters long; 3,000 fit", "Nothing was saved")


async def test_one_word_of_100_000_characters_is_an_unknown_subcommand(scene: Scene) -> None:
    said = await _refused(scene, ONCALL, "x" * 100_000, "There is no `xxx")
    assert len(said) < 3000


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u202e\u00ad", "\n\t\n"])
async def test_an_empty_report_is_refused_at_its_field(scene: Scene, text: str) -> None:
    before, reporter = scene.record(), scene.person(SUPPORT)
    await reporter.command(SUPPORT_CHANNEL, "declare")
    try:
        await reporter.submit({"what_happened": text, "system": "support-assistant"})
        words = (await reporter.modal())["errors"]["what_happened"]
    except Refused as refused:  # Slack itself asks for a required field
        words = refused.message
    assert words
    await reporter.close()
    await scene.settled()
    assert scene.record() == before


async def test_a_form_of_100_000_characters_is_refused_by_the_bot_too(scene: Scene) -> None:
    before, reporter = scene.record(), scene.person(SUPPORT)
    await reporter.command(SUPPORT_CHANNEL, "declare a customer saw an order")
    with pytest.raises(Refused):
        await reporter.submit({"what_happened": "x" * 100_000, "system": "support-assistant"})
    assert scene.record() == before
    # past Slack's own check, as a client of another's making could send it
    await reporter.submit({"what_happened": "short"})
    await scene.settled()
    forged = scene.delivered()
    forged["view"]["id"] += "F"
    forged["view"]["state"]["values"]["what_happened"]["value"]["value"] = "x" * 100_000
    before = scene.record()
    answer = (await scene.post(interaction(forged))).json()
    assert answer["response_action"] == "errors"
    assert "100,000 characters long; 3,000 fit" in answer["errors"]["what_happened"]
    await scene.settled()
    assert scene.record() == before
    await reporter.close()


async def test_an_empty_note_update_and_reason_are_refused_at_their_fields(scene: Scene) -> None:
    _, channel = await scene.declare("empty fields")
    oncall, before = scene.person(ONCALL), scene.record()
    for button, block in (("note_open", "note"), ("update_open", "update")):
        await oncall.press(channel, button)
        await oncall.modal()
        try:
            await oncall.submit({block: "\u200b"})
            words = (await oncall.modal())["errors"][block]
        except Refused as refused:
            words = refused.message
        assert words
        await oncall.close()
    await scene.settled()
    assert scene.record() == before


# the request itself


async def test_a_wrong_signature_changes_nothing(scene: Scene) -> None:
    body = scene.command(ONCALL, "declare x")
    before = scene.record()
    answer = await scene.post(body, {**scene.headers(body), "X-Slack-Signature": "v0=" + SIGNING_SECRET})
    assert (answer.status_code, answer.text) == (401, "The signature header is malformed.")
    assert scene.record() == before


@pytest.mark.parametrize("state", ["used", "expired", "unknown"])
async def test_a_trigger_that_opens_nothing_any_more_is_explained(scene: Scene, state: str) -> None:
    body = scene.command(ONCALL, "declare x", **({"trigger_id": "1.2.3"} if state == "unknown" else {}))
    trigger = next(reversed(scene.world.triggers._issued.values()))
    trigger.used = state == "used"
    trigger.issued -= 4 if state == "expired" else 0
    before = scene.record()
    answer = await scene.post(body)
    assert "Nothing was saved" in answer.text
    assert ("too little time" in answer.text) == (state != "unknown")
    assert scene.record() == before
    assert scene.person(ONCALL).top is None


# an incident that is over


async def test_a_resolved_incident_takes_nothing_but_a_reopening(scene: Scene) -> None:
    number, channel = await scene.declare("over")
    oncall = scene.person(ONCALL)
    old = {name: await scene.press_body(ONCALL, channel, name) for name in (*CARD_BUTTONS, *CARD_FORMS)}
    await oncall.press(channel, "mitigate")
    await oncall.sees(channel, "the harm has stopped")
    await oncall.press(channel, "resolve_open")
    await oncall.modal("Still missing")
    await oncall.submit({"summary": "It was rolled back.", "anyway": ["yes"]})
    await oncall.sees(channel, "is resolved")
    await scene.settled()
    await until(lambda: "reopen_open" in oncall.buttons(channel), "the card to offer reopening")
    await oncall.sees(channel, "A postmortem draft")
    await _quiet(scene)
    before = scene.record()
    for name, payload in old.items():  # a card that somebody's screen still shows
        if name == "note_open":
            continue
        heard = len(scene.whispers(ONCALL))
        assert (await scene.post(interaction(payload))).status_code == 200
        await scene.hears(ONCALL, heard, f"{number} is resolved, so nothing was changed. Reopen it")
    for verb in ("ack", "mitigated", "update", "classify", "contain", "resolve", "role"):
        await _refused(scene, ONCALL, verb, f"{number} is resolved", channel=channel)
    await scene.settled()
    assert scene.record() == before
    assert oncall.top is None


# strangers


@pytest.mark.parametrize(("who", "words"), [(GUEST, "Only full members"), (SUPPORT, "Only responders")])
async def test_a_stranger_pressing_any_button_of_the_card_is_told_why_and_changes_nothing(
    scene: Scene, who: str, words: str
) -> None:
    _, channel = await scene.declare("strangers", by=COMMS)
    await _quiet(scene)
    before = scene.record()
    for name in (*CARD_BUTTONS, *CARD_FORMS):
        heard = len(scene.whispers(who))
        payload = await scene.press_body(who, channel, name)
        assert (await scene.post(interaction(payload))).status_code == 200
        await scene.hears(who, heard, words, "Nothing was changed")
        assert scene.person(who).top is None, name
    await scene.settled()
    assert scene.record() == before


@pytest.mark.parametrize(
    "verb", ["ack", "mitigated", "note x", "classify", "update", "contain", "resolve", "postmortem"]
)
async def test_a_stranger_typing_in_the_channel_is_told_why_and_changes_nothing(scene: Scene, verb: str) -> None:
    if not scene.rows(Incident, Incident.description == "typed at by strangers"):
        await scene.declare("typed at by strangers", by=COMMS)
        await _quiet(scene)
    number = scene.rows(Incident, Incident.description == "typed at by strangers")[0].number
    channel = scene.person(ONCALL).channel(f"{number.lower()}-")
    assert channel is not None
    await scene.person(SUPPORT).join(channel["id"])
    await _refused(scene, SUPPORT, verb.replace("-", " "), "Only responders", channel=channel["id"])


async def test_a_person_removed_from_the_responders_is_refused_and_changes_nothing(scene: Scene) -> None:
    _, channel = await scene.declare("no answer about responders")
    await _quiet(scene)
    before = scene.record()
    scene.world.workspace.usergroups["S0RESPOND1"].users.remove(LEAD)
    try:
        heard = len(scene.whispers(LEAD))
        payload = await scene.press_body(LEAD, channel, "acknowledge")
        payload["actions"][0] |= {"action_id": "assessment_second", "value": f"{payload['actions'][0]['value']}:1"}
        assert (await scene.post(interaction(payload))).status_code == 200
        await scene.hears(LEAD, heard, "Only responders")
    finally:
        scene.world.workspace.usergroups["S0RESPOND1"].users.append(LEAD)
    await scene.settled()
    assert scene.record() == before


async def _quiet(scene: Scene) -> None:
    """Wait until what follows a declaration (its links, its card) is in the record: two equal looks in a row."""
    await scene.settled()
    last = [scene.record()]

    def still() -> bool:
        now = scene.record()
        same = now == last[0]
        last[0] = now
        return same

    await until(still, "the record to come to rest")
