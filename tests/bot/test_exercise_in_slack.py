"""Exercises with the real bot, from the form to the report: the sandbox's Slack, nothing faked but the scenario."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from botkit import COMMS, LEAD, ONCALL, PRIVACY, SUPPORT, Scene, in_process, interaction
from exercisekit import now, press, rehearsing, rows, set_speed, start

from incidents.models import Incident
from incidents.questions import Question
from playbooks.models import Exercise, ExerciseInject, ExerciseObservation, ExerciseRating, Improvement
from sandbox.story.fields import field, words_of
from sandbox.story.stage import SUPPORT_CHANNEL
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with rehearsing(tmp_path_factory.mktemp("world")) as made:
        yield made


@dataclass
class Played:
    """One exercise that has run from its first minute to its last, at sixty times the speed."""

    exercise: Exercise
    channel: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(scene: Scene) -> Played:
    exercise = await start(scene, speed=60)
    channel = str(exercise.channel_id)
    lead, commander, on_call = scene.person(LEAD), scene.person(PRIVACY), scene.person(ONCALL)
    await press(lead, exercise, "exercise_begin")
    await on_call.sees(channel, "EXERCISE EX-", "where somebody else lives")
    await commander.command(channel, "declare")
    await commander.modal("never a real one")
    await commander.submit({"what_happened": "It reads out addresses", "system": f"x{exercise.id}-helper"})
    await on_call.press(channel, "acknowledge")
    await on_call.press(channel, "exercise_option_1")
    await on_call.sees(channel, "I can count the sessions now")
    await commander.sees(channel, "The exercise is over", within=40)
    return Played(now(scene, exercise), channel)


async def test_an_exercise_runs_from_the_form_to_the_ratings(scene: Scene, played: Played) -> None:
    assert played.exercise.state == "ended"
    incident = scene.rows(Incident, Incident.id == played.exercise.incident_id)[0]
    assert incident.kind == "exercise"
    observed = rows(scene, ExerciseObservation, played.exercise)
    assert {name: row.state for name, row in observed.items()} == {
        "declare": "met",
        "acknowledge": "met",
        "keep": "met",
        "mitigated": "missed",
        "update": "missed",
    }
    states = {name: row.state for name, row in rows(scene, ExerciseInject, played.exercise).items()}
    assert states == {
        "second": "delivered",
        "purge": "delivered",
        "gone": "waiting",
        "kept": "delivered",
        "quiet": "delivered",
        "press": "delivered",
    }
    proposed = {name: row.proposed for name, row in rows(scene, ExerciseRating, played.exercise).items()}
    assert proposed == {"notice": "P", "contain": "S", "words": "U"}
    await scene.person(ONCALL).sees(played.channel, "Questions to talk over", "Who decides about the transcripts")


async def test_the_hot_wash_is_open_to_its_people_only_and_leaves_out_a_name_on_wish(
    scene: Scene, played: Played
) -> None:
    commander, on_call = scene.person(PRIVACY), scene.person(ONCALL)
    for person, words, options in ((commander, "Name a scribe.", []), (on_call, "Dare to ask.", ["yes"])):
        await person.press(played.channel, "hot_wash_open")
        await person.modal("Hot wash", "not real")
        await person.submit({"q0": words, "anonymous": options})
    await scene.settled()
    await on_call.press(played.channel, "hot_wash_open")
    again = await on_call.modal("Hot wash")
    for block, initial in (("q0", "initial_value"), ("anonymous", "initial_options")):
        known = field(again["blocks"], block)
        assert known is not None
        assert known[1][initial]  # sent again it replaces: nothing said is lost, and no name comes out
    await on_call.close()
    text = await _report(scene, played, "Dare to ask.")
    assert "Name a scribe. (privacy)" in text
    assert "Dare to ask." in text
    assert "Dare to ask. (" not in text


async def test_a_rating_may_be_lowered_with_a_reason_and_never_raised(scene: Scene, played: Played) -> None:
    lead = scene.person(LEAD)
    await press(lead, played.exercise, "exercise_rate_open")
    view = await lead.modal("Rate EX-", "not real")
    offered = field(view["blocks"], "rating:contain")
    assert offered is not None
    assert [option["value"] for option in offered[1]["options"]] == ["S", "M", "U"]
    await lead.submit({"rating:contain": "M"})
    assert "Say why it is M" in str((lead.top or {}).get("errors"))
    await lead.submit({"reason:contain": "The transcripts were saved by luck."})
    await scene.settled()
    rated = rows(scene, ExerciseRating, played.exercise)
    assert {name: (row.confirmed, row.confirmed_by) for name, row in rated.items()} == {
        "notice": ("P", LEAD),
        "contain": ("M", LEAD),
        "words": ("U", LEAD),
    }
    assert rated["contain"].reason == "The transcripts were saved by luck."


async def test_an_improvement_becomes_one_real_ticket_however_often_it_is_asked_for(
    scene: Scene, played: Played
) -> None:
    lead = scene.person(LEAD)
    await press(lead, played.exercise, "exercise_improve_open")
    due = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    await lead.submit({"text": "Write down who may purge.", "owner": PRIVACY, "due": "2020-01-01"})
    assert "over already" in str((lead.top or {}).get("errors"))
    await lead.submit({"due": due})
    await scene.settled()
    for _ in range(2):
        await press(lead, played.exercise, "exercise_tickets")
        await scene.settled()
    row = await until(
        lambda: next((one for one in scene.rows(Improvement) if one.ticket), None), "the improvement's ticket"
    )
    issues = scene.world.jira.panel()["issues"]
    assert [issue["summary"] for issue in issues] == ["Write down who may purge."]
    assert issues[0]["key"] == row.ticket
    assert issues[0]["description"].startswith("Write down who may purge.\n")  # the summary holds 255 letters only
    await _report(scene, played, row.ticket)


async def test_the_facilitator_holds_the_clock_and_the_injects(scene: Scene) -> None:
    exercise = await start(scene)
    other = await start(scene, by=COMMS, cast={"role:commander": [PRIVACY]})
    lead, on_call = scene.person(LEAD), scene.person(ONCALL)
    channel = str(exercise.channel_id)
    await press(lead, exercise, "exercise_begin")
    await until(lambda: "exercise_next" in lead.buttons(str(exercise.panel_channel)), "the clock to run")
    body, heard = await scene.press_body(LEAD, str(exercise.panel_channel), "exercise_next"), len(scene.whispers(LEAD))
    for twice in ("1", "2"):
        await scene.post(interaction({**body, "trigger_id": body["trigger_id"] + twice}))
    await on_call.sees(channel, "where somebody else lives")
    await scene.hears(LEAD, heard, "Another inject is next by now")
    await scene.settled()
    assert rows(scene, ExerciseInject, exercise)["purge"].state == "waiting"
    await press(lead, exercise, "exercise_skip")
    await press(lead, exercise, "exercise_improvise_open")
    await lead.modal("Improvise in EX-")
    await lead.submit({"persona": "Caller", "text": "My neighbour saw it too."})
    await on_call.sees(channel, "My neighbour saw it too.")
    await press(lead, exercise, "exercise_pause")
    await lead.sees(channel, "Its clock stands still")
    await set_speed(lead, exercise, 5)
    await until(lambda: now(scene, exercise).speed == 5, "the other speed")
    await press(lead, exercise, "exercise_resume")
    await lead.sees(channel, "The exercise goes on")
    await press(lead, exercise, "exercise_people_open")
    await lead.submit({"role": "on-call", "people": [SUPPORT]})
    await scene.person(SUPPORT).sees(channel, "My neighbour saw it too.")
    await scene.settled()
    held = now(scene, exercise)
    assert (held.state, held.speed) == ("running", 5)
    assert [leg[2] for leg in held.legs["legs"]] == [1, 0, 5]
    states = {name: row.state for name, row in rows(scene, ExerciseInject, exercise).items()}
    assert states["second"] == states["improvised-1"] == "delivered"
    assert states["purge"] == "skipped"
    assert now(scene, other).state == "ready"
    assert all(row.state == "waiting" for row in rows(scene, ExerciseInject, other).values())
    await _end(scene, exercise, LEAD)
    await press(lead, exercise, "exercise_improve_open")
    due = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    await lead.submit({"text": "<!channel> <https://example.com|Press me>", "owner": PRIVACY, "due": due})
    shown = await lead.sees(str(exercise.panel_channel), "Improvement plan", "Press me")
    assert "&lt;!channel&gt; &lt;https" in words_of(shown)
    await _end(scene, other, COMMS)


async def test_a_file_comes_with_its_inject_once(scene: Scene) -> None:
    exercise = await start(scene, cast={"role:legal": [PRIVACY]}, scenario="regulators-letter-mid-incident")
    lead, channel = scene.person(LEAD), str(exercise.channel_id)
    await press(lead, exercise, "exercise_begin")
    for words in ("", "", "", "", "You are reminded of Article 73(6)"):
        await press(lead, exercise, "exercise_next")
        await lead.sees(channel, words)
        await scene.settled()
    name = f"{exercise.number}-the-letter-letter-of-the-authority.md"
    files = scene.world.workspace.files
    letter = await until(
        lambda: next((file for file in files.values() if file.name == name and file.shared_in), None), "the letter"
    )
    assert letter.shared_in == [channel]
    assert sum(file.name == name for file in files.values()) == 1
    await _end(scene, exercise, LEAD)


async def test_a_file_that_comes_directly_reaches_who_plays_the_role_or_the_channel_where_nobody_does(
    scene: Scene,
) -> None:
    exercise = await start(scene, cast={"role:commander": [PRIVACY, COMMS]}, scenario="directly")
    lead, channel = scene.person(LEAD), str(exercise.channel_id)
    await press(lead, exercise, "exercise_begin")

    def shared(inject: str) -> list[str]:
        name = f"{exercise.number}-{inject}-screenshot.txt"
        return [one for file in scene.world.workspace.files.values() if file.name == name for one in file.shared_in]

    await press(lead, exercise, "exercise_next")
    directly = [str(scene.person(one).bot_dm) for one in (PRIVACY, COMMS)]
    await until(lambda: sorted(shared("second")) == sorted(directly), "the file to both", lambda: shared("second"))
    said = await scene.person(PRIVACY).sees(directly[0], "Customer in the chat", "not real")
    assert said["text"]
    await press(lead, exercise, "exercise_next")
    await until(lambda: shared("purge") == [channel], "the file in the channel", lambda: shared("purge"))
    await _end(scene, exercise, LEAD)


async def test_a_report_whose_upload_was_slow_and_its_answer_lost_is_there_once(scene: Scene, played: Played) -> None:
    before = set(scene.world.workspace.files)
    lost = {"service": "slack", "method": "files.completeUploadExternal", "times": 2}
    scene.world.faults.set({"lose_answer": lost, "late_files_ms": 1200})
    try:
        await press(scene.person(LEAD), played.exercise, "exercise_report")

        def shared(ending: str) -> list[str]:
            files = scene.world.workspace.files.items()
            new = [file for name, file in files if name not in before and file.name.endswith(ending)]
            return [one for file in new for one in file.shared_in]

        await until(lambda: shared(".md") and shared(".pdf"), "both files", within=60)
        await scene.settled()
    finally:
        scene.world.faults.set({"lose_answer": None, "late_files_ms": 0})
    assert [shared(".md"), shared(".pdf")] == [[played.channel], [played.channel]]


async def test_an_exercise_that_ends_at_once_rates_nothing_and_says_so(scene: Scene) -> None:
    exercise = await start(scene)
    lead, heard = scene.person(LEAD), len(scene.whispers(LEAD))
    await press(lead, exercise, "exercise_begin")
    await _end(scene, exercise, LEAD)
    await lead.sees(str(exercise.channel_id), "The exercise is over", "Not rated", "0 of 2 actions tested")
    await press(lead, exercise, "exercise_rate_open")
    assert "EXERCISE" in await scene.hears(LEAD, heard, "tested too little")  # in the panel's direct messages
    assert scene.rows(ExerciseRating, ExerciseRating.exercise_id == exercise.id) == []
    code, out, errors = await in_process(scene.world.bot_environment(), "exercise", "show", exercise.number)
    assert code == 0, errors
    assert "not tested declare (critical)" in out
    assert "not rated: notice (0 of 2 actions tested)" in out


async def test_a_calendar_of_nothing_is_no_file(scene: Scene) -> None:
    heard = len(scene.whispers(COMMS))
    await scene.person(COMMS).command(SUPPORT_CHANNEL, "exercise calendar")
    await scene.hears(COMMS, heard, "Nothing is planned", "there is no file")
    assert not [file for file in scene.world.workspace.files.values() if file.name.endswith(".ics")]


async def test_what_an_exercise_makes_people_ask_is_no_gap_of_the_handbook(scene: Scene) -> None:
    exercise = await start(scene)
    text = "Which law firm do we call about the zeppelin?"
    await scene.person(PRIVACY).command(str(exercise.channel_id), f"ask {text}")
    [asked] = await until(lambda: scene.rows(Question, Question.text == text), "the question on record")
    assert asked.withheld
    code, out, _ = await in_process({"DATABASE_URL": scene.database_url}, "ask", "gaps", "--json")
    assert code == 0 and "zeppelin" not in out
    await _end(scene, exercise, LEAD)


async def test_only_the_facilitator_leads(scene: Scene) -> None:
    exercise = await start(scene)
    before = len(scene.whispers(ONCALL))
    await press(scene.person(LEAD), exercise, "exercise_begin")
    await until(lambda: "exercise_pause" in scene.person(LEAD).buttons(str(exercise.panel_channel)), "the clock to run")
    body = await scene.press_body(LEAD, str(exercise.panel_channel), "exercise_pause")
    bent = {**body, "user": {**body["user"], "id": ONCALL}, "response_url": None}
    await scene.post(interaction(bent))
    heard = await scene.hears(ONCALL, before, "Only the facilitator")
    assert "EXERCISE" in heard
    assert now(scene, exercise).state == "running"
    await _end(scene, exercise, LEAD)


async def test_what_holds_for_the_whole_company_is_not_changed_from_an_exercise(scene: Scene) -> None:
    exercise = await start(scene)
    channel, heard = str(exercise.channel_id), len(scene.whispers(ONCALL))
    await scene.person(ONCALL).command(channel, "tier")
    await scene.hears(ONCALL, heard, "a tier is real")
    assert scene.person(ONCALL).top is None
    for kind in ("policy_propose", "policy_approve", "policy_reject"):
        body, heard = await scene.press_body(ONCALL, channel, "exercise_real"), len(scene.whispers(ONCALL))
        pressed = {**body["actions"][0], "action_id": kind, "value": "1"}
        await scene.post(interaction({**body, "actions": [pressed]}))
        await scene.hears(ONCALL, heard, f"{exercise.number} is an exercise, and this would be real")
    await _end(scene, exercise, LEAD)


async def test_a_real_incident_pauses_what_is_rehearsed_and_offers_to_stop_it(scene: Scene) -> None:
    exercise, ready = await start(scene), await start(scene)
    channel = str(exercise.channel_id)
    await press(scene.person(LEAD), exercise, "exercise_begin")
    on_call = scene.person(ONCALL)
    await on_call.press(channel, "exercise_real")
    view = await on_call.modal()
    assert "never a real one" not in words_of(view)
    await on_call.submit({"what_happened": "It is real this time", "system": "support-assistant", "ongoing": "yes"})
    said = await on_call.sees(channel, "is a real incident", "The exercise is paused")
    assert "not real" in words_of(said)
    assert now(scene, exercise).state == "paused"
    incident = scene.rows(Incident, Incident.kind == "real")[-1]
    await until(lambda: scene.world.pagerduty.panel()["incidents"], "a real page")
    await on_call.sees(str(ready.channel_id), "is a real incident")
    assert "exercise_resume" in on_call.buttons(channel)
    assert "exercise_resume" not in on_call.buttons(str(ready.channel_id))  # it has not begun
    for typed in (f"status {incident.number}", f"clocks {incident.number}", "list"):
        heard = len(scene.whispers(ONCALL))
        await on_call.command(channel, typed)
        assert "It is real this time" not in await scene.hears(ONCALL, heard, f"channel of {exercise.number}")
    await on_call.press(channel, "exercise_stop")
    said = await on_call.sees(channel, "was stopped", "something real came first")
    assert "Questions to talk over" not in words_of(said)
    held = now(scene, exercise)
    assert held.state == "stopped"
    assert held.incident_id != incident.id


async def _end(scene: Scene, exercise: Exercise, by: str) -> None:
    await press(scene.person(by), exercise, "exercise_end")
    await until(lambda: now(scene, exercise).state == "ended", f"{exercise.number} to end")


async def _report(scene: Scene, played: Played, words: str) -> str:
    """The report as it is written now, with these words in it, after a look at the same as a PDF."""
    before = set(scene.world.workspace.files)
    await press(scene.person(LEAD), played.exercise, "exercise_report")

    def written(ending: str, having: bytes = b"") -> Any:
        files = scene.world.workspace.files
        new = (file for name, file in files.items() if name not in before and file.name.endswith(ending))
        return next((file for file in new if having in file.content and file.shared_in), None)

    report = await until(lambda: written(".md", words.encode()), "the report", within=60)
    await until(lambda: written(".pdf", b"%PDF"), "the report as PDF", within=60)
    return str(report.content.decode())
