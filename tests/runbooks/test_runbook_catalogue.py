"""Every runbook we ship is sound, keeps evidence before it changes anything, and serves a harm class."""

from pathlib import Path

import pytest
import yaml

from runbooks.catalogue import LIBRARY, Definition, load_catalogue
from runbooks.check import check_runbook
from runbooks.schema import END

ATLAS = Path(__file__).parents[2].parent / "shared" / "data" / "atlas" / "case-studies"
FILES = sorted(LIBRARY.glob("*.yaml"))
CATALOGUE = load_catalogue()
DEFINITIONS = [pytest.param(item, id=name) for name, item in sorted(CATALOGUE.definitions.items())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_is_sound_and_named_after_its_id(path: Path):
    assert check_runbook(path) == []
    assert path.stem in CATALOGUE.definitions


def test_there_are_at_least_fourteen_and_every_harm_class_has_one():
    assert len(CATALOGUE.definitions) >= 14
    for number in range(1, 11):
        assert CATALOGUE.for_harm([f"H{number}"]), f"H{number} has no runbook"


def test_leaked_personal_data_gets_its_own_runbook_first():
    assert CATALOGUE.for_harm(["H4"])[0].runbook.id == "personal-data-in-outputs"


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_evidence_is_saved_before_anything_is_changed_on_every_way(definition: Definition):
    """EU AI Act Art. 73(6): no change that may affect the later evaluation of causes before there is evidence."""
    runbook = definition.runbook
    waiting, seen = [runbook.steps[0].id], set()
    while waiting:
        step_id = waiting.pop()
        if step_id == END or step_id in seen:
            continue
        seen.add(step_id)
        step = runbook.step(step_id)
        assert step.kind != "rollback", f"{step_id} is reached before any evidence was collected"
        failing = [step.if_it_fails.goto] if step.if_it_fails.goto else []
        waiting += failing if step.kind == "collect" else runbook.ways(step_id) + failing


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_each_runbook_contains_tells_somebody_and_can_be_checked(definition: Definition):
    steps = [step for step, _ in definition.runbook.walk()]
    assert {"collect", "decide", "rollback", "notify"} <= {step.kind for step in steps}
    assert 6 <= len(steps) <= 16
    assert all(step.check for step in steps if step.kind in ("do", "rollback", "collect")), "no way to check it"


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_cited_atlas_case_studies_exist_under_that_name(definition: Definition):
    if not ATLAS.is_dir():
        pytest.skip("the public ATLAS data is not beside the project")
    for source in definition.runbook.sources:
        if source.ref.startswith("AML."):
            study = yaml.safe_load((ATLAS / f"{source.ref}.yaml").read_text(encoding="utf-8"))
            assert source.name == f"MITRE ATLAS case study, {study['name']}"
