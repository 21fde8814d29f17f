"""What an exercise was cut off from is not tested, and no rating rests on it. Worked out by hand."""

from pathlib import Path

import pytest

from playbooks.exercise import Choice, Progress, Settled, cut_off
from playbooks.scenario import Action, load_scenario
from playbooks.score import Outcome, State, coverage, outcomes, parts_tested, rate

SMALL = load_scenario(Path(__file__).with_name("small-scenario.yaml"))
CUT: State = "not_tested"


def found(*states: State, critical: int = 0) -> list[Outcome]:
    """One objective's actions in these states; the first `critical` of them are critical."""
    given = {"text": "Do it.", "by": "commander", "do": "note", "within": 5, "objective": "words"}
    actions = [Action.model_validate({**given, "id": f"a{n}", "critical": n < critical}) for n in range(len(states))]
    return [Outcome(action, state, None) for action, state in zip(actions, states, strict=True)]


@pytest.mark.parametrize(
    ("states", "critical", "rating", "words"),
    [
        (("met", CUT, CUT, CUT, CUT), 1, None, "1 of 5 actions tested"),
        (("met", "met", CUT, CUT, CUT), 1, None, "2 of 5 actions tested"),
        (("met", "met", "met", CUT, CUT), 1, "S", "3 of 5 actions tested"),
        (("met", CUT), 0, "S", "1 of 2 actions tested"),
        (("met", "met", "met", "met", "met"), 5, "P", ""),
        (("met", "not_asked", "not_asked"), 1, "P", ""),  # the play went another way: that way is not missing
        (("missed", CUT, CUT, CUT, CUT), 1, "U", "1 of 5 actions tested"),
        (("late", CUT, CUT, CUT, CUT), 1, "M", "1 of 5 actions tested"),
        (("missed", CUT, CUT), 0, None, "1 of 3 actions tested"),
        (("late", CUT), 0, "M", "1 of 2 actions tested"),
        ((CUT, CUT), 1, None, "0 of 2 actions tested"),
        (("not_asked",), 0, None, "not asked for"),
    ],
)
def test_a_rating_rests_on_what_was_tested(
    states: tuple[State, ...], critical: int, rating: str | None, words: str
) -> None:
    outcome = found(*states, critical=critical)
    assert (rate(outcome), coverage(*parts_tested(outcome))) == (rating, words)


def test_the_short_variant_gives_s_at_most_where_it_leaves_actions_out() -> None:
    short = SMALL.shortened()
    assert {each.id: each.left_out for each in short.objectives} == {"notice": 1, "contain": 1}
    assert (rate(found("met"), 1), coverage(1, 1, 1)) == ("S", "1 of 2 actions tested, in the short variant")
    assert (rate(found("missed", critical=1), 1), rate(found("met"), 0)) == ("U", "P")


@pytest.mark.parametrize(
    ("progress", "early", "lost"),
    [
        (Progress(sent={"second": 1}), True, {"purge", "gone", "kept", "press", "quiet"}),
        (Progress(sent={"second": 1, "purge": 3}), True, {"gone", "kept", "press", "quiet"}),
        (
            Progress(sent={"second": 1, "purge": 3, "kept": 4}, chosen={"purge": Choice("keep", 4)}),
            True,
            {"press", "quiet"},
        ),
        (
            Progress(
                sent={"second": 1, "purge": 3, "press": 5},
                chosen={"purge": Choice("keep", 4)},
                settled={"update": Settled(True, 6)},
            ),
            True,
            {"kept"},
        ),
        (Progress(sent={"second": 1, "press": 5}, skipped={"purge": 3}), False, {"purge", "gone", "kept"}),
        (Progress(sent={"second": 1, "purge": 3, "press": 5}), False, set()),
    ],
)
def test_what_lay_on_a_way_not_taken_was_not_cut_off(progress: Progress, early: bool, lost: set[str]) -> None:
    assert cut_off(SMALL, progress, early=early) == lost


def test_an_action_whose_inject_was_skipped_is_not_tested_and_one_of_another_way_is_not_asked() -> None:
    states = {
        each.action.id: each.state for each in outcomes(SMALL, [], {"second": 1.0}, 12.0, ended=True, lost={"purge"})
    }
    assert (states["keep"], states["update"], states["declare"]) == ("not_tested", "not_asked", "missed")
