"""Finding the elements of blocks, and the values people put into them."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sandbox.workspace import Json

_EMPTY: Final[dict[str, Json]] = {
    "plain_text_input": {"value": None},
    "email_text_input": {"value": None},
    "url_text_input": {"value": None},
    "number_input": {"value": None},
    "rich_text_input": {"rich_text_value": None},
    "file_input": {"files": []},
    "static_select": {"selected_option": None},
    "external_select": {"selected_option": None},
    "users_select": {"selected_user": None},
    "conversations_select": {"selected_conversation": None},
    "channels_select": {"selected_channel": None},
    "multi_static_select": {"selected_options": []},
    "multi_external_select": {"selected_options": []},
    "multi_users_select": {"selected_users": []},
    "multi_conversations_select": {"selected_conversations": []},
    "multi_channels_select": {"selected_channels": []},
    "datepicker": {"selected_date": None},
    "timepicker": {"selected_time": None},
    "datetimepicker": {"selected_date_time": None},
    "checkboxes": {"selected_options": []},
    "radio_buttons": {"selected_option": None},
}
_INITIAL: Final = {
    "value": "initial_value",
    "rich_text_value": "initial_value",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
    "selected_conversations": "initial_conversations",
    "selected_channel": "initial_channel",
    "selected_channels": "initial_channels",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
}
_ECHOED: Final = ("text", "value", "style", "placeholder", "confirm", "url", "icon")
REQUIRED_WORDS: Final = "Please complete this required field."


def interactive(blocks: list[Json]) -> Iterator[tuple[str, Json]]:
    """Each element that has an action id, with the id of the outermost-named block it belongs to."""
    for block in blocks:
        yield from _inside(block, str(block.get("block_id", "")))


def _inside(node: Any, block_id: str) -> Iterator[tuple[str, Json]]:
    if isinstance(node, list):
        for child in node:
            yield from _inside(child, block_id)
    elif isinstance(node, dict):
        own_id = str(node.get("block_id") or block_id)
        if "action_id" in node and "type" in node:
            yield own_id, node
        for child in node.values():
            if isinstance(child, dict | list):
                yield from _inside(child, own_id)


def find(blocks: list[Json], block_id: str, action_id: str) -> Json | None:
    return next(
        (element for owner, element in interactive(blocks) if owner == block_id and element["action_id"] == action_id),
        None,
    )


def action(element: Json, block_id: str, given: Json, action_ts: str) -> Json:
    """The action a person takes on an element. What the client sends wins, as a hostile client would have it."""
    echoed = {name: element[name] for name in _ECHOED if name in element}
    stateless = element["type"] not in _EMPTY
    kept = echoed if stateless else {name: echoed[name] for name in ("placeholder", "confirm") if name in echoed}
    fixed = {
        "type": element["type"],
        "block_id": block_id,
        "action_id": element["action_id"],
        "action_ts": action_ts,
    }
    return kept | given | fixed


def values(blocks: list[Json], given: Json) -> Json:
    """`state.values` of a view or message: each element that holds a value, as entered, else as it began."""
    state: Json = {}
    for block_id, element in interactive(blocks):
        empty = _EMPTY.get(element["type"])
        if empty is None:
            continue
        entered = given.get(block_id, {}).get(element["action_id"], {})
        begun = {name: element.get(_INITIAL.get(name, ""), nothing) for name, nothing in empty.items()}
        known = {name: entered[name] for name in empty if name in entered}
        state.setdefault(block_id, {})[element["action_id"]] = {"type": element["type"], **begun, **known}
    return state


def input_errors(blocks: list[Json], state: Json) -> dict[str, str]:
    """What Slack's own client objects to before it submits: {block_id: words}."""
    errors = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        held = state.get(block["block_id"], {}).get(element["action_id"], {})
        fault = _input_fault(
            block, element, next((held[name] for name in _EMPTY[element["type"]] if name in held), None)
        )
        if fault:
            errors[block["block_id"]] = fault
    return errors


def _input_fault(block: Json, element: Json, value: Any) -> str | None:
    if value in (None, "", []):
        return None if block.get("optional") else REQUIRED_WORDS
    kind = element["type"]
    if kind == "plain_text_input":
        if len(value) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(value) > element.get("max_length", 3000):
            return f"Please enter no more than {element.get('max_length', 3000)} characters."
    if kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not re.match(r"https?://", value):
        return "Please enter a valid URL."
    if kind == "number_input":
        return _number_fault(element, value)
    return None


def _number_fault(element: Json, value: Any) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and not number.is_integer():
        return "Please enter a whole number."
    if "min_value" in element and number < float(element["min_value"]):
        return f"Please enter a number no less than {element['min_value']}."
    if "max_value" in element and number > float(element["max_value"]):
        return f"Please enter a number no greater than {element['max_value']}."
    return None
