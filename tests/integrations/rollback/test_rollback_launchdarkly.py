"""LaunchDarkly, against a stand-in that applies JSON patches whole or not at all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from rollback_contract import Contract, Lever, planned
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from integrations.errors import OutsideServiceError
from integrations.rollback.base import Drifted, Outcome, TargetError


class LaunchDarkly(Lever):
    def __init__(self, serve: Callable[[Any], Any], token: str, lever: str) -> None:
        self.token, self.lever = token, lever
        self.flag: dict[str, Any] = {
            "key": "assistant-model",
            "_version": 7,
            "tags": ["assistant"],
            "variations": [{"value": "a", "name": "v1"}, {"value": "b"}, {"value": "c", "name": "v3"}],
            "environments": {
                "production": {"on": True, "fallthrough": {"variation": 1}, "targets": [], "rules": [], "version": 3}
            },
        }
        self.before, self.after, self.newer = ("on", "off", None) if lever == "switch" else ("b", "v1", "v3")
        self.comments: list[str] = []
        path = "/api/v2/flags/shop/assistant-model"
        self.served = serve(
            Starlette(routes=[Route(path, self._get), Route(path, self._patch, methods=["PATCH"])]),
        )

    def entry(self) -> dict[str, Any]:
        return {
            "id": "flag",
            "kind": "launchdarkly",
            "url": self.served.url,
            "allow_private": True,
            "token_env": "LEVER_TOKEN",
            "project": "shop",
            "flag": "assistant-model",
            "environment": "production",
            "lever": self.lever,
            "to": self.after,
        }

    def value(self) -> str:
        environment = self.flag["environments"]["production"]
        if self.lever == "switch":
            return "on" if environment["on"] else "off"
        return ["v1", "b", "v3"][environment["fallthrough"]["variation"]]

    def move(self, value: str) -> None:
        environment = self.flag["environments"]["production"]
        if self.lever == "switch":
            environment["on"] = value == "on"
        else:
            environment["fallthrough"] = {"variation": ["v1", "b", "v3"].index(value)}

    def changes(self) -> int:
        return len(self.comments)

    def lose(self) -> None:
        self.served.losing = 1

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        self.served.refusing = [(status, headers)]

    async def _get(self, request: Request) -> JSONResponse:
        if request.headers.get("authorization") != self.token:
            return JSONResponse({"message": f"invalid token {request.headers.get('authorization')}"}, 401)
        assert request.query_params["env"] == "production"
        return JSONResponse(self.flag)

    async def _patch(self, request: Request) -> JSONResponse:
        assert request.headers["content-type"] == "application/json"
        assert request.headers["ld-api-version"] == "20240415"
        body = await request.json()
        pending = []
        for step in body["patch"]:
            if step["path"] == "/tags/-":
                pending.append((self.flag["tags"].append, step["value"]))
                continue
            *parents, last = step["path"].split("/")[1:]
            place = self.flag
            for name in parents:
                place = place[name]
            if step["op"] == "test" and place[last] != step["value"]:
                return JSONResponse({"code": "conflict", "message": "a test of the patch failed"}, 409)
            if step["op"] == "replace":
                assert type(step["value"]) is type(place[last])
                pending.append((lambda value, place=place, last=last: place.__setitem__(last, value), step["value"]))
        for apply, value in pending:
            apply(value)
        self.comments.append(body["comment"])
        return JSONResponse(self.flag)


class TestSwitch(Contract):
    @pytest.fixture
    def lever(self, serve: Any, token: str) -> LaunchDarkly:
        return LaunchDarkly(serve, token, "switch")


class TestFallthrough(Contract):
    @pytest.fixture
    def lever(self, serve: Any, token: str) -> LaunchDarkly:
        return LaunchDarkly(serve, token, "fallthrough")


@pytest.fixture
def lever(serve: Any, token: str) -> LaunchDarkly:
    return LaunchDarkly(serve, token, "fallthrough")


def test_the_key_is_in_the_comment_that_the_audit_log_keeps(lever):
    target = lever.target()
    target.execute(planned(target), "rollback-1-aa")
    assert lever.comments == ["rai-incident rollback-1-aa: b to v1"]
    assert lever.flag["tags"] == ["assistant", "rollback-1-aa"]


def test_eight_workers_with_one_key_change_it_once(lever):
    target = lever.target()
    plan = planned(target)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: target.execute(plan, "rollback-1-aa"), range(8)))
    assert sorted(outcome.changed for outcome in outcomes) == [False] * 7 + [True]
    assert lever.changes() == 1


def test_somebody_who_moves_it_between_our_read_and_our_patch_is_not_overruled(lever, monkeypatch):
    target = lever.target()
    plan = planned(target)
    send = type(target.remote).send

    def raced(remote, method, *args, **named):
        if method == "PATCH":
            lever.move("v3")
        return send(remote, method, *args, **named)

    monkeypatch.setattr(type(target.remote), "send", raced)
    assert target.execute(plan, "rollback-1-aa") == Drifted("b", "v3")
    assert lever.value() == "v3"


def test_a_percentage_rollout_is_no_lever(lever):
    lever.flag["environments"]["production"]["fallthrough"] = {"rollout": {"variations": []}}
    with pytest.raises(TargetError, match="percentage rollout"):
        lever.target().current()


def test_a_variation_that_does_not_exist_is_refused_in_the_plan(lever):
    target = lever.target(to="v9")
    with pytest.raises(TargetError, match="no one variation v9. It has: v1, b, v3"):
        planned(target)


def test_targets_and_rules_that_go_their_own_way_are_named(lever):
    lever.flag["environments"]["production"]["rules"] = [{"clauses": []}]
    assert "targets and rules" in planned(lever.target()).blast_radius


def test_a_wrong_token_is_named_and_not_shown(lever, monkeypatch):
    monkeypatch.setenv("LEVER_TOKEN", "tok-wrong-0815")
    with pytest.raises(OutsideServiceError, match="credentials") as caught:
        lever.target().current()
    assert "0815" not in str(caught.value)


def test_a_refusal_that_repeats_the_token_is_redacted(lever, token):
    lever.flag["environments"] = {}
    lever.served.app = Starlette(
        routes=[Route("/{rest:path}", lambda request: JSONResponse({"sent": request.headers["authorization"]}, 400))]
    )
    with pytest.raises(OutsideServiceError, match="redacted") as caught:
        lever.target().current()
    assert token not in str(caught.value)


def test_a_flag_that_does_not_exist_is_named(lever):
    with pytest.raises(TargetError, match="no flag nonsense"):
        lever.target(flag="nonsense").current()


def test_the_system_itself_must_confirm(lever, system):
    target = lever.target(**system.fields)
    plan = planned(target)
    target.execute(plan, "rollback-1-aa")
    seen = target.verify(plan)
    assert not seen.ok
    assert "the system itself says version is v2" in seen.seen
    system.version = "v1"
    assert target.verify(plan).ok


def test_an_outcome_is_given_only_after_the_service_took_it(lever):
    target = lever.target()
    plan = planned(target)
    lever.served.refusing = [(500, {})]
    with pytest.raises(OutsideServiceError) as caught:
        target.execute(plan, "rollback-1-aa")
    assert caught.value.maybe_done
    assert target.execute(plan, "rollback-1-aa") == Outcome(changed=True, seen="v1")
