"""Abuse case 43 with the real bot: everything that can be done in an incident, done in an exercise, changes nothing
outside; every word of it bears the banner; no list, digest or home of others knows of it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from botkit import COMMS, LEAD, ONCALL, PRIVACY, SUPPORT, Scene, in_process
from exercisekit import BANNER, Player, now, press, rehearsing, said_by_the_bot, start, unmarked

from incidents.models import Incident, TimelineEntry
from playbooks.models import Exercise
from runbooks.models import RollbackPlan
from sandbox.story.fields import words_of
from sandbox.story.stage import INCIDENTS_CHANNEL, SUPPORT_CHANNEL
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
SURE = {"materialisation": "event", "ongoing": "yes", "personal_data": "others", "minors": "none", "rights_law": "no"}


@dataclass
class Rehearsed:
    """An exercise in which its people have used everything they have."""

    exercise: Exercise
    incident: Incident
    channel: str
    people: dict[str, Player]
    flags: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with rehearsing(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rehearsed(scene: Scene) -> Rehearsed:
    flags = scene.world.flags_file.read_text()
    exercise = await start(scene)
    channel, system = str(exercise.channel_id), f"x{exercise.id}-helper"
    people = {user: Player(scene, user) for user in (LEAD, ONCALL, PRIVACY, COMMS)}
    lead, on_call, commander, comms = (people[user] for user in (LEAD, ONCALL, PRIVACY, COMMS))
    await press(lead, exercise, "exercise_begin")
    await press(lead, exercise, "exercise_next")
    await commander.command(channel, "declare")
    await commander.submit({"what_happened": "It reads out addresses", "system": system})
    await commander.sees(channel, "It reads out addresses")
    await on_call.press(channel, "acknowledge")
    await commander.press(channel, "role_take_commander")
    await commander.press(channel, "classify_open")
    await commander.submit({"harm_classes": ["H4"], **SURE, "scope": "many"})
    await commander.press(channel, "assessment_confirm")
    await commander.sees(channel, "confirmed *SEV1*")
    await on_call.press(channel, "contain_open")
    await on_call.submit({"runbook": "one-rollback"})
    await on_call.press(channel, "step_done")
    await on_call.press(channel, "rollback_open")
    await on_call.submit({"target": "model"})
    await on_call.sees(channel, "Rollback plan", "`14` → `13`")
    await comms.press(channel, "rollback_approve")
    await on_call.sees(channel, "Done and verified")
    await on_call.press(channel, "rollback_undo_open")
    await on_call.submit({"words": "The refunds need it."})
    await on_call.sees(channel, "`13` → `14`")
    await on_call.press(channel, "break_glass_open")
    await on_call.submit({"words": "Nobody else is awake."})
    await on_call.sees(channel, "`13` → `14`", "Done and verified")
    await on_call.command(channel, "prompt")
    await on_call.submit({"prompt": "Where is my order?"})
    await commander.command(channel, "playbook")
    await commander.close()
    await comms.press(channel, "update_open")
    await comms.submit({"update": "The model before it is back.", "next": "30"})
    await comms.command(channel, "comms")
    await comms.submit()
    await comms.sees(channel, "not sent to anybody", "EXERCISE. NOT REAL.")
    await comms.command(channel, "clocks")
    await comms.command(channel, "note The alarm rang at ten.")
    await comms.command(channel, "ask May I publish the addresses?")
    await comms.command(channel, "list")
    await comms.command(channel, "nonsense")
    await comms.command(channel, "tier")
    await comms.command(channel, "digest")
    await comms.submit()
    await scene.settled()
    await on_call.press(channel, "mitigate")
    await until(lambda: scene.rows(Incident, Incident.status == "mitigated"), "the incident to be mitigated")
    await commander.press(channel, "resolve_open")
    await commander.submit({"summary": "Rolled back.", "anyway": ["yes"]})
    await commander.sees(channel, "is resolved")
    await scene.settled()
    incident = scene.rows(Incident, Incident.id == now(scene, exercise).incident_id)[0]
    return Rehearsed(now(scene, exercise), incident, channel, people, flags)


async def test_abuse_43_an_exercise_pages_nobody_opens_no_ticket_and_moves_no_lever(
    scene: Scene, rehearsed: Rehearsed
) -> None:
    assert rehearsed.incident.status == "resolved"
    plans = scene.rows(RollbackPlan)
    assert {plan.kind for plan in plans} == {"rehearsal"}
    assert [plan.state for plan in plans] == ["undone", "verified"]
    outside = {call["service"] for call in scene.world.faults.calls} - {"slack"}
    assert outside == set()
    assert scene.world.pagerduty.panel()["incidents"] == []
    assert scene.world.jira.panel()["issues"] == []
    assert scene.world.flags_file.read_text() == rehearsed.flags


async def test_abuse_43_what_would_have_happened_is_on_the_timeline(scene: Scene, rehearsed: Rehearsed) -> None:
    entries = scene.rows(TimelineEntry, TimelineEntry.incident_id == rehearsed.incident.id)
    told = [entry.text for entry in entries if entry.kind in ("rehearsed", "paged")]
    assert all(text.startswith("EXERCISE") for text in told)
    for words in ("would have been paged: Declared", "ticket would have been opened", "would have been announced"):
        assert any(words in text for text in told), (words, told)


async def test_abuse_43_every_message_in_the_exercise_bears_its_banner(scene: Scene, rehearsed: Rehearsed) -> None:
    for person in rehearsed.people.values():
        said = said_by_the_bot(person, rehearsed.channel)
        assert len(said) > 12
        assert unmarked(said) == []
        told = said_by_the_bot(person, str(person.bot_dm)) if person.bot_dm else []
        assert unmarked(told) == []


async def test_abuse_43_every_form_in_the_exercise_bears_its_banner(rehearsed: Rehearsed) -> None:
    shown = [view for person in rehearsed.people.values() for view in person.forms]
    assert len(shown) >= 10
    assert [words_of(view)[:200] for view in shown if BANNER not in json.dumps(view, ensure_ascii=False)] == []


UNTRUE = ("was paged", "has been paged", "second person is paged, and", "Paged: yes", "for everybody who uses it")


async def test_abuse_43_no_message_or_form_says_that_somebody_was_paged_or_a_system_changed(
    scene: Scene, rehearsed: Rehearsed
) -> None:
    shown = [view for person in rehearsed.people.values() for view in person.forms]
    for person in rehearsed.people.values():
        shown += said_by_the_bot(person, rehearsed.channel)
        shown += said_by_the_bot(person, str(person.bot_dm)) if person.bot_dm else []
    said = [json.dumps(one, ensure_ascii=False) for one in shown]
    assert [(words, one[:300]) for words in UNTRUE for one in said if words in one] == []
    for words in ("On-call would have been paged", "In earnest a second person is paged", "in the exercise only"):
        assert any(words in one for one in said), words


async def test_abuse_43_nobody_else_hears_of_it(scene: Scene, rehearsed: Rehearsed) -> None:
    outsider = scene.person(SUPPORT)
    assert outsider.messages(INCIDENTS_CHANNEL) == []
    assert scene.whispers(SUPPORT) == []
    await outsider.act("open_home")
    home = await until(lambda: outsider.state["home"]["view"], "the outsider's home")
    assert rehearsed.incident.number not in json.dumps(home)
    await outsider.command(SUPPORT_CHANNEL, f"status {rehearsed.incident.number}")
    assert "There is no incident" in scene.whispers(SUPPORT)[-1]
    await outsider.command(SUPPORT_CHANNEL, "list")
    assert rehearsed.incident.number not in scene.whispers(SUPPORT)[-1]


async def test_abuse_43_no_figure_counts_it(scene: Scene, rehearsed: Rehearsed) -> None:
    environment = scene.world.bot_environment()
    code, out, errors = await in_process(environment, "digest", "preview", "--json")
    assert code == 0, errors
    assert rehearsed.incident.number not in out
    lead = scene.person(LEAD)
    await lead.command(SUPPORT_CHANNEL, "list")
    assert rehearsed.incident.number not in scene.whispers(LEAD)[-1]


async def test_abuse_43_the_channel_of_an_exercise_gets_no_digest(scene: Scene, rehearsed: Rehearsed) -> None:
    assert any("digest tells of real incidents only" in words for words in scene.whispers(COMMS))
