"""Choosing a rollback target: the runbook's first, each with what people will notice, none that cannot be used."""

from typing import Any

import pytest

from bot.listeners.levers import levers_of
from bot.views.levers import Lever, rollback_modal
from incidents.inventory import RollbackTarget, SystemEntry
from sandbox.story.fields import words_of

MODEL = Lever("model-version", "Model version", "Model v1 answers again.", "disruptive")
PROMPT = Lever("prompt-version", "System prompt", "The prompt of last week.", "routine")
BROKEN = Lever("gateway", "Gateway", "", "critical", "The environment variable GATEWAY_SECRET is not set.")


def choices(view: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(block for block in view["blocks"] if block.get("block_id") == "target")["element"]
    return found


def test_what_the_runbook_names_comes_first_in_its_order_and_is_chosen() -> None:
    element = choices(rollback_modal([MODEL, PROMPT], ["prompt-version", "kill-switch"], "{}"))
    assert [one["value"] for one in element["options"]] == ["prompt-version", "model-version"]
    assert element["initial_option"]["value"] == "prompt-version"
    assert "in this runbook" in element["options"][0]["text"]["text"]


def test_each_choice_says_what_people_will_notice_and_its_class() -> None:
    element = choices(rollback_modal([MODEL], [], "{}"))
    assert element["type"] == "radio_buttons"
    assert element["options"][0]["text"]["text"] == "*Model version* · disruptive"
    assert element["options"][0]["description"]["text"] == "Model v1 answers again."
    assert "initial_option" not in element


def test_a_target_that_cannot_be_used_is_named_with_the_reason_and_not_offered() -> None:
    view = rollback_modal([BROKEN, MODEL], ["gateway"], "{}")
    assert [one["value"] for one in choices(view)["options"]] == ["model-version"]
    assert "*Gateway* cannot be used now. The environment variable GATEWAY_SECRET is not set." in words_of(view)


def test_where_none_can_be_used_nothing_can_be_submitted_and_the_way_by_hand_is_said() -> None:
    view = rollback_modal([BROKEN], [], "{}")
    assert "submit" not in view
    assert "Do it by hand" in words_of(view)
    assert "GATEWAY_SECRET is not set" in words_of(view)


def test_more_levers_than_slack_has_radio_buttons_for_become_a_menu() -> None:
    many = [Lever(f"lever-{number}", f"Lever {number}", "Something.", "routine") for number in range(12)]
    element = choices(rollback_modal(many, [], "{}"))
    assert (element["type"], len(element["options"])) == ("static_select", 12)
    assert element["options"][0]["description"]["text"] == "routine: Something."


def test_levers_are_described_by_the_operator_or_by_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_SECRET", raising=False)
    flag = {"kind": "openfeature", "file": "/none/flags.json", "flag": "model", "to": "v1"}
    hook = {"kind": "webhook", "url": "https://gateway.invalid", "secret_env": "GATEWAY_SECRET", "to": "off"}
    targets = [
        {"id": "a", "title": "A", "does": "Version 1 answers.", **flag},
        {"id": "b", "title": "B", **flag},
        {"id": "c", "title": "C", "class": "critical", **hook},
    ]
    system = SystemEntry(
        id="s", name="S", owner="U1", rollback_targets=tuple(RollbackTarget.model_validate(one) for one in targets)
    )
    first, second, third = levers_of(system)
    assert first == Lever("a", "A", "Version 1 answers.", "disruptive")
    assert second.does == "Sets the flag model to v1 for everyone."
    assert third.fault is not None
    assert "GATEWAY_SECRET is not set" in third.fault
