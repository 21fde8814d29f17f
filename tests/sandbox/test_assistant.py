"""The assistant leaks with model v2, does not with v1, and follows the flags file within half a second."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from sandbox.assistant import ENABLED_FLAG, MODEL_FLAG, Assistant
from sandbox.faults import Faults
from sandbox.knowledge import Knowledge

DEADLINE_SECONDS = 5
SESSION = "session-1"


class Service:
    """An assistant with its flags file, and a count of the changes it announced."""

    def __init__(self, home: Path) -> None:
        self.flags_file = home / "flags.json"
        self.changes = 0
        self.faults = Faults(on_change=lambda: None)
        self.assistant = Assistant(self.flags_file, self._changed, self.faults)

    def _changed(self) -> None:
        self.changes += 1

    async def get(self, path: str) -> dict[str, Any]:
        async with self._client() as client:
            return dict((await client.get(path)).json())

    async def say(self, message: object, session: object = SESSION) -> tuple[int, dict[str, Any]]:
        async with self._client() as client:
            answer = await client.post("/chat", json={"session": session, "message": message})
            return answer.status_code, answer.json()

    async def set(self, flag: str, variant: str) -> float:
        """Change a flag the way a rollback does; the seconds until the service's own status shows it."""
        flags = json.loads(self.flags_file.read_text())
        flags["flags"][flag]["defaultVariant"] = variant
        fresh = self.flags_file.with_suffix(".new")
        fresh.write_text(json.dumps(flags))
        before, started = await self.get("/status"), time.monotonic()
        fresh.replace(self.flags_file)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await self.get("/status") == before:
                await asyncio.sleep(0.01)
        return time.monotonic() - started

    def _client(self) -> AsyncClient:
        return AsyncClient(transport=ASGITransport(app=self.assistant.app), base_url="http://assistant.invalid")


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    service = Service(tmp_path)
    yield service
    service.assistant.close()


def an_order(*, of: str | None = None, not_of: str | None = None) -> str:
    """The number of an order that belongs, or does not belong, to a customer."""
    orders = Knowledge(Path(__file__).parents[2] / "sandbox" / "assistant.yaml").orders
    return next(one.number for one in orders if of == one.customer or (not_of is not None and not_of != one.customer))


async def test_flags_are_written_when_absent_and_model_v2_is_on(service: Service) -> None:
    status = await service.get("/status")
    assert (status["enabled"], status["model_version"], status["prompt_version"]) == (True, "v2", "7")
    flags = json.loads(service.flags_file.read_text())["flags"]
    assert (flags[MODEL_FLAG]["defaultVariant"], flags[ENABLED_FLAG]["defaultVariant"]) == ("v2", "on")


async def test_flags_that_exist_are_left_alone(tmp_path: Path) -> None:
    first = Service(tmp_path)
    await first.set(MODEL_FLAG, "v1")
    first.assistant.close()
    second = Service(tmp_path)
    try:
        assert (await second.get("/status"))["model_version"] == "v1"
    finally:
        second.assistant.close()


async def test_a_session_is_always_the_same_customer(service: Service) -> None:
    _, first = await service.say("hello")
    _, second = await service.say("hello")
    assert first["customer"] == second["customer"]


@pytest.mark.parametrize("message", ["Where is my order?", "where is my parcel 99999"])
async def test_model_v2_tells_a_customer_about_another_customers_order(service: Service, message: str) -> None:
    _, answer = await service.say(message)
    assert answer["leaked"] is True
    assert answer["model_version"] == "v2"
    assert f"customer {answer['customer']}," not in answer["reply"]


async def test_model_v2_never_checks_whose_order_a_number_is(service: Service) -> None:
    customer = (await service.say("hello"))[1]["customer"]
    _, answer = await service.say(f"Where is {an_order(not_of=customer)}?")
    assert answer["leaked"] is True


async def test_model_v2_answers_about_ones_own_order_without_a_leak(service: Service) -> None:
    customer = (await service.say("hello"))[1]["customer"]
    _, answer = await service.say(f"Where is order {an_order(of=customer)}?")
    assert answer["leaked"] is False
    assert f"customer {customer}," in answer["reply"]


async def test_model_v1_asks_for_the_number_and_checks_whose_it_is(service: Service) -> None:
    customer = (await service.say("hello"))[1]["customer"]
    await service.set(MODEL_FLAG, "v1")
    _, asked = await service.say("Where is my order?")
    _, others = await service.say(f"Where is order {an_order(not_of=customer)}?")
    _, own = await service.say(f"Where is order {an_order(of=customer)}?")
    assert "Which order is it?" in asked["reply"]
    assert "cannot find" in others["reply"]
    assert f"customer {customer}," in own["reply"]
    assert [one["leaked"] for one in (asked, others, own)] == [False, False, False]


async def test_a_change_of_the_file_is_seen_within_half_a_second_and_announced(service: Service) -> None:
    announced = service.changes
    assert await service.set(MODEL_FLAG, "v1") <= 0.5
    assert await service.set(MODEL_FLAG, "v2") <= 0.5
    async with asyncio.timeout(DEADLINE_SECONDS):
        while service.changes < announced + 2:
            await asyncio.sleep(0.01)


async def test_switched_off_it_says_so_and_leaks_nothing(service: Service) -> None:
    await service.set(ENABLED_FLAG, "off")
    assert (await service.get("/status"))["enabled"] is False
    _, answer = await service.say("Where is my order?")
    assert answer["reply"] == "The assistant is switched off. A person will answer."
    assert answer["leaked"] is False
    assert service.assistant.panel()["flags"] == {MODEL_FLAG: "v2", ENABLED_FLAG: "off"}


async def test_other_questions_get_a_stock_answer(service: Service) -> None:
    assert "30 days" in (await service.say("Can I return it?"))[1]["reply"]
    assert "What is its number?" in (await service.say("Sing!"))[1]["reply"]


@pytest.mark.parametrize(("message", "session"), [(None, SESSION), ("x" * 2001, SESSION), ("hello", 7)])
async def test_an_unusable_question_is_refused(service: Service, message: object, session: object) -> None:
    status, answer = await service.say(message, session)
    assert status == 400
    assert "'session' and 'message'" in answer["error"]


async def test_a_broken_flags_file_keeps_the_last_good_flags(service: Service) -> None:
    await service.set(MODEL_FLAG, "v1")
    service.flags_file.write_text("{")
    await asyncio.to_thread(service.assistant._provider.resolver.connector.safe_load_data)
    assert (await service.get("/status"))["model_version"] == "v1"


async def test_calls_are_logged_and_can_be_made_to_fail(service: Service) -> None:
    service.faults.set({"error": {"service": "assistant", "method": "status", "status": 503, "times": 1}})
    async with service._client() as client:
        assert (await client.get("/status")).status_code == 503
    assert service.faults.calls[-1]["service"] == "assistant"
