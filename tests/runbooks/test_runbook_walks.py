"""Every runbook we ship is walked through the engine to its end: each branch, each way to end a step, and the record.

On SQLite only: what differs between runbooks does not differ between databases (test_runbook_engine.py runs on both).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, timeline
from incidents.db import writing
from incidents.errors import NotAllowed
from incidents.models import Incident
from runbooks import engine as run_engine
from runbooks import progress
from runbooks.catalogue import Definition, load_catalogue
from runbooks.models import RunbookRun, RunbookStep
from runbooks.progress import StepView
from runbooks.schema import END, Choice, Runbook

PERSON, COMMANDER = "U0ONCALL01", "U0RAILEAD1"
MOST_STEPS = 200
DEFINITIONS = [pytest.param(item, id=name) for name, item in sorted(load_catalogue().definitions.items())]
pytestmark = [
    pytest.mark.parametrize("definition", DEFINITIONS),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@dataclass
class Walk:
    """One run of a runbook, and what was done in it, in order: (step, how it ended, the words that were given)."""

    session: Session
    runbook: Runbook
    run_id: int
    wanted: set[tuple[str, str]] = field(default_factory=set)  # answers that nobody has taken yet
    did: list[tuple[str, str, str]] = field(default_factory=list)

    @classmethod
    def started(cls, session: Session, incident_id: int, definition: Definition, key: str) -> "Walk":
        incident = session.get_one(Incident, incident_id)
        run = run_engine.start(session, incident, definition, by=PERSON, key=key)
        return cls(session, definition.runbook, run.id)

    def to_the_end(self, end: Callable[["Walk", StepView], None]) -> None:
        """End every step as `end` does, a parallel one's last part first, and compare the record with what was done."""
        for _ in range(MOST_STEPS):
            waiting = [step for step in progress.open_steps(self.session, self.run_id) if step.kind != "parallel"]
            if not waiting:
                return self.check_record()
            view = waiting[-1]
            for text in (view.title, view.why, view.how, view.if_it_fails):
                assert text
                assert "{{" not in text
            end(self, view)
        raise AssertionError(f"the runbook did not end within {MOST_STEPS} steps")

    def do(self, view: StepView) -> None:
        """The step is done: evidence, an answer, the end of a wait, or a note."""
        step, words = self.runbook.step(view.step_id), f"{view.step_id} was done and checked"
        if view.kind == "decide":
            words = self._choose(view.step_id)
            self.wanted.discard((view.step_id, words))
            run_engine.decide(self.session, self.run_id, view.step_id, by=PERSON, choice=words)
        elif view.kind == "collect":
            value = {"link": "https://traces.invalid/1", "file": "F0FILE0001"}.get(step.accepts[0], words)
            run_engine.collect(
                self.session, self.run_id, view.step_id, by=PERSON, kind=step.accepts[0], value=value, note=words
            )
        elif view.kind == "wait":
            assert view.due_at is not None
            words = "The time is over."
            run_engine.finish_waits(self.session, view.due_at)
        else:
            run_engine.step_done(self.session, self.run_id, view.step_id, by=PERSON, note=words)
        self.did.append((view.step_id, "done", words))

    def fail(self, view: StepView) -> None:
        """The step did not work."""
        words = f"{view.step_id} did not work"
        run_engine.step_failed(self.session, self.run_id, view.step_id, by=PERSON, what=words)
        self.did.append((view.step_id, "failed", words))

    def leave_out(self, view: StepView) -> None:
        """The step is skipped, or said not to apply, by the commander; done where its policy forbids that."""
        skipped = len(self.did) % 2 == 0
        leave = run_engine.step_skip if skipped else run_engine.step_not_applicable
        words = f"{view.step_id} does not fit"
        try:
            leave(self.session, self.run_id, view.step_id, by=COMMANDER, reason=words)
        except NotAllowed:
            assert view.kind == "decide" or view.skip == "never"
            self.do(view)
        else:
            assert view.skip != "never"
            self.did.append((view.step_id, "skipped" if skipped else "not_applicable", words))

    def check_record(self) -> None:
        """Finished, with one row and one entry per visit that say what was done, and the chain unbroken."""
        run = self.session.get_one(RunbookRun, self.run_id)
        assert run.state == "finished"
        done, total = progress.progress(self.session, self.run_id)
        assert done == total > 0
        rows = [row for row in progress.rows(self.session, self.run_id) if row.kind != "parallel"]
        assert sorted(map(_ended, rows)) == sorted((step, how) for step, how, _ in self.did)
        assert all(row.state == "done" for row in progress.rows(self.session, self.run_id) if row.kind == "parallel")
        entries = [
            entry for entry in timeline.entries(self.session, run.incident_id) if entry.data.get("run") == run.id
        ]
        ends = [entry for entry in entries if entry.kind == "step"]
        assert [(entry.data["step"], entry.data["what"]) for entry in ends] == [
            (step, how) for step, how, _ in self.did
        ]
        for entry, (step_id, _, words) in zip(ends, self.did, strict=True):
            assert words == entry.data["choice"] or words in entry.text, step_id
        assert [entry.text.split(":")[0] for entry in entries if entry.kind == "runbook"] == [
            "Runbook started",
            "Runbook finished",
        ]

    def _choose(self, step_id: str) -> str:
        """An answer not taken yet, else one that leads to such, else the one nearest to the exit."""

        def rank(choice: Choice) -> tuple[int, int]:
            if (step_id, choice.choice) in self.wanted:
                return 0, 0
            reached, waiting = {END}, [choice.goto]
            while waiting:
                following = waiting.pop()
                if following not in reached:
                    reached.add(following)
                    waiting += self.runbook.ways(following)
            left = 0 if choice.goto == END else len(self.runbook.left(choice.goto))
            return (1 if any(step in reached - {step_id} for step, _ in self.wanted) else 2), left

        return min(self.runbook.step(step_id).choices, key=rank).choice


def _ended(row: RunbookStep) -> tuple[str, str]:
    return row.step_id, row.state


def test_every_answer_of_every_decision_is_taken_to_the_end(
    engine: sa.Engine, incident_id: int, definition: Definition
) -> None:
    wanted = {(step.id, choice.choice) for step in definition.runbook.steps for choice in step.choices}
    assert wanted
    for number in range(len(wanted)):
        with writing(engine) as session:
            walk = Walk.started(session, incident_id, definition, f"run {number}")
            walk.wanted = wanted
            walk.to_the_end(Walk.do)
        if not wanted:
            break
    assert wanted == set()
    with writing(engine) as session:
        assert timeline.verify(session, incident_id) is None


def test_what_may_be_left_out_is_left_out_with_a_reason_and_nothing_else_can_be(
    engine: sa.Engine, incident_id: int, definition: Definition
) -> None:
    with writing(engine) as session:
        lifecycle.assign(
            session, session.get_one(Incident, incident_id), "commander", COMMANDER, by=COMMANDER, key="role"
        )
        Walk.started(session, incident_id, definition, "run").to_the_end(Walk.leave_out)


def test_every_step_may_fail_once_and_the_way_that_its_runbook_names_still_leads_to_the_end(
    engine: sa.Engine, incident_id: int, definition: Definition
) -> None:
    """Each step of the runbook fails in one of the runs, those that only a failure leads to as well."""
    runbook = definition.runbook
    steps = {step.id for step, _ in runbook.walk() if step.kind != "parallel"}
    failed: set[str] = set()

    def fail_first(walk: Walk, view: StepView) -> None:
        if view.step_id in failed:
            walk.do(view)
            return
        failed.add(view.step_id)
        walk.fail(view)
        expected = runbook.step(view.step_id).if_it_fails.goto or view.step_id
        assert expected in {step.step_id for step in progress.open_steps(walk.session, walk.run_id)} or expected == END

    answers = {(step.id, choice.choice) for step in runbook.steps for choice in step.choices}
    for number in range(len(answers)):
        with writing(engine) as session:
            walk = Walk.started(session, incident_id, definition, f"run {number}")
            walk.wanted = answers
            walk.to_the_end(fail_first)
        if failed == steps:
            break
    assert failed == steps
