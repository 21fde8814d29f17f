"""Each broken policy is refused with file, line, key and reason; nothing else about it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from severity.errors import PolicyError
from severity.policy import load_policy

BROKEN = Path(__file__).parent / "broken"

FAULTS = {
    "undeclared_fact": (33, "rules[1].when.date", "undeclared fact; the policy declares scope, data"),
    "unknown_answer": (
        33,
        "rules[1].when.data",
        "unknown answer 'everyone'; data can be none, own, others or not sure",
    ),
    "duplicate_key": (8, "facts.scope.not_sure_counts_as", "duplicate key, first given on line 7"),
    "duplicate_id": (32, "rules[1].id", "duplicate id 'own-data', first given on line 25"),
    "missing_default": (
        1,
        "default",
        "is missing; not total: with every other answer at its best, no rule gives a severity",
    ),
    "never_true": (33, "rules[1].when", "rule 'others-data' can never decide: its condition is never true"),
    "shadowed": (
        26,
        "rules[0].when",
        "rule 'own-data-again' can never decide: whenever it holds, 'own-data' holds too and is at least as strong",
    ),
    "shadowed_by_rule": (
        26,
        "rules[0].when",
        "rule 'own-data' can never decide: whenever it holds, 'many' holds too and is at least as strong",
    ),
    "not_monotone": (
        47,
        "rules[3].when",
        "not monotone: with scope 'many', the rest at its best, data 'own' gives SEV1 but 'others' only SEV2",
    ),
    "milder_when_worse": (
        26,
        "rules[0].when",
        "not monotone: with every other answer at its best, before a harm class is chosen, "
        "scope 'few' gives SEV3 but 'many' only SEV4",
    ),
    "not_sure_too_mild": (
        14,
        "facts.data.not_sure_counts_as",
        "\"not sure\" is too mild: with every other answer at its best, data 'own' gives SEV3 but 'not_sure' only SEV4",
    ),
    "yaml_tag": (
        5,
        "facts.scope.question",
        "uses the tag tag:yaml.org,2002:python/object/apply:os.getcwd; tags are not allowed",
    ),
    "alias_bomb": (3, "bomb.a", "defines the anchor &a; anchors are not allowed"),
    "missing_owner": (46, "rules[3].owner", "is missing"),
    "missing_source": (25, "rules[0].source", "is missing"),
    "bad_severity": (
        48,
        "rules[3].severity",
        "bad severity 'SEV-1'; it is one of SEV0, SEV1, SEV2, SEV3, SEV4",
    ),
    "two_effects": (46, "rules[3]", "must have exactly one of severity, floor, modifier"),
    "unknown_key": (17, "facts.data.weight", "is not a known key"),
    "bad_duration": (
        62,
        "targets.SEV0.detect",
        'must be a duration such as "15 min", "4 h" or "3 days", not 30',
    ),
    "unknown_harm_class": (
        17,
        "facts.data.asked_by[0]",
        "input should be 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'H7', 'H8', 'H9' or 'H10', not 'H44'",
    ),
    "missing_target": (61, "targets", "has no targets for SEV3"),
    "too_entangled": (
        262,
        "rules",
        "cannot be proved: conditions combine so many facts that their combinations cannot be told apart",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_policy_is_refused_with_its_exact_fault(name: str) -> None:
    line, key, reason = FAULTS[name]
    with pytest.raises(PolicyError) as refused:
        load_policy(BROKEN / f"{name}.yaml")
    assert [str(fault) for fault in refused.value.faults] == [f"{name}.yaml:{line}: {key}: {reason}"]


@pytest.mark.parametrize("name", ["duplicate_key", "undeclared_fact", "never_true", "yaml_tag", "alias_bomb"])
def test_abuse_40_a_hostile_policy_is_refused_and_the_loaded_one_still_answers(name: str) -> None:
    active = load_policy()
    before = active.evaluate({"ongoing": "yes"}, [])
    with pytest.raises(PolicyError, match=rf"^{name}.yaml:\d+: "):
        load_policy(BROKEN / f"{name}.yaml")
    assert active.evaluate({"ongoing": "yes"}, []) == before


def test_every_broken_policy_is_tested_and_the_sound_one_loads() -> None:
    assert {path.stem for path in BROKEN.glob("*.yaml")} == {*FAULTS, "sound"}
    load_policy(BROKEN / "sound.yaml")


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    text = (BROKEN / "sound.yaml").read_text(encoding="utf-8")
    path = tmp_path / "policy.yaml"
    path.write_text(text.replace("{data: others}", "{date: others}").replace("scope: many", "scope: lots"), "utf-8")
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    assert [fault.key for fault in refused.value.faults] == ["rules[1].when.date", "rules[3].when.all[0].scope"]


@pytest.mark.parametrize("text", ["", "- a", "words", "3"])
def test_a_file_that_is_no_policy_at_all_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"policy.yaml:1: must be a mapping of keys and values"):
        load_policy(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read: No such file"):
        load_policy(tmp_path / "none.yaml")
