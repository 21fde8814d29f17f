"""Every rollback target of the sandbox's assistant, through Slack: plan, second person, execution, proof, undo."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml
from botkit import LEAD, ONCALL, Scene, staged

from incidents import timeline
from incidents.db import reading
from runbooks.models import RollbackExecution, RollbackPlan
from sandbox.story.fields import words_of
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTION = "Where is my order?"
# What the assistant says to the question once the lever was pulled; before, it tells of somebody else's order.
ANSWERS = {
    "model-version": "Which order is it?",
    "prompt-version": "Which order is it?",
    "guardrail-policy": "I cannot show you that.",
    "tool-permissions": "I cannot look up orders at the moment.",
    "kill-switch": "The assistant is switched off.",
}


def runbook() -> dict[str, Any]:
    """One rollback step for each lever."""
    return {
        "id": "five-rollbacks",
        "title": "Five rollbacks",
        "harm_classes": ["H4"],
        "enter_when": ["A test wants to pull every lever."],
        "leave_when": "Each was pulled.",
        "sources": [{"name": "tests/bot", "ref": "every lever"}],
        "urgency": {f"SEV{number}": 60 for number in range(5)},
        "steps": [
            {
                "id": lever,
                "rollback": f"Pull {lever}",
                "targets": [lever],
                "why": "It may be what does harm.",
                "how": "Plan it, have it approved.",
                "check": "The system says so.",
                "owner": "on-call",
                "minutes": 5,
                "if_it_fails": {"say": "Try the next one."},
            }
            for lever in ANSWERS
        ],
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    home = tmp_path_factory.mktemp("world")
    own = home / "config" / "runbooks"
    own.mkdir(parents=True)
    (own / "five-rollbacks.yaml").write_text(yaml.safe_dump(runbook()))
    async with staged(home, f"sqlite:///{home / 'record.db'}") as made:
        yield made


async def asked(scene: Scene) -> dict[str, Any]:
    """What a customer is told."""
    async with httpx.AsyncClient(base_url=scene.world.url) as http:
        answer = await http.post("/assistant/chat", json={"session": "a", "message": QUESTION})
    return dict(answer.json())


async def test_each_lever_is_pulled_and_put_back_by_two_people_and_changes_what_customers_read(scene: Scene) -> None:
    on_call, lead = scene.person(ONCALL), scene.person(LEAD)
    _, room = await scene.declare("The assistant showed one customer the address of another")
    await lead.join(room)
    await on_call.press(room, "contain_open")
    await on_call.submit({"runbook": "five-rollbacks"})

    for number, (lever, reply) in enumerate(ANSWERS.items(), start=1):
        assert (await asked(scene))["leaked"]

        await on_call.press(room, "rollback_open")
        form = await on_call.modal("Plan a rollback", "in this runbook", "another responder approves")
        element = next(block for block in form["blocks"] if block["block_id"] == "target")["element"]
        assert {choice["value"] for choice in element["options"]} == set(ANSWERS)
        assert element["initial_option"]["value"] == lever
        await on_call.submit({"target": lever})

        plan = await _ends(scene, 2 * number - 1, room, lead, "Done and verified")
        after = await asked(scene)
        assert (after["leaked"], reply in after["reply"]) == (False, True), after

        await on_call.press(room, "rollback_undo_open", ts=plan)
        await on_call.submit({"words": "It was another lever."})
        await _ends(scene, 2 * number, room, lead, "Done and verified")
        assert (await asked(scene))["leaked"]
        await on_call.sees(room, "Five rollbacks", f"{number} of {len(ANSWERS)} steps")

    plans = scene.rows(RollbackPlan)
    assert [plan.state for plan in plans] == ["undone", "verified"] * len(ANSWERS)
    assert len(scene.rows(RollbackExecution)) == len(plans)
    with reading(scene.engine) as session:
        assert timeline.verify(session, plans[0].incident_id) is None


async def _ends(scene: Scene, number: int, room: str, lead: Any, headline: str) -> str:
    """The plan of this number approved by the lead, once it ended so; its message's ts."""

    def row() -> Any:
        return next((plan for plan in scene.rows(RollbackPlan) if plan.id == number), None)

    await until(row, f"plan {number}", lambda: scene.whispers(ONCALL)[-1:])

    def shown() -> Any:
        messages = lead.messages(room)
        return next((one for one in messages if one.get("metadata_key") == f"plan:{number}"), None)

    message = await until(shown, f"the message of plan {number}")
    await lead.press(room, "rollback_approve", ts=message["ts"])
    await until(lambda: headline in words_of(shown()), headline, lambda: words_of(shown()))
    return str(message["ts"])
