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
    "text",
    [
        "A crash into a tree, killing two people.",
        "The arm killed a project manager.",
        "It killed a dog and its owner.",
        "The worker in the machine died.",
        "A death by a robot.",
    ],
)
def test_an_idiom_does_not_swallow_the_death_of_a_person(text: str) -> None:
    assert death_or_injury(text)


@pytest.mark.parametrize(
    "text",
    [
        "No driver was in the car that killed her.",
        "Nobody noticed the man had died.",
        "Without oxygen the patient died.",
        "Nobody knows if the death has to do with it.",
        "A report suggests a patient died.",
        "A false report of a kidnapping led to the killing of two men.",
        "The drone was used to kill a scientist.",
    ],
)
def test_a_denial_or_doubt_of_something_else_leaves_the_death(text: str) -> None:
    assert death_or_injury(text)


@pytest.mark.parametrize(
    "text",
    [
        "No data, no workers and no riders were hurt.",
        "There is no sign that anyone was hurt.",
        "If the valve had opened, someone might have died.",
        "The assistant suggested killing a neighbour.",
        "It killed two birds with one stone.",
        "The worker pod was killed by the scheduler.",
    ],
)
def test_what_is_plainly_denied_unreal_or_a_figure_of_speech_is_no_floor(text: str) -> None:
    assert not death_or_injury(text)


@pytest.mark.parametrize(
    "text", ["not suitable for children", "It never asked the child's age", "The filter did not protect kids"]
)
def test_a_child_who_is_named_stays_named_in_a_negative_sentence(text: str) -> None:
    assert "minor" in {item.name for item in suggest(text).floors}


@pytest.mark.parametrize("text", ["No children were affected.", "The user is not a minor.", "without any minors"])
def test_a_child_directly_denied_is_no_floor(text: str) -> None:
    assert "minor" not in {item.name for item in suggest(text).floors}
