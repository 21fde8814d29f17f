"""kill -9 in the middle of execute: once more, and the world was changed once (abuse case 13)."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rollback_contract import Lever, planned
from starlette.requests import Request
from test_rollback_gitfile import Repositories
from test_rollback_kubernetes import Cluster
from test_rollback_pipelines import GitLab

from integrations.rollback.base import Outcome, Plan

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[3]
ROUNDS = 8

WORKER = """
import json, sys
from integrations.rollback.base import Plan
from integrations.rollback.kinds import build_target
entry, before, after, key = json.loads(sys.argv[1])
target = build_target(entry)
target.describe()
print("ready", flush=True)
sys.stdin.readline()
target.execute(Plan(before, after, "", ""), key)
"""


def killed_after(seconds: float, lever: Lever, key: str, arrived: threading.Event | None = None) -> None:
    """Execute in a process of its own and kill it: so long after it began, or after its request arrived."""
    order = json.dumps([lever.entry(), lever.before, lever.after, key])
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, order],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdin
    assert worker.stdout
    assert worker.stdout.readline() == b"ready\n"
    worker.stdin.write(b"go\n")
    worker.stdin.flush()
    if arrived is not None:
        assert arrived.wait(20)
    threading.Event().wait(seconds)  # the moment of death; nothing is waited for
    worker.kill()
    worker.communicate()


@pytest.fixture(params=["gitfile", "kubernetes"])
def make(request: pytest.FixtureRequest, serve: Callable[[Any], Any], token: str, tmp_path: Path) -> Any:
    numbers = iter(range(ROUNDS))

    def lever() -> Lever:
        if request.param == "kubernetes":
            return Cluster(serve, token, "image")
        home = tmp_path / str(next(numbers))
        home.mkdir()
        return Repositories(home)

    return lever


def test_killed_at_any_moment_and_run_again_it_changed_once(make):
    random = Random(13)
    longest = {Repositories: 0.35, Cluster: 0.08}
    found: list[bool] = []
    for number in range(ROUNDS):
        lever = make()
        key = f"rollback-1-{number:02}"
        killed_after(random.uniform(0, longest[type(lever)]), lever, key)
        done_before_death = lever.changes() == 1
        target = lever.target()
        outcome = target.execute(_plan(lever), key)
        assert isinstance(outcome, Outcome)
        # A git that the dead process had begun may still finish, so death is not the last moment to have done it.
        assert not (done_before_death and outcome.changed)
        assert lever.changes() == 1
        assert lever.value() == lever.after
        assert target.verify(_plan(lever)).ok
        found.append(done_before_death)
    assert len(found) == ROUNDS


def _plan(lever: Lever) -> Plan:
    return Plan(lever.before, lever.after, "", "")


def test_killed_right_after_the_api_server_took_it_the_second_run_finds_the_key(serve, token):
    cluster, arrived = Cluster(serve, token, "image"), threading.Event()
    inner = cluster.served.app

    async def announced(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope, receive, send if scope["method"] == "GET" else _silent)
        if scope["method"] != "GET":
            arrived.set()
            # The process that waits for this answer is dead before it comes.
            await Request(scope, receive).is_disconnected()

    cluster.served.app = announced
    killed_after(0, cluster, "rollback-1-aa", arrived)
    cluster.served.app = inner
    assert cluster.changes() == 1
    target = cluster.target()
    assert target.execute(_plan(cluster), "rollback-1-aa") == Outcome(changed=False, seen="model:v1")
    assert cluster.changes() == 1


async def _silent(_: Any) -> None:
    return None


def test_killed_while_it_follows_a_pipeline_the_second_run_follows_the_same_one(serve, system, token):
    gitlab, arrived = GitLab(serve, system, token), threading.Event()
    gitlab.polls = 12
    create = gitlab._begin

    def announced(key: str, before: str, after: str) -> dict[str, Any]:
        run = create(key, before, after)
        arrived.set()
        return run

    gitlab._begin = announced
    target = gitlab.target()
    plan = planned(target)
    killed_after(0.05, gitlab, "rollback-1-aa", arrived)
    outcome = target.execute(plan, "rollback-1-aa")
    assert isinstance(outcome, Outcome)
    assert not outcome.changed
    assert len(gitlab.runs) == 1
    assert target.verify(plan).ok
