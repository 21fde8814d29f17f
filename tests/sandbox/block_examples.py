"""Blocks that Slack accepts and blocks it refuses, for the validator, the SDK and Slack's published types."""

from typing import Any

Json = dict[str, Any]


def plain(words: str = "words") -> Json:
    return {"type": "plain_text", "text": words}


def mrkdwn(words: str = "*words*") -> Json:
    return {"type": "mrkdwn", "text": words}


def options(count: int = 2) -> list[Json]:
    return [{"text": plain(f"option {n}"), "value": str(n)} for n in range(count)]


def button(action_id: str = "go", **fields: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain("Go"), **fields}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(words: str = "words", **fields: Any) -> Json:
    return {"type": "section", "text": mrkdwn(words), **fields}


def field(element: Json, **fields: Any) -> Json:
    return {"type": "input", "label": plain("Label"), "element": element, **fields}


def rich_text(*parts: Json) -> Json:
    elements = list(parts) or [{"type": "text", "text": "quoted", "style": {"bold": True}}]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def card(**fields: Any) -> Json:
    return {"type": "card", "title": mrkdwn("INC-1"), "body": mrkdwn("leak"), "actions": [button()], **fields}


def task(task_id: str = "1", status: str = "pending", **fields: Any) -> Json:
    return {"type": "task_card", "task_id": task_id, "title": "Stop it", "status": status, **fields}


def chart(kind: str = "line", categories: int = 3, series: int = 1, **fields: Any) -> Json:
    labels = [f"week {n}" for n in range(categories)]
    data = [{"label": label, "value": n} for n, label in enumerate(labels)]
    lines = [{"name": f"SEV{n}", "data": data} for n in range(series)]
    drawn = {"type": kind, "series": lines, "axis_config": {"categories": labels, "x_label": "Week"}}
    return {"type": "data_visualization", "title": "Incidents", "chart": drawn, **fields}


def table(rows: int = 2, cells: int = 2, **fields: Any) -> Json:
    row = [{"type": "raw_text", "text": "x"} for _ in range(cells)]
    return {"type": "table", "rows": [row for _ in range(rows)], **fields}


def data_table(rows: int = 2, **fields: Any) -> Json:
    row = [{"type": "raw_text", "text": "x"}, {"type": "raw_number", "value": 1, "text": "1"}]
    return {"type": "data_table", "caption": "Actions", "rows": [row for _ in range(rows)], **fields}


IMAGE = {"type": "image", "image_url": "https://img.invalid/a.png", "alt_text": "a line"}
FEEDBACK = {
    "type": "feedback_buttons",
    "action_id": "feedback",
    "positive_button": {"text": plain("Helpful"), "value": "good"},
    "negative_button": {"text": plain("Wrong"), "value": "bad"},
}
SOURCE = {"type": "url", "url": "https://a.invalid", "text": "a"}
TEXT_INPUT = {"type": "plain_text_input", "action_id": "text"}
RADIO = {"type": "radio_buttons", "action_id": "radio", "options": options()}

# surface, block
GOOD: dict[str, tuple[str, Json]] = {
    "actions": ("message", actions(button(), button("stop", style="danger", value="1"))),
    "overflow": ("message", actions({"type": "overflow", "action_id": "more", "options": options(5)})),
    "confirmed button": ("message", actions(button(confirm={"title": plain(), "text": plain(), "confirm": plain()}))),
    "section": ("message", section("x" * 3000, accessory=button())),
    "fields": ("message", {"type": "section", "fields": [mrkdwn()] * 10}),
    "static select": (
        "home",
        section(accessory={"type": "static_select", "action_id": "s", "options": options(100)}),
    ),
    "context": ("message", {"type": "context", "elements": [IMAGE, mrkdwn(), plain()]}),
    "divider": ("home", {"type": "divider", "block_id": "x" * 255}),
    "header": ("modal", {"type": "header", "text": plain("x" * 150)}),
    "image": ("message", {**IMAGE, "title": plain()}),
    "image by file": ("message", {"type": "image", "alt_text": "chart", "slack_file": {"id": "F1"}}),
    "rich text": ("modal", rich_text()),
    "video": (
        "message",
        {
            "type": "video",
            "alt_text": "a",
            "title": plain(),
            "thumbnail_url": "https://v.invalid/t",
            "video_url": "https://v.invalid/v",
        },
    ),
    "file": ("message", {"type": "file", "external_id": "1", "source": "remote"}),
    "text input": ("modal", field({**TEXT_INPUT, "multiline": True, "max_length": 3000}, optional=True, hint=plain())),
    "radio input": ("modal", field({**RADIO, "initial_option": options()[1]})),
    "datetime input": ("modal", field({"type": "datetimepicker", "action_id": "when"})),
    "users input": ("modal", field({"type": "multi_users_select", "action_id": "who", "max_selected_items": 3})),
    "number input": ("modal", field({"type": "number_input", "action_id": "n", "is_decimal_allowed": False})),
    "markdown": ("message", {"type": "markdown", "text": "x" * 12_000}),
    "alert": ("modal", {"type": "alert", "text": plain(), "level": "warning"}),
    "card": ("home", card()),
    "carousel": ("message", {"type": "carousel", "elements": [card()] * 10}),
    "container": (
        "message",
        {
            "type": "container",
            "title": plain(),
            "child_blocks": [section()] * 10,
            "is_collapsible": True,
            "default_collapsed": True,
        },
    ),
    "task card": (
        "message",
        task(details=rich_text(), sources=[{"type": "url", "url": "https://a.invalid", "text": "a"}]),
    ),
    "plan": ("message", {"type": "plan", "title": "Contain", "tasks": [task("1", "complete"), task("2", "error")]}),
    "table": ("message", table(rows=100, cells=20, column_settings=[{"align": "right", "is_wrapped": True}])),
    "data table": ("message", data_table(rows=101, page_size=100, row_header_column_index=0)),
    "line chart": ("message", chart("line", categories=20, series=6)),
    "pie chart": (
        "message",
        {
            "type": "data_visualization",
            "title": "x" * 50,
            "chart": {"type": "pie", "segments": [{"label": "SEV1", "value": 2}]},
        },
    ),
    "context actions": ("message", {"type": "context_actions", "elements": [FEEDBACK]}),
}

# surface, block, pointer below the block, part of the words
BAD: dict[str, tuple[str, Json, str, str]] = {
    "unknown block": ("message", {"type": "marquee"}, "/type", "unsupported type: marquee"),
    "no type": ("message", {"text": plain()}, "", "missing required field: type"),
    "alert in a message": ("message", GOOD["alert"][1], "/type", "unsupported type: alert"),
    "chart in a modal": ("modal", chart(), "/type", "unsupported type: data_visualization"),
    "container at home": ("home", GOOD["container"][1], "/type", "unsupported type: container"),
    "carousel in a modal": ("modal", GOOD["carousel"][1], "/type", "unsupported type: carousel"),
    "input in a message": ("message", field(TEXT_INPUT), "/type", "unsupported type: input"),
    "long section": ("message", section("x" * 3001), "/text/text", "less than 3001"),
    "empty section text": ("message", section(""), "/text/text", "more than 0"),
    "section of nothing": ("message", {"type": "section"}, "", "must define one of: text, fields"),
    "eleven fields": ("message", {"type": "section", "fields": [mrkdwn()] * 11}, "/fields", "no more than 10"),
    "unknown property": ("message", section(colour="red"), "", "invalid additional property: colour"),
    "mrkdwn header": ("message", {"type": "header", "text": mrkdwn()}, "/text/type", "unsupported type: mrkdwn"),
    "long button": ("message", actions(button(text=plain("x" * 76))), "/elements/0/text/text", "less than 76"),
    "odd button style": ("message", actions(button(style="green")), "/elements/0/style", "valid enum value"),
    "long button value": ("message", actions(button(value="x" * 2001)), "/elements/0/value", "less than 2001"),
    "26 buttons": ("message", actions(*(button(str(n)) for n in range(26))), "/elements", "no more than 25"),
    "two equal action ids": ("message", actions(button(), button()), "", "`action_id` go already exists"),
    "long action id": ("message", actions(button("x" * 256)), "/elements/0/action_id", "less than 256"),
    "long block id": ("message", {"type": "divider", "block_id": "x" * 256}, "/block_id", "less than 256"),
    "text input in actions": ("message", actions(TEXT_INPUT), "/elements/0/type", "unsupported type: plain_text_input"),
    "button in input": ("modal", field(button()), "/element/type", "unsupported type: button"),
    "no options": ("modal", field({**RADIO, "options": []}), "/element/options", "no fewer than 1"),
    "eleven radio options": ("modal", field({**RADIO, "options": options(11)}), "/element/options", "no more than 10"),
    "101 options": (
        "home",
        section(accessory={"type": "static_select", "action_id": "s", "options": options(101)}),
        "/accessory/options",
        "no more than 100",
    ),
    "initial option not offered": (
        "modal",
        field({**RADIO, "initial_option": {"text": plain("other"), "value": "9"}}),
        "/element/initial_option",
        "one of the provided options",
    ),
    "long option": (
        "modal",
        field({**RADIO, "options": [{"text": plain("x" * 76), "value": "1"}]}),
        "/element/options/0/text/text",
        "less than 76",
    ),
    "one overflow option too many": (
        "message",
        actions({"type": "overflow", "action_id": "more", "options": options(6)}),
        "/elements/0/options",
        "no more than 5",
    ),
    "image without alt text": (
        "message",
        {"type": "image", "image_url": "https://img.invalid/a"},
        "",
        "missing required field: alt_text",
    ),
    "long alt text": ("message", {**IMAGE, "alt_text": "x" * 2001}, "/alt_text", "less than 2001"),
    "eleven in context": ("message", {"type": "context", "elements": [mrkdwn()] * 11}, "/elements", "no more than 10"),
    "long markdown": ("message", {"type": "markdown", "text": "x" * 12_001}, "/text", "less than 12001"),
    "alert level": ("modal", {"type": "alert", "text": plain(), "level": "loud"}, "/level", "valid enum value"),
    "long card body": ("message", card(body=mrkdwn("x" * 201)), "/body/text", "less than 201"),
    "empty card": ("message", {"type": "card"}, "", "must define one of"),
    "eleven cards": (
        "message",
        {"type": "carousel", "elements": [card()] * 11},
        "/elements",
        "no more than 10",
    ),
    "eleven in container": (
        "message",
        {"type": "container", "title": plain(), "child_blocks": [section()] * 11},
        "/child_blocks",
        "no more than 10",
    ),
    "container in container": (
        "message",
        {"type": "container", "title": plain(), "child_blocks": [GOOD["container"][1]]},
        "/child_blocks/0/type",
        "unsupported type: container",
    ),
    "odd task status": ("message", task(status="done"), "/status", "valid enum value"),
    "equal tasks": ("message", {"type": "plan", "title": "x", "tasks": [task(), task()]}, "/tasks", "already exists"),
    "101 rows": ("message", table(rows=101), "/rows", "no more than 100"),
    "21 cells": ("message", table(cells=21), "/rows/0", "no more than 20"),
    "header without rows": ("message", data_table(rows=1), "/rows", "no fewer than 2"),
    "ragged data table": (
        "message",
        data_table(rows=1) | {"rows": [[{"type": "raw_text", "text": "x"}] * 2, [{"type": "raw_text", "text": "x"}]]},
        "/rows",
        "same number of cells",
    ),
    "26 weeks": ("message", chart(categories=26), "/chart/axis_config/categories", "no more than 20"),
    "seven series": ("message", chart(series=7), "/chart/series", "no more than 6"),
    "long chart title": ("message", chart(title="x" * 51), "/title", "less than 51"),
    "labels that differ": (
        "message",
        {
            "type": "data_visualization",
            "title": "x",
            "chart": {
                "type": "bar",
                "series": [{"name": "a", "data": [{"label": "w1", "value": 1}]}],
                "axis_config": {"categories": ["w2"]},
            },
        },
        "/chart/series/0/data",
        "labels must match",
    ),
    "unknown rich text part": ("message", rich_text({"type": "blink"}), "/elements/0/elements/0/type", "blink"),
    "button in context actions": (
        "message",
        {"type": "context_actions", "elements": [button()]},
        "/elements/0/type",
        "unsupported type: button",
    ),
}
