"""What Slack sends, told from what it never sends: a signed body of another shape is refused at the door, so that
nothing behind it has to expect nonsense (abuse case 4)."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")


def understood(body: str, content_type: str) -> bool:
    """Whether this is a command, an interaction or an event with the parts that every one of its kind has."""
    try:
        found = _read(body, content_type)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    match found.get("type"):
        case None:
            return _texts(found, "command", "user_id", "channel_id", "team_id", "trigger_id") and _id(found["user_id"])
        case "event_callback":
            return _texts(found, "event_id") and isinstance(found.get("event"), dict) and _texts(found["event"], "type")
        case "block_actions":
            actions = found.get("actions")
            first = actions[0] if isinstance(actions, list) and actions else None
            return _acted(found) and isinstance(first, dict) and _texts(first, "action_id")
        case "view_submission":
            view = found.get("view")
            state = view.get("state") if isinstance(view, dict) else None
            values = state.get("values") if isinstance(state, dict) else None
            return _acted(found) and _texts(view, "id", "hash", "callback_id") and _valued(values)
        case "shortcut" | "message_action":
            return _acted(found) and _texts(found, "callback_id")
        case kind:
            return isinstance(kind, str)  # of no interest to any listener, and answered so


def plain_to_bolt(body: bytes) -> bytes:
    """The same form for Bolt, which takes the word “payload” anywhere in a typed command for an interaction's field."""
    if body.startswith((b"payload=", b"{")):
        return body
    return body.replace(b"payload", b"%70ayload")


def _read(body: str, content_type: str) -> Any:
    if content_type == "application/json" or body.startswith("{"):
        return json.loads(body)
    form = dict(parse_qsl(body, keep_blank_values=True))
    return json.loads(form["payload"]) if "payload" in form else form


def _acted(found: dict[str, Any]) -> bool:
    user = found.get("user")
    return _texts(found, "trigger_id") and isinstance(user, dict) and _id(user.get("id"))


def _id(user: Any) -> bool:
    return isinstance(user, str) and _PERSON.fullmatch(user) is not None


def _texts(held: Any, *names: str) -> bool:
    return isinstance(held, dict) and all(isinstance(held.get(name), str) for name in names)


def _valued(values: Any) -> bool:
    """A form's values: block -> action -> what it holds."""
    return isinstance(values, dict) and all(
        isinstance(block, dict) and all(isinstance(action, dict) for action in block.values())
        for block in values.values()
    )
