"""One person plays alone with the real bot, and plans the next exercise: the sandbox's Slack, nothing faked."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from botkit import COMMS, LEAD, ONCALL, PRIVACY, SUPPORT, Scene, interaction, staged
from icalendar import Calendar

from bot.acts.programme import REVIEW
from incidents.clock import now
from incidents.db import writing
from incidents.models import Incident, Timer
from playbooks.models import Exercise
from playbooks.planning import PlannedExercise
from playbooks.solo import COLLEAGUE, SoloExercise
from runbooks.models import RollbackApproval
from sandbox.story.fields import words_of
from sandbox.story.stage import INCIDENTS_CHANNEL, SUPPORT_CHANNEL
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


async def begun(scene: Scene, words: str) -> Exercise:
    """Set up by command, begun by the button of the opening in its channel."""
    before = len(scene.rows(Exercise))
    player = scene.person(ONCALL)
    await player.command(SUPPORT_CHANNEL, f"exercise start small solo {words}")

    def opened() -> Exercise | None:
        rows = scene.rows(Exercise)
        return rows[-1] if len(rows) > before and rows[-1].panel_ts and rows[-1].channel_id else None

    exercise = await until(opened, "the exercise's channel and panel")
    await player.press(str(exercise.channel_id), "exercise_begin")
    return exercise


@pytest.mark.chaos  # for its length
async def test_one_person_plays_to_the_report_with_hints_and_a_rehearsed_colleague(scene: Scene) -> None:
    exercise = await begun(scene, "full 10x")
    player, channel = scene.person(ONCALL), str(exercise.channel_id)
    panel = await player.sees(str(player.bot_dm), "Running", "Asked of you now")
    assert "Ground truth" not in str(panel)
    await player.press(str(player.bot_dm), "solo_hint")
    await player.sees(channel, "Hint: open the incident", "/rai-incident declare")
    await player.command(channel, "declare")
    await player.submit({"what_happened": "It reads out addresses", "system": f"x{exercise.id}-helper"})
    await player.sees(channel, "SEV2", "Helper")
    await player.command(channel, "rollback")
    await player.submit({"target": "model"})
    await player.sees(channel, "Done and verified", "rehearsed colleague")
    approval = scene.rows(RollbackApproval)[0]
    assert (approval.approver, approval.requested_by) == (COLLEAGUE, ONCALL)
    await player.press(str(player.bot_dm), "exercise_end")
    await player.sees(channel, "What was asked of you", "What was really going on")
    files = scene.world.workspace.files.values()
    await until(lambda: {one.name[-3:] for one in files} >= {".md", "pdf"}, "the report as two files")
    assert scene.world.pagerduty.panel()["incidents"] == []
    assert [row.kind for row in scene.rows(Incident)] == ["exercise"]


async def test_a_hint_comes_by_itself_where_nothing_is_done_once_for_each_action(scene: Scene) -> None:
    exercise = await begun(scene, "60x")
    player, channel = scene.person(ONCALL), str(exercise.channel_id)
    await player.sees(channel, "What was asked of you", within=40)
    hinted = scene.rows(SoloExercise, SoloExercise.exercise_id == exercise.id)[0].hinted
    said = [message["text"] for message in player.messages(channel) if "Hint:" in message["text"]]
    assert hinted
    assert len(said) == len(hinted) == len(set(hinted))


async def test_hints_stay_away_where_they_are_not_wanted_and_are_nobody_elses(scene: Scene) -> None:
    exercise = await begun(scene, "nohints 60x")
    player, channel = scene.person(ONCALL), str(exercise.channel_id)
    body = await scene.press_body(ONCALL, str(player.bot_dm), "solo_hints")
    body["user"] = {**body["user"], "id": PRIVACY}
    await scene.post(interaction(body))
    await scene.settled()
    assert scene.rows(SoloExercise, SoloExercise.exercise_id == exercise.id)[0].hints is False
    await player.sees(channel, "What was asked of you", within=40)
    assert not any("Hint:" in message["text"] for message in player.messages(channel))
    assert scene.rows(SoloExercise, SoloExercise.exercise_id == exercise.id)[0].hinted == []


@pytest.mark.parametrize(
    ("words", "said"),
    [("small solo 3x", "The speed is one of"), ("unheard-of solo", "Name one scenario"), ("solo", "`small`")],
)
async def test_what_cannot_be_played_is_said_at_once(scene: Scene, words: str, said: str) -> None:
    count, heard = len(scene.rows(Exercise)), len(scene.whispers(ONCALL))
    await scene.person(ONCALL).command(SUPPORT_CHANNEL, f"exercise start {words}")
    await scene.hears(ONCALL, heard, said)
    assert len(scene.rows(Exercise)) == count


async def test_only_responders_play(scene: Scene) -> None:
    heard = len(scene.whispers(SUPPORT))
    await scene.person(SUPPORT).command(SUPPORT_CHANNEL, "exercise start small solo")
    await scene.hears(SUPPORT, heard, "Only responders can play an exercise")


async def test_an_exercise_is_planned_moved_reminded_of_and_shown(scene: Scene) -> None:
    lead, on_call = scene.person(LEAD), scene.person(ONCALL)
    soon = int((now() + timedelta(hours=5)).timestamp())
    heard = len(scene.whispers(ONCALL))
    await lead.command(SUPPORT_CHANNEL, "exercise plan small")
    await lead.submit({"system": "support-assistant", "at": soon, "facilitator": ONCALL})
    await on_call.sees(str(on_call.bot_dm), "PLAN-1", "You lead it")
    row = scene.rows(PlannedExercise)[0]
    assert (row.scenario_id, row.system_id, row.minutes) == ("small", "support-assistant", 12)
    assert row.zone == "Europe/Berlin"
    assert any("you lead it" in said for said in scene.whispers(ONCALL)[heard:])

    await lead.command(SUPPORT_CHANNEL, "exercise programme")
    await lead.sees(SUPPORT_CHANNEL, "Exercise programme", "PLAN-1", "Support assistant (tier 1", "never rehearsed")
    await lead.press(SUPPORT_CHANNEL, "programme_move_open")
    await lead.submit({"what": "cancel"})
    await until(lambda: scene.rows(PlannedExercise)[0].state == "cancelled", "the plan to be cancelled")
    told = await scene.hears(ONCALL, heard, "PLAN-1", "was cancelled by")
    assert f"<@{LEAD}>" in told


async def test_the_calendar_file_comes_by_direct_message_to_whoever_asks(scene: Scene) -> None:
    privacy, heard = scene.person(PRIVACY), len(scene.whispers(PRIVACY))
    await privacy.command(SUPPORT_CHANNEL, "exercise plan small")
    day = int((now() + timedelta(days=40)).timestamp())
    await privacy.submit({"at": day, "facilitator": PRIVACY})
    await scene.settled()
    row = scene.rows(PlannedExercise)[-1]
    await privacy.command(SUPPORT_CHANNEL, "exercise calendar")
    await scene.hears(PRIVACY, heard, "The calendar file is in your direct messages")
    [file] = [one for one in scene.world.workspace.files.values() if one.name.endswith(".ics")]
    assert file.shared_in == [privacy.bot_dm]
    [event] = [one for one in Calendar.from_ical(file.content).walk("VEVENT") if one["uid"].startswith("plan-")][-1:]
    assert event["uid"].startswith(row.number.lower())
    assert event.decoded("dtstart").timestamp() == day
    before = len(scene.world.workspace.files)
    await privacy.command(SUPPORT_CHANNEL, "exercise programme")
    await privacy.press(SUPPORT_CHANNEL, "programme_calendar")
    await until(lambda: len(scene.world.workspace.files) == before + 1, "another file")


async def test_monday_morning_says_each_due_system_once_in_the_announcement_channel(scene: Scene) -> None:
    await begun(scene, "60x")  # who has never rehearsed is not reminded
    comms = scene.person(COMMS)

    async def monday() -> None:
        """The timer of next Monday is due now."""
        with writing(scene.engine) as session:
            timer = session.scalars(sa.select(Timer).where(Timer.kind == REVIEW)).one()
            timer.due_at, timer.fired_at = now(), None
        await until(lambda: scene.rows(Timer, Timer.kind == REVIEW)[0].fired_at, "Monday's timer")
        await scene.settled()

    def said() -> list[str]:
        return [words_of(one) for one in comms.messages(INCIDENTS_CHANNEL) if "should be rehearsed" in words_of(one)]

    await monday()
    await comms.sees(
        INCIDENTS_CHANNEL, "1 AI system should be rehearsed", "Support assistant (tier 1", "never rehearsed"
    )
    await monday()
    assert len(said()) == 1
    await comms.press(INCIDENTS_CHANNEL, "programme_plan_open")
    await comms.modal("Plan an exercise")
    await comms.close()
