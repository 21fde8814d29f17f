"""What Jira remembers and refuses: one project's issues, their workflow, and the rules a field has to meet.

Shapes, limits and wording follow the Jira platform REST API v2.
"""

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

USER: Final = "rai-bot@sandbox.invalid"
TOKEN: Final = "sandbox-jira-token"
PROJECT: Final = "RAI"
PROJECT_NAME: Final = "Responsible AI"
ISSUE_TYPES: Final = ("Task", "Bug", "Story")

_TEXT_CHARACTERS: Final = 32_767
_SETTABLE: Final = {"project", "issuetype", "summary", "description", "labels", "priority"}


@dataclass(frozen=True)
class Status:
    id: str
    name: str
    category: str


STATUSES: Final = (
    Status("10000", "To Do", "new"),
    Status("10001", "In Progress", "indeterminate"),
    Status("10002", "Done", "done"),
)
# The simplified workflow: every status can be reached from every other.
TRANSITIONS: Final = {"11": STATUSES[0], "21": STATUSES[1], "31": STATUSES[2]}


@dataclass
class Comment:
    id: int
    at: datetime
    body: str
    properties: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Issue:
    id: int
    key: str
    issue_type: str
    summary: str
    description: str
    labels: list[str]
    created: datetime
    status: Status = STATUSES[0]
    comments: list[Comment] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    remote_links: list[dict[str, Any]] = field(default_factory=list)


def field_errors(fields: dict[str, Any], *, creating: bool) -> dict[str, str]:
    """Why Jira would refuse these fields, by field; empty when it would take them."""
    errors: dict[str, str] = {
        name: f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
        for name in fields
        if name not in _SETTABLE
    }
    if creating:
        if _named(fields, "project", "key") != PROJECT:
            errors["project"] = "valid project is required"
        if _named(fields, "issuetype", "name") not in ISSUE_TYPES:
            errors["issuetype"] = "Specify a valid issue type"
    if creating or "summary" in fields:
        _check_summary(fields.get("summary"), errors)
    _check_description(fields.get("description"), errors)
    _check_labels(fields.get("labels", []), errors)
    return errors


def text_error(text: object) -> str | None:
    """Why Jira would refuse a comment's body."""
    if not isinstance(text, str) or not text.strip():
        return "Comment body can not be empty!"
    return _too_long(text)


def rendered(wiki: str) -> str:
    """Wiki markup as plain text, the way a reader sees what was escaped."""
    return html.unescape(re.sub(r"\\([{}\[\]!*_^~+\-?|])", r"\1", wiki))


def stamp(at: datetime) -> str:
    """A time as Jira writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def now() -> datetime:
    return datetime.now(UTC)


def _check_summary(summary: object, errors: dict[str, str]) -> None:
    if not isinstance(summary, str) or not summary.strip():
        errors["summary"] = "You must specify a summary of the issue."
    elif "\n" in summary or "\r" in summary:
        errors["summary"] = "The summary is invalid because it contains newline characters."
    elif len(summary) > 255:
        errors["summary"] = "Summary can't exceed 255 characters."


def _check_description(description: object, errors: dict[str, str]) -> None:
    if description is None:
        return
    if not isinstance(description, str):
        errors["description"] = "Operation value must be a string"
    elif problem := _too_long(description):
        errors["description"] = problem


def _check_labels(labels: object, errors: dict[str, str]) -> None:
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        errors["labels"] = "data was not an array"
        return
    for label in labels:
        if re.search(r"\s", label):
            errors["labels"] = f"The label '{label}' contains spaces which is invalid."
        elif len(label) > 255:
            errors["labels"] = f"The label '{label}' is too long; it exceeds 255 characters."


def _too_long(text: str) -> str | None:
    if len(text) <= _TEXT_CHARACTERS:
        return None
    return f"The entered text is too long. It exceeds the allowed limit of {_TEXT_CHARACTERS:,} characters."


def _named(fields: dict[str, Any], name: str, by: str) -> object:
    value = fields.get(name)
    return value.get(by) if isinstance(value, dict) else None
