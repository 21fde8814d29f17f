"""Playing alone: which hint is due when, and that each kind of action has one."""

import pytest

from bot.views.solo import hint_message
from playbooks import solo
from playbooks.scenario import DOS, Action
from playbooks.score import Outcome, State


def outcome(action_id: str, *, due: float = 10, within: int = 10, state: State = "waiting") -> Outcome:
    action = Action.model_validate(
        {"id": action_id, "text": "Do it now.", "by": "one", "do": "note", "within": within, "objective": "words"}
    )
    return Outcome(action, state, due)


def test_what_ends_first_is_asked_first_and_what_is_over_is_not_asked() -> None:
    found = [outcome("later", due=12), outcome("soon", due=6), outcome("gone", due=2, state="missed")]
    assert [each.action_id for each in solo.asked(found)] == ["soon", "later"]


@pytest.mark.parametrize(("minute", "stuck"), [(0, None), (3.9, None), (4, "one"), (9, "one")])
def test_a_hint_comes_when_two_fifths_of_the_time_are_over(minute: float, stuck: str | None) -> None:
    found = solo.stuck_on([outcome("one")], [], minute)
    assert (found.action_id if found else None) == stuck


def test_a_hint_is_given_once() -> None:
    assert solo.stuck_on([outcome("one")], ["one"], 9) is None


@pytest.mark.parametrize("do", DOS)
def test_every_kind_of_action_has_a_hint_that_names_a_button_or_a_command(do: str) -> None:
    hint = solo.hints()[do]
    assert "*" in hint.how or "`/rai-incident" in hint.how
    said = hint_message(solo.Asked("a", do, "Do it now.", 9, False), hint)
    assert said.blocks is not None
    assert hint.how in str(said.blocks[0]["text"]["text"])
