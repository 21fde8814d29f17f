"""One person plays alone, and the bot is killed three times in the middle: nothing is lost, and nothing comes twice."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from scene import Scene, perhaps, scene

from incidents import timeline
from incidents.db import reading
from incidents.models import Incident
from playbooks.models import Exercise, ExerciseInject
from playbooks.solo import COLLEAGUE, SoloExercise
from runbooks.models import RollbackApproval, RollbackPlan
from sandbox.story.stage import SUPPORT_CHANNEL
from sandbox.story.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
INJECTS = {"second-ticket", "purge-offer", "address-alert", "mail-still-leaks", "journalist"}
SPEED = 10  # six seconds of the wall clock are a minute of the exercise


def rows(world: Scene, model: type[Any]) -> list[Any]:
    with reading(world.engine) as session:
        return list(session.query(model))


@ON_SQLITE
async def test_a_solo_game_whose_bot_is_killed_three_times_loses_nothing_and_repeats_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with scene(tmp_path / "world", database_url) as world:
        player = world.oncall

        def exercise() -> Exercise:
            return rows(world, Exercise)[0]

        await player.command(SUPPORT_CHANNEL, f"exercise start personal-data-after-model-update solo {SPEED}x")
        await world.quiet()
        channel = str(exercise().channel_id)
        await player.press(channel, "exercise_begin")

        with world.killed_at(2, "done") as happened:  # while the first inject or what comes with it is under way
            await until(happened, "the first kill", within=30)
        await world.restart()
        panel = str(player.bot_dm)
        await player.press(panel, "exercise_pause")
        await until(lambda: exercise().state == "paused", "the pause")
        await player.command(channel, "declare")
        await player.fill({"what_happened": "It reads out addresses", "system": f"x{exercise().id}-order-helper"})
        await perhaps(player.submit())
        world.world.kill_bot()  # acknowledged, and nothing of it done yet
        await world.restart()
        await until(lambda: exercise().incident_id, "the incident that was declared")
        await world.quiet()
        while player.top is not None:
            await player.close()
        await player.command(channel, "rollback")
        await player.submit({"target": "model-version"})
        await until(lambda: [plan.state for plan in rows(world, RollbackPlan)] == ["planned"], "the plan")
        await player.press(panel, "exercise_resume")
        with world.killed_at(3, "arrived") as happened:  # while the colleague says yes
            await until(happened, "the third kill", within=30)
        await world.restart()
        await player.sees(channel, "Done and verified", COLLEAGUE)
        for _ in range(len(INJECTS)):
            if "exercise_next" in player.buttons(panel):
                await player.press(panel, "exercise_next")
            await world.quiet()
        await player.press(panel, "exercise_end")
        await until(lambda: not exercise().live, "the end")
        files = world.world.workspace.files
        await until(lambda: {one.name[-3:] for one in files.values() if one.shared_in} >= {".md", "pdf"}, "the report")
        await world.quiet()

        said = [*player.messages(channel), *player.messages(panel)]
        shared = Counter(one["name"] for message in said for one in message.get("files", []))

    keys = Counter(message["metadata_key"] for message in said if message.get("metadata_key"))
    assert {key: count for key, count in keys.items() if count > 1} == {}
    assert set(shared.values()) == {1}
    assert len(shared) == 2
    injects = {row.inject_id: row.state for row in rows(world, ExerciseInject)}
    assert {name for name, state in injects.items() if state == "delivered"} == INJECTS
    assert {name for name in INJECTS if keys[f"inject:1:{name}"] != 1} == set()
    [solo] = rows(world, SoloExercise)
    hints = [message for message in said if message["text"].startswith("EXERCISE: Hint:")]
    assert len(hints) == len(solo.hinted) == len(set(solo.hinted))
    assert [row.approver for row in rows(world, RollbackApproval)] == [COLLEAGUE]
    assert [plan.state for plan in rows(world, RollbackPlan)] == ["verified"]
    [incident] = rows(world, Incident)
    with reading(world.engine) as session:
        assert timeline.verify(session, incident.id) is None
    panels = [message for message in said if str(message.get("metadata_key")).startswith("panel:")]
    assert len(panels) == 1
    assert "Ended" in str(panels[0]["blocks"])
