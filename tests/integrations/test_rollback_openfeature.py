"""The flag file target, against the sandbox's AI service reading the same file through OpenFeature's flagd provider."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import uvicorn

from integrations.rollback import openfeature
from integrations.rollback.base import Action, Drifted, Outcome, Plan, Target, TargetError, perform
from integrations.rollback.kinds import build_target
from sandbox.assistant import Assistant
from sandbox.faults import Faults


class Service:
    """The AI service over HTTP, and its flags file."""

    def __init__(self, home: Path) -> None:
        self.file = home / "flags.json"
        self.faults = Faults(on_change=lambda: None)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    async def start(self) -> str:
        self.assistant = Assistant(self.file, lambda: None, self.faults)
        config = uvicorn.Config(self.assistant.app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
        self.server = uvicorn.Server(config)
        self.task = asyncio.ensure_future(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.01)
        return f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self.assistant.close()
        self.server.should_exit = True
        await self.task

    def entry(self, **changes: Any) -> dict[str, Any]:
        entry = {
            "id": "model-version",
            "kind": "openfeature",
            "title": "Model version",
            "file": str(self.file),
            "flag": "assistant-model",
            "to": "v1",
            "verify_url": f"{self.url}/status",
            "verify_field": "model_version",
            "allow_private": True,
        }
        return {**entry, **changes}

    def edit(self, flag: str, **changes: Any) -> None:
        document = json.loads(self.file.read_text())
        document["flags"][flag].update(changes)
        self.file.write_text(json.dumps(document))

    def variant(self, flag: str = "assistant-model") -> str:
        return str(json.loads(self.file.read_text())["flags"][flag]["defaultVariant"])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path)
    running.url = running.run(running.start())
    yield running
    running.run(running.stop())
    running.loop.call_soon_threadsafe(running.loop.stop)


def _planned(entry: dict[str, Any]) -> tuple[Target, Plan]:
    target = build_target(entry)
    return target, target.plan(target.snapshot())


def test_a_rollback_changes_what_the_service_itself_runs(service):
    target, plan = _planned(service.entry())
    assert (plan.from_, plan.to) == ("v2", "v1")
    assert target.execute(plan, "key") == Outcome(changed=True, seen="v1")
    seen = target.verify(plan)
    assert seen.ok
    assert "model_version is v1" in seen.seen
    assert httpx.get(f"{service.url}/status").json()["model_version"] == "v1"


def test_a_kill_switch_is_verified_against_a_boolean(service):
    entry = service.entry(id="kill-switch", flag="assistant-enabled", to="off", verify_field="enabled")
    target, plan = _planned(entry)
    assert (plan.from_, plan.to) == ("on", "off")
    target.execute(plan, "key")
    assert target.verify(plan).ok
    assert httpx.get(f"{service.url}/status").json()["enabled"] is False


def test_a_snapshot_holds_the_configuration_its_hash_and_the_services_own_words(service):
    snapshot = build_target(service.entry()).snapshot()
    assert snapshot.values["definition"]["defaultVariant"] == "v2"
    assert snapshot.values["service"]["model_version"] == "v2"
    assert len(snapshot.hashes["flags.json"]) == 64


def test_the_same_key_changes_the_world_once(service):
    target, plan = _planned(service.entry())
    target.execute(plan, "key")
    service.edit("assistant-model", defaultVariant="v2")  # somebody moved on
    assert target.execute(plan, "key") == Outcome(changed=False, seen="v2")
    assert service.variant() == "v2"


def test_a_late_retry_after_the_undo_does_not_roll_back_again(service):
    target, plan = _planned(service.entry())
    target.execute(plan, "do")
    assert target.undo(plan, "undo") == Outcome(changed=True, seen="v2")
    assert target.execute(plan, "do") == Outcome(changed=False, seen="v2")
    assert service.variant() == "v2"


def test_eight_workers_with_one_key_change_it_once(service):
    target, plan = _planned(service.entry())
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: target.execute(plan, "key"), range(8)))
    assert sorted(outcome.changed for outcome in outcomes if isinstance(outcome, Outcome)) == [False] * 7 + [True]


def test_already_rolled_back_by_somebody_else_stops_and_says_so(service):
    target, plan = _planned(service.entry())
    service.edit("assistant-model", defaultVariant="v1")
    assert target.execute(plan, "key") == Drifted("v2", "v1", already=True)


def test_a_newer_deploy_stops_and_says_what_is_there(service):
    target, plan = _planned(service.entry())
    service.edit("assistant-model", defaultVariant="v3", variants={"v1": "v1", "v2": "v2", "v3": "v3"})
    outcome = target.execute(plan, "key")
    assert isinstance(outcome, Drifted)
    assert "v3 is there now" in str(outcome)
    assert service.variant() == "v3"


def test_an_undo_is_stopped_when_something_newer_is_there(service):
    target, plan = _planned(service.entry())
    target.execute(plan, "do")
    service.edit("assistant-model", defaultVariant="v3", variants={"v1": "v1", "v2": "v2", "v3": "v3"})
    assert isinstance(target.undo(plan, "undo"), Drifted)


def test_perform_undoes_when_the_action_is_an_undo(service):
    target, plan = _planned(service.entry())
    perform(target, Action("do", plan))
    back = Plan(plan.to, plan.from_, plan.blast_radius, "back")
    assert perform(target, Action("undo", back, undoes=plan)) == Outcome(changed=True, seen="v2")
    assert target.verify(back).ok


def test_a_change_that_the_service_does_not_take_up_is_not_verified(service, monkeypatch):
    monkeypatch.setattr(openfeature, "VERIFY_SECONDS", 0.5)
    rule = {"if": [{"==": [1, 1]}, "v2", "v1"]}
    service.edit("assistant-model", targeting=rule)
    target, plan = _planned(service.entry())
    assert "targeting rules" in plan.blast_radius
    target.execute(plan, "key")
    seen = target.verify(plan)
    assert not seen.ok
    assert "model_version is v2" in seen.seen


def test_a_service_that_does_not_answer_is_not_verified(service, monkeypatch):
    monkeypatch.setattr(openfeature, "VERIFY_SECONDS", 0.3)
    target, plan = _planned(service.entry())
    target.execute(plan, "key")
    gone = build_target(service.entry(verify_url="http://127.0.0.1:9/status"))
    seen = gone.verify(plan)
    assert not seen.ok
    assert "cannot be reached" in seen.seen


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/status", "http://169.254.169.254/status", "file:///etc/passwd", "http://2130706433/"]
)
def test_abuse_30_a_status_address_goes_through_the_same_guard(service, monkeypatch, url):
    monkeypatch.setattr(openfeature, "VERIFY_SECONDS", 0.0)
    target, plan = _planned(service.entry())
    target.execute(plan, "key")
    seen = build_target(service.entry(verify_url=url, allow_private=False)).verify(plan)
    assert not seen.ok
    assert "did not confirm it" in seen.seen


def test_a_redirect_is_not_followed(tmp_path, service, monkeypatch):
    monkeypatch.setattr(openfeature, "VERIFY_SECONDS", 0.2)
    target, plan = _planned(service.entry())
    target.execute(plan, "key")
    # Starlette answers /status/ with a redirect to /status.
    seen = build_target(service.entry(verify_url=f"{service.url}/status/")).verify(plan)
    assert not seen.ok


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": "v9"}, "no variant v9. It has: v1, v2"),
        ({"to": "v2"}, "at v2 already"),
        ({"flag": "nonsense"}, "no flag nonsense"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_before_anybody_approves_it(service, changes, words):
    target = build_target(service.entry(**changes))
    with pytest.raises(TargetError, match=words):
        target.plan(target.snapshot())


def test_a_disabled_flag_is_no_lever(service):
    service.edit("assistant-model", state="DISABLED")
    target = build_target(service.entry())
    with pytest.raises(TargetError, match="disabled"):
        target.plan(target.snapshot())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"file": None}, "the field file is missing"),
        ({"verify_field": None}, "both verify_url and verify_field"),
        ({"kind": "telepathy"}, "'telepathy' is unknown. Known: .*openfeature"),
    ],
)
def test_a_wrong_entry_is_refused_naming_the_field(tmp_path, changes, words):
    entry = {
        "id": "model-version",
        "kind": "openfeature",
        "file": str(tmp_path / "flags.json"),
        "flag": "a",
        "to": "v1",
        "verify_url": "http://127.0.0.1:9/",
        "verify_field": "model_version",
    }
    with pytest.raises(TargetError, match=words):
        build_target({**entry, **changes})


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"flags": []}', "{"])
def test_a_broken_flags_file_is_named_and_left_alone(tmp_path, content):
    file = tmp_path / "flags.json"
    file.write_text(content)
    target = build_target({"id": "x", "kind": "openfeature", "file": str(file), "flag": "a", "to": "v1"})
    with pytest.raises(TargetError, match=r"flags\.json"):
        target.execute(Plan("v2", "v1", "", ""), "key")
    assert file.read_text() == content


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    file = tmp_path / "nowhere" / "flags.json"
    target = build_target({"id": "x", "kind": "openfeature", "file": str(file), "flag": "a", "to": "v1"})
    with pytest.raises(TargetError, match=r"flags\.json cannot be written: No such file"):
        target.execute(Plan("v2", "v1", "", ""), "key")


WORKER = """
import json, sys
from integrations.rollback.base import Plan
from integrations.rollback.kinds import build_target
entry, key = json.loads(sys.argv[1]), sys.argv[2]
target = build_target(entry)
print("ready", flush=True)
sys.stdin.readline()
target.execute(Plan("v2", "v1", "", ""), key)
print("done", flush=True)
"""


def test_killed_at_any_moment_the_file_is_whole_and_a_second_run_changes_it_once(tmp_path):
    random = Random(4)
    file = tmp_path / "flags.json"
    flag = {"state": "ENABLED", "variants": {"v1": "v1", "v2": "v2"}, "defaultVariant": "v2"}
    entry = {"id": "model-version", "kind": "openfeature", "file": str(file), "flag": "assistant-model", "to": "v1"}
    root = Path(__file__).parents[2]
    for number in range(12):
        file.write_text(json.dumps({"flags": {"assistant-model": flag}}))
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, json.dumps(entry), f"key-{number}"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert worker.stdin
        assert worker.stdout
        assert worker.stdout.readline() == b"ready\n"
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
        threading.Event().wait(random.uniform(0, 0.004))  # the moment of death; nothing is waited for
        worker.kill()
        worker.communicate()
        before = json.loads(file.read_text())["flags"]["assistant-model"]
        marked = f"key-{number}" in str(before.get("metadata", {}))
        assert (before["defaultVariant"] == "v1") == marked, "the change and its mark are one"
        outcome = build_target(entry).execute(Plan("v2", "v1", "", ""), f"key-{number}")
        assert outcome == Outcome(changed=not marked, seen="v1")
