"""Services to roll back: small stand-ins over real HTTP that check what they are sent and keep state."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from integrations.rollback import gitfile, kubernetes, launchdarkly, mlflow, pipeline, running, unleash, webhook

DEADLINE_SECONDS = 10


@dataclass
class Served:
    """An application that runs, and how its answers go wrong. Effects are requests other than GET."""

    app: Any
    url: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    losing: int = 0  # so many effects are done, and their answers lost
    losing_at: str = ""  # only those whose path holds this
    refusing: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # effects that are not done

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        effect = scope["method"] != "GET"
        self.calls.append((scope["method"], scope["path"]))
        if effect and self.refusing:
            status, headers = self.refusing.pop(0)
            await JSONResponse({"message": "not now"}, status, headers)(scope, receive, send)
        elif effect and self.losing and self.losing_at in scope["path"]:
            self.losing -= 1
            await self.app(scope, receive, _nobody)
            # Promise a body and end: the server closes the connection in the middle of the answer.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        else:
            await self.app(scope, receive, send)


async def _nobody(_: Any) -> None:
    return None


@pytest.fixture
def serve() -> Iterator[Callable[[Any], Served]]:
    """Starts applications on free ports, and stops them."""
    servers: list[uvicorn.Server] = []

    def start(app: Any) -> Served:
        served = Served(app)
        server = uvicorn.Server(
            uvicorn.Config(served, host="127.0.0.1", port=0, log_level="critical", lifespan="off", access_log=False)
        )
        threading.Thread(target=server.run, daemon=True).start()
        servers.append(server)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not server.started:
            assert time.monotonic() < deadline, "the stand-in did not start"
            time.sleep(0.005)
        served.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        return served

    yield start
    for server in servers:  # each ends by itself in a fifth of a second, on a port that nobody asks again
        server.should_exit = server.force_exit = True


class System:
    """The AI system that is rolled back, as far as it tells what it runs."""

    def __init__(self) -> None:
        self.version = "v2"
        self.app = Starlette(routes=[Route("/status", self._status)])
        self.url = ""

    async def _status(self, _: Request) -> JSONResponse:
        return JSONResponse({"version": self.version})

    @property
    def fields(self) -> dict[str, str]:
        """What an entry says about it."""
        return {"verify_url": f"{self.url}/status", "verify_field": "version"}


@pytest.fixture
def system(serve: Callable[[Any], Served]) -> System:
    made = System()
    made.url = serve(made.app).url
    return made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same waits, shorter."""
    for module in (running, pipeline):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.02)
    for module in (gitfile, kubernetes, launchdarkly, mlflow, pipeline, unleash, webhook):
        monkeypatch.setattr(module, "VERIFY_SECONDS", 0.5)
    monkeypatch.setattr(pipeline, "LISTED_SECONDS", 0.5)
    monkeypatch.setattr(pipeline, "FOLLOW_SECONDS", 2.0)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an operator puts into the environment."""
    monkeypatch.setenv("LEVER_TOKEN", TOKEN)
    monkeypatch.setenv("LEVER_SECRET", SECRET)
    monkeypatch.delenv("CA_FILE", raising=False)


TOKEN = "tok-5f2d8c91e7"
SECRET = "whsec_" + "c2lnbmluZy1rZXktb2YtdGhlLXRlc3RzLW9ubHk="


@pytest.fixture
def token() -> str:
    return TOKEN
