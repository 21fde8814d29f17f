"""Slack's rules for blocks and views: which block where, its fields, lengths and counts.

Limits from https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/reference/views. A fault reads
like Slack's own, with a JSON pointer: `must be less than 151 characters [json-pointer:/blocks/0/text/text]`.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, Literal

from sandbox import charts
from sandbox.block_elements import BUTTONS, CONTEXT_ACTIONS, IN_ACTIONS, IN_SECTION, INPUTS
from sandbox.block_objects import ADDRESS, IDENTIFIER, IMAGE, IMAGE_SOURCE, RICH_TEXT, plain, text
from sandbox.block_rules import Check, anything, choice, fault, fields, flag, integer, items, one_of, string, typed

Surface = Literal["message", "modal", "home"]

MAX_BLOCKS: Final[dict[Surface, int]] = {"message": 50, "modal": 100, "home": 100}
MAX_MARKDOWN: Final = 12_000
MAX_CHARTS: Final = 2
MAX_TABLES: Final = 1


def _block(required: dict[str, Check], optional: dict[str, Check] | None = None, *more: Check) -> Check:
    return fields({"type": anything, **required}, {"block_id": IDENTIFIER, **(optional or {})}, *more)


_CARD: Final = _block(
    {},
    {
        "hero_image": IMAGE,
        "icon": IMAGE,
        "title": text(150, "mrkdwn"),
        "subtitle": text(150, "mrkdwn"),
        "body": text(200, "mrkdwn"),
        "actions": items(typed(BUTTONS, "button"), 1, 5),
    },
    one_of("hero_image", "title", "actions", "body"),
)
_SOURCE: Final = fields({"type": choice("url"), "url": ADDRESS, "text": string(minimum=1)})
_TASK: Final = _block(
    {
        "task_id": string(255, 1),
        "title": string(minimum=1),
        "status": choice("pending", "in_progress", "complete", "error"),
    },
    {"details": RICH_TEXT, "output": RICH_TEXT, "sources": items(_SOURCE)},
)
_CELLS: Final[dict[str, Check]] = {
    "raw_text": fields({"type": anything, "text": string(minimum=1)}),
    "raw_number": fields({"type": anything, "value": charts.finite, "text": string(minimum=1)}),
    "rich_text": RICH_TEXT,
}
_TABLE: Final = _block(
    {"rows": items(items(typed(_CELLS), 1, 20), 1, 100)},
    {
        "column_settings": items(
            fields({}, {"align": choice("left", "center", "right"), "is_wrapped": flag}),
            0,
            20,
        )
    },
)


def _even_rows(value: Any, pointer: str) -> Iterator[str]:
    given = value.get("rows")
    rows = [row for row in given if isinstance(row, list)] if isinstance(given, list) else []
    if len({len(row) for row in rows}) > 1:
        yield fault("all rows must have the same number of cells", f"{pointer}/rows")
    header = rows[0] if rows else []
    if any(isinstance(cell, dict) and cell.get("type") == "rich_text" for cell in header):
        yield fault("rich_text is not allowed in the header row", f"{pointer}/rows/0")


def _folding(value: Any, pointer: str) -> Iterator[str]:
    if value.get("is_collapsible") and value.get("has_header_divider"):
        yield fault("has_header_divider cannot be set when is_collapsible is true", pointer)
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        yield fault("default_collapsed requires is_collapsible", pointer)


_SIMPLE: Final[dict[str, Check]] = {
    "actions": _block({"elements": items(typed(IN_ACTIONS), 1, 25)}),
    "context": _block(
        {"elements": items(typed({"image": IMAGE, "plain_text": plain(2000), "mrkdwn": text(2000, "mrkdwn")}), 1, 10)}
    ),
    "divider": _block({}),
    "file": _block({"external_id": string(255, 1), "source": choice("remote")}),
    "header": _block({"text": plain(150)}),
    "image": _block(
        {"alt_text": string(2000)}, {**IMAGE_SOURCE, "title": plain(2000)}, one_of("image_url", "slack_file")
    ),
    "input": _block(
        {"label": plain(2000), "element": typed(INPUTS)},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "rich_text": RICH_TEXT,
    "section": _block(
        {},
        {"text": text(3000), "fields": items(text(2000), 1, 10), "accessory": typed(IN_SECTION), "expand": flag},
        one_of("text", "fields"),
    ),
    "table": _TABLE,
    "video": _block(
        {"alt_text": string(2000), "title": plain(200), "thumbnail_url": ADDRESS, "video_url": ADDRESS},
        {
            "author_name": string(50),
            "description": plain(200),
            "provider_icon_url": ADDRESS,
            "provider_name": string(),
            "title_url": ADDRESS,
        },
    ),
}
_IN_CONTAINER: Final = {kind: check for kind, check in _SIMPLE.items() if kind != "input"}
BLOCKS: Final[dict[str, Check]] = {
    **_SIMPLE,
    "alert": _block({"text": text(3000)}, {"level": choice("default", "info", "warning", "error", "success")}),
    "card": _CARD,
    "carousel": _block({"elements": items(typed({"card": _CARD}), 1, 10)}),
    "container": _block(
        {"child_blocks": items(typed(_IN_CONTAINER), 1, 10)},
        {
            "title": plain(150),
            "rich_text_title": RICH_TEXT,
            "subtitle": text(150),
            "width": choice("narrow", "standard", "wide", "full"),
            "icon": IMAGE,
            "is_collapsible": flag,
            "default_collapsed": flag,
            "has_header_divider": flag,
        },
        one_of("title", "rich_text_title"),
        _folding,
    ),
    "context_actions": _block({"elements": items(typed(CONTEXT_ACTIONS), 1, 5)}),
    "data_table": _block(
        {"caption": string(minimum=1), "rows": items(items(typed(_CELLS), 1, 20), 2, 101)},
        {"page_size": integer(1, 100), "row_header_column_index": integer(0, 19)},
        _even_rows,
    ),
    "data_visualization": _block({"title": string(50, 1), "chart": charts.CHART}),
    "markdown": _block({"text": string(MAX_MARKDOWN, 1)}),
    "plan": _block({"title": string(minimum=1)}, {"tasks": items(typed({"task_card": _TASK}))}),
    "task_card": _TASK,
}
_EVERYWHERE: Final = {"actions", "context", "divider", "header", "image", "rich_text", "section", "video", "card"}
_MESSAGE_ONLY: Final = {
    "container",
    "context_actions",
    "data_table",
    "data_visualization",
    "file",
    "markdown",
    "plan",
    "table",
    "task_card",
}
ALLOWED: Final[dict[Surface, set[str]]] = {
    "message": _EVERYWHERE | _MESSAGE_ONLY | {"carousel"},
    "modal": _EVERYWHERE | {"alert", "input"},
    "home": _EVERYWHERE | {"carousel", "input"},
}

_VIEW_COMMON: Final[dict[str, Check]] = {
    "private_metadata": string(3000),
    "callback_id": IDENTIFIER,
    "external_id": IDENTIFIER,
}
_VIEWS: Final[dict[str, Check]] = {
    "modal": fields(
        {"type": anything, "title": plain(24), "blocks": anything},
        {
            **_VIEW_COMMON,
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": flag,
            "notify_on_close": flag,
            "submit_disabled": flag,
        },
    ),
    "home": fields({"type": anything, "blocks": anything}, _VIEW_COMMON),
}


def block_faults(blocks: Any, surface: Surface, pointer: str = "/blocks") -> list[str]:
    """Everything Slack would refuse in these blocks, on this surface; empty when there is nothing."""
    check = items(typed(BLOCKS, *ALLOWED[surface]), 0, MAX_BLOCKS[surface])
    found = list(check(blocks, pointer))
    if isinstance(blocks, list) and not found:
        found += _together(blocks, pointer)
    return found


def view_faults(view: dict[str, Any]) -> list[str]:
    """Everything Slack would refuse in this modal or Home tab."""
    found = list(typed(_VIEWS)(view, "/view"))
    surface: Surface = "home" if view.get("type") == "home" else "modal"
    blocks = view.get("blocks")
    found += block_faults(blocks, surface, "/view/blocks")
    if found or not isinstance(blocks, list):
        return found
    if surface == "modal" and "submit" not in view and any(block["type"] == "input" for block in blocks):
        found.append(fault("must define `submit` to use an `input` block", "/view"))
    if sum(_count_focused(block) for block in blocks) > 1:
        found.append(fault("only one element may have focus_on_load", "/view/blocks"))
    return found


def types_in(blocks: Any) -> set[str]:
    """Every `type` in the blocks, at any depth."""
    if isinstance(blocks, list):
        return set().union(*(types_in(child) for child in blocks))
    if not isinstance(blocks, dict):
        return set()
    own = {blocks["type"]} if isinstance(blocks.get("type"), str) else set()
    return own.union(*(types_in(child) for child in blocks.values()))


def _together(blocks: list[Any], pointer: str) -> Iterator[str]:
    """Rules about blocks beside each other: unique ids, and how many of a kind one message holds."""
    block_ids = Counter(block.get("block_id") for block in blocks if block.get("block_id"))
    for block_id in (name for name, times in block_ids.items() if times > 1):
        yield fault(f"`block_id` {block_id} already exists", pointer)
    for index, block in enumerate(blocks):
        yield from _unique_actions(block, f"{pointer}/{index}")
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MAX_MARKDOWN:
        yield fault(f"markdown blocks must be less than {MAX_MARKDOWN + 1} characters in all", pointer)
    kinds = Counter(block["type"] for block in blocks)
    if kinds["data_visualization"] > MAX_CHARTS:
        yield fault(f"no more than {MAX_CHARTS} data_visualization blocks allowed", pointer)
    if kinds["table"] > MAX_TABLES:
        yield fault("only_one_table_allowed", pointer)


def _unique_actions(block: dict[str, Any], pointer: str) -> Iterator[str]:
    """Action ids are unique in their block; cards and folded blocks are blocks of their own."""
    children = {"container": "child_blocks", "carousel": "elements", "plan": "tasks"}.get(block["type"])
    if children:
        for index, child in enumerate(block.get(children) or []):
            yield from _unique_actions(child, f"{pointer}/{children}/{index}")
        if block["type"] == "plan":
            tasks = Counter(task["task_id"] for task in block.get("tasks") or [])
            for task_id in (name for name, times in tasks.items() if times > 1):
                yield fault(f"`task_id` {task_id} already exists", f"{pointer}/tasks")
        return
    elements = block.get("elements") or block.get("actions") or []
    actions = Counter(one.get("action_id") for one in elements if isinstance(one, dict) and one.get("action_id"))
    for action_id in (name for name, times in actions.items() if times > 1):
        yield fault(f"`action_id` {action_id} already exists", pointer)


def _count_focused(node: Any) -> int:
    if isinstance(node, list):
        return sum(_count_focused(child) for child in node)
    if not isinstance(node, dict):
        return 0
    return int(node.get("focus_on_load") is True) + sum(_count_focused(child) for child in node.values())
