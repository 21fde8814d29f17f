"""The shipped scenarios: sound, true by our own policy, and worth an hour of a team's time."""

import re
from pathlib import Path

import pytest
from scenariokit import KNOWN

from playbooks.scenario import LIBRARY, Scenario, load_scenario, load_scenarios
from playbooks.scenario_check import check_scenario
from severity.clocks import load_clocks

FILES = sorted(LIBRARY.glob("*.yaml"))
SHIPPED = load_scenarios()
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
every_scenario = pytest.mark.parametrize("scenario", SHIPPED.scenarios.values(), ids=lambda item: item.id)


def test_there_are_ten_and_no_file_is_refused() -> None:
    assert SHIPPED.faults == ()
    assert len(SHIPPED.scenarios) >= 10


@every_file
def test_a_shipped_scenario_has_no_fault_and_its_truth_is_what_the_policy_answers(path: Path) -> None:
    checked = check_scenario(path, KNOWN)
    assert [str(fault) for fault in (*checked.faults, *checked.warnings)] == []


@every_scenario
def test_the_truth_answers_every_question_the_policy_would_ask(scenario: Scenario) -> None:
    assert KNOWN.policy is not None
    answer = KNOWN.policy.evaluate(scenario.truth.facts, scenario.harm_classes)
    assert answer.unanswered == ()
    assert answer.severity == scenario.truth.severity


@every_scenario
def test_every_clock_of_the_truth_could_be_proposed_for_its_systems(scenario: Scenario) -> None:
    regimes = {regime for system in scenario.systems for regime in system.regimes}
    assert {clock.regime for clock in load_clocks() if clock.id in scenario.truth.clocks} <= regimes


@every_scenario
def test_it_fills_an_hour_and_has_a_fifteen_minute_variant(scenario: Scenario) -> None:
    assert 60 <= scenario.minutes <= 90
    assert 12 <= len(scenario.injects) <= 24
    assert scenario.short is not None
    assert scenario.short.minutes == 15
    short = scenario.shortened()
    assert short.minutes == 15
    assert {action.after for action in short.actions} <= {"start", *(inject.id for inject in short.injects)}


@every_scenario
def test_it_holds_a_trap_a_branch_a_clock_pressure_of_words_and_a_technical_decision(scenario: Scenario) -> None:
    assert scenario.truth.what_is_a_trap
    assert any(option.next for inject in scenario.injects for option in inject.options)
    assert any(inject.when or inject.then for inject in scenario.injects)
    assert {"clock", "comms", "classify", "rollback", "declare"} <= {action.do for action in scenario.actions}
    assert any(inject.persona.kind == "journalist" for inject in scenario.injects)
    assert len({inject.persona.kind for inject in scenario.injects}) >= 4
    assert len(scenario.discussion) >= 4
    assert all(line.endswith("?") for line in scenario.discussion)


@every_scenario
def test_every_role_has_something_to_do(scenario: Scenario) -> None:
    assert {role.id for role in scenario.roles} == {action.by for action in scenario.actions}


@every_scenario
def test_the_injects_stand_in_the_order_of_their_minutes(scenario: Scenario) -> None:
    minutes = [inject.at for inject in scenario.injects if inject.at is not None]
    assert minutes == sorted(minutes)


@every_file
def test_no_address_of_a_real_person_or_place_on_the_internet_is_in_it(path: Path) -> None:
    assert not re.search(r"https?://|[\w.]+@\w+\.\w+|\+\d{2} ?\d{3}", path.read_text(encoding="utf-8"))


@every_scenario
def test_a_scenario_survives_being_stored(scenario: Scenario) -> None:
    assert Scenario.model_validate(scenario.model_dump(mode="json", by_alias=True)) == scenario


def test_the_organisations_own_scenario_replaces_ours_and_a_broken_one_hides_none(tmp_path: Path) -> None:
    name = "wrong-tenant-retrieval"
    text = (LIBRARY / f"{name}.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text.replace("version: 2", "version: 7", 1), encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("id: safety-filter-off-in-one-region\nid: twice\n", encoding="utf-8")
    library = load_scenarios([tmp_path])
    assert library.scenarios[name].version == 7
    assert library.scenarios["safety-filter-off-in-one-region"].version == 1
    assert [fault.file for fault in library.faults] == ["broken.yaml"]


def test_an_attachment_is_found_beside_its_scenario_and_nowhere_else(tmp_path: Path) -> None:
    path = SHIPPED.attachment("regulators-letter-mid-incident", "letter-of-the-authority.md")
    assert "Article 73(6)" in path.read_text(encoding="utf-8")
    with pytest.raises(Exception, match="no such file"):
        SHIPPED.attachment("regulators-letter-mid-incident", "../regulators-letter-mid-incident.yaml")


def test_a_link_out_of_the_folder_is_not_an_attachment(tmp_path: Path) -> None:
    text = (LIBRARY / "regulators-letter-mid-incident.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "letter-of-the-authority.md").symlink_to(tmp_path / "secret")
    with pytest.raises(Exception, match=r"leads out of files/"):
        load_scenario(tmp_path / "own.yaml")
