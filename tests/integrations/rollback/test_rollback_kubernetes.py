"""A Deployment, against a stand-in of the API server: JSON patch, resource versions, revisions, a controller."""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rollback_contract import Contract, Lever, planned
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from integrations.errors import OutsideServiceError
from integrations.rollback.base import Outcome, TargetError

BASE = "/apis/apps/v1/namespaces/shop"
KEYS = "rai-incident/keys"
REVISION = "deployment.kubernetes.io/revision"


def template(image: str) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "assistant"}},
        "spec": {
            "containers": [
                {"name": "proxy", "image": "proxy:1"},
                {"name": "model", "image": image, "env": [{"name": "KEY", "value": "the-systems-own-secret"}]},
            ]
        },
    }


class Cluster(Lever):
    """`settled` False is a cluster in which new replicas never become ready."""

    def __init__(self, serve: Callable[[Any], Any], token: str, lever: str) -> None:
        self.token, self.lever, self.settled, self.keyed = token, lever, True, 0
        self.before, self.after, self.newer = {
            "image": ("model:v2", "model:v1", "model:v3"),
            "revision": ("assistant-2", "assistant-1", "assistant-3"),
            "replicas": ("3", "0", "5"),
        }[lever]
        self.sets = {f"assistant-{number}": self._set(number) for number in (1, 2, 3)}
        self.sets["assistant-3"]["metadata"]["annotations"][REVISION] = "0"
        self.deployment: dict[str, Any] = {
            "metadata": {
                "name": "assistant",
                "uid": "u-1",
                "resourceVersion": "100",
                "generation": 4,
                "annotations": {REVISION: "2"},
            },
            "spec": {"replicas": 3, "template": template("model:v2")},
            "status": {},
        }
        self._control()
        path = f"{BASE}/deployments/assistant"
        self.served = serve(
            Starlette(
                routes=[
                    Route(path, self._get),
                    Route(path, self._patch, methods=["PATCH"]),
                    Route(f"{BASE}/replicasets", self._list),
                ]
            )
        )

    def _set(self, number: int) -> dict[str, Any]:
        made = template(f"model:v{number}")
        made["metadata"]["labels"]["pod-template-hash"] = str(number)
        return {
            "metadata": {
                "name": f"assistant-{number}",
                "annotations": {REVISION: str(number)},
                "ownerReferences": [{"uid": "u-1"}],
            },
            "spec": {"template": made},
        }

    def _control(self) -> None:
        """What the Deployment controller does."""
        wanted = self.deployment["spec"]["replicas"]
        ready = wanted if self.settled else 0
        self.deployment["status"] = {
            "observedGeneration": self.deployment["metadata"]["generation"],
            "replicas": wanted,
            "updatedReplicas": ready,
            "availableReplicas": ready,
        }

    def entry(self) -> dict[str, Any]:
        return {
            "id": "deployment",
            "kind": "kubernetes",
            "url": self.served.url,
            "allow_private": True,
            "token_env": "LEVER_TOKEN",
            "namespace": "shop",
            "deployment": "assistant",
            "container": "model",
            "lever": self.lever,
            "to": "1" if self.lever == "revision" else self.after,
        }

    def value(self) -> str:
        spec = self.deployment["spec"]
        image = str(spec["template"]["spec"]["containers"][1]["image"])
        if self.lever == "replicas":
            return str(spec["replicas"])
        return image if self.lever == "image" else f"assistant-{image[-1]}"

    def move(self, value: str) -> None:
        spec = self.deployment["spec"]
        if self.lever == "replicas":
            spec["replicas"] = int(value)
        else:
            spec["template"] = template(f"model:v{value[-1]}")
        self._changed()

    def _changed(self) -> None:
        metadata = self.deployment["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
        metadata["generation"] += 1
        self._control()

    def changes(self) -> int:
        return self.keyed

    def lose(self) -> None:
        self.served.losing = 1

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        self.served.refusing = [(status, headers)]

    async def _get(self, request: Request) -> JSONResponse:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"message": "Unauthorized"}, 401)
        return JSONResponse(self.deployment)

    async def _list(self, _: Request) -> JSONResponse:
        stranger = self._set(9)
        stranger["metadata"]["ownerReferences"] = [{"uid": "u-9"}]
        return JSONResponse({"items": [*self.sets.values(), stranger]})

    async def _patch(self, request: Request) -> JSONResponse:
        assert request.headers["content-type"] == "application/json-patch+json"
        made = copy.deepcopy(self.deployment)
        for step in await request.json():
            *parents, last = (part.replace("~1", "/") for part in step["path"].split("/")[1:])
            place: Any = made
            for name in parents:
                place = place[int(name) if isinstance(place, list) else name]
            if step["op"] == "test":
                if place[last] != step["value"]:
                    return JSONResponse({"kind": "Status", "message": "test failed"}, 422)
            else:
                assert step["op"] == "add" or last in place
                place[last] = step["value"]
        self.deployment = made
        self.keyed += 1
        self._changed()
        return JSONResponse(made)


class TestImage(Contract):
    @pytest.fixture
    def lever(self, serve: Any, token: str) -> Cluster:
        return Cluster(serve, token, "image")


class TestRevision(Contract):
    @pytest.fixture
    def lever(self, serve: Any, token: str) -> Cluster:
        return Cluster(serve, token, "revision")


class TestScaleToZero(Contract):
    @pytest.fixture
    def lever(self, serve: Any, token: str) -> Cluster:
        return Cluster(serve, token, "replicas")


@pytest.fixture
def cluster(serve: Any, token: str) -> Cluster:
    return Cluster(serve, token, "image")


def test_the_key_is_an_annotation_and_no_new_rollout(cluster):
    target = cluster.target()
    target.execute(planned(target), "rollback-1-aa")
    assert cluster.deployment["metadata"]["annotations"][KEYS] == "rollback-1-aa"
    assert "annotations" not in cluster.deployment["spec"]["template"]["metadata"]


def test_a_deployment_without_annotations_gets_them(cluster):
    del cluster.deployment["metadata"]["annotations"]
    target = cluster.target()
    target.execute(planned(target), "rollback-1-aa")
    assert cluster.deployment["metadata"]["annotations"] == {KEYS: "rollback-1-aa"}


def test_eight_workers_with_one_key_change_it_once(cluster):
    target = cluster.target()
    plan = planned(target)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: target.execute(plan, "rollback-1-aa"), range(8)))
    assert sorted(outcome.changed for outcome in outcomes) == [False] * 7 + [True]
    assert cluster.changes() == 1


def test_a_status_written_in_between_is_no_drift(cluster, monkeypatch):
    target = cluster.target()
    plan = planned(target)
    send, raced = type(target.remote).send, []

    def touched(remote, method, *args, **named):
        if method == "PATCH" and not raced:
            raced.append(method)
            cluster._changed()
        return send(remote, method, *args, **named)

    monkeypatch.setattr(type(target.remote), "send", touched)
    assert target.execute(plan, "rollback-1-aa") == Outcome(changed=True, seen="model:v1")


def test_a_rollout_that_does_not_become_ready_is_not_verified(cluster):
    target = cluster.target()
    plan = planned(target)
    cluster.settled = False
    target.execute(plan, "rollback-1-aa")
    seen = target.verify(plan)
    assert not seen.ok
    assert "0 available" in seen.seen


def test_a_change_the_controller_has_not_seen_is_not_verified(cluster):
    target = cluster.target()
    plan = planned(target)
    target.execute(plan, "rollback-1-aa")
    cluster.deployment["status"]["observedGeneration"] -= 1
    assert "not taken it up" in target.verify(plan).seen


def test_evidence_holds_images_and_revisions_and_no_values_of_variables(cluster):
    snapshot = cluster.target().snapshot()
    assert snapshot.values["images"] == ["proxy:1", "model:v2"]
    assert "the-systems-own-secret" not in repr(snapshot)


def test_the_previous_revision_is_the_newest_other_one(serve, token):
    cluster = Cluster(serve, token, "revision")
    plan = planned(cluster.target(to="previous"))
    assert (plan.from_, plan.to) == ("assistant-2", "assistant-1")
    assert "model:v1" in plan.dry_run


def test_a_revision_the_cluster_no_longer_keeps_is_refused(serve, token):
    cluster = Cluster(serve, token, "revision")
    with pytest.raises(TargetError, match="no 7 revision"):
        planned(cluster.target(to="7"))


def test_a_revision_that_vanishes_after_approval_is_refused(serve, token):
    cluster = Cluster(serve, token, "revision")
    target = cluster.target()
    plan = planned(target)
    del cluster.sets["assistant-1"]
    with pytest.raises(TargetError, match="is gone"):
        target.execute(plan, "rollback-1-aa")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lever": "pods"}, "lever must be one of image, revision, replicas"),
        ({"lever": "replicas", "to": "none"}, "a number of replicas"),
        ({"container": None}, "the field container is missing"),
        ({"token_env": None}, "the field token_env is missing"),
        ({"token_file": "nowhere"}, "token_file nowhere cannot be read"),
    ],
)
def test_a_wrong_entry_is_refused_naming_the_field(cluster, changes, words):
    with pytest.raises(TargetError, match=words):
        cluster.target(**changes)


def test_a_container_that_is_not_there_is_refused(cluster):
    with pytest.raises(TargetError, match="no container web. It has: proxy, model"):
        cluster.target(container="web").current()


def test_the_token_may_come_from_a_file_the_cluster_renews(cluster, token, tmp_path: Path):
    file = tmp_path / "token"
    file.write_text(f"{token}\n")
    assert cluster.target(token_env=None, token_file=str(file)).current() == "model:v2"
    file.write_text("old")
    with pytest.raises(OutsideServiceError, match="credentials"):
        cluster.target(token_env=None, token_file=str(file)).current()
