"""Abuse cases of the issue by their numbers, against the real bot process over signed HTTP."""

import asyncio
import json
import time
from typing import Any

import pytest
from botkit import COMMS, GUEST, LEAD, NASTY_TEXTS, ONCALL, PRIVACY, SUPPORT, Scene, every_text, interaction

from incidents.models import Incident, Link, Milestone, TimelineEntry
from sandbox.story.person import Refused
from sandbox.story.stage import INCIDENTS_CHANNEL, SUPPORT_CHANNEL
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _log(scene: Scene) -> str:
    return "\n".join(scene.world.supervisor.log)


# 1, 2, 4: the door


async def test_abuse_01_a_wrong_signature_is_refused_and_its_body_not_logged(scene: Scene) -> None:
    body = scene.command(ONCALL, "note customer-secret-4711")
    before = scene.record()
    headers = {**scene.headers(body), "X-Slack-Signature": "v0=" + "0" * 64}
    answer = await scene.post(body, headers)
    assert answer.status_code == 401
    await scene.settled()
    assert scene.record() == before
    assert "customer-secret-4711" not in _log(scene)
    assert "refused a request" in _log(scene)


async def test_abuse_01_a_body_changed_after_signing_is_refused(scene: Scene) -> None:
    body = scene.command(ONCALL, "help")
    answer = await scene.post(body.replace(b"help", b"list"), scene.headers(body))
    assert answer.status_code == 401


@pytest.mark.parametrize("seconds", [-301, 62])
async def test_abuse_02_an_old_or_future_request_is_refused_though_rightly_signed(scene: Scene, seconds: int) -> None:
    body = scene.command(ONCALL, "help")
    answer = await scene.post(body, scene.headers(body, time.time() + seconds))
    assert answer.status_code == 401


SIGNED_NONSENSE = {
    "nothing": b"",
    "a form without a command": b"a=1&b=2",
    "a payload that is not JSON": b"payload=%7Bnot-json",
    "a payload that is a list": b"payload=%5B1%2C2%5D",
    "a payload that is null": b"payload=null",
    "a payload of no type": b"payload=%7B%7D",
    "an action without a user": interaction({"type": "block_actions", "actions": [{"action_id": "acknowledge"}]}),
    "a submit without a view": interaction({"type": "view_submission", "user": {"id": ONCALL}}),
    "JSON of another kind": b"[1, 2, 3]",
    "an event without an event": b'{"type": "event_callback"}',
    "deep JSON": b'{"a":' * 20_000,
    "invalid UTF-8": b"text=\xff\xfe",
    "lone surrogates": interaction({"type": "block_actions", "user": {"id": "\ud83d"}, "actions": []}),
}


@pytest.mark.parametrize("name", SIGNED_NONSENSE)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json"])
async def test_abuse_04_signed_nonsense_is_answered_without_a_500_or_a_traceback(
    scene: Scene, name: str, kind: str
) -> None:
    body = SIGNED_NONSENSE[name]
    answer = await scene.post(body, {**scene.headers(body), "Content-Type": kind})
    assert answer.status_code in (200, 400, 401, 404), answer.text
    assert "Traceback" not in answer.text
    assert "Traceback" not in _log(scene)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"X-Slack-Request-Timestamp": "abc"}, 400),
        ({"X-Slack-Signature": "v0=ä".encode()}, 401),
        ({"X-Slack-Signature": ""}, 401),
    ],
)
async def test_abuse_04_bent_headers_are_refused(scene: Scene, changed: dict[str, Any], status: int) -> None:
    body = scene.command(ONCALL, "help")
    assert (await scene.post(body, {**scene.headers(body), **changed})).status_code == status


async def test_abuse_04_missing_headers_are_refused(scene: Scene) -> None:
    assert (await scene.post(b"text=x", {"Content-Type": "text/plain"})).status_code == 401


async def test_abuse_04_ten_megabytes_are_refused_and_the_bot_lives(scene: Scene) -> None:
    body = b"text=" + b"x" * 10_000_000
    assert (await scene.post(body)).status_code == 413
    assert (await scene.post(scene.command(ONCALL, "help"))).status_code == 200


# 3, 44: once


async def test_abuse_03_one_submit_sent_five_times_opens_one_incident(scene: Scene) -> None:
    reporter = scene.person(SUPPORT)
    await reporter.command(SUPPORT_CHANNEL, "declare It showed an order. case-03-submit")
    await reporter.submit({"system": "support-assistant"})
    again = scene.world.delivery.last["interactive"]
    answers = await asyncio.gather(*(scene.post(again.body, again.headers) for _ in range(4)))
    for answer in answers:
        assert answer.status_code == 200
        assert "received already" in json.dumps(answer.json())
    await scene.settled()
    assert len(scene.rows(Incident, Incident.description.contains("case-03-submit"))) == 1
    await reporter.close()


async def test_abuse_03_one_command_sent_at_once_many_times_is_done_once(scene: Scene) -> None:
    _, channel = await scene.declare("case-03-command")
    body = scene.command(ONCALL, "note written once", channel)
    answers = await asyncio.gather(*(scene.post(body) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert sum("received already" in answer.text for answer in answers) == 7
    await scene.settled()
    assert len(scene.rows(TimelineEntry, TimelineEntry.text == "written once")) == 1


async def test_abuse_03_one_press_sent_at_once_many_times_is_done_once(scene: Scene) -> None:
    number, channel = await scene.declare("case-03-press")
    before = len(scene.whispers(ONCALL))
    body = interaction(await scene.press_body(ONCALL, channel, "acknowledge"))
    answers = await asyncio.gather(*(scene.post(body) for _ in range(6)))
    assert [answer.status_code for answer in answers] == [200] * 6
    await scene.hears(ONCALL, before, "received already")
    await scene.settled()
    stamps = scene.rows(Milestone, Milestone.name == "acknowledged", Milestone.incident_id == int(number[4:]))
    assert len(stamps) == 1


async def test_abuse_44_a_retried_event_has_one_effect_and_is_acknowledged_in_time(scene: Scene) -> None:
    _, channel = await scene.declare("case-44")
    writer = scene.person(ONCALL)
    ts = await writer.say(channel, "The kill switch is at hand, case-44.")
    await writer.react(channel, ts, "pushpin")
    sent = scene.world.delivery.last["events_api"]
    start = time.monotonic()
    for number, reason in enumerate(("http_timeout", "http_error", "connection_failed"), start=1):
        headers = {**sent.headers, "X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        assert (await scene.post(sent.body, headers)).status_code == 200
    assert time.monotonic() - start < 3
    await scene.settled()
    pinned = scene.rows(TimelineEntry, TimelineEntry.text.contains("case-44."))
    assert len(pinned) == 1
    assert pinned[0].actor == ONCALL


async def test_abuse_44_the_acknowledgement_comes_in_time_while_slack_and_pagerduty_are_slow(scene: Scene) -> None:
    scene.world.faults.set({"latency_ms": 1500})
    try:
        reporter = scene.person(SUPPORT)
        # the form itself is one call of Slack's, so it is opened before the clock runs
        await reporter.command(SUPPORT_CHANNEL, "declare case-44-slow")
        start = time.monotonic()
        await reporter.submit({"system": "support-assistant"})
        assert time.monotonic() - start < 1
        assert len(scene.rows(Incident, Incident.description == "case-44-slow")) <= 1
    finally:
        scene.world.faults.set({"latency_ms": 0})
    await until(lambda: scene.rows(Incident, Incident.description == "case-44-slow"), "the incident")
    await scene.settled()
    await reporter.close()


# 12, 15, 16: who, and what they name


async def test_abuse_12_a_button_edited_to_another_incident_is_refused(scene: Scene) -> None:
    mine, channel = await scene.declare("case-12-mine")
    other, _ = await scene.declare("case-12-other")
    hidden, _ = await scene.declare("case-12-hidden", private=True)
    for wanted in (other, hidden, "INC-999999", "INC-0", "INC-abc", "INC-1;DROP"):
        payload = await scene.press_body(LEAD, channel, "acknowledge")
        payload["actions"][0]["value"] = wanted.removeprefix("INC-")
        before, heard = scene.record(), len(scene.whispers(LEAD))
        assert (await scene.post(interaction(payload))).status_code == 200
        said = await scene.hears(LEAD, heard, "othing was changed")
        await scene.settled()
        assert scene.record() == before, wanted
        assert hidden not in said or "or it is not yours to see" in said
        assert mine in said or "There is no incident" in said or "not the number" in said


@pytest.mark.parametrize(
    "where", ['{"incident":%d}', '{"incident":%d,"channel":""}', '{"incident":"x"}', "{}", "not json", "[]"]
)
async def test_abuse_12_a_forms_metadata_edited_to_another_incident_is_refused(scene: Scene, where: str) -> None:
    _, channel = await scene.declare("case-12-form")
    hidden, _ = await scene.declare("case-12-form-hidden", private=True)
    lead = scene.person(LEAD)
    await lead.join(channel)
    await lead.press(channel, "note_open")
    view = await lead.modal("record know")
    await lead.submit({"note": "case-12 forged"})
    await scene.settled()
    forged = scene.delivered()
    forged["view"] |= {
        "private_metadata": where % int(hidden[4:]) if "%d" in where else where,
        "id": f"{view['id']}F",
    }
    before = scene.record()
    assert (await scene.post(interaction(forged))).status_code == 200
    await scene.settled()
    assert scene.record() == before


async def test_abuse_12_a_button_of_another_workspace_is_refused(scene: Scene) -> None:
    _, channel = await scene.declare("case-12-team")
    payload = await scene.press_body(ONCALL, channel, "acknowledge")
    payload["user"]["team_id"] = payload["team"]["id"] = "T0ELSEWHERE"
    before = scene.record()
    assert (await scene.post(interaction(payload))).status_code == 200
    await scene.settled()
    assert scene.record() == before


async def test_abuse_15_a_guest_reports_nothing_and_is_told_whom_to_ask(scene: Scene) -> None:
    before, heard = scene.record(), len(scene.whispers(GUEST))
    guest = scene.person(GUEST)
    for text in ("", "declare help", "list"):
        await guest.command("C0GENERAL1", text)
        assert guest.top is None
    assert len(scene.whispers(GUEST)) == heard + 3
    assert all("Only full members" in said and "Ask a colleague" in said for said in scene.whispers(GUEST)[heard:])
    assert scene.record() == before


async def test_abuse_15_the_bot_itself_an_unknown_person_and_another_workspace_change_nothing(scene: Scene) -> None:
    _, channel = await scene.declare("case-15")
    before = scene.record()
    for changed in ({"user_id": "U0RAIBOT01"}, {"user_id": "U0NOBODY99"}, {"team_id": "T0ELSEWHERE"}):
        answer = await scene.post(scene.command(PRIVACY, "mitigated", channel, **changed))
        assert answer.status_code == 200
    await scene.settled()
    assert scene.record() == before


async def test_abuse_16_a_private_and_an_absent_incident_are_refused_in_the_same_words(scene: Scene) -> None:
    hidden, _ = await scene.declare("case-16", private=True)
    _, other_channel = await scene.declare("case-16-other")
    said = {}
    for channel in (SUPPORT_CHANNEL, other_channel):
        for verb in ("status", "classify", "ack", "mitigated", "contain", "resolve", "reopen", "postmortem"):
            for number in (hidden, "INC-987654"):
                answer = await scene.post(scene.command(COMMS, f"{verb} {number}", channel))
                said[channel, verb, number] = answer.text.replace(number, "INC-n")
            assert said[channel, verb, hidden] == said[channel, verb, "INC-987654"], verb
            assert "There is no incident INC-n" in said[channel, verb, hidden]


async def test_abuse_26_a_private_incident_pages_without_a_word_about_it_and_has_no_ticket(scene: Scene) -> None:
    pages, tickets = scene.world.pagerduty.panel, scene.world.jira.panel
    known, before = {one["id"] for one in pages()["incidents"]}, tickets()
    hidden, channel = await scene.declare("case-26 her file", private=True)
    await scene.person(ONCALL).command(channel, "ack")
    await scene.settled()
    assert tickets() == before
    [page] = [one for one in pages()["incidents"] if one["id"] not in known]
    assert page["status"] == "acknowledged"
    [link] = scene.rows(Link, Link.kind == "page", Link.incident_id == int(hidden[4:]))
    told = json.dumps(page) + link.external_id
    for word in (hidden, hidden.replace("INC-", "inc-"), "SEV", "harm", "case-26", "ssistant"):
        assert word not in told, (word, told)
    assert hidden[4:] not in link.external_id.split(":"), "the key that PagerDuty is given would number it"


async def test_abuse_16_an_incident_of_this_workspace_is_not_there_for_another(scene: Scene) -> None:
    number, _ = await scene.declare("case-16-foreign")
    answer = await scene.post(scene.command(ONCALL, f"status {number}", team_id="T0ELSEWHERE"))
    assert "case-16-foreign" not in answer.text
    assert number not in answer.text or "not yours to see" in answer.text


# 17, 18, 39: text


HOSTILE = "case-17 <!channel> <!here> <@U0RAILEAD1> <https://evil.invalid|Approve> <!subteam^S0RESPOND1> https://evil.invalid/x"


def _harmless(scene: Scene, allowed: set[str]) -> None:
    """Nobody is notified by the report's words, and no link leads to its address, in anything the bot ever wrote."""
    for channel in scene.world.workspace.channels.values():
        for message in [*channel.messages.values(), *channel.ephemeral]:
            if message.user != "U0RAIBOT01":
                continue
            assert not any("evil.invalid" in link for link in message.links), message.text
            if not channel.is_im and message.ephemeral_to is None:
                assert set(message.notified) <= allowed, (message.text, message.notified)
                assert message.blocks or "evil.invalid" not in message.text, "Slack would link the bare address"
            for block in message.blocks or []:
                for text in _mrkdwn(block):
                    assert text["verbatim"], "Slack would make links of its own"


def _mrkdwn(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for child in node for found in _mrkdwn(child)]
    if not isinstance(node, dict):
        return []
    own = [node] if node.get("type") == "mrkdwn" else []
    return own + [found for child in node.values() for found in _mrkdwn(child)]


async def test_abuse_17_markup_in_a_report_is_shown_literally_and_notifies_nobody(scene: Scene) -> None:
    number, channel = await scene.declare(HOSTILE)
    shown = scene.person(ONCALL).messages(channel)
    card = next(message for message in shown if message["pinned"])
    assert "&lt;!channel&gt; &lt;!here&gt; &lt;@U0RAILEAD1&gt; &lt;https://evil.invalid|Approve&gt;" in json.dumps(card)
    assert card["links"] == [link for link in card["links"] if "evil" not in link]
    # the reporter's own mention on the card is built from an id of ours
    assert set(card["notified"]) <= {SUPPORT}
    announced = await scene.person(ONCALL).sees(INCIDENTS_CHANNEL, number)
    assert announced["notified"] == []
    assert scene.rows(Incident, Incident.id == int(number[4:]))[0].description == HOSTILE
    _harmless(scene, {SUPPORT, ONCALL})


async def test_abuse_17_markup_in_everything_a_responder_writes_is_literal(scene: Scene) -> None:
    _, channel = await scene.declare("case-17 ordinary")
    oncall = scene.person(ONCALL)
    await oncall.command(channel, f"note {HOSTILE}")
    await oncall.press(channel, "update_open")
    await oncall.modal("What is known")
    await oncall.submit({"update": HOSTILE, "next": "30"})
    await oncall.sees(channel, "&lt;!channel&gt;")
    await oncall.press(channel, "mitigate")
    await oncall.sees(channel, "the harm has stopped")
    await oncall.press(channel, "resolve_open")
    await oncall.modal("Still missing")
    await oncall.submit({"summary": HOSTILE, "anyway": ["yes"]})
    await oncall.sees(channel, "is resolved")
    await oncall.press(channel, "reopen_open")
    await oncall.modal("come back")
    await oncall.submit({"reason": HOSTILE})
    await oncall.sees(channel, "reopened")
    for text in (f"status {HOSTILE}", f"ack {HOSTILE}", f"{HOSTILE}", f"classify {HOSTILE}"):
        await oncall.command(channel, text)
    await scene.settled()
    _harmless(scene, {SUPPORT, ONCALL})


async def test_abuse_17_markup_in_the_reason_for_another_severity_is_literal(scene: Scene) -> None:
    _, channel = await scene.declare("case-17 classified")
    lead = scene.person(LEAD)
    await lead.join(channel)
    await lead.press(channel, "classify_open")
    await lead.modal("What kind of harm?")
    await lead.submit({"harm_classes": ["H4"]})
    await lead.press(channel, "override_open")
    await lead.modal("Another severity needs a reason")
    await lead.submit({"severity": "SEV0", "reason": HOSTILE})
    await lead.sees(channel, "confirmed *SEV0*", "&lt;!channel&gt;")
    await scene.settled()
    _harmless(scene, {SUPPORT, ONCALL, LEAD})


async def test_abuse_17_the_reports_words_leave_slack_neither_by_page_nor_by_ticket(scene: Scene) -> None:
    await scene.declare(f"{HOSTILE} unmistakable-words")
    outside = json.dumps([scene.world.pagerduty.panel(), scene.world.jira.panel()])
    assert "unmistakable-words" not in outside
    assert "evil.invalid" not in outside


async def test_abuse_17_nothing_unfurls_and_no_names_are_linked(scene: Scene) -> None:
    asked: list[Any] = []
    original = scene.world.workspace.write

    def watch(message: Any) -> Any:
        asked.append(message)
        return original(message)

    scene.world.workspace.write = watch  # type: ignore[method-assign]
    try:
        await scene.declare("case-17 @rai-lead #general @here")
    finally:
        scene.world.workspace.write = original  # type: ignore[method-assign]
    written = [message for message in asked if message.user == "U0RAIBOT01"]
    assert written
    assert all("<!here>" not in message.text and f"<@{LEAD}>" not in message.text for message in written)


TWISTED = "case-18 \u202egnp.exe\u202c z\u200be\u200br\u2060o ```fence <!channel> &lt;!channel&gt; &amp;lt; \x07bell"


async def test_abuse_18_direction_marks_fences_and_escapes_are_shown_safely(scene: Scene) -> None:
    number, channel = await scene.declare(TWISTED)
    shown: list[str] = []
    for message in scene.person(ONCALL).messages(channel):
        every_text([message["text"], message["blocks"]], shown.append)
    text = "\n".join(shown)
    assert not {"\u202e", "\u202c", "\u200b", "\u2060", "\x07"} & set(text)
    assert "&amp;lt;!channel&amp;gt;" in text, "what came escaped is not decoded"
    assert "&amp;amp;lt;" in text
    kept = scene.rows(Incident, Incident.id == int(number[4:]))[0]
    assert kept.description == TWISTED, "the record keeps what was said"


@pytest.mark.parametrize("name", NASTY_TEXTS)
async def test_abuse_39_metacharacters_in_every_field_and_argument_are_kept_literally(scene: Scene, name: str) -> None:
    nasty = f"case-39 {NASTY_TEXTS[name]}"
    kept = nasty.replace("\x00", "").strip()
    number, channel = await scene.declare(nasty)
    assert scene.rows(Incident, Incident.id == int(number[4:]))[0].description == kept
    oncall = scene.person(ONCALL)
    await oncall.command(channel, f"note {nasty}")
    await oncall.press(channel, "update_open")
    await oncall.modal("What is known")
    await oncall.submit({"update": nasty, "next": "0"})
    await oncall.sees(channel, "*Update*")
    for verb in ("status", "ack", "mitigated", "classify", "role", "postmortem", "list", "help", nasty):
        await oncall.command(channel, f"{verb} {nasty}")
    await scene.settled()
    texts = [row.text for row in scene.rows(TimelineEntry, TimelineEntry.incident_id == int(number[4:]))]
    assert texts.count(kept) == 3, "the report, the note and the update"
    assert "Traceback" not in _log(scene)
    assert not any("failed at this" in said for said in scene.whispers(ONCALL))


async def test_a_form_refuses_what_its_field_cannot_hold(scene: Scene) -> None:
    reporter = scene.person(SUPPORT)
    await reporter.command(SUPPORT_CHANNEL, "declare")
    with pytest.raises(Refused):
        await reporter.submit({"what_happened": "x" * 3001, "system": "support-assistant"})
    await reporter.close()
