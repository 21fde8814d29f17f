"""A person's entry in a form field, as the element of that field holds it."""

from collections.abc import Iterator
from typing import Any

from sandbox.elements import interactive
from sandbox.workspace import Json


def entry(element: Json, given: Any) -> Json:
    """What `element` holds once a person has entered `given`: text, an option's value, ids, or seconds since 1970."""
    kind = element["type"]
    if kind in ("static_select", "radio_buttons"):
        held: Json = {"selected_option": _option(element, given)}
    elif kind in ("multi_static_select", "checkboxes"):
        held = {"selected_options": [_option(element, value) for value in given]}
    elif kind == "users_select":
        held = {"selected_user": given}
    elif kind == "multi_users_select":
        held = {"selected_users": list(given)}
    elif kind == "datepicker":
        held = {"selected_date": given}
    elif kind == "datetimepicker":
        held = {"selected_date_time": given}
    elif kind == "file_input":
        held = {"files": [{"id": file_id} for file_id in given]}
    else:
        held = {"value": given}
    return {"type": kind, **held}


def field(blocks: list[Json], block_id: str) -> tuple[Json, Json] | None:
    """The block with this id and its element."""
    block = next((block for block in blocks if block.get("block_id") == block_id), None)
    found = next((element for owner, element in interactive(blocks) if owner == block_id), None)
    return (block, found) if block is not None and found is not None else None


def words_of(shown: Json) -> str:
    """All that can be read in a message or a view, one text a line."""
    texts = [str(shown["text"])] if isinstance(shown.get("text"), str) else []
    return "\n".join([*texts, *_texts(shown.get("blocks") or [])])


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for child in node:
            yield from _texts(child)
    elif isinstance(node, dict):
        if node.get("type") in ("plain_text", "mrkdwn", "text"):
            yield str(node["text"])
        else:
            if node.get("type") in ("plan", "task_card"):  # their titles are bare text
                yield str(node["title"])
            for name, child in node.items():
                if name != "confirm":
                    yield from _texts(child)


def _option(element: Json, value: str) -> Json:
    groups = [group["options"] for group in element.get("option_groups", [])]
    options = [option for options in [element.get("options", []), *groups] for option in options]
    found = next((option for option in options if option["value"] == value), None)
    if found is None:
        raise LookupError(f"there is no choice {value!r} among {[option['value'] for option in options]}")
    return dict(found)
