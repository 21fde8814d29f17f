"""Runbooks as CACAO 2.0 playbooks, and back."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cacaokit import standard

from runbooks.cacao import export, import_
from runbooks.catalogue import load_catalogue, parse
from runbooks.schema import Runbook

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
CATALOGUE = load_catalogue().definitions
every_runbook = pytest.mark.parametrize("runbook_id", sorted(CATALOGUE))

ALL_KINDS = Path(__file__).with_name("all-kinds.yaml").read_text()


def meaning(runbook: Runbook) -> dict[str, Any]:
    """A runbook with its ways written out, so that an explicit `goto` to the next step equals none."""
    return {
        **runbook.model_dump(exclude={"steps"}),
        "steps": [
            {**step.model_dump(exclude={"goto"}), "after": runbook.after(step.id) if step in runbook.steps else None}
            for step, _ in runbook.walk()
        ],
    }


@every_runbook
def test_a_runbook_of_the_catalogue_validates_against_the_standards_schema(runbook_id: str) -> None:
    document = export(CATALOGUE[runbook_id].runbook, AT)
    assert [error.message for error in standard().iter_errors(document)] == []


def test_a_runbook_with_every_kind_of_step_validates_against_the_standards_schema() -> None:
    assert [error.message for error in standard().iter_errors(export(parse(ALL_KINDS), AT))] == []


@every_runbook
def test_an_import_of_our_own_export_is_the_same_runbook(runbook_id: str) -> None:
    runbook = CATALOGUE[runbook_id].runbook
    found = import_(json.loads(json.dumps(export(runbook, AT))))
    assert (found.refusals, found.assumed) == ((), ())
    assert found.runbook_yaml is not None
    assert meaning(parse(found.runbook_yaml)) == meaning(runbook)


def test_every_kind_of_step_survives_the_way_there_and_back() -> None:
    found = import_(export(parse(ALL_KINDS), AT))
    assert found.refusals == ()
    assert found.runbook_yaml is not None
    assert meaning(parse(found.runbook_yaml)) == meaning(parse(ALL_KINDS))


def test_the_same_runbook_exports_to_the_same_document() -> None:
    runbook = parse(ALL_KINDS)
    assert export(runbook, AT) == export(runbook, AT)


def test_another_version_of_a_runbook_keeps_its_playbook_and_step_ids() -> None:
    before, after = parse(ALL_KINDS), parse(ALL_KINDS.replace("Every kind of step", "Another title"))
    assert export(before, AT)["id"] == export(after, AT)["id"]
    assert list(export(before, AT)["workflow"]) == list(export(after, AT)["workflow"])


def test_step_ids_have_the_version_that_the_standard_asks_for() -> None:
    ids = export(parse(ALL_KINDS), AT)["workflow"]
    assert all(re.search(r"--[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]", id) for id in ids)


def test_blanks_become_variables_of_the_document() -> None:
    document = export(parse(ALL_KINDS), AT)
    names = {step.get("name") for step in document["workflow"].values()}
    assert "Save what __system_name__:value said" in names
    assert "__system_name__" in document["playbook_variables"]


def test_no_step_of_an_export_acts_by_itself() -> None:
    for item in CATALOGUE.values():
        for step in export(item.runbook, AT)["workflow"].values():
            assert all(command["type"] == "manual" for command in step.get("commands", []))


def test_a_graph_changed_in_another_tool_counts_over_our_extension() -> None:
    document = export(parse(ALL_KINDS), AT)
    steps = {step.get("name"): (id, step) for id, step in document["workflow"].items()}
    end = next(id for id, step in document["workflow"].items() if step.get("name") == "End")
    steps["Tell them"][1]["on_completion"] = end
    steps["Tell them"][1]["name"] = "Tell legal {% first %}"
    found = import_(document)
    assert found.runbook_yaml is not None
    tell = parse(found.runbook_yaml).step("tell")
    assert (tell.goto, tell.title) == ("end", 'Tell legal {{ "{%" }} first %}')
