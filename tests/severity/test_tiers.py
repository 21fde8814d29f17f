"""The tier tree: the shipped walk, its proofs, and what is refused."""

import itertools
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severity.errors import ContentError, UnknownAnswer
from severity.facts import NOT_SURE
from severity.tiers import SHIPPED, Outcome, Question, load_tiers

TREE = load_tiers()
MILDEST = {
    "practice": "none",
    "use": "staff_work",
    "people": "staff",
    "effect": "nuisance",
    "autonomy": "suggests",
    "data": "public",
    "reach": "team",
}
SUBJECTS = {"intended use", "affected people", "autonomy", "data", "reach"}
CHANGES = {
    "training_data", "label_policy", "architecture", "population", "environment", "prompt", "retrieval_corpus",
    "tools_and_permissions", "safety_filter", "metric_regression",
}  # fmt: skip

every_answer = st.fixed_dictionaries(
    {q.id: st.sampled_from([*(a.id for a in q.answers), NOT_SURE]) for q in TREE.questions}
)


def walk(**changed: str) -> Outcome:
    outcome = TREE.next(MILDEST | changed)
    assert isinstance(outcome, Outcome), outcome
    return outcome


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str], Path]:
    """The shipped tiers with one passage changed."""

    def edit(old: str, new: str) -> Path:
        text = SHIPPED.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "tiers.yaml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return edit


def refusal(path: Path) -> str:
    with pytest.raises(ContentError) as refused:
        load_tiers(path)
    assert all(fault.file == "tiers.yaml" and fault.line >= 1 for fault in refused.value.faults)
    return str(refused.value)


# The walk


def test_the_questions_cover_the_five_subjects() -> None:
    assert {question.about for question in TREE.questions} == SUBJECTS


def test_the_walk_asks_one_question_after_another_until_it_ends() -> None:
    answers: dict[str, str] = {}
    asked = []
    while isinstance(question := TREE.next(answers), Question):
        asked.append(question.id)
        answers[question.id] = MILDEST[question.id]

    assert asked == list(MILDEST)
    assert question.tier == 3


def test_a_helper_for_staff_is_tier_3_and_likely_minimal_risk() -> None:
    outcome = walk()

    assert outcome.tier == 3
    assert outcome.category.title.startswith("Likely minimal risk")
    assert outcome.controls.revalidation_days == 730


def test_a_prohibited_practice_is_tier_0_at_the_first_question() -> None:
    outcome = walk(practice="listed")

    assert outcome.tier == 0
    assert outcome.category.title.startswith("Likely a prohibited practice")
    assert [taken.question.id for taken in outcome.path] == ["practice"]


def test_hiring_is_likely_high_risk_with_the_annexs_point() -> None:
    outcome = walk(use="high_stakes", area="employment", influence="material", people_high="adults", autonomy_high="person", reach_high="limited")  # fmt: skip  # noqa: E501

    assert outcome.tier == 1
    assert outcome.category.title == "Likely high-risk: employment"
    assert "Annex III, point 4" in outcome.category.source


def test_a_narrow_task_in_an_annex_iii_area_is_likely_exempt_but_documented() -> None:
    outcome = walk(use="high_stakes", area="employment", influence="narrow")

    assert outcome.tier == 2
    assert {each.title for each in (outcome.category, *outcome.also)} == {
        "Likely high-risk: employment",
        "Likely in an Annex III area but exempt: document the reasons and register the system",
    }


def test_a_chatbot_has_likely_transparency_duties() -> None:
    assert walk(use="serves_people", people="adults").category.title.startswith("Likely transparency duties")


def test_one_grave_answer_is_enough_and_is_named_as_the_reason() -> None:
    outcome = walk(autonomy="irreversible")

    assert outcome.tier == 1
    assert [taken.question.id for taken in outcome.because] == ["autonomy"]


def test_not_sure_counts_as_the_worst_answer_and_is_shown_as_not_sure() -> None:
    outcome = walk(data=NOT_SURE)

    assert outcome.tier == walk(data="sensitive").tier == 1
    assert {"question": "data", "answer": "not_sure", "counted_as": "sensitive"} in outcome.as_json()["path"]
    assert "Not sure, counted as" in outcome.as_text()


def test_an_answer_off_the_way_changes_nothing() -> None:
    assert walk(area="justice").tier == walk().tier


def test_an_unknown_question_or_answer_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(UnknownAnswer, match="astrology"):
        TREE.next({"astrology": "yes"})
    with pytest.raises(UnknownAnswer, match="suggests"):
        TREE.next({"autonomy": "sentient"})


def test_the_display_shows_path_controls_and_that_it_is_not_legal_advice() -> None:
    text = walk().as_text()

    for words in ("Tier 3", "What is it for?", "Evaluation:", "Red team:", "Sign-off:", "730 days", "Not legal advice"):
        assert words in text
    assert walk().as_json()["notice"].startswith("Not legal advice")


def test_revalidation_is_due_after_the_tiers_period() -> None:
    assert walk(practice="listed").revalidate_by(date(2026, 11, 21)) == date(2027, 2, 19)


def test_every_material_change_of_the_list_says_what_is_redone() -> None:
    assert {change.id for change in TREE.material_changes} == CHANGES
    assert all("evaluation" in change.redo for change in TREE.material_changes)


def test_the_hash_is_of_the_values_and_not_of_the_comments(edited: Callable[[str, str], Path]) -> None:
    assert load_tiers(edited("# Strictest first.", "# The strictest comes first.")).hash == TREE.hash
    assert load_tiers(edited("revalidation_days: 90", "revalidation_days: 91")).hash != TREE.hash
    assert walk().hash == TREE.hash


# What the proofs promise, tried without the proofs


@settings(deadline=None, max_examples=300)
@given(answers=every_answer)
def test_every_set_of_answers_ends_in_a_tier_with_a_category_and_controls(answers: dict[str, str]) -> None:
    outcome = TREE.next(answers)

    assert isinstance(outcome, Outcome)
    assert outcome.controls.tier == outcome.tier
    assert outcome.category.title.startswith("Likely")


@settings(deadline=None, max_examples=300)
@given(answers=every_answer, question=st.sampled_from([q for q in TREE.questions if q.ordered]))
def test_a_worse_answer_never_gives_a_milder_tier(answers: dict[str, str], question: Question) -> None:
    tiers = []
    for answer in [*(each.id for each in question.answers), NOT_SURE]:
        outcome = TREE.next(answers | {question.id: answer})
        assert isinstance(outcome, Outcome)
        tiers.append(outcome.tier)

    assert all(worse <= better for better, worse in itertools.pairwise(tiers))


# Refusals


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("root: practice", "root: nowhere", "root: no question is called 'nowhere'"),
        ("next: use}", "next: usage}", "questions[0].answers[0].next: no question is called 'usage'"),
        ("category: annex-i}", "category: annex-x}", "no category is called 'annex-x'"),
        ("  - id: data\n", "  - id: reach\n", "'reach' is already taken"),
        ("id: none, label: \"No, none of these\"", "id: listed, label: \"No\"", "two answers have the same id"),
        ("id: none, label: \"No, none of these\"", "id: not_sure, label: \"No\"", "always offered"),
        ("    not_sure_as: high_stakes\n", "", "needs not_sure_as"),
        ("    not_sure_as: high_stakes\n", "    not_sure_as: anything\n", "needs not_sure_as"),
        ("    ordered: true\n", "    ordered: true\n    not_sure_as: none\n", "only for kinds"),
        ("at_least: 0, category: prohibited", "at_least: 4, category: prohibited", "questions[0].answers[1].at_least"),
        ("at_least: 0, category: prohibited", "at_least: true, category: prohibited", "answers[1].at_least"),
        ("    about: reach", "    about: astrology", "about"),
        ("title: \"Likely minimal risk", "title: \"Surely minimal risk", "categories.minimal.title"),
        ("  - tier: 3\n", "  - tier: 2\n", "must hold the tiers 0, 1, 2 and 3"),
        ("revalidation_days: 90\n", "revalidation_days: 900\n", "re-validated less often"),
        ("  - id: label_policy", "  - id: training_data", "'training_data' is already taken"),
        ("    redo: {evaluation: \"Regression", "    redo: {prayer: \"Regression", "material_changes[5].redo"),
        ("label: \"It suggests; people act\"", "label: \"" + "x" * 76 + "\"", "label"),
        ("notice: Not legal advice.", "notice: Trust us.", "notice"),
    ],
)  # fmt: skip
def test_a_broken_tree_is_refused_with_key_and_reason(
    edited: Callable[[str, str], Path], old: str, new: str, fault: str
) -> None:
    assert fault in refusal(edited(old, new))


def test_a_question_no_way_reaches_is_refused_with_its_line(edited: Callable[[str, str], Path]) -> None:
    path = edited('"It suggests; people act", next: data}', '"It suggests; people act", next: reach}')
    text = path.read_text(encoding="utf-8").replace("next: data", "next: reach")
    path.write_text(text, encoding="utf-8")
    line = text[: text.index("  - id: data")].count("\n") + 1

    assert f"tiers.yaml:{line}: questions[7]: no way reaches 'data'" in refusal(path)


def test_a_tree_that_turns_in_a_circle_is_refused_with_the_circle(edited: Callable[[str, str], Path]) -> None:
    path = edited('label: "A team or a pilot", next: end', 'label: "A team or a pilot", next: people')

    assert "turns in a circle: people -> effect -> autonomy -> data -> reach -> people" in refusal(path)


def test_a_way_that_names_no_tier_is_told(edited: Callable[[str, str], Path]) -> None:
    old = 'id: none_of_these, label: "None of these areas", next: people, at_least: 2, category: minimal'
    path = edited(old, 'id: none_of_these, label: "None of these areas", next: end, category: minimal')

    assert "no answer names a tier on this way: practice = none, use = high_stakes, area = none_of_these" in refusal(
        path
    )


def test_a_way_that_names_no_category_is_told(edited: Callable[[str, str], Path]) -> None:
    path = edited("next: people, at_least: 3, category: minimal", "next: people, at_least: 3")

    assert "no answer names a category on this way: practice = none, use = staff_work" in refusal(path)


def test_a_worse_answer_that_ends_milder_is_refused_with_a_counter_example(edited: Callable[[str, str], Path]) -> None:
    path = edited(
        "Injure or endanger somebody's health\", next: autonomy_high, at_least: 1", 'Injure", next: autonomy_high'
    )
    said = refusal(path)

    assert "'health_or_safety' is worse than 'money_or_rights' but can end in a milder tier with" in said


def test_the_counter_example_is_a_real_one(edited: Callable[[str, str], Path]) -> None:
    """Worse directly: a floor that is lower than its better neighbour's."""
    said = refusal(
        edited(
            'Also minors, patients, people in distress or dependence", next: effect, at_least: 1',
            'Also minors", next: effect, at_least: 3',
        )
    )

    assert (
        "'vulnerable' is worse than 'adults' but can end in a milder tier with effect = nuisance, autonomy = suggests"
        in said
    )


def test_a_worse_answer_that_skips_a_grave_question_is_refused(edited: Callable[[str, str], Path]) -> None:
    path = edited('"Customers or the public, adults", next: effect, at_least: 2', '"Adults", next: end, at_least: 2')

    assert "'adults' is worse than 'staff' but can end in a milder tier with" in refusal(path)
