"""Exercises with the real bot: set up through the form, played by people who look for the banner on all they see."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from botkit import COMMS, LEAD, ONCALL, PRIVACY, Scene, staged

from playbooks.models import Exercise
from sandbox.people import BOT_USER
from sandbox.story.fields import words_of
from sandbox.story.person import Person
from sandbox.story.stage import SUPPORT_CHANNEL
from sandbox.story.waiting import until
from sandbox.workspace import Json

SMALL = Path(__file__).parents[1] / "playbooks" / "small-scenario.yaml"
RUNBOOK = Path(__file__).parents[1] / "chaos" / "one-rollback.yaml"
CAST = {"role:commander": [PRIVACY], "role:on-call": [ONCALL], "role:evaluator": [COMMS]}
BANNER = "not real"


@asynccontextmanager
async def rehearsing(home: Path) -> AsyncIterator[Scene]:
    """A world that knows the small scenario, the same with a file in direct messages, and a runbook with a rollback."""
    for folder, file in (("scenarios", SMALL), ("runbooks", RUNBOOK)):
        (home / "config" / folder).mkdir(parents=True)
        shutil.copy(file, home / "config" / folder)
    scenarios = home / "config" / "scenarios"
    (scenarios / "files").mkdir()
    (scenarios / "files" / "screenshot.txt").write_text("Where somebody else lives")
    directly = SMALL.read_text().replace("id: small", "id: directly", 1)
    for words, role in (("somebody else lives.", "commander"), ("Shall I purge the transcripts?", "on-call")):
        attached = f'{words}"\n    channel: dm\n    file: screenshot.txt'
        directly = directly.replace(f'{words}"', attached + (f"\n    to: {role}" if role == "commander" else ""), 1)
    (scenarios / "directly.yaml").write_text(directly)
    async with staged(home, f"sqlite:///{home / 'record.db'}") as made:
        yield made


class Player(Person):
    """A person who keeps every form they were ever shown."""

    def __init__(self, scene: Scene, user_id: str) -> None:
        super().__init__(scene.world, user_id)
        self.forms: list[Json] = []

    async def act(self, kind: str, **more: Any) -> Json:
        """The act; what then stands in front of them is kept."""
        answer = await super().act(kind, **more)
        self.forms += [view for view in self.state["modals"] if view not in self.forms]
        return answer


async def start(
    scene: Scene,
    *,
    speed: int = 1,
    by: str = LEAD,
    cast: dict[str, list[str]] | None = None,
    scenario: str = "small",
) -> Exercise:
    """Set an exercise up through the form; it waits for *Begin*."""
    before = len(scene.rows(Exercise))
    facilitator = scene.person(by)
    await facilitator.command(SUPPORT_CHANNEL, f"exercise start {scenario}")
    await facilitator.submit({"speed": str(speed), **(cast or CAST)})
    return await until(lambda: _opened(scene, before), "the exercise's channel and panel")


def _opened(scene: Scene, before: int) -> Exercise | None:
    rows = scene.rows(Exercise)
    return rows[-1] if len(rows) > before and rows[-1].panel_ts else None


def now(scene: Scene, exercise: Exercise) -> Exercise:
    """The exercise as the record has it now."""
    return scene.rows(Exercise, Exercise.id == exercise.id)[0]


def rows(scene: Scene, model: type[Any], exercise: Exercise) -> dict[str, Any]:
    """The exercise's rows of a table by what they are about."""
    found = scene.rows(model, model.exercise_id == exercise.id)
    return {
        getattr(row, "inject_id", None) or getattr(row, "action_id", None) or row.objective_id: row for row in found
    }


async def press(person: Person, exercise: Exercise, action_id: str) -> None:
    """Press on the panel of this exercise, the others' panels being beside it."""
    await person.press(str(exercise.panel_channel), action_id, ts=str(exercise.panel_ts))


async def set_speed(person: Person, exercise: Exercise, speed: int) -> None:
    """Choose another speed on the panel."""
    channel, ts, value = str(exercise.panel_channel), str(exercise.panel_ts), f"{exercise.id}:{speed}"
    shown = next(message for message in person.messages(channel) if message["ts"] == ts)
    block, menu = next(
        (block, element)
        for block in shown["blocks"]
        for element in block.get("elements", [])
        if element.get("action_id") == "exercise_speed"
    )
    chosen = next(option for option in menu["options"] if option["value"] == value)
    container = {"type": "message", "channel": channel, "ts": ts}
    given = {"selected_option": chosen}
    await person.act(
        "block_action", container=container, block_id=block["block_id"], action_id="exercise_speed", element=given
    )


def said_by_the_bot(person: Person, channel: str) -> list[Json]:
    """Everything of the bot's that a person can read in a channel, also what only they can."""
    return [message for message in person.messages(channel) if message["user"] == BOT_USER]


def unmarked(messages: list[Json]) -> list[str]:
    """The words of those without the banner, or without the word in what a notification shows."""
    return [
        words_of(message)[:200]
        for message in messages
        if BANNER not in json.dumps(message, ensure_ascii=False) or "EXERCISE" not in message["text"]
    ]
