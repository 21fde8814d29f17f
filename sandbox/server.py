"""The world outside the bot: Slack with its page, PagerDuty, Jira, an AI service; and the bot's process."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from secrets import randbelow
from types import TracebackType
from typing import Self

import uvicorn
import yaml
from starlette.types import ASGIApp

from sandbox import inventory, routes, state
from sandbox.acts import Acts
from sandbox.assistant import Assistant
from sandbox.counterparts import issues, paging
from sandbox.counterparts.jira import Jira
from sandbox.counterparts.pagerduty import PagerDuty
from sandbox.counterparts.tls import Authority
from sandbox.delivery import Delivery
from sandbox.faults import Faults
from sandbox.levers import switch
from sandbox.live import Live
from sandbox.people import (
    APP_TOKEN,
    BOT_NAME,
    BOT_TOKEN,
    BOT_USER,
    COMMANDS,
    OFFICE_HOURS_SLOTS,
    SHORTCUTS,
    SIGNING_SECRET,
    TEAM,
)
from sandbox.response_urls import ResponseUrls
from sandbox.supervisor import Supervisor
from sandbox.triggers import Triggers
from sandbox.workspace import OFFICE_HOURS, Json, Workspace


class World:
    """Everything outside the bot, and the bot's process.

    `home` keeps the CA's certificate, the flags and the bot's configuration. Port 0 means a free one. `bot_command` is
    started with `{port}` replaced by the bot's port (`bot_port`, or a free one, also in BOT_PORT); an empty command
    starts nothing. With `socket_mode` off the bot gets no app token, so that Slack reaches it over HTTP. `exercises`
    are what the page offers to play alone: id, title, about, minutes, and `short`, minutes too or None.
    """

    def __init__(
        self,
        home: Path,
        port: int = 8765,
        *,
        bot_command: Sequence[str],
        bot_env: Mapping[str, str],
        socket_mode: bool = True,
        bot_port: int = 0,
        exercises: Sequence[Json] = (),
    ) -> None:
        self.home = home
        self.bot_port = bot_port
        self.static_dir = Path(__file__).parent / "static"
        self.flags_file = home / "flags.json"
        self._port = port
        self._bot_command = bot_command
        self._bot_env = bot_env
        self._socket_mode = socket_mode
        self._exercises = list(exercises)
        self._servers: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []

    async def __aenter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        self.bot_port = self.bot_port or _free_port()
        own, pagerduty, jira = _bound(self._port), _bound(0), _bound(0)
        self.url = f"http://127.0.0.1:{_port(own)}"
        self.pagerduty_url = f"https://127.0.0.1:{_port(pagerduty)}"
        self.jira_url = f"https://127.0.0.1:{_port(jira)}"

        self.live = Live(self.state)
        changed = self.live.changed
        self.faults = Faults(changed)
        self.triggers = Triggers()
        self.delivery = Delivery(f"http://127.0.0.1:{self.bot_port}/slack/events", self.url, changed)
        self.workspace = Workspace(changed, self.delivery.emit)
        self.response_urls = ResponseUrls(self.workspace, self.url)
        self.acts = Acts(self.workspace, self.delivery, self.triggers, self.response_urls, self.faults)
        self.assistant = Assistant(self.flags_file, changed, self.faults)
        self.pagerduty = PagerDuty(changed, self.faults)
        self.jira = Jira(changed, self.faults)
        authority = Authority(self.home)
        self.ca_file = authority.ca_file

        await self.delivery.start()
        await self._serve(routes.build(self), own)
        await self._serve(self.pagerduty.app, pagerduty, authority.server_file)
        await self._serve(self.jira.app, jira, authority.server_file)
        self._write_config()
        self.supervisor = Supervisor(self._bot_command, self.bot_environment(), self.bot_port, changed)
        try:
            await self.supervisor.start()
        except OSError:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.supervisor.stop()
        await self.delivery.stop()
        self.assistant.close()
        for server, _ in self._servers:
            server.should_exit = True
        await asyncio.gather(*(task for _, task in self._servers))

    # the bot's process

    def kill_bot(self) -> None:
        """SIGKILL."""
        self.supervisor.kill()

    async def start_bot(self) -> None:
        """Start the bot again after the end of its last process."""
        if not self.supervisor.running:
            await self.supervisor.ended()
        await self.supervisor.start()

    async def bot_ready(self, deadline: float = 30.0) -> None:
        """Wait until the bot says it is ready, at most `deadline` seconds; else NotReady with its last words."""
        await self.supervisor.ready(deadline)

    def bot_environment(self) -> dict[str, str]:
        """The variables of the bot's process: this process's own, `bot_env`, and the addresses of this world."""
        environment = {
            **os.environ,
            "OFFICE_HOURS_CHANNELS": self.workspace.channels[OFFICE_HOURS].name,
            **self._bot_env,
            "BOT_PORT": str(self.bot_port),
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": f"{self.url}/api/",
            "PAGERDUTY_API_KEY": paging.API_KEY,
            "PAGERDUTY_ROUTING_KEY": paging.ROUTING_KEY,
            "PAGERDUTY_FROM_EMAIL": paging.FROM_EMAIL,
            "PAGERDUTY_API_URL": self.pagerduty_url,
            "PAGERDUTY_EVENTS_URL": self.pagerduty_url,
            "PAGERDUTY_WEBHOOK_SECRET": paging.WEBHOOK_SECRET,
            "JIRA_URL": self.jira_url,
            "JIRA_USER": issues.USER,
            "JIRA_TOKEN": issues.TOKEN,
            "JIRA_PROJECT": issues.PROJECT,
            "CA_FILE": str(self.ca_file),
            switch.SECRET_VARIABLE: switch.SECRET,
            "RAI_CONFIG_DIR": str(self.home / "config"),
        }
        if not self._socket_mode:
            del environment["SLACK_APP_TOKEN"]
        return environment

    # what the page shows

    def state(self, me: str) -> Json:
        """Everything `me` may see."""
        workspace = self.workspace
        home = workspace.homes.get(me)
        return {
            "rev": self.live.rev,
            "me": me,
            "team": TEAM,
            "people": state.people_state(workspace),
            "usergroups": state.usergroups_state(workspace),
            "bot": {
                "user_id": BOT_USER,
                "name": BOT_NAME,
                "connected": bool(self.delivery.links),
                **self.supervisor.panel(),
            },
            "channels": state.channels_state(workspace, me),
            "joinable": state.joinable_state(workspace, me),
            "modals": [state.view_state(view) for view in workspace.stacks.get(me, [])],
            "home": {"view": state.view_state(home) if home else None},
            "shortcuts": list(SHORTCUTS),
            "commands": list(COMMANDS),
            "pagerduty": self.pagerduty.panel(),
            "jira": self.jira.panel(),
            "assistant": self.assistant.panel(),
            "exercises": self._exercises,
            "faults": self.faults.switches,
            "appearance": {},
        }

    # starting

    async def _serve(self, app: ASGIApp, listening: socket.socket, certificate: Path | None = None) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
            ssl_certfile=certificate,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        self._servers.append((server, task))
        while not server.started:
            if task.done():
                task.result()
                raise RuntimeError("the sandbox's server ended while it was starting")
            await asyncio.sleep(0.005)

    def _write_config(self) -> None:
        config = self.home / "config"
        config.mkdir(exist_ok=True)
        systems = {"systems": [inventory.support_assistant(self.url, self.flags_file, self.assistant.policy)]}
        for name, content in (("systems.yaml", systems), ("office_hours.yaml", OFFICE_HOURS_SLOTS)):
            (config / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


class _Server(uvicorn.Server):
    """Leaves signals alone: whoever runs the world decides what ends it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _bound(port: int) -> socket.socket:
    # asyncio turns Nagle's delay off (40 ms per answer) only where the protocol is named
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


def _port(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def _free_port() -> int:
    """A port that stays free while the bot is started, killed and started again.

    Below the range from which systems give ports to outgoing connections (32768 on Linux), or one of those takes it.
    """
    while True:
        with contextlib.suppress(OSError), _bound(20_000 + randbelow(12_000)) as probe:
            return _port(probe)
