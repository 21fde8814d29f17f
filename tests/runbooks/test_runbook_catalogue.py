"""Every runbook we ship is sound, keeps evidence before it changes anything, and can be walked to its end."""

from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.orm import Session

from incidents import timeline
from incidents.db import writing
from incidents.models import Incident
from runbooks import engine as run_engine
from runbooks import progress
from runbooks.catalogue import LIBRARY, Definition, load_catalogue
from runbooks.check import check_runbook
from runbooks.models import RunbookRun
from runbooks.schema import END, Choice, Runbook

ATLAS = Path(__file__).parents[2].parent / "shared" / "data" / "atlas" / "case-studies"
PERSON = "U0ONCALL01"
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
def test_each_runbook_is_walked_end_to_end_through_every_step_and_branch(
    engine: sa.Engine, incident_id: int, definition: Definition
):
    runbook = definition.runbook
    wanted = {(step.id, choice.choice) for step in runbook.steps for choice in step.choices}
    visited: set[str] = set()
    for number in range(len(wanted) + 1):
        with writing(engine) as session:
            incident = session.get_one(Incident, incident_id)
            run = run_engine.start(session, incident, definition, by=PERSON, key=f"run {number}")
            _walk(session, run.id, runbook, wanted, visited)
            assert session.get_one(RunbookRun, run.id).state == "finished"
            done, total = progress.progress(session, run.id)
            assert done == total > 0
        if not wanted:
            break
    with writing(engine) as session:
        # What only a failure leads to is reached by failing.
        for step, _ in runbook.walk():
            if step.id not in visited and step.kind != "parallel":
                run = run_engine.start(
                    session, session.get_one(Incident, incident_id), definition, by=PERSON, key=f"fail to {step.id}"
                )
                _fail_to(session, run.id, runbook, step.id)
                _walk(session, run.id, runbook, wanted, visited)
        assert timeline.verify(session, incident_id) is None
    assert wanted == set()
    assert visited == {step.id for step, _ in runbook.walk() if step.kind != "parallel"}


def _walk(session: Session, run_id: int, runbook: Runbook, wanted: set[tuple[str, str]], visited: set[str]) -> None:
    """Do every step; at a decision take an answer that nobody has taken yet, else the one nearest to the exit."""
    for _ in range(200):
        view = progress.next_step(session, run_id)
        if view is None:
            return
        visited.add(view.step_id)
        for text in (view.title, view.why, view.how, view.if_it_fails):
            assert text
            assert "{{" not in text
        step = runbook.step(view.step_id)
        if view.kind == "decide":
            choice = _choose(runbook, view.step_id, wanted)
            wanted.discard((view.step_id, choice))
            run_engine.decide(session, run_id, view.step_id, by=PERSON, choice=choice)
        elif view.kind == "collect":
            values = {"link": "https://traces.invalid/1", "file": "F0FILE0001"}
            kind = step.accepts[0]
            run_engine.collect(
                session, run_id, view.step_id, by=PERSON, kind=kind, value=values.get(kind, "what was seen")
            )
        else:
            run_engine.step_done(session, run_id, view.step_id, by=PERSON, note="done and checked")
    raise AssertionError("the runbook did not end within 200 steps")


def _choose(runbook: Runbook, step_id: str, wanted: set[tuple[str, str]]) -> str:
    """An answer not taken yet, else one that leads to such, else the one nearest to the exit."""

    def rank(choice: Choice) -> tuple[int, int]:
        if (step_id, choice.choice) in wanted:
            return 0, 0
        reached, waiting = {END}, [choice.goto]
        while waiting:
            following = waiting.pop()
            if following not in reached:
                reached.add(following)
                waiting += runbook.ways(following)
        left = 0 if choice.goto == END else len(runbook.left(choice.goto))
        return (1 if any(step in reached - {step_id} for step, _ in wanted) else 2), left

    return min(runbook.step(step_id).choices, key=rank).choice


def _fail_to(session: Session, run_id: int, runbook: Runbook, goal: str) -> None:
    """Walk until a step whose failure leads to `goal`, and fail there."""
    while (view := progress.next_step(session, run_id)) is not None:
        if runbook.step(view.step_id).if_it_fails.goto == goal:
            run_engine.step_failed(session, run_id, view.step_id, by=PERSON, what="it did not work")
            return
        if view.kind == "decide":
            run_engine.decide(session, run_id, view.step_id, by=PERSON, choice=view.choices[0][0])
        elif view.kind == "collect":
            kind = runbook.step(view.step_id).accepts[0]
            run_engine.collect(session, run_id, view.step_id, by=PERSON, kind=kind, value="https://traces.invalid/1")
        else:
            run_engine.step_done(session, run_id, view.step_id, by=PERSON, note="done")
    raise AssertionError(f"nothing leads to {goal}")


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
