"""With a language model an answer is reworded after it was given; whatever the model does, the quotes stand."""

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from botkit import SUPPORT, Scene
from modelserver import ModelServer, model_server
from starlette.responses import PlainTextResponse

from incidents.db import upgrade
from incidents.questions import Question
from sandbox.people import BOT_USER
from sandbox.server import World
from sandbox.story.fields import words_of
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
OFFICE = "C0OFFICEH1"
PAGE = "# Waivers\n\n## How long a waiver lasts\n\nA waiver lasts nine days in tier 1, and never longer.\n"
LIMIT = 6  # seconds; the first call imports LangChain too
GOOD = "In tier 1 a waiver lasts nine days, and never longer."


@dataclass
class Talk:
    scene: Scene
    server: ModelServer

    async def reworded(self, *sentences: str) -> dict[str, Any]:
        """Ask, with the model saying this; the answer's message once the model was heard, or the time is up."""
        said = json.dumps({"sentences": [{"text": text, "quote": 1} for text in sentences]})
        self.server.answer = lambda body: said
        return await self.asked()

    async def asked(self) -> dict[str, Any]:
        support, before = self.scene.person(SUPPORT), len(self.server.asked)
        ts = await support.say(OFFICE, "How long does a waiver last in tier 1?")

        def reply() -> dict[str, Any] | None:
            said = (m for m in support.messages(OFFICE) if m.get("thread_ts") == ts and m["user"] == BOT_USER)
            return next(said, None)

        first = await until(reply, "the quotes")
        assert "A waiver lasts nine days in tier 1" in words_of(first)
        await until(lambda: len(self.server.asked) > before, "the model to be asked", within=LIMIT + 10)
        await until(lambda: self.over(ts), "the rewording to be over", within=LIMIT + 10)
        found: dict[str, Any] = reply() or first
        return found

    def over(self, ts: str) -> bool:
        """Whether the rewording of that message's answer has ended, whatever came of it."""
        [row] = self.scene.rows(Question, Question.thread_ts == ts)
        query = sa.text("SELECT status FROM workflow_status WHERE workflow_uuid = :id")
        with self.scene.engine.connect() as connection:
            return connection.scalar(query, {"id": f"rephrase:{row.id}"}) == "SUCCESS"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    home = tmp_path_factory.mktemp("world")
    (home / "handbook").mkdir()
    (home / "handbook" / "waivers.md").write_text(PAGE, encoding="utf-8")
    url = f"sqlite:///{home / 'record.db'}"
    upgrade(url)
    with model_server() as server:
        environment = {
            "DATABASE_URL": url,
            "HANDBOOK_DIRS": str(home / "handbook"),
            "LLM_MODEL": "openai:test-model",
            "LLM_BASE_URL": server.url,
            "LLM_TIMEOUT_SECONDS": str(LIMIT),
            "OPENAI_API_KEY": "key-of-the-operator",
        }
        command = [sys.executable, "-m", "bot", "serve", "--port", "{port}"]
        async with World(home, 0, bot_command=command, bot_env=environment, socket_mode=False) as world:
            await world.bot_ready()
            scene = Scene(world, url)
            yield Talk(scene, server)
            scene.engine.dispose()


async def test_a_supported_rewording_is_shown_marked_above_the_quotes(talk: Talk) -> None:
    words = words_of(await talk.reworded(GOOD))
    assert GOOD in words and "Reworded by a language model" in words
    assert "> A waiver lasts nine days in tier 1" in words and "waivers.md#how-long-a-waiver-lasts" in words
    assert "nine days" in json.dumps(talk.server.asked[-1]), "the quotes were sent"


@pytest.mark.parametrize(
    "said",
    [
        "A waiver lasts nine days in tier 1: see https://evil.example.",
        "<!channel> a waiver lasts nine days in tier 1, and never longer.",
        "![a waiver](https://evil.example/?q=nine) lasts nine days in tier 1, and never longer.",
        "[A waiver](evil.example) lasts nine days in tier 1, and never longer.",
    ],
)
async def test_abuse_19_a_models_link_mention_or_image_never_reaches_slack(talk: Talk, said: str) -> None:
    answer = await talk.reworded(said)
    assert "evil" not in words_of(answer) and "Reworded" not in words_of(answer)
    assert answer["links"] == [] and answer["notified"] == []


async def test_abuse_23_a_models_other_number_or_lost_negation_is_dropped(talk: Talk) -> None:
    words = words_of(await talk.reworded("A waiver lasts ninety days in tier 1.", "A waiver lasts longer in tier 1."))
    assert "Reworded" not in words and "nine days" in words


@pytest.mark.parametrize(
    "trouble",
    ["not json", '{"sentences": 3}', '{"sentences": []}', PlainTextResponse("down", 503)],
    ids=["not JSON", "not a list", "nothing", "down"],
)
async def test_abuse_24_without_a_usable_rewording_the_quotes_stand(talk: Talk, trouble: Any) -> None:
    talk.server.answer = lambda body: trouble
    words = words_of(await talk.asked())
    assert "Reworded" not in words and "> A waiver lasts nine days in tier 1" in words


async def test_abuse_24_a_model_that_does_not_answer_in_time_changes_nothing(talk: Talk) -> None:
    talk.server.delay = LIMIT + 1
    try:
        words = words_of(await talk.reworded(GOOD))
    finally:
        talk.server.delay = 0.0
    assert "Reworded" not in words and "nine days" in words
