"""Scenarios made from something else pass the same checks as one that somebody typed, or are refused with a reason."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from scenariokit import KNOWN, SHARED, SOUND, case_studies

from playbooks.drafting import draft, fill, patterns
from playbooks.imports.atlas import from_atlas
from playbooks.imports.iceberg import from_iceberg
from playbooks.imports.made import Made
from playbooks.imports.table import from_csv, from_t3sf
from playbooks.msel import COLUMNS, as_csv, bare_cell, rows, safe_cell
from playbooks.scenario import Scenario, load_scenarios, parse_scenario
from playbooks.scenario_check import check_text
from severity.errors import ContentError
from severity.taxonomy import HARM_CLASS_IDS

# The two cases that make no exercise, and the reason a reader is given.
NO_EXERCISE = {"AML.CS0007": "nothing happens to a system or a person", "AML.CS0042": "has 1 step"}


def sound(made: Made) -> Scenario:
    """The scenario, checked again from its text."""
    assert made.refusals == ()
    assert made.text is not None
    checked = check_text(made.text, "made.yaml", KNOWN)
    assert (checked.faults, checked.warnings) == ((), ())
    return parse_scenario(made.text)


def test_every_atlas_case_study_imports_to_a_sound_scenario_or_is_refused_with_its_reason() -> None:
    refused: dict[str, str] = {}
    for path in case_studies():
        made = from_atlas(path.read_text(encoding="utf-8"), path.name, KNOWN)
        if made.text is None:
            refused[path.stem] = " ".join(made.refusals)
        else:
            scenario = sound(made)
            assert len(scenario.injects) >= 14
            assert path.stem in scenario.sources[0]
    assert set(refused) == set(NO_EXERCISE)
    assert all(NO_EXERCISE[name] in reason for name, reason in refused.items())


def test_a_case_studys_target_and_actor_are_not_named_to_the_players() -> None:
    path = next(path for path in case_studies() if path.stem == "AML.CS0021")
    scenario = sound(from_atlas(path.read_text(encoding="utf-8"), path.name, KNOWN))
    told = " ".join([scenario.opening, scenario.title, *(inject.text for inject in scenario.injects)])
    assert "ChatGPT" not in told
    assert "Embrace" not in told


CASE = {
    "id": "AML.CS9999",
    "name": "A case",
    "summary": "Somebody did something.",
    "target": "Acme Helper",
    "actor": "Nobody",
    "procedure": [
        {
            "tactic": "{{initial_access.id}}",
            "technique": "{{pi_indirect.id}}",
            "description": "Acme Helper read {system}.",
        },
        {"tactic": "{{execution.id}}", "technique": "{{llm_plugin_compromise.id}}", "description": "It acted."},
        {"tactic": "{{impact.id}}", "technique": "{{harm_user.id}}", "description": "Mail \u200bleft <!channel>."},
    ],
}


def test_a_case_studys_text_is_never_read_as_a_template_and_hides_nothing() -> None:
    scenario = sound(from_atlas(yaml.safe_dump(CASE), "case.yaml", KNOWN))
    told = " ".join(inject.text for inject in scenario.injects)
    assert "The system read {system}." in told
    assert "\u200b" not in scenario.model_dump_json()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: x\nid: y\n", "duplicate key"),
        (yaml.safe_dump({**CASE, "name": "A \u202ecase"}), "hidden character U+202E"),
        (yaml.safe_dump({**CASE, "procedure": CASE["procedure"][:2]}), "has 2 steps"),
        ("id: AML.CS1\nname: x\n", "summary: is missing"),
    ],
)
def test_what_is_no_case_study_is_refused_with_its_reason(text: str, reason: str) -> None:
    made = from_atlas(text, "case.yaml", KNOWN)
    assert made.text is None
    assert any(reason in refusal for refusal in made.refusals)


def test_the_iceberg_sample_imports_with_its_branches() -> None:
    path = SHARED / "tabletop/vendor_outage.json"
    if not path.exists():
        pytest.skip("the IcebergTTX sample is not in ../shared/data/tabletop")
    scenario = sound(from_iceberg(path.read_text(encoding="utf-8"), path.name, KNOWN))
    branches = {
        (inject.id, option.id): option.next for inject in scenario.injects for option in inject.options if option.next
    }
    assert branches == {
        ("vendor-down", "invoke-workaround"): "customer-impact",
        ("vendor-down", "wait-vendor"): "sla-warning",
        ("customer-impact", "publish"): "contract-review",
        ("customer-impact", "hold"): "social-media",
        ("sla-warning", "activate-now"): "customer-impact",
    }
    assert scenario.inject("vendor-down").at == 0
    assert {role.id for role in scenario.roles} == {"it-ops", "legal", "exec", "comms"}
    assert len(scenario.actions) == 15
    assert scenario.action(scenario.inject("social-media").expects[0]).by == "comms"
    message = scenario.inject("social-media-message").after
    assert message is not None
    assert (message.inject, message.minutes) == ("social-media", 1)


def iceberg(**changed: Any) -> str:
    value: dict[str, Any] = {
        "schema_version": "1.0",
        "title": "Small",
        "participant_teams": [{"id": "ops", "label": "Operations"}],
        "injects": [
            {"id": "a", "title": "A", "content": "x", "target_teams": ["ops"], "sequence_order": 1,
             "options": [{"id": "go", "label": "Go", "next_inject_id": "b"}]},
            {"id": "b", "title": "B", "content": "y", "sequence_order": 2, "options": []},
        ],
    }  # fmt: skip
    return json.dumps({**value, **changed})


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"schema_version": "2.0"}, "1.0 is what can be read"),
        ({"injects": []}, "there are none"),
        ({"start_inject_id": "z"}, "'z' is no inject"),
        (
            {"injects": [{"id": "a", "title": "A", "options": [{"id": "o", "label": "Go", "next_inject_id": "q"}]}]},
            "leads to 'q'",
        ),
        (
            {
                "start_inject_id": "a",
                "injects": [
                    {"id": "a", "title": "A", "options": [{"id": "o", "label": "Go", "next_inject_id": "b"}]},
                    {"id": "b", "title": "B", "options": [{"id": "o", "label": "Go", "next_inject_id": "a"}]},
                ],
            },
            "circle",
        ),
    ],
)
def test_an_iceberg_file_that_cannot_be_played_is_refused(changed: dict[str, Any], reason: str) -> None:
    made = from_iceberg(iceberg(**changed), "ours.json", KNOWN)
    assert made.text is None
    assert any(reason in refusal for refusal in made.refusals), made.refusals


def test_an_iceberg_file_that_is_a_list_is_refused_in_words() -> None:
    assert from_iceberg("[1]", "ours.json", KNOWN).refusals == (
        "must be an object with schema_version, title and injects",
    )


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "[1,", '{"a": NaN}', "[" * 100_000])
def test_what_is_not_json_says_so(text: str) -> None:
    with pytest.raises(ContentError, match="ours.json:1"):
        from_iceberg(text, "ours.json", KNOWN)


def t3sf(**changed: str) -> dict[str, Any]:
    row = {"#": 1, "Real Time": "11:55 PM", "Date": "Monday", "Subject": "Odd answers", "From": "Cloud vendor",
           "Player": "Legal", "Script": "Look.", "Photo": "", "Picture Name": "",
           "Profile": "", "Poll": ""}  # fmt: skip
    return {**row, **changed}


def test_a_t3sf_list_imports_with_times_after_midnight_polls_and_one_inject_for_the_same_message_to_several() -> None:
    source = [
        t3sf(Photo="https://pictures.example/x.jpg"),
        t3sf(**{"Real Time": "12:05 AM", "Subject": "Pay?", "Poll": "Pay the ransom | Don’t pay it"}),
        t3sf(
            **{"Real Time": "12:05 AM", "Subject": "Pay?", "Player": "PR/Comm", "Poll": "Pay the ransom | Don’t pay it"}
        ),
    ]
    made = from_t3sf(json.dumps(source), "night.json", "Night", KNOWN)
    scenario = sound(made)
    assert [(inject.at, inject.to) for inject in scenario.injects] == [(0, "legal"), (10, "everyone")]
    assert [option.label for option in scenario.injects[1].options] == ["Pay the ransom", "Don’t pay it"]
    assert scenario.injects[0].persona.kind == "vendor"
    assert any("nothing is fetched" in line for line in made.assumed)
    assert "pictures.example" not in (made.text or "")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ([], "must be a list"),
        ({"#": 1}, "must be a list"),
        ([{"Subject": "x"}], "inject 1: has no From"),
        ([t3sf(**{"Real Time": "soon"})], "neither minutes nor a time of day"),
        ([t3sf(**{"Real Time": "25:00"})], "is no time of day"),
    ],
)
def test_a_t3sf_list_that_cannot_be_read_is_refused(source: object, reason: str) -> None:
    made = from_t3sf(json.dumps(source), "night.json", "Night", KNOWN)
    assert any(reason in refusal for refusal in made.refusals), made.refusals


def test_our_own_csv_comes_back_with_its_injects_roles_and_actions() -> None:
    for scenario in load_scenarios().scenarios.values():
        back = sound(from_csv(as_csv(scenario), scenario.title, KNOWN))
        assert {inject.id for inject in back.injects} == {inject.id for inject in scenario.injects}
        assert {inject.text for inject in back.injects} == {inject.text for inject in scenario.injects}
        listed = {name for inject in scenario.injects for name in inject.expects}
        asked = {(action.do, action.text) for action in scenario.actions if action.id in listed}
        assert {(action.do, action.text) for action in back.actions} == asked


def test_a_decision_that_the_source_gives_no_options_for_is_a_note() -> None:
    text = "minute,from,to,text,expected\n0,Boss,commander,Shall I?,Decide who leads\n"
    made = from_csv(text, "Lunch", KNOWN)
    assert [(action.do, action.text) for action in sound(made).actions] == [("note", "Decide who leads")]


def test_a_csv_with_other_peoples_column_names_and_semicolons_imports() -> None:
    text = "Time;From;Audience;Inject\n09:00;Press;Communications;Is it true?\n09:20;CEO;;Well?\n"
    scenario = sound(from_csv(text, "Lunch", KNOWN))
    assert [(inject.at, inject.to) for inject in scenario.injects] == [(0, "communications"), (20, "everyone")]
    assert [inject.persona.kind for inject in scenario.injects] == ["journalist", "executive"]


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "minute,text\n", "minute,text\nx,y\n", "minute,text\n5," + "y" * 300_000]
)
def test_a_csv_that_holds_no_list_of_injects_is_refused(text: str) -> None:
    assert from_csv(text, "Lunch", KNOWN).text is None


HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\u00a0=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "ok\n=1",
    "ok\r\n+1",
]


@pytest.mark.parametrize("cell", HOSTILE)
def test_abuse_29_no_cell_of_an_export_can_be_taken_for_a_formula(cell: str) -> None:
    text = SOUND.replace("text: It goes on.", f"text: {json.dumps('x' + chr(10) + cell)}")
    exported = as_csv(parse_scenario(text))
    for row in csv.DictReader(io.StringIO(exported, newline="")):
        for value in row.values():
            for line in value.replace("\r", "\n").split("\n"):
                assert line.lstrip(" \u00a0\t")[:1] not in set("=+-@＝＋－＠"), (row["id"], line)
    assert bare_cell(safe_cell(cell)) == cell


def test_the_rows_stand_in_the_order_in_which_they_may_come_and_say_why() -> None:
    found = rows(parse_scenario(SOUND))
    assert [(row["id"], row["minute"], row["comes"]) for row in found] == [
        ("first", "0", "at minute 0"),
        ("third", "0", "if act is chosen in first"),
        ("second", "10", "at minute 10"),
        ("fourth", "20", "after second, if contain is missed"),
    ]
    assert tuple(found[0]) == COLUMNS


@pytest.mark.parametrize("harm_class", HARM_CLASS_IDS)
def test_the_grammar_gives_a_sound_first_draft_for_every_harm_class(harm_class: str) -> None:
    scenario = sound(draft(harm_class, "Order helper", KNOWN))
    assert scenario.harm_classes == (harm_class,)
    assert len(scenario.injects) >= 12
    assert scenario.short is not None
    assert "{" not in scenario.model_dump_json().replace('{"', "").replace("{}", "")
    assert KNOWN.policy is not None
    assert KNOWN.policy.evaluate(patterns()["classes"][harm_class]["facts"], [harm_class]).unanswered == ()


def test_a_systems_name_is_put_in_once_and_never_read_as_a_template() -> None:
    assert fill("{system} and {again}", {"system": "{again}", "again": "x"}) == "{again} and x"
    sound(draft("H4", "{again}: &x !!python/name:os.system", KNOWN))


def test_the_files_folder_holds_only_what_a_scenario_shows() -> None:
    from playbooks.scenario import LIBRARY

    shown = {inject.file or inject.image for item in load_scenarios().scenarios.values() for inject in item.injects}
    assert {path.name for path in Path(LIBRARY / "files").iterdir()} == shown - {None}
