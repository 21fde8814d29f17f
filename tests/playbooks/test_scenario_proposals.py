"""A model proposes, a person accepts: nothing a model says changes anything else."""

import json

import pytest
from pydantic import BaseModel
from scenariokit import KNOWN, SOUND

from playbooks.imports.made import Made
from playbooks.proposals import MOST, Proposal, ProposedInject, accept, propose
from playbooks.scenario import parse_scenario
from playbooks.scenario_check import check_text
from severity.errors import ContentError


def said(**changed: object) -> ProposedInject:
    values = {
        "id": "Rival!",
        "at": 7,
        "persona": "Rival",
        "kind": "customer",
        "to": "commander",
        "text": "We saw it too.",
    }
    return ProposedInject.model_validate({**values, **changed})


def proposed(*items: ProposedInject) -> Made:
    return propose("# my own comment\n" + SOUND, lambda form, asked, text: Proposal(injects=list(items)), KNOWN)


def test_a_proposal_is_added_with_its_mark_and_everything_else_stays() -> None:
    made = proposed(said())
    assert made.text is not None
    assert made.text.startswith("# my own comment\n")
    inject = parse_scenario(made.text).inject("rival")
    assert (inject.at, inject.to, inject.proposed) == (7, "commander", True)
    checked = check_text(made.text, "own.yaml", KNOWN)
    assert checked.faults == ()
    assert len(checked.warnings) == 1


def test_accepting_takes_the_mark_away_and_nothing_else() -> None:
    text = proposed(said(), said(id="Second one")).text
    assert text is not None
    accepted = accept(text, "rival")
    assert not parse_scenario(accepted).inject("rival").proposed
    assert parse_scenario(accepted).inject("second-one").proposed
    assert accepted.replace("    proposed: true\n", "") == text.replace("    proposed: true\n", "")


@pytest.mark.parametrize("name", ["first", "nobody"])
def test_what_is_not_proposed_cannot_be_accepted(name: str) -> None:
    with pytest.raises(ContentError, match="holds no proposed inject"):
        accept(SOUND, name)


def test_what_cannot_be_used_is_left_out_and_named() -> None:
    made = proposed(said(), said(id="late", at=99), said(id="first", to="the president", text="Hello \u202ethere"))
    assert made.text is not None
    scenario = parse_scenario(made.text)
    assert [inject.id for inject in scenario.injects[4:]] == ["rival", "first-2"]
    assert scenario.inject("first-2").to == "everyone"
    assert "\u202e" not in made.text
    assert any("late" in line for line in made.assumed)


def test_the_model_is_not_told_the_ground_truth() -> None:
    seen: list[str] = []

    def ask(form: type[BaseModel], asked: str, text: str) -> str:
        seen.append(text)
        return "it did not answer in time"

    assert propose(SOUND, ask, KNOWN) == Made(None, ("it did not answer in time",))
    assert not {"truth", "facilitator"} & set(json.loads(seen[0]))


def test_no_answer_can_hold_more_than_asked_for() -> None:
    with pytest.raises(ValueError, match="at most"):
        Proposal(injects=[said()] * (MOST + 1))
