"""PagerDuty and Jira as they are in the sandbox, over real TLS on free ports, in a thread of their own."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from integrations.jira import Jira
from integrations.pagerduty import PagerDuty
from sandbox.counterparts import issues, paging
from sandbox.counterparts.jira import Jira as JiraCounterpart
from sandbox.counterparts.pagerduty import PagerDuty as PagerDutyCounterpart
from sandbox.counterparts.tls import Authority
from sandbox.faults import Faults

DEADLINE_SECONDS = 10


class Outside:
    """Both counterparts, their addresses, and the switches to make them fail."""

    def __init__(self, home: Path) -> None:
        self.authority = Authority(home)
        self.faults = Faults(on_change=lambda: None)
        self.pagerduty = PagerDutyCounterpart(on_change=lambda: None, faults=self.faults)
        self.jira = JiraCounterpart(on_change=lambda: None, faults=self.faults)
        self.old_jira = JiraCounterpart(on_change=lambda: None, faults=self.faults, deployment="Server")
        self.pagerduty_url = self.jira_url = self.old_jira_url = ""
        self._loop = asyncio.new_event_loop()
        self._servers: list[uvicorn.Server] = []

    def __enter__(self) -> "Outside":
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.pagerduty_url = self._serve(self.pagerduty.app)
        self.jira_url = self._serve(self.jira.app)
        self.old_jira_url = self._serve(self.old_jira.app)
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_SECONDS)

    def run(self, coroutine: Any) -> Any:
        """Run something on the counterparts' loop, as a person clicking there would."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE_SECONDS)

    def calls(self) -> list[str]:
        return [call["method"] for call in self.faults.calls]

    def _serve(self, app: Any) -> str:
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, ssl_certfile=self.authority.server_file, log_level="critical", lifespan="off"
        )
        return str(self.run(self._start(uvicorn.Server(config))))

    async def _start(self, server: uvicorn.Server) -> str:
        self._servers.append(server)
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup()
        return f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    async def _stop(self) -> None:
        for server in self._servers:
            server.should_exit = server.force_exit = True
        await asyncio.gather(*(server.shutdown() for server in self._servers))


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with Outside(tmp_path) as outside:
        yield outside


@pytest.fixture
def pagerduty(outside: Outside) -> PagerDuty:
    url = outside.pagerduty_url
    return PagerDuty(paging.API_KEY, paging.ROUTING_KEY, url, url, outside.authority.ca_file, paging.FROM_EMAIL)


@pytest.fixture
def jira(outside: Outside) -> Jira:
    return Jira(outside.jira_url, issues.USER, issues.TOKEN, issues.PROJECT, outside.authority.ca_file)
