"""What counts as having happened: negation, avoidance, possibility, invention, and who is named."""

import pytest

from severity.suggest import suggest


def death_or_injury(text: str) -> bool:
    return any(item.name in ("death", "injury") for item in suggest(text).floors)


@pytest.mark.parametrize(
    "text",
    [
        "Nobody was hurt.",
        "No one in the building was injured.",
        "There were no injuries, deaths or damage.",
        "The crash did not cause any serious injuries.",
        "It didn't kill anyone.",
        "Fortunately, injuries were avoided.",
        "The guard prevented any injury.",
        "Casualties: 0",
        "The fire ended without anyone being wounded.",
        "Neither driver was injured.",
        "non-fatal and non-injury",
    ],
)
def test_what_did_not_happen_is_no_floor(text: str) -> None:
    assert not death_or_injury(text)


@pytest.mark.parametrize(
    "text",
    [
        "It could have killed someone.",
        "This might injure a worker one day.",
        "There is a risk of death.",
        "The arm almost crushed a technician.",
        "If it hits a pedestrian we are done.",
        "A plan to kill the president was described.",
        "The tool falsely reported that the mayor had died.",
        "A fabricated news report of two deaths went viral.",
    ],
)
def test_what_was_only_possible_or_told_falsely_is_no_floor(text: str) -> None:
    assert not death_or_injury(text)


@pytest.mark.parametrize(
    "text",
    [
        "It did not see her and killed her.",
        "The car could not stop, injuring two people.",
        "No alarm sounded before three workers died.",
        "Without warning it struck a child.",
        "Not only was he injured, he was blamed.",
        "The filter failed to prevent the suicide of a user, who died on Monday.",
        "It is not clear how many were killed.",
        "We cannot rule out injuries.",
        "No one was warned, but four people were hurt.",
        "He may have died from it.",
        "The robot allegedly killed its operator.",
        "The defect caused the press to kill a man.",
        "The death was not prevented.",
        "No safety driver was present when it killed a woman.",
    ],
)
def test_a_negation_of_something_else_takes_nothing_back(text: str) -> None:
    assert death_or_injury(text)


@pytest.mark.parametrize(
    "text", ["not suitable for children", "It never asked the child's age", "The filter did not protect kids"]
)
def test_a_child_who_is_named_stays_named_in_a_negative_sentence(text: str) -> None:
    assert "minor" in {item.name for item in suggest(text).floors}


@pytest.mark.parametrize("text", ["No children were affected.", "The user is not a minor.", "without any minors"])
def test_a_child_directly_denied_is_no_floor(text: str) -> None:
    assert "minor" not in {item.name for item in suggest(text).floors}
