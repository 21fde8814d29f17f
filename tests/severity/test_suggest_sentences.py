"""Sentences people write at 3 a.m. and short reports as news writes them; what must be suggested, what must not."""

from pathlib import Path
from typing import Any

import pytest

from severity.loading import read_yaml
from severity.suggest import suggest

SENTENCES: list[dict[str, Any]] = [
    case
    for name in ("suggest_sentences.yaml", "suggest_reports.yaml")
    for case in read_yaml(Path(__file__).with_name(name)).value
]


@pytest.mark.parametrize("case", SENTENCES, ids=lambda case: case["says"][:60])
def test_the_sentence_suggests_what_it_says_and_no_more(case: dict[str, Any]) -> None:
    suggestion = suggest(case["says"]).to_json()
    floors = {item["fact"] for item in suggestion["floors"]}
    classes = {item["class"] for item in suggestion["harm_classes"]}

    assert set(case.get("floors", [])) <= floors
    assert set(case.get("classes", [])) <= classes
    assert not set(case.get("not_floors", [])) & floors
    assert not set(case.get("not_classes", [])) & classes


@pytest.mark.parametrize("name", ["minor", "death", "injury", "self_harm", "leaked_data", "regulator"])
def test_every_floor_has_sentences_for_and_against(name: str) -> None:
    assert any(name in case.get("floors", []) for case in SENTENCES)
    assert any(name in case.get("not_floors", []) for case in SENTENCES)


@pytest.mark.parametrize("name", [f"H{number}" for number in range(1, 11)])
def test_every_harm_class_has_sentences_for_and_against(name: str) -> None:
    assert any(name in case.get("classes", []) for case in SENTENCES)
    assert any(name in case.get("not_classes", []) for case in SENTENCES)
