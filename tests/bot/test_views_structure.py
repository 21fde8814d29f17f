"""Every view, for ordinary, empty, maximal and hostile values: Slack takes it, and no text becomes more than text."""

import importlib
import json
import pkgutil
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botkit import every_text
from jsonschema import Draft7Validator
from slack_sdk.models.blocks import Block
from viewkit import MODES, call, views_of

import bot.views
from bot.views import classify
from integrations.slack import Message
from sandbox.blocks import block_faults, view_faults
from sandbox.mrkdwn import links, sequences

DATA = Path(__file__).parents[1] / "data" / "slack"
# Their arguments are objects of the clocks' book and of playbooks, made by their own tests.
OTHERS = {"bot.views.clock_alarms", "bot.views.clock_forms", "bot.views.comms"}
NO_VIEWS = {"bot.views.blocks", "bot.views.reach"} | OTHERS
MODULES = [importlib.import_module(f"bot.views.{found.name}") for found in pkgutil.iter_modules(bot.views.__path__)]
PARTS = {classify.question_input}  # one block of a modal, shown with it
VIEWS = {
    f"{module.__name__.removeprefix('bot.views.')}.{view.__name__}": view
    for module in MODULES
    if module.__name__ not in OTHERS
    for view in views_of(module)
    if module.__name__ != "bot.views.blocks" and view not in PARTS
}
UNTYPED = {"data_visualization"}  # newer than @slack/types 3.2.0, from which the published schema is made
UNKNOWN_TO_SDK = {"data_table"}  # newer than slack_sdk 3.47
ROUNDS = 12  # more than any argument has states
OURS = re.compile(r"@[UW][A-Z0-9]{2,20}|#C[A-Z0-9]+|!date\^\d+\^[^|]*\|.* UTC|https://jira\.invalid/browse/RAI-1\|.*")


Faults = Callable[[list[dict[str, Any]]], list[str]]


@pytest.fixture(scope="module")
def published() -> Faults:
    """What Slack's published schema says against blocks; the same block is looked at once."""
    validator = Draft7Validator(json.loads((DATA / "blocks.schema.json").read_text(encoding="utf-8")))

    @cache
    def faults(block: str) -> list[str]:
        return [error.message for error in validator.iter_errors([json.loads(block)])]

    return lambda blocks: [fault for block in blocks for fault in faults(json.dumps(block))]


@pytest.fixture(scope="module")
def published_view() -> Draft7Validator:
    return Draft7Validator(json.loads((DATA / "view.schema.json").read_text(encoding="utf-8")))


def test_every_module_of_views_has_views() -> None:
    with_views = {module.__name__ for module in MODULES if views_of(module)}
    assert {module.__name__ for module in MODULES} - with_views <= NO_VIEWS
    assert len(VIEWS) >= 30


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", sorted(VIEWS))
def test_slack_takes_the_view(name: str, mode: str, published: Faults, published_view: Draft7Validator) -> None:
    for round_ in range(ROUNDS if mode != "maximal" else 3):  # long lists hold every state by themselves
        shown = call(VIEWS[name], mode, round_)
        if isinstance(shown, Message):
            assert shown.text.strip(), "a message without words is silent on a lock screen"
            assert len(shown.text) <= 4000
        else:
            assert view_faults(shown) == []
            if round_ == 0:
                assert [error.message for error in published_view.iter_errors({**shown, "blocks": []})] == []
        for blocks in _variants(shown):
            if isinstance(shown, Message):
                assert block_faults(blocks, "message") == []
            if round_ in (0, 1):
                typed = [block for block in blocks if block["type"] not in UNTYPED]
                assert published(typed) == []
                for parsed in Block.parse_all([block for block in typed if block["type"] not in UNKNOWN_TO_SDK]):
                    assert parsed is not None
                    parsed.validate_json()


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_abuse_17_and_18_hostile_text_notifies_nobody_links_nowhere_and_hides_nothing(name: str) -> None:
    for round_ in range(ROUNDS):
        shown = call(VIEWS[name], "hostile", round_)
        text = shown.text if isinstance(shown, Message) else ""
        for blocks in _variants(shown):
            for sequence in sequences(text, blocks):
                assert OURS.fullmatch(sequence), sequence
                assert sequence != "@U0RAILEAD1"
            assert not any("evil" in link for link in links(text, blocks))
            seen: list[str] = []
            every_text([text, _shown(blocks)], seen.append)
            for one in seen:
                assert not {character for character in one if _hidden(character)}, one


def _variants(shown: Any) -> list[Any]:
    """The blocks of a view; of a message also those for workspaces that refuse its newer ones."""
    if not isinstance(shown, Message):
        return [shown["blocks"]]
    return [blocks for blocks in (shown.blocks, shown.plain) if blocks is not None]


def _shown(node: Any) -> Any:
    """Only what people see, not ids and values."""
    if isinstance(node, list):
        return [_shown(child) for child in node]
    if isinstance(node, dict):
        return {key: _shown(child) for key, child in node.items() if key not in ("value", "block_id", "action_id")}
    return node


def _hidden(character: str) -> bool:
    if character in "\n\t\u200d":  # joins emoji
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn")


def test_the_check_sees_a_view_that_lets_text_through() -> None:
    leaking: Callable[[str], Message] = lambda text: Message(text, [])  # noqa: E731
    leaked = leaking("<!channel>")
    assert not all(OURS.fullmatch(sequence) for sequence in sequences(leaked.text, leaked.blocks))
