"""An exercise with the real bot, from the form to the report: the sandbox's Slack, nothing faked but the scenario."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from botkit import COMMS, LEAD, ONCALL, PRIVACY, Scene, staged

from incidents.models import Incident
from playbooks.models import Exercise, ExerciseInject, ExerciseObservation
from sandbox.story.stage import SUPPORT_CHANNEL
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
SMALL = Path(__file__).parents[1] / "playbooks" / "small-scenario.yaml"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    home = tmp_path_factory.mktemp("world")
    (home / "config" / "scenarios").mkdir(parents=True)
    shutil.copy(SMALL, home / "config" / "scenarios" / "small.yaml")
    async with staged(home, f"sqlite:///{home / 'record.db'}") as made:
        yield made


async def start(scene: Scene, *, speed: int = 1, by: str = LEAD) -> Exercise:
    """Set an exercise up through the form; it waits for *Begin*."""
    before = len(scene.rows(Exercise))
    facilitator = scene.person(by)
    await facilitator.command(SUPPORT_CHANNEL, "exercise start small")
    await facilitator.submit(
        {"speed": str(speed), "role:commander": [PRIVACY], "role:on-call": [ONCALL], "role:evaluator": [COMMS]}
    )
    return await until(lambda: _opened(scene, before), "the exercise's channel and panel")


def _opened(scene: Scene, before: int) -> Exercise | None:
    rows = scene.rows(Exercise)
    return rows[-1] if len(rows) > before and rows[-1].panel_ts else None


def now(scene: Scene, exercise: Exercise) -> Exercise:
    return scene.rows(Exercise, Exercise.id == exercise.id)[0]


def rows(scene: Scene, model: type[Any], exercise: Exercise) -> dict[str, Any]:
    found = scene.rows(model, model.exercise_id == exercise.id)
    return {getattr(row, "inject_id", None) or row.action_id: row for row in found}


async def test_an_exercise_runs_from_the_form_to_the_ratings(scene: Scene) -> None:
    exercise = await start(scene, speed=60)
    channel = str(exercise.channel_id)
    lead, commander, on_call = scene.person(LEAD), scene.person(PRIVACY), scene.person(ONCALL)
    panel = str(lead.bot_dm)
    await lead.press(panel, "exercise_begin")
    await on_call.sees(channel, "EXERCISE EX-", "where somebody else lives")
    await commander.command(channel, "declare")
    await commander.modal("never a real one")
    await commander.submit({"what_happened": "It reads out addresses", "system": f"x{exercise.id}-helper"})
    await on_call.press(channel, "acknowledge")
    await on_call.press(channel, "exercise_option_1")
    await on_call.sees(channel, "I can count the sessions now")
    await commander.sees(channel, "The exercise is over", within=40)
    held = now(scene, exercise)
    assert held.state == "ended"
    incident = scene.rows(Incident, Incident.id == held.incident_id)[0]
    assert incident.kind == "exercise"
    observed = rows(scene, ExerciseObservation, exercise)
    assert {name: row.state for name, row in observed.items()} == {
        "declare": "met",
        "acknowledge": "met",
        "keep": "met",
        "mitigated": "missed",
        "update": "missed",
    }
    states = {name: row.state for name, row in rows(scene, ExerciseInject, exercise).items()}
    assert states == {
        "second": "delivered",
        "purge": "delivered",
        "gone": "waiting",
        "kept": "delivered",
        "quiet": "delivered",
        "press": "delivered",
    }
    await lead.press(panel, "exercise_report")
    report = await until(lambda: _file(scene, channel, ".pdf"), "the report as PDF")
    assert report.content.startswith(b"%PDF")


def _file(scene: Scene, channel: str, ending: str) -> Any:
    files = scene.world.workspace.files.values()
    return next((file for file in files if file.name.endswith(ending)), None)
