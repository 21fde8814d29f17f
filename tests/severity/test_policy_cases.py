"""The named cases of `policy_tests.yaml`, and the runner that holds a policy to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from severity.cases import CaseResult, run_cases
from severity.errors import PolicyError
from severity.policy import load_policy, policy_from_text
from severity.taxonomy import HARM_CLASS_IDS

POLICY = load_policy()
RESULTS = run_cases(POLICY)


@pytest.mark.parametrize("result", RESULTS, ids=[result.name for result in RESULTS])
def test_a_named_case_answers_as_written(result: CaseResult) -> None:
    assert result.faults == ()


def test_there_are_at_least_forty_cases_over_all_harm_classes() -> None:
    assert len(RESULTS) >= 40
    assert {each for result in RESULTS for each in result.situation.harm_classes} == set(HARM_CLASS_IDS)


def test_every_rule_of_the_policy_is_seen_on_the_path_of_a_case() -> None:
    seen = {step.rule for result in RESULTS for step in result.decision.path}
    written = {rule.id for rule in POLICY.table.rules} | {"default", "unclassified"}
    assert written - seen == set()


def test_the_cases_notice_a_changed_policy() -> None:
    words = "severity: {}\n  because: someone decided"
    changed = policy_from_text(POLICY.text.replace(words.format("SEV2"), words.format("SEV1")))
    failed = [result for result in run_cases(changed) if not result.passed]
    assert "Invented case law filed with a court" in [each.name for each in failed]
    assert failed[0].faults == ("severity: expected SEV2, the policy answers SEV1",)


def test_a_case_about_an_unknown_answer_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(
        "usually: {}\ncases:\n  - name: Odd\n    harm_classes: [H4]\n    facts: {scope: dozens}\n"
        "    severity: SEV2\n    rule: default\n",
        encoding="utf-8",
    )
    with pytest.raises(PolicyError, match=r"cases.yaml:3: cases\[0\]: scope cannot be 'dozens'"):
        run_cases(POLICY, path)


def test_two_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    case = "  - {name: Same, harm_classes: [], severity: SEV4, rule: default}\n"
    path = tmp_path / "cases.yaml"
    path.write_text(f"usually: {{}}\ncases:\n{case}{case}", encoding="utf-8")
    with pytest.raises(PolicyError, match="duplicate name 'Same'"):
        run_cases(POLICY, path)
