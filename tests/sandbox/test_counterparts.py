"""PagerDuty and Jira of the sandbox refuse what the real ones refuse, and send webhooks as PagerDuty does."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response as Answer
from starlette.routing import Route

from sandbox.counterparts import issues, paging
from sandbox.counterparts.jira import Jira
from sandbox.counterparts.pagerduty import PagerDuty
from sandbox.counterparts.tls import Authority
from sandbox.faults import Faults

DEADLINE_SECONDS = 10
REST = {
    "Authorization": f"Token token={paging.API_KEY}",
    "Accept": "application/vnd.pagerduty+json;version=2",
    "From": paging.FROM_EMAIL,
}
BASIC = {"Authorization": "Basic " + base64.b64encode(f"{issues.USER}:{issues.TOKEN}".encode()).decode()}


class Changes:
    """Counts how often a counterpart said that something changed."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self) -> None:
        self.seen += 1


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def pagerduty(changes: Changes) -> PagerDuty:
    return PagerDuty(on_change=changes, faults=Faults(on_change=lambda: None))


@pytest.fixture
def jira(changes: Changes) -> Jira:
    return Jira(on_change=changes, faults=Faults(on_change=lambda: None))


async def call(counterpart: PagerDuty | Jira, method: str, path: str, **options: Any) -> Response:
    transport = ASGITransport(app=counterpart.app)
    async with AsyncClient(transport=transport, base_url="https://counterpart.invalid") as client:
        return await client.request(method, path, **options)


def event(**changes: Any) -> dict[str, Any]:
    payload = {"summary": "Harm", "source": "support-assistant", "severity": "critical"}
    return {
        "routing_key": paging.ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": "k",
        "payload": payload,
        **changes,
    }


async def enqueue(pagerduty: PagerDuty, **changes: Any) -> Response:
    return await call(pagerduty, "POST", "/v2/enqueue", json=event(**changes))


# PagerDuty: events


async def test_a_valid_event_is_taken(pagerduty: PagerDuty, changes: Changes) -> None:
    answer = await enqueue(pagerduty)
    assert (answer.status_code, answer.json()["dedup_key"]) == (202, "k")
    assert changes.seen == 1


async def test_a_trigger_without_a_key_is_given_one(pagerduty: PagerDuty) -> None:
    answer = await enqueue(pagerduty, dedup_key=None)
    assert answer.json()["dedup_key"] == pagerduty.book.incidents[0].dedup_key


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"routing_key": "short"}, "routing_key"),
        ({"routing_key": "x" * 32}, "Invalid routing key"),
        ({"event_action": "shout"}, "event_action"),
        ({"dedup_key": "k" * 256}, "dedup_key"),
        ({"event_action": "resolve", "dedup_key": None}, "dedup_key"),
        ({"payload": None}, "payload"),
        ({"payload": {"summary": "", "source": "s", "severity": "info"}}, "payload.summary"),
        ({"payload": {"summary": "x" * 1025, "source": "s", "severity": "info"}}, "payload.summary"),
        ({"payload": {"summary": "x", "severity": "info"}}, "payload.source"),
        ({"payload": {"summary": "x", "source": "s", "severity": "SEV1"}}, "payload.severity"),
        ({"links": [{"text": "no address"}]}, "links"),
    ],
)
async def test_an_invalid_event_is_refused(pagerduty: PagerDuty, broken: dict[str, Any], said: str) -> None:
    answer = await enqueue(pagerduty, **broken)
    assert answer.status_code == 400
    assert said in " ".join(answer.json()["errors"])
    assert pagerduty.book.incidents == []


async def test_what_is_no_json_object_is_refused(pagerduty: PagerDuty) -> None:
    assert (await call(pagerduty, "POST", "/v2/enqueue", content=b"[1]")).status_code == 400
    assert (await call(pagerduty, "POST", "/v2/enqueue", content=b"\xff")).status_code == 400


async def test_an_event_that_is_too_large_is_refused(pagerduty: PagerDuty) -> None:
    answer = await enqueue(pagerduty, custom="x" * 600_000)
    assert answer.status_code == 413


async def test_a_resolved_key_opens_a_new_incident(pagerduty: PagerDuty) -> None:
    await enqueue(pagerduty)
    await enqueue(pagerduty, event_action="resolve")
    await enqueue(pagerduty)
    assert [incident.status for incident in pagerduty.book.incidents] == ["resolved", "triggered"]


async def test_an_acknowledge_of_nothing_is_taken_and_does_nothing(pagerduty: PagerDuty, changes: Changes) -> None:
    assert (await enqueue(pagerduty, event_action="acknowledge")).status_code == 202
    assert changes.seen == 0


# PagerDuty: REST


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"Authorization": "Token token=wrong"}, 401), ({"Accept": "application/json"}, 406), ({"From": "x@y.z"}, 400)],
)
async def test_a_wrong_header_is_refused(pagerduty: PagerDuty, changed: dict[str, str], status: int) -> None:
    await enqueue(pagerduty)
    path = f"/incidents/{pagerduty.book.incidents[0].id}/notes"
    answer = await call(pagerduty, "POST", path, headers=REST | changed, json={"note": {"content": "x"}})
    assert answer.status_code == status
    assert pagerduty.book.incidents[0].notes == []


async def test_incidents_are_filtered_by_key_and_status(pagerduty: PagerDuty) -> None:
    await enqueue(pagerduty)
    await enqueue(pagerduty, dedup_key="other")
    await enqueue(pagerduty, dedup_key="other", event_action="resolve")
    by_key = await call(pagerduty, "GET", "/incidents", headers=REST, params={"incident_key": "other"})
    by_status = await call(pagerduty, "GET", "/incidents", headers=REST, params={"statuses[]": "triggered"})
    assert [one["incident_key"] for one in by_key.json()["incidents"]] == ["other"]
    assert [one["incident_key"] for one in by_status.json()["incidents"]] == ["k"]


async def test_an_incident_is_acknowledged_over_rest(pagerduty: PagerDuty) -> None:
    await enqueue(pagerduty)
    path = f"/incidents/{pagerduty.book.incidents[0].id}"
    body = {"incident": {"type": "incident_reference", "status": "acknowledged"}}
    await call(pagerduty, "PUT", path, headers=REST, json=body)
    shown = (await call(pagerduty, "GET", path, headers=REST)).json()["incident"]
    assert shown["status"] == "acknowledged"
    assert shown["acknowledgements"][0]["acknowledger"]["email"] == paging.FROM_EMAIL


async def test_an_unusable_update_or_page_is_refused(pagerduty: PagerDuty) -> None:
    await enqueue(pagerduty)
    path = f"/incidents/{pagerduty.book.incidents[0].id}"
    body = {"incident": {"type": "incident_reference", "status": "sleeping"}}
    assert (await call(pagerduty, "PUT", path, headers=REST, json=body)).status_code == 400
    assert (await call(pagerduty, "PUT", path, headers=REST, content=b"{")).status_code == 400
    assert (await call(pagerduty, "GET", "/users", headers=REST, params={"limit": "x"})).status_code == 400
    assert (await call(pagerduty, "GET", "/incidents/QNONE", headers=REST)).status_code == 404


async def test_a_note_without_text_is_refused(pagerduty: PagerDuty) -> None:
    await enqueue(pagerduty)
    path = f"/incidents/{pagerduty.book.incidents[0].id}/notes"
    for body in ({"note": "text"}, {"note": {"content": " "}}, {}):
        assert (await call(pagerduty, "POST", path, headers=REST, json=body)).status_code == 400


async def test_only_a_known_person_can_acknowledge_and_only_once(pagerduty: PagerDuty) -> None:
    await enqueue(pagerduty)
    incident = pagerduty.book.incidents[0]
    assert not await pagerduty.ack(incident.id, "stranger")
    assert not await pagerduty.ack("QNONE", "oncall")
    assert await pagerduty.ack(incident.id, "oncall")
    assert not await pagerduty.ack(incident.id, "oncall")
    assert await pagerduty.resolve(incident.id, "oncall")


async def test_the_panel_shows_pages_newest_first(pagerduty: PagerDuty) -> None:
    await enqueue(pagerduty)
    await enqueue(pagerduty, dedup_key="later", payload={"summary": "Later", "source": "s", "severity": "info"})
    panel = pagerduty.panel()
    assert json.loads(json.dumps(panel)) == panel
    assert [one["title"] for one in panel["incidents"]] == ["Later", "Harm"]
    assert [one["urgency"] for one in panel["incidents"]] == ["low", "high"]
    assert panel["incidents"][0]["assigned"] == ["On-call engineer"]


# PagerDuty: webhooks


@asynccontextmanager
async def receiver(answers: list[int]) -> AsyncIterator[tuple[str, "asyncio.Queue[tuple[bytes, str]]"]]:
    """A web server that keeps what it gets and answers with the given statuses, then 202."""
    received: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()

    async def take(request: Request) -> Answer:
        received.put_nowait((await request.body(), request.headers["X-PagerDuty-Signature"]))
        return Answer(status_code=answers.pop(0) if answers else 202)

    app = Starlette(routes=[Route("/hook", take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not server.started:
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hook", received
    finally:
        server.should_exit = True
        await serving


def signed(body: bytes, secret: str) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def test_an_acknowledgement_is_told_by_a_signed_webhook(pagerduty: PagerDuty) -> None:
    await enqueue(pagerduty)
    async with receiver([]) as (url, received), asyncio.timeout(DEADLINE_SECONDS):
        pagerduty.webhook_url = url
        await pagerduty.ack(pagerduty.book.incidents[0].id, "oncall")
        body, signature = await received.get()
    assert signature == signed(body, paging.WEBHOOK_SECRET)
    told = json.loads(body)["event"]
    assert (told["event_type"], told["resource_type"]) == ("incident.acknowledged", "incident")
    assert (told["agent"]["summary"], told["data"]["incident_key"]) == ("On-call engineer", "k")


async def test_a_webhook_carries_every_secret_while_rotating(pagerduty: PagerDuty) -> None:
    pagerduty.webhook_secrets = ["old", "new"]
    async with receiver([]) as (url, received), asyncio.timeout(DEADLINE_SECONDS):
        pagerduty.webhook_url = url
        await enqueue(pagerduty)
        body, signature = await received.get()
    assert signature == f"{signed(body, 'old')},{signed(body, 'new')}"


async def test_a_refused_webhook_is_sent_again_with_the_same_event_id(pagerduty: PagerDuty) -> None:
    async with receiver([503]) as (url, received), asyncio.timeout(DEADLINE_SECONDS):
        pagerduty.webhook_url = url
        await enqueue(pagerduty)
        first, second = await received.get(), await received.get()
    assert first == second


# Jira


def fields(**changes: Any) -> dict[str, Any]:
    told = {"project": {"key": "RAI"}, "issuetype": {"name": "Task"}, "summary": "Harm", "labels": ["a"]}
    return {"fields": {**told, **changes}}


async def create(jira: Jira, **changes: Any) -> Response:
    return await call(jira, "POST", "/rest/api/2/issue", headers=BASIC, json=fields(**changes))


async def search(jira: Jira, jql: str, **options: Any) -> Response:
    query = {"jql": jql, "fields": "summary", **options}
    return await call(jira, "GET", "/rest/api/3/search/jql", headers=BASIC, params=query)


async def test_an_issue_is_created_and_read(jira: Jira, changes: Changes) -> None:
    made = await create(jira)
    assert (made.status_code, made.json()["key"]) == (201, "RAI-1")
    read = (await call(jira, "GET", "/rest/api/2/issue/RAI-1", headers=BASIC)).json()
    assert (read["fields"]["summary"], read["fields"]["status"]["name"]) == ("Harm", "To Do")
    assert changes.seen == 1


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"project": {"key": "NOPE"}}, "project"),
        ({"project": "RAI"}, "project"),
        ({"issuetype": {"name": "Epic"}}, "issuetype"),
        ({"summary": " "}, "summary"),
        ({"summary": "two\nlines"}, "summary"),
        ({"summary": "x" * 256}, "summary"),
        ({"description": "x" * 32_768}, "description"),
        ({"description": {"type": "doc"}}, "description"),
        ({"labels": ["with space"]}, "labels"),
        ({"labels": "a"}, "labels"),
        ({"sverity": "SEV1"}, "sverity"),
    ],
)
async def test_an_invalid_field_is_refused_by_name(jira: Jira, broken: dict[str, Any], field: str) -> None:
    answer = await create(jira, **broken)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert jira.issues == []


async def test_wrong_credentials_are_refused(jira: Jira) -> None:
    answer = await call(jira, "GET", "/rest/api/2/myself", headers={"Authorization": "Basic d3Jvbmc6d3Jvbmc="})
    assert answer.status_code == 401


async def test_a_search_finds_by_label(jira: Jira) -> None:
    await create(jira)
    await create(jira, labels=["a", "b c".replace(" ", "-")])
    found = await search(jira, 'project = "RAI" AND labels = "b-c" ORDER BY created ASC')
    assert [one["key"] for one in found.json()["issues"]] == ["RAI-2"]
    both = await search(jira, "project = RAI AND labels in (a, nothing) AND status != Done")
    assert [one["key"] for one in both.json()["issues"]] == ["RAI-2", "RAI-1"]


async def test_cloud_tells_only_ids_unless_fields_are_asked_for(jira: Jira) -> None:
    await create(jira)
    assert (await search(jira, "project = RAI", fields="")).json()["issues"] == [{"id": "10001"}]


async def test_a_new_issue_is_invisible_to_the_search_while_the_index_lags(jira: Jira) -> None:
    jira.index_lag = 3600
    await create(jira)
    assert (await search(jira, "project = RAI")).json()["issues"] == []


@pytest.mark.parametrize(
    "jql",
    [
        "",
        "ORDER BY created",
        "project = NOPE",
        "colour = red",
        "project = RAI OR project = X",
        "labels in a",
        'labels = "a',
        "project = RAI AND",
        "project = RAI ORDER BY mood",
    ],
)
async def test_a_query_jira_would_refuse_is_refused(jira: Jira, jql: str) -> None:
    answer = await search(jira, jql)
    assert answer.status_code == 400
    assert answer.json()["errorMessages"]


async def test_only_the_search_of_its_deployment_exists(jira: Jira) -> None:
    assert (await call(jira, "GET", "/rest/api/2/search", headers=BASIC)).status_code == 404
    server = Jira(on_change=lambda: None, faults=Faults(on_change=lambda: None), deployment="Server")
    assert (await call(server, "GET", "/rest/api/2/search/jql", headers=BASIC)).status_code == 404


@pytest.mark.parametrize("number", ["31", 31])
async def test_a_transition_takes_its_id_as_text_or_number(jira: Jira, number: str | int) -> None:
    await create(jira)
    body = {"transition": {"id": number}}
    answer = await call(jira, "POST", "/rest/api/2/issue/RAI-1/transitions", headers=BASIC, json=body)
    assert (answer.status_code, jira.issues[0].status.name) == (204, "Done")


async def test_an_unknown_transition_or_empty_comment_is_refused(jira: Jira) -> None:
    await create(jira)
    paths = {"transitions": {"transition": {"id": "99"}}, "comment": {"body": ""}}
    for path, body in paths.items():
        answer = await call(jira, "POST", f"/rest/api/2/issue/RAI-1/{path}", headers=BASIC, json=body)
        assert answer.status_code == 400


@pytest.mark.parametrize("properties", ["p", ["p"], [{"key": "p"}]])
async def test_unusable_properties_are_refused(jira: Jira, properties: object) -> None:
    await create(jira)
    body = {"body": "text", "properties": properties}
    answer = await call(jira, "POST", "/rest/api/2/issue/RAI-1/comment", headers=BASIC, json=body)
    assert answer.status_code == 400
    assert jira.issues[0].comments == []


async def test_a_remote_link_with_a_known_global_id_is_replaced(jira: Jira) -> None:
    await create(jira)
    path = "/rest/api/2/issue/RAI-1/remotelink"
    for title in ("first", "second"):
        body = {"globalId": "g", "object": {"url": "https://example.invalid", "title": title}}
        await call(jira, "POST", path, headers=BASIC, json=body)
    links = (await call(jira, "GET", path, headers=BASIC)).json()
    assert [link["object"]["title"] for link in links] == ["second"]


async def test_an_issue_property_is_kept(jira: Jira) -> None:
    await create(jira)
    path = "/rest/api/2/issue/RAI-1/properties/p"
    assert (await call(jira, "PUT", path, headers=BASIC, json={"a": 1})).status_code == 201
    assert (await call(jira, "GET", path, headers=BASIC)).json() == {"key": "p", "value": {"a": 1}}


async def test_a_ticket_page_shows_text_as_text(jira: Jira) -> None:
    await create(jira, summary="<script>alert(1)</script>")
    page = (await call(jira, "GET", "/browse/RAI-1")).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


# TLS


def test_the_authority_vouches_for_localhost_only_to_those_who_trust_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trust = ssl.create_default_context(cafile=str(authority.ca_file))
    assert len(trust.get_ca_certs()) >= 1
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(authority.server_file)
    assert stat.S_IMODE(authority.server_file.stat().st_mode) == 0o600
    assert "PRIVATE KEY" not in authority.ca_file.read_text()
