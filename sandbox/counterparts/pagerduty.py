"""PagerDuty on one machine: the Events API, the part of the REST API the bot uses, and signed webhooks."""

import asyncio
import hashlib
import hmac
import html
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.counterparts.paging import (
    API_KEY,
    ON_CALL,
    POLICY_ID,
    SERVICE_ID,
    USERS,
    WEBHOOK_SECRET,
    Book,
    Incident,
    Note,
    User,
    event_errors,
    now,
    stamp,
)
from sandbox.faults import Faults

_EVENT_BYTES: Final = 512 * 1024
_ACCEPT: Final = "application/vnd.pagerduty+json;version=2"
_WEBHOOK_SECONDS: Final = 5.0
_WEBHOOK_PAUSES: Final = (0.0, 0.5, 2.0)  # seconds before each try

Handler = Callable[[Request], Awaitable[Response]]
_SERVICE: Final = {"id": SERVICE_ID, "type": "service_reference", "summary": "Support assistant"}
_POLICY: Final = {"id": POLICY_ID, "type": "escalation_policy_reference", "summary": "Support assistant on-call"}


class PagerDuty:
    """`app` to serve over TLS, `panel()` for the page, `ack` and `resolve` for the people who click there.

    With `webhook_url` set, each change is posted there as a Webhooks v3 event signed with every secret of
    `webhook_secrets` (two of them while rotating).
    """

    def __init__(self, on_change: Callable[[], None], faults: Faults) -> None:
        self.book = Book()
        self.webhook_url: str | None = None
        self.webhook_secrets: list[str] = [WEBHOOK_SECRET]
        self._on_change = on_change
        self._faults = faults
        self._url = ""
        self._deliveries: set[asyncio.Task[None]] = set()
        self.app = Starlette(
            routes=[
                Route("/v2/enqueue", self._enqueue, methods=["POST"]),
                self._rest("/incidents", "incidents.list", self._list_incidents),
                self._rest("/incidents/{id}", "incidents.get", self._get_incident),
                self._rest("/incidents/{id}", "incidents.update", self._update_incident, "PUT"),
                self._rest("/incidents/{id}/notes", "notes.list", self._list_notes),
                self._rest("/incidents/{id}/notes", "notes.create", self._create_note, "POST"),
                self._rest("/oncalls", "oncalls.list", self._list_on_calls),
                self._rest("/services", "services.list", self._list_services),
                self._rest("/services/{id}", "services.get", self._get_service),
                self._rest("/users", "users.list", self._list_users),
                self._rest("/abilities", "abilities.list", self._list_abilities),
                Route("/page/{id}", self._page, methods=["GET"]),
            ]
        )

    def panel(self) -> dict[str, Any]:
        """This service's part of the page's state, newest incident first."""
        return {"incidents": [_panel(incident) for incident in reversed(self.book.incidents)]}

    async def ack(self, incident_id: str, by: str) -> bool:
        """A person (`by`: handle) acknowledges on their phone. False when there was nothing to acknowledge."""
        return self._by_person(incident_id, "incident.acknowledged", Incident.acknowledge, by)

    async def resolve(self, incident_id: str, by: str) -> bool:
        """A person (`by`: handle) resolves in PagerDuty. False when there was nothing to resolve."""
        return self._by_person(incident_id, "incident.resolved", Incident.resolve, by)

    def _by_person(
        self, incident_id: str, event_type: str, do: Callable[[Incident, User | None], bool], by: str
    ) -> bool:
        incident, user = self.book.by_id(incident_id), USERS.get(by)
        if incident is None or user is None or not do(incident, user):
            return False
        self._changed(incident, event_type, user)
        return True

    # Events API

    async def _enqueue(self, request: Request) -> Response:
        self._learn_url(request)
        body = await request.body()
        try:
            event = json.loads(body)
        except ValueError:
            event = None
        key = event.get("dedup_key") if isinstance(event, dict) else None

        async def take() -> Response:
            if len(body) > _EVENT_BYTES:
                return _invalid_event(["Event is larger than 512 KB"], 413)
            if not isinstance(event, dict):
                return _invalid_event(["Body is not a JSON object"])
            if errors := event_errors(event):
                return _invalid_event(errors)
            event["dedup_key"] = key or uuid.uuid4().hex
            if changed := self.book.apply(event):
                self._changed(*changed, None)
            answer = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
            return JSONResponse(answer, status_code=202)

        return await self._faults.apply("pagerduty", "events.enqueue", take, key=key)

    # REST API

    def _rest(self, path: str, method: str, do: Handler, verb: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            self._learn_url(request)

            async def checked() -> Response:
                return _header_refusal(request) or await do(request)

            return await self._faults.apply("pagerduty", method, checked, key=request.path_params.get("id"))

        return Route(path, endpoint, methods=[verb])

    async def _list_incidents(self, request: Request) -> Response:
        query = request.query_params
        key, statuses = query.get("incident_key"), query.getlist("statuses[]")
        found = [
            one
            for one in self.book.incidents
            if (key is None or one.dedup_key == key) and (not statuses or one.status in statuses)
        ]
        if query.get("sort_by", "created_at:asc") == "created_at:desc":
            found.reverse()
        return _listed(request, "incidents", [self._incident(one) for one in found])

    async def _get_incident(self, request: Request) -> Response:
        incident = self.book.by_id(request.path_params["id"])
        return _not_found() if incident is None else JSONResponse({"incident": self._incident(incident)})

    async def _update_incident(self, request: Request) -> Response:
        incident = self.book.by_id(request.path_params["id"])
        if incident is None:
            return _not_found()
        wanted = (await _body(request)).get("incident")
        if not isinstance(wanted, dict) or wanted.get("type") not in ("incident", "incident_reference"):
            return _refused(400, 2001, "Invalid Input Provided", ["'incident.type' must be incident_reference"])
        changes = {
            "acknowledged": ("incident.acknowledged", incident.acknowledge),
            "resolved": ("incident.resolved", incident.resolve),
        }
        status = wanted.get("status")
        if status is not None and status not in changes:
            return _refused(400, 2001, "Invalid Input Provided", ["'status' must be acknowledged or resolved"])
        if status is not None:
            event_type, do = changes[status]
            user = _requester(request)
            if do(user):
                self._changed(incident, event_type, user)
        return JSONResponse({"incident": self._incident(incident)})

    async def _list_notes(self, request: Request) -> Response:
        incident = self.book.by_id(request.path_params["id"])
        return _not_found() if incident is None else JSONResponse({"notes": [_note(note) for note in incident.notes]})

    async def _create_note(self, request: Request) -> Response:
        incident, by = self.book.by_id(request.path_params["id"]), _requester(request)
        if incident is None or by is None:
            return _not_found()
        given = (await _body(request)).get("note")
        content = given.get("content") if isinstance(given, dict) else None
        if not isinstance(content, str) or not content.strip():
            return _refused(400, 2001, "Invalid Input Provided", ["Content cannot be empty"])
        note = Note(id=uuid.uuid4().hex[:14].upper(), at=now(), by=by, content=content)
        incident.notes.append(note)
        incident.say(f"Note by {by.name}: {content}")
        self._on_change()
        return JSONResponse({"note": _note(note)}, status_code=201)

    async def _list_on_calls(self, request: Request) -> Response:
        policies = request.query_params.getlist("escalation_policy_ids[]")
        whole = "users" in request.query_params.getlist("include[]")
        shifts = [
            {
                "escalation_policy": _POLICY,
                "escalation_level": level,
                "schedule": None,
                "start": None,
                "end": None,
                "user": _user(user) if whole else _user_reference(user),
            }
            for level, user in enumerate(ON_CALL, start=1)
            if not policies or POLICY_ID in policies
        ]
        return _listed(request, "oncalls", shifts)

    async def _list_services(self, request: Request) -> Response:
        return _listed(request, "services", [_service()])

    async def _get_service(self, request: Request) -> Response:
        return JSONResponse({"service": _service()}) if request.path_params["id"] == SERVICE_ID else _not_found()

    async def _list_users(self, request: Request) -> Response:
        query = request.query_params.get("query", "").lower()
        found = [_user(user) for user in USERS.values() if query in user.email.lower() or query in user.name.lower()]
        return _listed(request, "users", found)

    async def _list_abilities(self, request: Request) -> Response:
        return JSONResponse({"abilities": ["urgencies", "advanced_reports"]})

    async def _page(self, request: Request) -> Response:
        """What a person sees who follows an incident's link."""
        incident = self.book.by_id(request.path_params["id"])
        if incident is None:
            return HTMLResponse("<h1>No such incident</h1>", status_code=404)
        lines = "".join(f"<li>{entry['at']} {html.escape(entry['text'])}</li>" for entry in incident.log)
        title = html.escape(incident.title)
        return HTMLResponse(f"<title>{title}</title><h1>{title}</h1><p>{incident.status}</p><ul>{lines}</ul>")

    # Webhooks v3

    def _changed(self, incident: Incident, event_type: str, by: User | None) -> None:
        self._on_change()
        if self.webhook_url is None:
            return
        event = {
            "id": uuid.uuid4().hex[:26].upper(),
            "event_type": event_type,
            "resource_type": "incident",
            "occurred_at": now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "agent": None if by is None else _user_reference(by),
            "client": None,
            "data": self._incident(incident),
        }
        body = json.dumps({"event": event}).encode()
        task = asyncio.create_task(self._deliver(self.webhook_url, body, incident, event_type))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, url: str, body: bytes, incident: Incident, event_type: str) -> None:
        headers = {
            "Content-Type": "application/json",
            "X-PagerDuty-Signature": ",".join(signature(body, secret) for secret in self.webhook_secrets),
            "X-Webhook-Subscription": "PWEBHOOK1",
        }
        outcome = ""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_WEBHOOK_SECONDS)) as client:
            for pause in _WEBHOOK_PAUSES:
                await asyncio.sleep(pause)
                try:
                    async with client.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                        outcome = str(answer.status)
                except (aiohttp.ClientError, TimeoutError) as error:
                    outcome = type(error).__name__
                if outcome.startswith("2"):
                    break
        incident.say(f"Webhook {event_type}: {outcome}")
        self._on_change()

    def _incident(self, incident: Incident) -> dict[str, Any]:
        by = incident.acknowledged_by
        acknowledgement = {
            "at": stamp(incident.acknowledged_at) if incident.acknowledged_at else None,
            "acknowledger": _SERVICE if by is None else _user(by),
        }
        return {
            "id": incident.id,
            "type": "incident",
            "summary": f"[#{incident.number}] {incident.title}",
            "self": f"{self._url}/incidents/{incident.id}",
            "html_url": f"{self._url}/page/{incident.id}",
            "incident_number": incident.number,
            "number": incident.number,
            "title": incident.title,
            "status": incident.status,
            "urgency": incident.urgency,
            "incident_key": incident.dedup_key,
            "created_at": stamp(incident.created_at),
            "resolved_at": stamp(incident.resolved_at) if incident.resolved_at else None,
            "service": _SERVICE,
            "escalation_policy": _POLICY,
            "assignments": [{"at": stamp(incident.created_at), "assignee": _user_reference(ON_CALL[0])}],
            "assignees": [_user_reference(ON_CALL[0])],
            "acknowledgements": [acknowledgement] if incident.status == "acknowledged" else [],
        }

    def _learn_url(self, request: Request) -> None:
        self._url = str(request.base_url).rstrip("/")


def signature(body: bytes, secret: str) -> str:
    """One part of `X-PagerDuty-Signature`: HMAC-SHA256 of the raw body."""
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _header_refusal(request: Request) -> Response | None:
    if request.headers.get("Authorization") != f"Token token={API_KEY}":
        return _refused(401, 2006, "You did not authenticate, or the key is not valid.", [])
    if request.headers.get("Accept") != _ACCEPT:
        return _refused(406, 2007, f"The Accept header must be {_ACCEPT}.", [])
    if request.method != "GET" and _requester(request) is None:
        return _refused(400, 1008, "The From header must be the email address of a user.", [])
    return None


def _requester(request: Request) -> User | None:
    email = request.headers.get("From", "").lower()
    return next((user for user in USERS.values() if user.email == email), None)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _listed(request: Request, name: str, items: list[dict[str, Any]]) -> Response:
    """One page of a list, as PagerDuty's classic pagination shows it."""
    try:
        limit, offset = int(request.query_params.get("limit", 25)), int(request.query_params.get("offset", 0))
    except ValueError:
        return _refused(400, 2001, "Invalid Input Provided", ["'limit' and 'offset' must be whole numbers"])
    page = {name: items[offset : offset + limit], "limit": limit, "offset": offset, "total": None}
    return JSONResponse({**page, "more": offset + limit < len(items)})


def _panel(incident: Incident) -> dict[str, Any]:
    times = {
        name: stamp(at) if at else None
        for name, at in (
            ("created_at", incident.created_at),
            ("acknowledged_at", incident.acknowledged_at),
            ("resolved_at", incident.resolved_at),
        )
    }
    return {
        "id": incident.id,
        "number": incident.number,
        "title": incident.title,
        "status": incident.status,
        "urgency": incident.urgency,
        "dedup_key": incident.dedup_key,
        "assigned": [ON_CALL[0].name],
        "details": incident.details,
        "log": incident.log,
        **times,
    }


def _user(user: User) -> dict[str, Any]:
    return {**_user_reference(user), "type": "user", "name": user.name, "email": user.email}


def _user_reference(user: User) -> dict[str, Any]:
    return {"id": user.id, "type": "user_reference", "summary": user.name}


def _service() -> dict[str, Any]:
    name = _SERVICE["summary"]
    return {**_SERVICE, "type": "service", "name": name, "status": "active", "escalation_policy": _POLICY}


def _note(note: Note) -> dict[str, Any]:
    return {"id": note.id, "user": _user_reference(note.by), "content": note.content, "created_at": stamp(note.at)}


def _invalid_event(errors: list[str], status: int = 400) -> Response:
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return JSONResponse(body, status_code=status)


def _refused(status: int, code: int, message: str, errors: list[str]) -> Response:
    return JSONResponse({"error": {"code": code, "message": message, "errors": errors}}, status_code=status)


def _not_found() -> Response:
    return _refused(404, 2100, "Not Found", [])
