"""What PagerDuty remembers and refuses: incidents, who is on call, and the rules an event has to meet.

Shapes and limits follow PagerDuty's API reference (Events API v2, REST API v2, Webhooks v3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sandbox.people import people

API_KEY: Final = "sandbox-pagerduty-key"
ROUTING_KEY: Final = "sandbox0routing0key0000000000000"
WEBHOOK_SECRET: Final = "sandbox-pagerduty-webhook-secret"
FROM_EMAIL: Final = "oncall@sandbox.invalid"
SERVICE_ID: Final = "PSUPPORT"
POLICY_ID: Final = "PPOLICY1"

Status = Literal["triggered", "acknowledged", "resolved"]

_SEVERITIES: Final = ("critical", "error", "warning", "info")
_ACTIONS: Final = ("trigger", "acknowledge", "resolve")


@dataclass(frozen=True)
class User:
    id: str
    name: str
    email: str


# First level first: who is paged, and to whom an unanswered page would go.
_ON_CALL: Final = ("oncall", "rai-lead")
USERS: Final = {
    person.handle: User(f"P{person.id[1:8]}", person.name, person.email)
    for person in people().values()
    if not person.is_bot and not person.guest
}
ON_CALL: Final = tuple(USERS[handle] for handle in _ON_CALL)


@dataclass
class Note:
    id: str
    at: datetime
    by: User
    content: str


@dataclass
class Incident:
    """One page. `log` is what PagerDuty's own timeline would show."""

    number: int
    title: str
    dedup_key: str
    severity: str
    source: str
    details: dict[str, Any]
    links: list[dict[str, str]]
    created_at: datetime
    status: Status = "triggered"
    acknowledged_at: datetime | None = None
    acknowledged_by: User | None = None
    resolved_at: datetime | None = None
    notes: list[Note] = field(default_factory=list)
    log: list[dict[str, str]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return f"Q{self.number:013d}"

    @property
    def urgency(self) -> str:
        return "high" if self.severity in ("critical", "error") else "low"

    def say(self, text: str) -> None:
        self.log.append({"at": stamp(now()), "text": text})

    def acknowledge(self, by: User | None) -> bool:
        """False when it was not waiting for anybody."""
        if self.status != "triggered":
            return False
        self.status, self.acknowledged_at, self.acknowledged_by = "acknowledged", now(), by
        self.say(f"Acknowledged by {by.name if by else 'the integration'}")
        return True

    def resolve(self, by: User | None) -> bool:
        """False when it was resolved before."""
        if self.status == "resolved":
            return False
        self.status, self.resolved_at = "resolved", now()
        self.say(f"Resolved by {by.name if by else 'the integration'}")
        return True


class Book:
    """All incidents, oldest first, and the folding of equal dedup keys into the one that is open."""

    def __init__(self) -> None:
        self.incidents: list[Incident] = []

    def open_for(self, dedup_key: str) -> Incident | None:
        return next((one for one in self.incidents if one.dedup_key == dedup_key and one.status != "resolved"), None)

    def by_id(self, incident_id: str) -> Incident | None:
        return next((one for one in self.incidents if incident_id in (one.id, str(one.number))), None)

    def trigger(self, event: dict[str, Any]) -> tuple[Incident, bool]:
        """The incident of this event and whether it is new."""
        incident = self.open_for(event["dedup_key"])
        if incident is not None:
            incident.say("Same alert again; nobody was paged twice")
            return incident, False
        payload = event["payload"]
        incident = Incident(
            number=len(self.incidents) + 1,
            title=payload["summary"],
            dedup_key=event["dedup_key"],
            severity=payload["severity"],
            source=payload["source"],
            details=payload.get("custom_details") or {},
            links=event.get("links") or [],
            created_at=now(),
        )
        incident.say(f"Paged {ON_CALL[0].name}")
        self.incidents.append(incident)
        return incident, True

    def apply(self, event: dict[str, Any]) -> tuple[Incident, str] | None:
        """Do what a valid event says; the incident and the webhook type it causes, or None when nothing changed."""
        if event["event_action"] == "trigger":
            incident, new = self.trigger(event)
            return (incident, "incident.triggered") if new else None
        found = self.open_for(event["dedup_key"])
        if found is None:
            return None
        if event["event_action"] == "acknowledge":
            return (found, "incident.acknowledged") if found.acknowledge(None) else None
        return (found, "incident.resolved") if found.resolve(None) else None


def event_errors(event: Mapping[str, Any]) -> list[str]:
    """Why PagerDuty would refuse an event; empty when it would take it."""
    errors = []
    routing_key = event.get("routing_key")
    if not isinstance(routing_key, str) or len(routing_key) != 32:
        errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
    elif routing_key != ROUTING_KEY:
        errors.append("Invalid routing key")
    action = event.get("event_action")
    if action not in _ACTIONS:
        errors.append("'event_action' is missing or not one of trigger, acknowledge, resolve")
    dedup_key = event.get("dedup_key")
    if dedup_key is not None and (not isinstance(dedup_key, str) or len(dedup_key) > 255):
        errors.append("'dedup_key' must be a string of at most 255 characters")
    if dedup_key is None and action in ("acknowledge", "resolve"):
        errors.append("'dedup_key' is required to acknowledge or resolve")
    if action == "trigger":
        errors += _payload_errors(event)
    return errors


def _payload_errors(event: Mapping[str, Any]) -> list[str]:
    payload = event.get("payload")
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    errors = []
    for name, limit in (("summary", 1024), ("source", None)):
        value = payload.get(name)
        if not isinstance(value, str) or not value.strip():
            errors.append(f"'payload.{name}' is missing or blank")
        elif limit is not None and len(value) > limit:
            errors.append(f"'payload.{name}' is longer than {limit} characters")
    if payload.get("severity") not in _SEVERITIES:
        errors.append(f"'payload.severity' must be one of {', '.join(_SEVERITIES)}")
    if not isinstance(payload.get("custom_details", {}), dict | str | None):
        errors.append("'payload.custom_details' must be an object")
    links = event.get("links", [])
    if not isinstance(links, list) or not all(isinstance(link, dict) and link.get("href") for link in links):
        errors.append("'links' must be a list of objects with 'href'")
    return errors


def now() -> datetime:
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """A time as PagerDuty writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
