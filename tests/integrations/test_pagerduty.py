"""The PagerDuty client against a counterpart that checks what it is sent, over TLS, with real failures."""

import hashlib
import hmac
import json
import pickle
import time
from pathlib import Path
from typing import Any

import pytest

from integrations.errors import OutsideServiceError
from integrations.http import redact_headers, ssl_context
from integrations.pagerduty import OnCall, Page, PagerDuty, verify_webhook
from sandbox.counterparts import paging
from sandbox.counterparts.tls import Authority

KEY = "page:INC-7"


def page(pagerduty: PagerDuty, key: str = KEY, **changes: Any) -> Page:
    told: dict[str, Any] = {
        "summary": "SEV1 Support assistant shows other customers' addresses",
        "severity": "critical",
        "source": "support-assistant",
        "details": {"harm class": "H4"},
        "link": "https://example.invalid/INC-7",
    }
    return pagerduty.page(key=key, **{**told, **changes})


def test_a_page_opens_one_incident_with_one_call(outside: Any, pagerduty: PagerDuty) -> None:
    assert page(pagerduty) == Page(dedup_key=KEY, incident_id=None)
    (incident,) = outside.pagerduty.book.incidents
    assert (incident.status, incident.urgency, incident.details) == ("triggered", "high", {"harm class": "H4"})
    assert incident.links == [{"href": "https://example.invalid/INC-7", "text": "Incident"}]
    assert outside.calls() == ["events.enqueue"]


def test_the_same_key_pages_once(outside: Any, pagerduty: PagerDuty) -> None:
    page(pagerduty)
    page(pagerduty)
    assert len(outside.pagerduty.book.incidents) == 1


def test_another_key_pages_again(outside: Any, pagerduty: PagerDuty) -> None:
    page(pagerduty)
    page(pagerduty, key="page:INC-8")
    assert len(outside.pagerduty.book.incidents) == 2


def test_an_overlong_key_and_summary_are_made_to_fit(outside: Any, pagerduty: PagerDuty) -> None:
    page(pagerduty, key="k" * 300, summary="two\nlines " + "x" * 2000)
    (incident,) = outside.pagerduty.book.incidents
    assert len(incident.dedup_key) == 64
    assert incident.title.startswith("two lines x")
    assert len(incident.title) == 1024
    assert pagerduty.find("k" * 300) is not None


def test_a_page_is_found_with_its_state(outside: Any, pagerduty: PagerDuty) -> None:
    assert pagerduty.find(KEY) is None
    page(pagerduty)
    (incident,) = outside.pagerduty.book.incidents
    assert outside.run(outside.pagerduty.ack(incident.id, "oncall"))
    state = pagerduty.find(KEY)
    assert state is not None
    assert (state.incident_id, state.status) == (incident.id, "acknowledged")
    assert state.acknowledged_by == "oncall@sandbox.invalid"
    assert state.acknowledged_at is not None
    assert state.acknowledged_at.utcoffset() is not None
    assert state.url == f"{outside.pagerduty_url}/page/{incident.id}"


def test_acknowledge_and_resolve_change_the_open_incident(outside: Any, pagerduty: PagerDuty) -> None:
    page(pagerduty)
    pagerduty.acknowledge(KEY)
    assert outside.pagerduty.book.incidents[0].status == "acknowledged"
    pagerduty.resolve(KEY)
    pagerduty.resolve(KEY)
    assert outside.pagerduty.book.incidents[0].status == "resolved"


def test_resolving_what_was_never_paged_is_no_error(pagerduty: PagerDuty) -> None:
    pagerduty.resolve("page:nothing")


def test_the_first_escalation_level_is_on_call(pagerduty: PagerDuty) -> None:
    assert pagerduty.on_call(paging.SERVICE_ID) == [OnCall("oncall@sandbox.invalid", "On-call engineer")]


def test_an_unknown_service_is_a_lasting_error(pagerduty: PagerDuty) -> None:
    with pytest.raises(OutsideServiceError, match="refused the request \\(404\\)") as caught:
        pagerduty.on_call("PNOTHING")
    assert caught.value.permanent


def test_a_note_is_written_once_per_key(outside: Any, pagerduty: PagerDuty) -> None:
    page(pagerduty)
    (incident,) = outside.pagerduty.book.incidents
    pagerduty.note(incident.id, "Rolled back to v1.", "note:INC-7:1")
    pagerduty.note(incident.id, "Rolled back to v1.", "note:INC-7:1")
    pagerduty.note(incident.id, "Verified.", "note:INC-7:2")
    assert [note.content.splitlines()[0] for note in incident.notes] == ["Rolled back to v1.", "Verified."]


def test_check_accepts_a_working_account(pagerduty: PagerDuty) -> None:
    assert "API key accepted" in pagerduty.check()


def test_check_names_an_unknown_sender(outside: Any) -> None:
    url, ca_file = outside.pagerduty_url, outside.authority.ca_file
    client = PagerDuty(paging.API_KEY, paging.ROUTING_KEY, url, url, ca_file, "nobody@sandbox.invalid")
    with pytest.raises(OutsideServiceError, match=r"nobody has the address nobody@sandbox\.invalid"):
        client.check()


def test_a_wrong_api_key_is_a_lasting_error_that_does_not_show_it(outside: Any) -> None:
    url, ca_file = outside.pagerduty_url, outside.authority.ca_file
    client = PagerDuty("wrong-secret-key", paging.ROUTING_KEY, url, url, ca_file, paging.FROM_EMAIL)
    with pytest.raises(OutsideServiceError, match="does not accept our credentials") as caught:
        client.check()
    assert caught.value.permanent
    assert "wrong-secret-key" not in str(caught.value)


def test_a_wrong_routing_key_is_a_lasting_error(outside: Any) -> None:
    url, ca_file = outside.pagerduty_url, outside.authority.ca_file
    client = PagerDuty(paging.API_KEY, "0" * 32, url, url, ca_file, paging.FROM_EMAIL)
    with pytest.raises(OutsideServiceError, match="Invalid routing key") as caught:
        page(client)
    assert caught.value.permanent
    assert not caught.value.maybe_done


def test_a_lost_answer_says_the_page_may_be_out_and_the_second_try_does_not_page_again(
    outside: Any, pagerduty: PagerDuty
) -> None:
    outside.faults.set({"lose_answer": {"service": "pagerduty", "method": "events.enqueue", "times": 1}})
    with pytest.raises(OutsideServiceError) as caught:
        page(pagerduty)
    assert caught.value.maybe_done
    page(pagerduty)
    assert len(outside.pagerduty.book.incidents) == 1


def test_a_lost_answer_to_a_note_does_not_write_it_twice(outside: Any, pagerduty: PagerDuty) -> None:
    page(pagerduty)
    (incident,) = outside.pagerduty.book.incidents
    outside.faults.set({"lose_answer": {"service": "pagerduty", "method": "notes.create", "times": 1}})
    with pytest.raises(OutsideServiceError) as caught:
        pagerduty.note(incident.id, "Verified.", "note:1")
    assert caught.value.maybe_done
    pagerduty.note(incident.id, "Verified.", "note:1")
    assert len(incident.notes) == 1


def test_a_lost_answer_to_a_question_did_nothing(outside: Any, pagerduty: PagerDuty) -> None:
    outside.faults.set({"drop": {"service": "pagerduty", "method": "incidents.list", "times": 1}})
    with pytest.raises(OutsideServiceError) as caught:
        pagerduty.find(KEY)
    assert not caught.value.maybe_done


def test_a_rate_limit_is_raised_at_once_with_its_pause(outside: Any, pagerduty: PagerDuty) -> None:
    limit = {"service": "pagerduty", "method": "*", "retry_after": 7, "times": 1}
    outside.faults.set({"rate_limit": limit})
    started = time.monotonic()
    with pytest.raises(OutsideServiceError, match="wants 7 s of pause") as caught:
        page(pagerduty)
    assert time.monotonic() - started < 1.0
    assert (caught.value.retry_after, caught.value.maybe_done, caught.value.permanent) == (7.0, False, False)
    assert outside.calls() == ["events.enqueue"]


@pytest.mark.parametrize(("status", "maybe_done"), [(503, False), (500, True), (504, True)])
def test_trouble_at_pagerduty_is_raised_at_once(
    outside: Any, pagerduty: PagerDuty, status: int, maybe_done: bool
) -> None:
    outside.faults.set({"error": {"service": "pagerduty", "method": "*", "status": status, "times": 1}})
    started = time.monotonic()
    with pytest.raises(OutsideServiceError, match=f"answered {status}") as caught:
        page(pagerduty)
    assert time.monotonic() - started < 1.0
    assert (caught.value.maybe_done, caught.value.permanent) == (maybe_done, False)
    assert len(outside.calls()) == 1


def test_a_redirect_is_not_followed(outside: Any, pagerduty: PagerDuty) -> None:
    outside.faults.set({"error": {"service": "pagerduty", "method": "*", "status": 302, "times": 1}})
    with pytest.raises(OutsideServiceError, match="302"):
        page(pagerduty)
    assert outside.calls() == ["events.enqueue"]


def test_nobody_listening_means_nothing_was_done(outside: Any) -> None:
    url = "https://127.0.0.1:1"
    client = PagerDuty(paging.API_KEY, paging.ROUTING_KEY, url, url, outside.authority.ca_file, paging.FROM_EMAIL)
    with pytest.raises(OutsideServiceError, match="cannot be reached") as caught:
        page(client)
    assert not caught.value.maybe_done
    assert not caught.value.permanent


@pytest.mark.parametrize("other_authority", [True, False])
def test_a_certificate_of_another_authority_is_refused(outside: Any, tmp_path: Path, other_authority: bool) -> None:
    ca_file = Authority(tmp_path / "other").ca_file if other_authority else None
    url = outside.pagerduty_url
    client = PagerDuty(paging.API_KEY, paging.ROUTING_KEY, url, url, ca_file, paging.FROM_EMAIL)
    with pytest.raises(OutsideServiceError, match="not signed by an authority we trust") as caught:
        page(client)
    assert caught.value.permanent
    assert outside.pagerduty.book.incidents == []


def test_the_private_authority_is_trusted_beside_the_systems_own(outside: Any) -> None:
    ours, systems = ssl_context(outside.authority.ca_file), ssl_context(None)
    assert len(ours.get_ca_certs()) == len(systems.get_ca_certs()) + 1


def test_an_unusable_ca_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("not a certificate")
    with pytest.raises(ValueError, match=str(broken)):
        ssl_context(broken)


def test_an_error_survives_the_durable_engines_pickle() -> None:
    error = OutsideServiceError("PagerDuty", "it did not answer.", 2.0, maybe_done=True)
    again = pickle.loads(pickle.dumps(error))
    assert vars(again) == vars(error)
    assert str(again) == "PagerDuty: it did not answer."


def test_secrets_in_headers_are_not_for_the_log() -> None:
    shown = redact_headers({"Authorization": "Token token=secret", "Accept": "application/json"})
    assert shown == {"Authorization": "[redacted]", "Accept": "application/json"}


def test_calls_are_logged_without_secrets(pagerduty: PagerDuty, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        pagerduty.find(KEY)
        page(pagerduty)
    assert "PagerDuty answered 202 to POST" in caplog.text
    assert paging.API_KEY not in caplog.text
    assert paging.ROUTING_KEY not in caplog.text


def sign(body: bytes, secret: str) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_abuse_05_a_webhook_with_one_valid_of_two_signatures_is_accepted() -> None:
    body = b'{"event":{"id":"1"}}'
    assert verify_webhook(body, f"{sign(body, 'old')},{sign(body, 'new')}", ["new"])
    assert verify_webhook(body, sign(body, "old"), ["new", "old"])


def test_abuse_05_a_webhook_without_a_valid_signature_is_refused() -> None:
    body = b'{"event":{"id":"1"}}'
    assert not verify_webhook(body, sign(body, "guess"), ["secret"])
    assert not verify_webhook(body, "", ["secret"])
    assert not verify_webhook(body, "v1=é,v0=" + sign(body, "secret")[3:], ["secret"])
    assert not verify_webhook(body, sign(body, ""), [""])
    assert not verify_webhook(body, sign(body, "secret"), [])


def test_abuse_05_a_reserialised_webhook_is_refused() -> None:
    body = b'{"event": {"id": "1"}}'
    header = sign(body, "secret")
    assert verify_webhook(body, header, ["secret"])
    assert not verify_webhook(json.dumps(json.loads(body), separators=(",", ":")).encode(), header, ["secret"])
