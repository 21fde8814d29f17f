"""What the steps of the story share: the people by their part, the incident once it is open, looks at the outside."""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.server import World
from sandbox.story.fields import words_of
from sandbox.story.person import Person
from sandbox.story.waiting import check, until
from sandbox.workspace import Json

SUPPORT_CHANNEL = "C0SUPPORT1"
INCIDENTS_CHANNEL = "C0INCIDEN1"


@dataclass
class Story:
    """The world, the cast, and what they have learned so far."""

    world: World
    number: str = ""  # INC-n, once it is open
    channel: str = ""  # the incident's channel
    plan_ts: str = ""  # the message of the rollback plan
    support: Person = field(init=False)
    on_call: Person = field(init=False)
    lead: Person = field(init=False)
    privacy: Person = field(init=False)
    comms: Person = field(init=False)
    contractor: Person = field(init=False)

    def __post_init__(self) -> None:
        by_handle = {person.handle: Person(self.world, person.id) for person in self.world.workspace.people.values()}
        self.support, self.on_call, self.lead = (by_handle[name] for name in ("support", "oncall", "rai-lead"))
        self.privacy, self.comms, self.contractor = (by_handle[name] for name in ("privacy", "comms", "contractor"))

    @property
    def card(self) -> Json:
        """The pinned card, as the on-call engineer sees it now."""
        pinned = self._pinned
        check(len(pinned) == 1, "one pinned card in the incident's channel", [words_of(one)[:100] for one in pinned])
        return pinned[0]

    @property
    def _pinned(self) -> list[Json]:
        return [message for message in self.on_call.messages(self.channel) if message["pinned"]]

    async def card_shows(self, *words: str) -> None:
        """Wait until the card shows all these words."""
        await until(
            lambda: any(all(word in words_of(message) for word in words) for message in self._pinned),
            f"the pinned card to show {words}",
            lambda: [words_of(message) for message in self._pinned],
        )

    @property
    def pages(self) -> list[Json]:
        """This incident's pages, oldest first."""
        pages = reversed(self.world.pagerduty.panel()["incidents"])
        return [page for page in pages if page["details"].get("incident") == self.number]

    async def chat(self, message: str) -> Json:
        """Ask the assistant as one customer; `leaked` tells whether somebody else's order was shown."""
        return await self._http("POST", "chat", {"session": "a customer", "message": message})

    async def assistant_status(self) -> Json:
        """What the assistant says of itself."""
        return await self._http("GET", "status", None)

    async def kill_and_restart(self) -> None:
        """SIGKILL the bot, and start it again at once."""
        self.world.kill_bot()
        await self.world.start_bot()
        await self.world.bot_ready()

    async def record(self) -> Json:
        """The incident as the bot's own command line shows it."""
        found: Json = json.loads(await self.command_line("incident", "show", self.number, "--json"))
        return found

    async def command_line(self, *arguments: str) -> str:
        """Run `rai-incident <arguments>` with the bot's environment; what it printed. Unmet unless it exits 0."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *arguments),
            env=self.world.bot_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await process.communicate()
        check(process.returncode == 0, f"rai-incident {' '.join(arguments)} to exit 0", errors.decode()[-500:])
        return out.decode()

    async def _http(self, method: str, path: str, body: dict[str, Any] | None) -> Json:
        async with httpx.AsyncClient(base_url=f"{self.world.url}/assistant/") as http:
            response = await http.request(method, path, json=body)
        check(response.status_code == 200, f"the assistant to answer 200 at {path}", response.status_code)
        answer: Json = response.json()
        return answer
