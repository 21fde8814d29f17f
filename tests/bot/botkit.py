"""The real bot over signed HTTP, people in front of it, and looks at its record."""

import asyncio
import io
import json
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlencode

import httpx
import sqlalchemy as sa

import postmortems.models
import runbooks.models
from bot import cli
from incidents.db import make_engine, reading, upgrade
from incidents.models import Base, InboxItem
from sandbox import payloads
from sandbox.delivery import signature
from sandbox.people import BOT_USER
from sandbox.server import World
from sandbox.story.person import Person
from sandbox.story.stage import SUPPORT_CHANNEL
from sandbox.story.waiting import until

assert postmortems.models
assert runbooks.models
SUPPORT, ONCALL, LEAD, PRIVACY, COMMS, GUEST = (
    "U0SUPPORT1",
    "U0ONCALL01",
    "U0RAILEAD1",
    "U0PRIVACY1",
    "U0COMMS001",
    "U0GUEST001",
)
COMMAND = "/rai-incident"
Record = dict[str, list[tuple[Any, ...]]]


class Scene:
    """One world with its bot. Every test works on what the others left, so it looks only at what it caused."""

    def __init__(self, world: World, database_url: str) -> None:
        self.world = world
        self.database_url = database_url
        self.engine = make_engine(database_url)
        self.url = world.delivery.events_url

    def person(self, user_id: str) -> Person:
        return Person(self.world, user_id)

    # the record

    def record(self) -> Record:
        """Everything in the record but the inbox, row by row."""
        with reading(self.engine) as session:
            return {
                name: sorted((tuple(row) for row in session.execute(sa.select(table))), key=repr)
                for name, table in Base.metadata.tables.items()
                if name != "inbox"
            }

    def rows(self, model: type[Any], *where: Any) -> list[Any]:
        with reading(self.engine) as session:
            return list(session.scalars(sa.select(model).where(*where)))

    async def settled(self) -> None:
        """Wait until everything the bot took in has been done."""
        await until(
            lambda: not self.rows(InboxItem, InboxItem.done_at.is_(None)),
            "every inbox item to be done",
            lambda: [(row.kind, row.payload) for row in self.rows(InboxItem, InboxItem.done_at.is_(None))],
        )

    # an incident

    async def declare(
        self, what_happened: str, *, by: str = SUPPORT, private: bool = False, system: str = "support-assistant"
    ) -> tuple[str, str]:
        """Report harm through the form; the incident's number and the id of its channel, once all is done."""
        before = set(self.world.workspace.channels)
        reporter = self.person(by)
        await reporter.command(SUPPORT_CHANNEL, "declare")
        await reporter.submit(
            {
                "what_happened": what_happened,
                "system": system,
                "ongoing": "yes",
                "private": ["private"] if private else [],
            }
        )
        room = await until(lambda: self._room(before), "the incident's channel")
        await self.settled()
        while reporter.top is not None:
            await reporter.close()
        return f"INC-{room.name.split('-')[1]}", room.id

    def _room(self, before: set[str]) -> Any:
        made = (self.world.workspace.channels[one] for one in self.world.workspace.channels if one not in before)
        return next((channel for channel in made if channel.name.startswith("inc-")), None)

    # requests of our own making

    def headers(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """Slack's headers for this body, rightly signed."""
        timestamp = str(int(at or time.time()))
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(timestamp, body),
        }

    async def post(self, body: bytes, headers: dict[str, Any] | None = None) -> httpx.Response:
        async with httpx.AsyncClient(timeout=10) as http:
            return await http.post(self.url, content=body, headers=headers or self.headers(body))

    def command(self, by: str, text: str, channel: str = SUPPORT_CHANNEL, **changed: str) -> bytes:
        """The body of a typed command, as Slack would send it."""
        person, room = self.world.workspace.people[by], self.world.workspace.channels[channel]
        address = self.world.response_urls.issue(by, room)
        payload = payloads.command(person, room, COMMAND, text, self.world.triggers.issue(by), address)
        return urlencode({**payload, **changed}).encode()

    async def press_body(self, user_id: str, channel: str, action_id: str) -> dict[str, Any]:
        """The payload of a press on a button of the channel, not sent: to be bent and signed by a test."""
        workspace = self.world.workspace
        room = workspace.channels[channel]
        for message in reversed(room.messages.values()):
            for block in message.blocks or []:
                for element in block.get("elements", []):
                    if element.get("action_id") == action_id:
                        action = {**element, "block_id": block["block_id"], "action_ts": payloads.action_ts()}
                        return payloads.message_action(
                            workspace.people[user_id],
                            room,
                            message,
                            action,
                            {},
                            self.world.triggers.issue(user_id),
                            self.world.response_urls.issue(user_id, room, message),
                        )
        raise AssertionError(f"there is no {action_id} in {room.name}")

    def delivered(self) -> dict[str, Any]:
        """The last interaction that Slack delivered, read back from its bytes."""
        body = self.world.delivery.last["interactive"].body.decode()
        found: dict[str, Any] = json.loads(parse_qs(body)["payload"][0])
        return found

    # what people see

    def whispers(self, user_id: str) -> list[str]:
        """What the bot said to this person only, in any channel and by direct message, oldest first."""
        said = []
        for channel in self.world.workspace.channels.values():
            said += [(one.ts, one.text) for one in channel.ephemeral if one.ephemeral_to == user_id]
            if channel.is_im and set(channel.members) == {user_id, BOT_USER}:
                said += [(one.ts, one.text) for one in channel.messages.values() if one.user == BOT_USER]
        return [text for _, text in sorted(said)]

    async def hears(self, user_id: str, before: int, *words: str) -> str:
        """The first thing said to this person only, after `before` others, that has all these words."""

        def heard() -> str | None:
            return next((one for one in self.whispers(user_id)[before:] if all(word in one for word in words)), None)

        return await until(heard, f"{user_id} to be told {words}", lambda: self.whispers(user_id)[before:])


@asynccontextmanager
async def staged(home: Path, database_url: str) -> AsyncIterator[Scene]:
    """A world whose bot keeps its record in this database."""
    upgrade(database_url)
    command = [sys.executable, "-m", "bot", "serve", "--port", "{port}"]
    world = World(home, 0, bot_command=command, bot_env={"DATABASE_URL": database_url}, socket_mode=False)
    async with world:
        await world.bot_ready()
        made = Scene(world, database_url)
        yield made
        made.engine.dispose()
        world.kill_bot()  # it keeps nothing that a second of stopping would save


def interaction(payload: dict[str, Any]) -> bytes:
    """The body of an interaction."""
    return urlencode({"payload": json.dumps(payload)}).encode()


def every_text(node: Any, take: Callable[[str], None]) -> None:
    """Call `take` with every string in a message or view."""
    if isinstance(node, str):
        take(node)
    elif isinstance(node, dict):
        for child in node.values():
            every_text(child, take)
    elif isinstance(node, list | tuple):
        for child in node:
            every_text(child, take)


NASTY_TEXTS = {
    "SQL": "'; DROP TABLE incidents; -- \" OR 1=1 /* */ \\",
    "LIKE": "100%_of_[a-z]%'%",
    "JSON path": '$.a[*] {"a": "\\u0000"} #>> \'{}\' ->> \\ud83d ${x} {{ incident.number }} {% raw %}',
    "NUL and emoji": "a\x00b 😀👩‍🚒 ﷽ İ ß",
}


async def in_process(environment: dict[str, str], *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run `rai-incident <arguments>` here, in a thread, with only this environment: exit code, output, errors.

    The world's servers share this process, so that waiting for a process of its own would be slow and gain nothing.
    """
    return await asyncio.to_thread(_in_process, environment, arguments, cwd)


def _in_process(environment: dict[str, str], arguments: tuple[str, ...], cwd: Path | None) -> tuple[int, str, str]:
    out, errors = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    handlers, level, before, here = root.handlers[:], root.level, dict(os.environ), Path.cwd()
    code: Any = 0
    try:
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(cwd or here)
        with redirect_stdout(out), redirect_stderr(errors), patch.object(sys, "argv", ["rai-incident", *arguments]):
            cli.main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
        root.handlers[:] = handlers
        root.setLevel(level)
    return int(code), out.getvalue(), errors.getvalue()
