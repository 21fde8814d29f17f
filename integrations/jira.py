"""Jira: one ticket per idempotency key, its status and comments, on Cloud and on Server / Data Center.

A ticket is found again by a label made from the key. The label goes through Jira's search index, which can lag a few
seconds behind, so a caller that knows the ticket's key passes it as `known` and is answered from the record itself.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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
    from requests import Response

SERVICE: Final = "Jira"
LABEL: Final = "rai-incident"

# How long the search index may need to show a new ticket; a lost answer to a create waits this long before looking.
INDEX_LAG_SECONDS: Final = 5.0
# Jira's limits on a summary and, by default, on a description or comment.
_SUMMARY_CHARACTERS: Final = 255
_TEXT_CHARACTERS: Final = 32_767
_COMMENTS_READ: Final = 100


@dataclass(frozen=True)
class Ticket:
    """A Jira issue: its key, e.g. "RAI-12", and the address of its page."""

    key: str
    url: str


@dataclass(frozen=True)
class TicketState:
    """How a ticket stands. `done` is Jira's own status category, whatever the project calls the status."""

    ticket: Ticket
    summary: str
    status: str
    done: bool


class Jira:
    """A client that fails fast: no waiting, no second try, every failure an `OutsideServiceError`.

    `url` is the address people open in the browser, `user` and `token` an account with the right to create, comment and
    transition in `project` (its key). Making one costs no call.
    """

    def __init__(self, url: str, user: str, token: str, project: str, ca_file: Path | None) -> None:
        import jira  # costs 180 ms: only where tickets are configured
        from requests.adapters import HTTPAdapter

        trust = ssl_context(ca_file)

        class TrustingAdapter(HTTPAdapter):
            """`verify=<path>` would replace the system's authorities; we add one to them."""

            def init_poolmanager(self, *args: Any, **options: Any) -> None:
                super().init_poolmanager(*args, ssl_context=trust, **options)

        self._url = url.rstrip("/")
        self._project = project
        self._searches_by: str | None = None
        self._client = jira.JIRA(
            self._url,
            basic_auth=(user, token),
            get_server_info=False,
            max_retries=0,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
        )
        self._session = self._client._session
        self._session.mount("https://", TrustingAdapter())
        self._session.hooks["response"].append(_check)

    def find_or_create(
        self,
        *,
        key: str,
        summary: str,
        description: str,
        link: str,
        issue_type: str = "Task",
        known: str | None = None,
        again: bool = True,
    ) -> Ticket:
        """The ticket of `key`, created if there is none: one call when it exists, two when it does not.

        `again` says that an earlier try may have made it; False saves the search.

        `description` is plain text: no image, mention or macro can begin in it. `link` is ours and is shown below it.
        `known` is the ticket key an earlier run recorded: it saves the search and does not depend on the index.
        After an error with `maybe_done`, wait `retry_after` seconds before trying again, so that the search can see it.
        """
        label = label_of(key)
        if known is not None and self._carries(known, label):
            return self._ticket(known)
        if again:
            found = self._search(f'project = "{self._project}" AND labels = "{label}" ORDER BY created ASC')
            if found:
                return self._ticket(found[0]["key"])
        fields = {
            "project": {"key": self._project},
            "issuetype": {"name": issue_type},
            "summary": _one_line(summary),
            "description": _bounded(as_plain_text(description), tail=f"\n\nIncident: {link}"),
            "labels": [LABEL, label],
        }
        try:
            with _errors("POST"):
                return self._ticket(self._client.create_issue(fields=fields, prefetch=False).key)
        except OutsideServiceError as error:
            if not error.maybe_done:
                raise
            wait = max(error.retry_after or 0.0, INDEX_LAG_SECONDS)
            raise OutsideServiceError(SERVICE, error.what, wait, maybe_done=True) from error

    def get(self, ticket: Ticket) -> TicketState:
        """Summary and status: one call."""
        with _errors("GET"):
            fields = self._client.issue(ticket.key, fields="summary,status").raw["fields"]
            status = fields["status"]
            return TicketState(
                ticket=ticket,
                summary=fields["summary"],
                status=status["name"],
                done=status["statusCategory"]["key"] == "done",
            )

    def transition(self, ticket: Ticket, status: str, key: str) -> None:
        """Move the ticket to `status` (its name, in any case), once per `key`: at most two calls.

        A move that was made is remembered on the ticket, so a late second run does not undo what a person did since.
        """
        marker = _property_of(key)
        with _errors("GET"):
            issue = self._client.issue(ticket.key, fields="status", expand="transitions", properties=marker).raw
            if marker in issue.get("properties", {}):
                return
            if issue["fields"]["status"]["name"].casefold() == status.casefold():
                return
            moves = {move["to"]["name"].casefold(): move for move in issue["transitions"]}
        move = moves.get(status.casefold())
        if move is None:
            offered = ", ".join(sorted(move["to"]["name"] for move in moves.values())) or "none"
            words = f"{ticket.key} cannot move to {status!r} from here; it offers {offered}. Move it by hand."
            raise OutsideServiceError(SERVICE, words, permanent=True)
        body = {"transition": {"id": move["id"]}, "properties": [{"key": marker, "value": {"done": True}}]}
        self._post(f"issue/{ticket.key}/transitions", body)

    def comment(self, ticket: Ticket, text: str, key: str) -> None:
        """Write a comment (plain text), once per `key`: one call when it is there, two when it is not."""
        marker = _property_of(key)
        query = {"expand": "properties", "orderBy": "-created", "maxResults": _COMMENTS_READ}
        comments = self._read(f"issue/{ticket.key}/comment", query)["comments"]
        if any(prop["key"] == marker for comment in comments for prop in comment.get("properties", [])):
            return
        body = {"body": _bounded(as_plain_text(text)), "properties": [{"key": marker, "value": {"done": True}}]}
        self._post(f"issue/{ticket.key}/comment", body)

    def check(self) -> str:
        """Ask whether the account works and sees the project; says so in one sentence, or raises."""
        account = self._read("myself", {})
        project = self._read(f"project/{self._project}", {})
        self._search(f'project = "{self._project}" AND labels = "{LABEL}"')
        return f"signed in as {account['displayName']}; tickets go to {project['key']} ({project['name']})."

    def _ticket(self, key: str) -> Ticket:
        return Ticket(key=key, url=f"{self._url}/browse/{key}")

    def _carries(self, key: str, label: str) -> bool:
        """Whether the ticket exists and carries the label. A deleted one answers 404."""
        try:
            return label in self._read(f"issue/{key}", {"fields": "labels"})["fields"]["labels"]
        except _Absent:
            return False

    def _search(self, jql: str) -> list[dict[str, Any]]:
        """Newer Jira searches at `search/jql` (Cloud removed the other), older only at `search`: learn which, once."""
        query = {"jql": jql, "fields": "summary", "maxResults": 1}
        try:
            found = self._read(self._searches_by or "search/jql", query)
            self._searches_by = self._searches_by or "search/jql"
        except _Absent:
            found = self._read("search", query)
            self._searches_by = "search"
        return list(found["issues"])

    def _read(self, path: str, query: dict[str, Any]) -> dict[str, Any]:
        with _errors("GET"):
            return dict(self._client._get_json(path, params=query))

    def _post(self, path: str, body: dict[str, Any]) -> None:
        """The package's own methods cannot send properties and send a transition's id as a number."""
        with _errors("POST"):
            self._session.post(self._client._get_url(path), json=body)


class _Absent(OutsideServiceError):
    """Jira answered 404 or 405: there is no such thing at this address."""


def label_of(key: str) -> str:
    """A Jira label (no spaces, at most 255 characters) that stands for an idempotency key without telling it."""
    return f"rai-key-{_digest(key)}"


def as_plain_text(text: str) -> str:
    r"""Text that Jira's wiki markup shows literally: no mention, link, image or macro can begin.

    A backslash itself becomes an entity, because `\\` is a line break in that markup. Entities in the text are left
    alone: they turn into characters only after the markup was read.
    """
    escaped = text.replace("\\", "&#92;")
    for opening in "{}[]!":
        escaped = escaped.replace(opening, f"\\{opening}")
    return escaped


def _property_of(key: str) -> str:
    return f"rai-incident.{_digest(key)}"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SUMMARY_CHARACTERS else line[: _SUMMARY_CHARACTERS - 1] + "…"


def _bounded(text: str, tail: str = "") -> str:
    room = _TEXT_CHARACTERS - len(tail)
    return (text if len(text) <= room else text[: room - 1].rstrip("\\") + "…") + tail


def _check(response: "Response", **_options: object) -> None:
    if response.status_code in (404, 405):
        words = f"there is nothing at {response.request.path_url.partition('?')[0]} that our account can see."
        raise _Absent(SERVICE, words, permanent=True)
    check_answer(SERVICE, response)


@contextmanager
def _errors(method: str) -> Iterator[None]:
    import requests
    from jira.exceptions import JIRAError
    from urllib3.exceptions import ProtocolError

    try:
        yield
    except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
        raise not_reached(SERVICE, error) from error
    except requests.ConnectionError as error:
        if error.args and isinstance(error.args[0], ProtocolError):
            raise answer_lost(SERVICE, method) from error
        raise not_reached(SERVICE, error) from error
    except (requests.RequestException, JIRAError) as error:
        raise answer_lost(SERVICE, method) from error
    except (KeyError, TypeError, ValueError) as error:
        words = "it answered in a form we do not understand; check JIRA_URL."
        raise OutsideServiceError(SERVICE, words, maybe_done=method != "GET", permanent=method == "GET") from error
