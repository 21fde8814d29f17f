"""The validator knows Slack's rules: it agrees with the SDK's classes and with Slack's published types."""

import json
from pathlib import Path
from typing import Any

import pytest
from block_examples import BAD, GOOD, TEXT_INPUT, chart, field, plain, section, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.blocks import AlertBlock

from sandbox.blocks import BLOCKS, block_faults, types_in, view_faults

DATA = Path(__file__).parents[1] / "data" / "slack"
UNTYPED = {"data_visualization"}  # newer than @slack/types 3.2.0
UNKNOWN_TO_SDK = UNTYPED | {"data_table"}  # newer than slack_sdk 3.47
# wrong only in a length, a count, a surface or an id, of which the types say nothing
BEYOND_TYPES = {
    "alert in a message",
    "container at home",
    "carousel in a modal",
    "input in a message",
    "long section",
    "empty section text",
    "section of nothing",
    "eleven fields",
    "long button",
    "long button value",
    "26 buttons",
    "two equal action ids",
    "long action id",
    "long block id",
    "no options",
    "eleven radio options",
    "101 options",
    "initial option not offered",
    "long option",
    "one overflow option too many",
    "long alt text",
    "eleven in context",
    "long markdown",
    "long card body",
    "empty card",
    "eleven cards",
    "eleven in container",
    "equal tasks",
    "101 rows",
    "21 cells",
    "header without rows",
    "ragged data table",
}


@pytest.fixture(scope="module")
def published() -> Draft7Validator:
    return Draft7Validator(json.loads((DATA / "blocks.schema.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def published_view() -> Draft7Validator:
    return Draft7Validator(json.loads((DATA / "view.schema.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_block_is_accepted(name: str) -> None:
    surface, block = GOOD[name]
    assert block_faults([block], surface) == []


@pytest.mark.parametrize("name", BAD)
def test_a_bad_block_is_refused_by_pointer(name: str) -> None:
    surface, block, pointer, words = BAD[name]
    faults = block_faults([block], surface)
    assert any(words in fault and fault.endswith(f"[json-pointer:/blocks/0{pointer}]") for fault in faults), faults


def test_there_is_an_example_of_every_block() -> None:
    assert set(BLOCKS) - {"task_card"} <= {block["type"] for _, block in GOOD.values()}


@pytest.mark.parametrize("name", [name for name in GOOD if GOOD[name][1]["type"] not in UNKNOWN_TO_SDK])
def test_what_is_accepted_parses_and_validates_with_the_sdk(name: str) -> None:
    (parsed,) = Block.parse_all([GOOD[name][1]])
    assert parsed is not None
    parsed.validate_json()


@pytest.mark.parametrize("name", [name for name in GOOD if GOOD[name][1]["type"] not in UNTYPED])
def test_what_is_accepted_fits_the_published_types(name: str, published: Draft7Validator) -> None:
    assert [error.message for error in published.iter_errors([GOOD[name][1]])] == []


def test_the_published_types_refuse_all_but_what_types_cannot_say(published: Draft7Validator) -> None:
    typed = {name for name in BAD if BAD[name][1].get("type") not in UNTYPED}
    assert {name for name in typed if published.is_valid([BAD[name][1]])} == BEYOND_TYPES


def test_alert_levels_are_the_sdks_levels() -> None:
    for level in AlertBlock.valid_levels:
        assert block_faults([{"type": "alert", "text": plain(), "level": level}], "modal") == []


# blocks beside each other


def test_a_message_holds_fifty_blocks_and_a_view_a_hundred() -> None:
    divider = {"type": "divider"}
    assert block_faults([divider] * 50, "message") == []
    assert block_faults([divider] * 51, "message") == ["no more than 50 items allowed [json-pointer:/blocks]"]
    assert block_faults([divider] * 100, "home") == []
    assert block_faults([divider] * 101, "modal") != []


def test_block_ids_are_unique() -> None:
    twice = [{"type": "divider", "block_id": "a"}] * 2
    assert block_faults(twice, "message") == ["`block_id` a already exists [json-pointer:/blocks]"]


def test_two_charts_and_one_table_fit_in_a_message() -> None:
    assert block_faults([chart(), chart(), table()], "message") == []
    assert block_faults([chart()] * 3, "message") != []
    assert block_faults([table()] * 2, "message") == ["only_one_table_allowed [json-pointer:/blocks]"]


def test_markdown_is_limited_over_all_blocks() -> None:
    halves = [{"type": "markdown", "text": "x" * 6_000}] * 2
    assert block_faults(halves, "message") == []
    assert block_faults([*halves, {"type": "markdown", "text": "x"}], "message") != []


def test_types_are_found_at_any_depth() -> None:
    plan = GOOD["plan"][1]
    assert {"plan", "task_card"} <= types_in([plan])


# views


def view(**fields: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("Title"), "submit": plain("Go"), "blocks": [field(TEXT_INPUT)], **fields}


GOOD_VIEWS = {
    "modal": view(private_metadata="x" * 3000, notify_on_close=True, clear_on_close=False, callback_id="x" * 255),
    "modal without inputs": {"type": "modal", "title": plain("x" * 24), "blocks": [section()]},
    "home": {"type": "home", "blocks": [section()], "private_metadata": "x"},
}
BAD_VIEWS = {
    "long title": (view(title=plain("x" * 25)), "/view/title/text"),
    "no title": ({"type": "modal", "blocks": [section()]}, "/view"),
    "long submit": (view(submit=plain("x" * 25)), "/view/submit/text"),
    "long metadata": (view(private_metadata="x" * 3001), "/view/private_metadata"),
    "home with a title": ({"type": "home", "title": plain(), "blocks": []}, "/view"),
    "unknown property": (view(colour="red"), "/view"),
    "unknown type": ({"type": "sidebar", "blocks": []}, "/view/type"),
    "faulty block": (view(blocks=[section("x" * 3001)]), "/view/blocks/0/text/text"),
    "input without submit": ({"type": "modal", "title": plain(), "blocks": [field(TEXT_INPUT)]}, "/view"),
    "two focused": (
        view(blocks=[field({**TEXT_INPUT, "focus_on_load": True}), field({**TEXT_INPUT, "focus_on_load": True})]),
        "/view/blocks",
    ),
}


@pytest.mark.parametrize("name", GOOD_VIEWS)
def test_a_good_view_is_accepted_and_fits_the_published_type(name: str, published_view: Draft7Validator) -> None:
    assert view_faults(GOOD_VIEWS[name]) == []
    assert published_view.is_valid(GOOD_VIEWS[name])


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_a_bad_view_is_refused_by_pointer(name: str) -> None:
    refused, pointer = BAD_VIEWS[name]
    faults = view_faults(refused)
    assert any(fault.endswith(f"[json-pointer:{pointer}]") for fault in faults), faults


# hostile input

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(sorted(GOOD)), data=st.data())
def test_no_value_anywhere_breaks_the_validator(name: str, data: st.DataObject) -> None:
    surface, block = GOOD[name]
    spoilt = json.loads(json.dumps(block))
    at = data.draw(st.sampled_from(sorted(spoilt)))
    spoilt[at] = data.draw(_VALUES)
    faults = block_faults([spoilt], surface)
    assert all("[json-pointer:/blocks" in fault for fault in faults)
