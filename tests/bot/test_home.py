"""The App Home: what waits for a person, what is theirs, what is open; and that it keeps up."""

from datetime import UTC, datetime, timedelta

import pytest
from botkit import COMMS, LEAD, ONCALL, SUPPORT, Scene, every_text
from digestkit import held

from bot.views.home import HomeFacts, Todo, home_view
from incidents.access import Person
from incidents.db import writing
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def words(view: object) -> str:
    said: list[str] = []
    every_text(view, said.append)
    return "\n".join(said)


async def shown(scene: Scene, user: str, *wanted: str) -> str:
    """Wait until somebody's home says all this, without opening it again."""

    def look() -> str | None:
        said = words(scene.world.state(user)["home"])
        return said if all(one in said for one in wanted) else None

    return await until(look, f"the home of {user} to say {wanted}", lambda: words(scene.world.state(user)["home"]))


async def test_the_home_names_the_next_step_and_changes_when_it_is_done(scene: Scene) -> None:
    number, channel = await scene.declare("It showed one customer the address of another.")
    await scene.person(ONCALL).act("open_home")
    await shown(scene, ONCALL, "My next step", f"Acknowledge the page · <#{channel}>", "Also open", f"*{number}*")

    await scene.person(ONCALL).join(channel)
    await scene.person(ONCALL).press(channel, "acknowledge")
    await scene.person(ONCALL).press(channel, "role_take_commander")

    said = await shown(scene, ONCALL, "you are commander", "Classify it: the severity is provisional")
    assert "Acknowledge the page" not in said


async def test_the_reporter_finds_their_incident_and_what_the_bot_may_do(scene: Scene) -> None:
    number, _ = await scene.declare("It made up a refund rule.")
    await scene.person(SUPPORT).act("open_home")
    said = await shown(scene, SUPPORT, "My incidents", f"*{number}*", "you are reporter")
    assert "Page the on-call engineer through PagerDuty" in said
    assert "You can report harm; responders take it from there." in said


async def test_abuse_26_a_private_incident_is_in_no_home_but_its_peoples(scene: Scene) -> None:
    number, _ = await scene.declare("The transcript of an employee's complaint leaked.", private=True)
    for user in (SUPPORT, COMMS):
        await scene.person(user).act("open_home")
    assert f"*{number}*" in await shown(scene, SUPPORT, "employee's complaint")
    said = await shown(scene, COMMS, "AI-harm incidents")
    assert number not in said
    assert "complaint" not in said


async def test_what_is_late_stands_first_and_says_so() -> None:
    late = Todo("INC-2", "Action: add the evaluation", None, NOON - timedelta(days=1), late=True)
    later = Todo("INC-1", "Approve or reject: model v2 → v1", "C0INCIDEN1", NOON, late=False)
    view = home_view(HomeFacts(Person(LEAD, "T0SANDBOX1", responder=True), [], [late, later]))
    said = words(view)
    assert said.index("❗ was due") < said.index("Approve or reject")
    assert "You are a responder" in said


async def test_a_long_list_says_how_much_is_left_and_fits_slacks_limit() -> None:
    todo = [Todo(f"INC-{n}", f"Step {n} " + "x" * 400, None, NOON, late=False) for n in range(200)]
    view = home_view(HomeFacts(Person(LEAD, "T0SANDBOX1"), [], todo))
    assert "… and 190 more" in words(view)
    assert len(view["blocks"]) <= 100
    assert all(len(block["text"]["text"]) <= 3000 for block in view["blocks"] if block["type"] == "section")


async def test_a_question_asked_from_the_home_is_answered_in_a_direct_message(scene: Scene) -> None:
    asking = scene.person(SUPPORT)
    await asking.act("open_home")
    before = len(scene.whispers(SUPPORT))
    home = await until(lambda: asking.state["home"]["view"], "the home")
    container = {"type": "view", "view_id": home["id"]}
    element = {"type": "button", "action_id": "ask_open", "value": "home"}
    await asking.act("block_action", container=container, block_id="home_main", action_id="ask_open", element=element)
    await asking.submit({"question": "How often do we exercise tier 0 systems?"})
    assert "every quarter" in await scene.hears(SUPPORT, before, "23-exercises")


async def test_my_digests_stand_in_my_home_and_nobody_elses(scene: Scene) -> None:
    await scene.person(ONCALL).act("open_home")
    await scene.person(ONCALL).command("C0SUPPORT1", "digest")
    await scene.person(ONCALL).submit({"weekday": "4"})
    assert "on Fridays at 09:00" in await shown(scene, ONCALL, "My digests", "<#C0SUPPORT1>: *Weekly*")
    await scene.person(LEAD).act("open_home")
    assert "My digests" not in await shown(scene, LEAD, "What I may do here")


async def test_an_exercise_that_goes_on_is_in_the_home_of_its_people(scene: Scene) -> None:
    with writing(scene.engine) as session:
        number = held(session, "A wrong refund", "ready", None, facilitator=LEAD).number
    await scene.person(LEAD).act("open_home")
    said = await shown(scene, LEAD, "Exercises", f"*{number}* A wrong refund", "ready to begin", "you are facilitator")
    assert "Exercise: begin" in said
    await scene.person(COMMS).act("open_home")
    assert number not in await shown(scene, COMMS, "What I may do here")
