"""PagerDuty: page by dedup key, look up who is on call, read back who acknowledged.

Events go to the Events API (routing key), questions and notes to the REST API (API key). Every effect can be repeated
with the same key: PagerDuty folds equal dedup keys into one open incident, and notes carry a marker we look for.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from integrations.errors import OutsideServiceError
from integrations.http import (
    CONNECT_SECONDS,
    READ_SECONDS,
    answer_lost,
    check_answer,
    not_reached,
    ssl_context,
)

if TYPE_CHECKING:
    import httpx2

SERVICE: Final = "PagerDuty"
PageSeverity = Literal["critical", "error", "warning", "info"]

# Limits of the Events API v2 (developer.pagerduty.com, "Send an alert event").
_DEDUP_KEY_CHARACTERS: Final = 255
_SUMMARY_CHARACTERS: Final = 1024


@dataclass(frozen=True)
class Page:
    """A page PagerDuty took. `incident_id` is None until it has opened the incident: ask `find`."""

    dedup_key: str
    incident_id: str | None = None


@dataclass(frozen=True)
class PageState:
    """How a page stands. `acknowledged_by` is a name or email as PagerDuty knows it; times are UTC-aware."""

    incident_id: str
    status: Literal["triggered", "acknowledged", "resolved"]
    url: str
    acknowledged_by: str | None
    acknowledged_at: datetime | None


@dataclass(frozen=True)
class OnCall:
    """A person who is on call now, first level first."""

    email: str
    name: str


class PagerDuty:
    """A client that fails fast: no waiting, no second try, every failure an `OutsideServiceError`.

    `api_url` and `events_url` must be https. `from_email` is the PagerDuty user in whose name notes are written.
    Safe to use from several threads.
    """

    def __init__(
        self, api_key: str, routing_key: str, api_url: str, events_url: str, ca_file: Path | None, from_email: str
    ) -> None:
        import pagerduty  # costs 100 ms: only where paging is configured

        trust = ssl_context(ca_file)
        options: dict[str, Any] = {"verify": trust, "event_hooks": {"response": [_check]}}
        self._events = pagerduty.EventsApiV2Client(routing_key, base_url=events_url, **options)
        self._rest = pagerduty.RestApiV2Client(api_key, default_from=from_email, base_url=api_url, **options)
        self._from_email = from_email
        clients: tuple[Any, ...] = (self._events, self._rest)
        for client in clients:
            client.max_network_attempts = 0  # answers never reach its retries: `_check` raises before
            client.timeout = (CONNECT_SECONDS, READ_SECONDS, READ_SECONDS, CONNECT_SECONDS)

    def page(
        self, *, key: str, summary: str, severity: PageSeverity, source: str, details: dict[str, str], link: str
    ) -> Page:
        """Page the on-call engineer, once per `key` while its incident is open: one call.

        Repeating a key after its incident was resolved pages again; that is PagerDuty's rule.
        """
        with _errors("POST"):
            dedup_key = self._events.trigger(
                summary=_one_line(summary, _SUMMARY_CHARACTERS),
                source=source,
                dedup_key=dedup_key_of(key),
                severity=severity,
                custom_details=details,
                links=[{"href": link, "text": "Incident"}],
            )
        return Page(dedup_key=dedup_key)

    def acknowledge(self, key: str) -> None:
        """Stop the escalation of `key`. Without an open incident PagerDuty takes it and does nothing."""
        with _errors("POST"):
            self._events.acknowledge(dedup_key_of(key))

    def resolve(self, key: str) -> None:
        """Close the incident of `key`. Without an open incident PagerDuty takes it and does nothing."""
        with _errors("POST"):
            self._events.resolve(dedup_key_of(key))

    def find(self, key: str) -> PageState | None:
        """The newest incident of `key`, or None when PagerDuty has (not yet) opened one."""
        query = {
            "incident_key": dedup_key_of(key),
            "date_range": "all",
            "sort_by": "created_at:desc",
            "include[]": "acknowledgers",
            "limit": 1,
        }
        with _errors("GET"):
            found: list[dict[str, Any]] = self._rest.rget("/incidents", params=query)
        return _page_state(found[0]) if found else None

    def on_call(self, service_id: str) -> list[OnCall]:
        """Who is on call now for a service, first escalation level only: two calls."""
        with _errors("GET"):
            service: dict[str, Any] = self._rest.rget(f"/services/{service_id}")
            query = {
                "escalation_policy_ids[]": service["escalation_policy"]["id"],
                "include[]": "users",
                "earliest": "true",
                "limit": 100,
            }
            shifts: list[dict[str, Any]] = self._rest.rget("/oncalls", params=query)
        people = [shift["user"] for shift in shifts if shift["escalation_level"] == 1]
        return list(dict.fromkeys(OnCall(email=user["email"], name=user["name"]) for user in people))

    def note(self, incident_id: str, text: str, key: str) -> None:
        """Write a note on an incident, once per `key`, which the note shows as a short reference."""
        marker = f"[ref {hashlib.sha256(key.encode()).hexdigest()[:12]}]"
        with _errors("GET"):
            notes: list[dict[str, Any]] = self._rest.rget(f"/incidents/{incident_id}/notes")
        if any(marker in note["content"] for note in notes):
            return
        with _errors("POST"):
            self._rest.rpost(f"/incidents/{incident_id}/notes", json={"content": f"{text}\n{marker}"})

    def check(self) -> str:
        """Ask whether the API key and `from_email` are accepted; says so in one sentence, or raises.

        A routing key can only be tried by paging somebody, so it is not.
        """
        with _errors("GET"):
            users: list[dict[str, Any]] = self._rest.rget("/users", params={"query": self._from_email, "limit": 100})
        if not any(user["email"].lower() == self._from_email.lower() for user in users):
            words = f"the API key works, but nobody has the address {self._from_email}; notes would be refused."
            raise OutsideServiceError(SERVICE, words, permanent=True)
        return f"API key accepted; notes are written as {self._from_email}. The routing key is tried by the first page."


def dedup_key_of(key: str) -> str:
    """`key` itself, or its SHA-256 where PagerDuty would find it too long."""
    return key if len(key) <= _DEDUP_KEY_CHARACTERS else hashlib.sha256(key.encode()).hexdigest()


def verify_webhook(body: bytes, header: str, secrets: Sequence[str]) -> bool:
    """Whether one of the signatures in `X-PagerDuty-Signature` is by one of our secrets, over the raw body.

    Webhooks v3 sign with HMAC-SHA256 as `v1=<hex>,v1=<hex>`; several of either exist while a secret is being changed.
    The time is not signed: the caller must refuse an event id it has seen. An empty secret never matches.
    """
    given = [part.removeprefix("v1=").encode() for part in header.replace(" ", "").split(",") if part.startswith("v1=")]
    ours = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in secrets if secret]
    # Every pair is compared, so the time taken does not tell which one matched.
    return sum(hmac.compare_digest(mine, theirs) for mine in ours for theirs in given) > 0


def _check(response: "httpx2.Response") -> None:
    response.read()
    check_answer(SERVICE, response)


@contextmanager
def _errors(method: str) -> Iterator[None]:
    import httpx2
    import pagerduty

    try:
        yield
    except pagerduty.Error as error:
        cause = error.__cause__
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
            raise not_reached(SERVICE, cause) from error
        if isinstance(cause, httpx2.TransportError):
            raise answer_lost(SERVICE, method) from error
        raise OutsideServiceError(
            SERVICE, "it answered in a form we do not understand.", None, method != "GET"
        ) from error
    except (KeyError, TypeError) as error:
        raise OutsideServiceError(SERVICE, f"its answer lacks a field we need: {error}.", permanent=True) from error


def _page_state(incident: dict[str, Any]) -> PageState:
    acknowledgements = incident.get("acknowledgements") or []
    first = acknowledgements[0] if acknowledgements else None
    who = first["acknowledger"] if first else {}
    return PageState(
        incident_id=incident["id"],
        status=incident["status"],
        url=incident["html_url"],
        acknowledged_by=who.get("email") or who.get("summary"),
        acknowledged_at=datetime.fromisoformat(first["at"]) if first else None,
    )


def _one_line(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
