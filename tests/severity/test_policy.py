"""What the shipped policy answers, and how it explains itself."""

from __future__ import annotations

import pytest

from severity.errors import PolicyError, RaiIncidentError, UnknownAnswer
from severity.explain import (
    Change,
    Past,
    Situation,
    decide,
    diff,
    in_words,
    situation_from_json,
    what_would_change,
)
from severity.levels import Severity, worse_of
from severity.policy import Policy, load_policy, policy_from_text
from severity.taxonomy import HARM_CLASS_IDS

POLICY = load_policy()
LEAK = {
    "materialisation": "event",
    "ongoing": "yes",
    "scope": "few",
    "minors": "none",
    "personal_data": "others",
    "rights_law": "no",
}


def edited(*changes: tuple[str, str]) -> Policy:
    text = POLICY.text
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return policy_from_text(text, "edited.yaml")


STRICTER = ("severity: SEV2\n  because: someone decided", "severity: SEV1\n  because: someone decided")
ADVICE = Situation({"relied_on": "consequential", "ongoing": "no", "scope": "one"}, ["H6"])


def test_a_fresh_report_is_sev2_provisional_because_scope_is_unknown() -> None:
    decision = POLICY.evaluate({"ongoing": "yes"}, [])
    assert (decision.severity, decision.because, decision.provisional) == (Severity.SEV2, "scope is unknown", True)


def test_a_leak_with_only_scope_not_sure_is_sev2_provisional_because_scope_is_unknown() -> None:
    decision = POLICY.evaluate({"ongoing": "yes", "scope": "not_sure"}, ["H4"])
    assert (decision.severity, decision.because, decision.provisional) == (Severity.SEV2, "scope is unknown", True)


def test_the_classified_leak_is_sev2_and_names_its_floor() -> None:
    decision = POLICY.evaluate(LEAK, ["H4"])
    assert (decision.severity, decision.floor, decision.provisional) == (Severity.SEV2, Severity.SEV2, False)
    assert "floor-other-peoples-data" in [step.rule for step in decision.path]


def test_the_leak_becomes_sev1_when_many_are_affected() -> None:
    assert POLICY.evaluate(LEAK | {"scope": "many"}, ["H4"]).severity is Severity.SEV1


def test_a_contained_leak_stays_sev2_by_its_floor() -> None:
    decision = POLICY.evaluate(LEAK | {"ongoing": "no"}, ["H4"])
    assert (decision.severity, decision.rule) == (Severity.SEV2, "floor-other-peoples-data")


def test_a_near_miss_keeps_its_magnitude_and_is_not_materialised() -> None:
    event, near_miss = (POLICY.evaluate(LEAK | {"materialisation": m}, ["H4"]) for m in ("event", "near_miss"))
    assert event.severity is near_miss.severity
    assert (event.materialised, near_miss.materialised) == (True, False)


def test_a_question_that_no_chosen_class_asks_is_out_of_play() -> None:
    assert "physical_harm" not in POLICY.evaluate({}, ["H4"]).unanswered


def test_an_answer_that_was_given_counts_even_when_no_class_asks_it() -> None:
    assert POLICY.evaluate(LEAK | {"physical_harm": "mass"}, ["H4"]).severity is Severity.SEV0


def test_an_unanswered_question_counts_as_not_sure() -> None:
    left_out = {fact: answer for fact, answer in LEAK.items() if fact != "personal_data"}
    unsure = LEAK | {"personal_data": "not_sure"}
    assert POLICY.evaluate(left_out, ["H4"]).severity is POLICY.evaluate(unsure, ["H4"]).severity
    assert POLICY.evaluate(left_out, ["H4"]).provisional
    assert not POLICY.evaluate(unsure, ["H4"]).provisional


def test_a_cue_holds_the_severity_up_until_a_person_settles_it() -> None:
    mild = LEAK | {"personal_data": "own", "ongoing": "no"}
    assert POLICY.provisional(mild | {"physical_harm": "not_sure"}, ["H4"], ["death"]).severity is Severity.SEV1
    assert POLICY.provisional(mild, ["H4"], ["death"]).floor is Severity.SEV1
    assert POLICY.provisional(mild | {"physical_harm": "none"}, ["H4"], ["death"]).severity is Severity.SEV3


def test_the_question_that_settles_a_cue_is_asked() -> None:
    assert "physical_harm" in [fact.name for fact in POLICY.questions_for(["H4"], ["death"])]


@pytest.mark.parametrize("harm_class", HARM_CLASS_IDS)
def test_a_harm_class_asks_at_most_eight_questions(harm_class: str) -> None:
    assert 3 < len(POLICY.questions_for([harm_class])) <= 8


@pytest.mark.parametrize(
    ("answers", "classes", "cues", "word"),
    [
        ({"scpoe": "one"}, ["H4"], [], "scpoe"),
        ({"scope": "dozens"}, ["H4"], [], "dozens"),
        ({}, ["H11"], [], "H11"),
        ({}, ["H4"], ["rumour"], "rumour"),
    ],
)
def test_a_misspelt_word_is_refused_by_name(
    answers: dict[str, str], classes: list[str], cues: list[str], word: str
) -> None:
    with pytest.raises(UnknownAnswer, match=word):
        POLICY.provisional(answers, classes, cues)


def test_severities_move_within_their_scale() -> None:
    assert Severity.SEV1.worse(3) is Severity.SEV0
    assert Severity.SEV3.milder(4) is Severity.SEV4
    assert worse_of(Severity.SEV3, Severity.SEV1, Severity.SEV2) is Severity.SEV1
    assert Severity.SEV0.is_worse_than(Severity.SEV1)
    assert Severity.SEV4.is_milder_than(Severity.SEV3)


def test_the_stored_text_gives_the_same_policy_again() -> None:
    again = policy_from_text(POLICY.text)
    assert again.hash == POLICY.hash
    assert again.evaluate(LEAK, ["H4"]) == POLICY.evaluate(LEAK, ["H4"])


def test_the_hash_ignores_comments_and_sees_every_word() -> None:
    assert policy_from_text("# a comment\n" + POLICY.text).hash == POLICY.hash
    assert edited(("scope is unknown", "scope is open")).hash != POLICY.hash


def test_an_old_assessment_re_explains_after_the_policy_changed() -> None:
    stored_text, stored = POLICY.text, decide(POLICY, ADVICE)
    assert decide(edited(STRICTER), ADVICE).severity is Severity.SEV1
    assert decide(policy_from_text(stored_text), ADVICE) == stored


def test_diff_lists_only_the_past_assessments_that_would_change() -> None:
    past = [Past("INC-1", ADVICE), Past("INC-2", Situation(LEAK, ["H4"]))]
    differences = diff(POLICY, edited(STRICTER), past)
    assert [(each.id, each.reason) for each in differences] == [
        ("INC-1", "SEV2 by consequential-reliance becomes SEV1 by consequential-reliance")
    ]


def test_diff_says_when_the_new_policy_no_longer_knows_an_answer() -> None:
    changed = edited(("      rude: Rude or tasteless\n", ""))
    past = [Past("INC-1", Situation({"toxic_content": "rude"}, ["H3"]))]
    (difference,) = diff(POLICY, changed, past)
    assert difference.after is None
    assert "toxic_content cannot be 'rude'" in difference.reason


def test_the_explanation_tells_the_path_the_gaps_and_the_floor() -> None:
    situation = Situation({"ongoing": "yes", "scope": "not_sure"}, ["H4"])
    words = "\n".join(in_words(POLICY, situation, decide(POLICY, situation)))
    assert words.startswith("SEV2, provisional, because scope is unknown (rule data-mishandled).")
    assert "Not sure: How many people are affected?" in words
    assert "Unanswered: Whose personal data was exposed or misused? It counts as: Other people's." in words
    assert "Lowering it below SEV2 takes a second person." in words
    assert POLICY.short_hash in words


def test_what_would_change_names_each_single_answer_that_matters() -> None:
    changes = what_would_change(POLICY, LEAK, ["H4"])
    assert Change("scope", "many", Severity.SEV1) in changes
    assert Change("materialisation", "hazard", Severity.SEV4) in changes
    assert all(change.severity is not Severity.SEV2 for change in changes)


def test_facts_from_a_file_may_be_nested_or_flat() -> None:
    nested = situation_from_json('{"harm_classes": ["H4"], "facts": {"scope": "few"}}')
    flat = situation_from_json('{"harm_classes": ["H4"], "scope": "few"}')
    assert decide(POLICY, nested) == decide(POLICY, flat)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ('{"facts": [], "harm_classes": []}', '"facts" must be'),
        ('{"facts": {}, "scope": "few"}', '"facts" must be'),
        ('{"scope": 3}', "scope must be"),
        ('{"harm_classes": "H4"}', "harm_classes must be"),
        ("[" * 100_000, "nested too deeply"),
        ('{"scope": "many", "scope": "one"}', "scope: stands twice"),
    ],
)
def test_a_wrong_facts_file_is_refused_by_name(text: str, word: str) -> None:
    with pytest.raises(RaiIncidentError, match=word):
        situation_from_json(text)


def test_the_targets_are_those_of_the_vocabulary() -> None:
    minutes = {severity: POLICY.targets[severity].acknowledge for severity in Severity}
    assert [int(each.total_seconds() // 60) for each in minutes.values() if each] == [15, 15, 60, 240, 1440]
    hours = {severity: POLICY.targets[severity].mitigate for severity in Severity}
    assert [each and int(each.total_seconds() // 3600) for each in hours.values()] == [2, 2, 24, 72, None]


def test_the_active_policy_survives_a_refused_edit() -> None:
    before = POLICY.evaluate(LEAK, ["H4"])
    with pytest.raises(PolicyError):
        edited(("- id: mass-harm", "- id: grave-harm"))
    assert POLICY.evaluate(LEAK, ["H4"]) == before
