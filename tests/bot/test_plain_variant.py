"""New kinds of blocks and workspaces that refuse them: the plain variant is sent, and remembered."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from botkit import ONCALL, Scene

from bot.views.contain import run_message
from integrations.slack import Message, Slack, SlackRefused
from runbooks.progress import StepView
from sandbox.people import BOT_TOKEN
from sandbox.server import World

CHANNEL = "C0INCIDEN1"
PLAN = [
    {
        "type": "plan",
        "title": "Steps",
        "tasks": [{"type": "task_card", "task_id": "1", "title": "Save", "status": "pending"}],
    }
]
PLAIN = [{"type": "section", "text": {"type": "mrkdwn", "text": "Save"}}]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def world(scene: Scene) -> Iterator[World]:
    """The world, which takes every block again afterwards."""
    yield scene.world
    scene.world.faults.set({"refuse_blocks": []})


def _kinds(world: World, ts: str) -> list[str]:
    return [block["type"] for block in world.workspace.channels[CHANNEL].messages[ts].blocks or []]


def _posts(world: World) -> int:
    return sum(call["method"] == "chat.postMessage" for call in world.faults.calls)


def _slack(world: World) -> Slack:
    return Slack(BOT_TOKEN, f"{world.url}/api/")


async def _in_thread(do: Any, *args: Any, **more: Any) -> Any:
    return await asyncio.to_thread(do, *args, **more)


async def test_a_workspace_that_takes_the_new_blocks_gets_them(world: World) -> None:
    slack = _slack(world)
    ts = await _in_thread(slack.post, CHANNEL, Message("x", PLAN, plain=PLAIN), key="a", again=False)
    assert _kinds(world, ts) == ["plan"]


async def test_a_workspace_that_refuses_them_gets_the_plain_variant_and_is_asked_only_once(world: World) -> None:
    world.faults.set({"refuse_blocks": ["plan"]})
    slack = _slack(world)
    before = _posts(world)
    first = await _in_thread(slack.post, CHANNEL, Message("x", PLAN, plain=PLAIN), key="a", again=False)
    asked = _posts(world) - before
    second = await _in_thread(slack.post, CHANNEL, Message("y", PLAN, plain=PLAIN), key="b", again=False)
    assert (_kinds(world, first), _kinds(world, second)) == (["section"], ["section"])
    assert (asked, _posts(world) - before) == (2, 3)


async def test_an_edit_falls_back_too(world: World) -> None:
    slack = _slack(world)
    ts = await _in_thread(slack.post, CHANNEL, Message("x", PLAN, plain=PLAIN), key="a", again=False)
    world.faults.set({"refuse_blocks": ["plan"]})
    await _in_thread(slack.update, CHANNEL, ts, Message("y", PLAN, plain=PLAIN))
    assert _kinds(world, ts) == ["section"]


async def test_a_fault_that_both_variants_hold_is_raised_and_nothing_is_remembered(world: World) -> None:
    slack = _slack(world)
    broken = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    with pytest.raises(SlackRefused, match="invalid_blocks"):
        await _in_thread(slack.post, CHANNEL, Message("x", PLAN + broken, plain=broken), key="a", again=False)
    ts = await _in_thread(slack.post, CHANNEL, Message("x", PLAN, plain=PLAIN), key="b", again=False)
    assert _kinds(world, ts) == ["plan"]


async def test_a_run_is_a_plan_with_its_steps_and_the_same_buttons_in_both_variants(world: World) -> None:
    message = run_message("INC-1", 1, 7, "Personal data", [_step("save", "done"), _step("stop", "open")], False)
    assert message.blocks is not None
    assert message.plain is not None
    plan = next(block for block in message.blocks if block["type"] == "plan")
    assert [(task["title"], task["status"]) for task in plan["tasks"]] == [
        ("save <it>", "complete"),
        ("stop <it>", "in_progress"),
    ]
    assert message.blocks[2:] == message.plain[2:]
    slack = _slack(world)
    assert await _in_thread(slack.post, CHANNEL, message, key="a", again=False)


async def test_a_runbook_is_shown_as_a_plan_where_plans_are_taken(scene: Scene) -> None:
    _, channel = await scene.declare("It says what other people bought")
    on_call = scene.person(ONCALL)
    await on_call.press(channel, "contain_open")
    await on_call.submit({"runbook": "personal-data-in-outputs"})
    shown = await on_call.sees(channel, "Personal data in outputs", "Save the exchange that leaked")
    assert "plan" in {block["type"] for block in shown["blocks"]}


async def test_a_runbook_can_be_followed_in_a_workspace_that_refuses_plans(scene: Scene, world: World) -> None:
    world.faults.set({"refuse_blocks": ["plan", "task_card"]})
    _, channel = await scene.declare("It says where other people live")
    on_call = scene.person(ONCALL)
    await on_call.press(channel, "contain_open")
    await on_call.submit({"runbook": "personal-data-in-outputs"})
    shown = await on_call.sees(channel, "Personal data in outputs", "Save the exchange that leaked")
    assert "plan" not in {block["type"] for block in shown["blocks"]}
    await on_call.press(channel, "evidence_open")
    await on_call.submit({"kind": "text", "words": "Asked for an order, got another customer's."})
    await on_call.sees(channel, "Save the exchange that leaked", "1 saved")


def _step(step_id: str, state: str) -> StepView:
    done = state == "done"
    return StepView(
        run_id=7,
        row_id=1,
        step_id=step_id,
        visit=1,
        kind="do",
        state=state,
        title=f"{step_id} <it>",
        why="",
        how="Press it.",
        check="",
        if_it_fails="",
        message="",
        owner_role="on-call",
        owner="On-call engineer",
        minutes=5,
        skip="never",
        note="",
        choices=(),
        accepts=(),
        targets=(),
        tell=(),
        part_of=None,
        opened_at=None,
        due_at=None,
        assignee=None,
        started_by=None,
        ended_by="U0ONCALL01" if done else None,
        ended_at=None,
        choice=None,
        evidence=({"kind": "text"},) if done else (),
    )
