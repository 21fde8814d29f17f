"""A configuration file in a Git repository, with real repositories on disk and over HTTP."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from rollback_contract import Contract, Lever, planned
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.errors import OutsideServiceError
from integrations.rollback.base import Drifted, Outcome, Plan, TargetError
from integrations.rollback.git import Clone

FILE = "prompts/system.md"
TEXTS = {"v1": "Be kind.\r\n", "v2": "Be bold.\r\n", "v3": "Be brief.\r\n"}


def git(folder: Path, *arguments: str) -> str:
    person = {f"GIT_{role}_{what}": "dev@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **person, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def blob(text: str) -> str:
    raw = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()[:12]


class Repositories(Lever):
    """A bare repository, and a working copy in which somebody else works."""

    before, after, newer = (blob(TEXTS[name]) for name in ("v2", "v1", "v3"))

    def __init__(self, home: Path, to: str = "previous") -> None:
        self.to = to
        self.bare, self.work = home / "config.git", home / "work"
        shutil.copytree(_begun().name, home, dirs_exist_ok=True)
        remote = self.work / ".git" / "config"
        remote.write_text(remote.read_text().replace(_begun().name, str(home)))

    @classmethod
    def begin(cls, home: Path) -> None:
        """The history that every test starts with: one version known to be good, a later one, and other work."""
        made = cls.__new__(cls)
        made.bare, made.work = home / "config.git", home / "work"
        git(home, "init", "--quiet", "--bare", "--initial-branch=main", str(made.bare))
        git(made.bare, "config", "uploadpack.allowFilter", "true")
        git(home, "clone", "--quiet", str(made.bare), str(made.work))
        git(made.work, "config", "core.autocrlf", "false")
        git(made.work, "checkout", "--quiet", "-b", "main")
        (made.work / "prompts").mkdir()
        (made.work / "README.md").write_text("About.\n")
        made.commit("v1", "Say how to speak")
        git(made.work, "tag", "known-good")
        git(made.work, "push", "--quiet", "origin", "known-good")
        made.commit("v2", "Speak up")
        made.other("A change elsewhere")

    def commit(self, name: str, subject: str) -> None:
        (self.work / FILE).write_bytes(TEXTS[name].encode())
        self.push(subject)

    def other(self, subject: str) -> None:
        (self.work / "README.md").write_text(f"{subject}\n")
        self.push(subject)

    def push(self, subject: str) -> None:
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--allow-empty", "-m", subject)
        git(self.work, "push", "--quiet", "origin", "main")

    def entry(self) -> dict[str, Any]:
        return {
            "id": "prompt",
            "kind": "gitfile",
            "repository": str(self.bare),
            "branch": "main",
            "file": FILE,
            "to": self.to,
        }

    def value(self) -> str:
        return git(self.bare, "rev-parse", f"main:{FILE}")[:12]

    def move(self, value: str) -> None:
        git(self.work, "pull", "--quiet", "--rebase", "origin", "main")
        self.commit(next(name for name, text in TEXTS.items() if blob(text) == value), "Somebody else")

    def changes(self) -> int:
        return git(self.bare, "log", "main", "--format=%B").count("Rai-Incident-Key: rollback-1-")


@cache
def _begun() -> TemporaryDirectory[str]:
    """Made once and copied for each test: sixteen calls of git take longer than most tests."""
    home = TemporaryDirectory(prefix="rai-repositories-")
    Repositories.begin(Path(home.name))
    return home


@pytest.fixture
def lever(tmp_path: Path) -> Repositories:
    return Repositories(tmp_path)


class TestFileOnABranch(Contract):
    @pytest.fixture
    def lever(self, tmp_path: Path) -> Repositories:
        return Repositories(tmp_path, to="known-good")


def test_one_commit_changes_one_file_and_carries_the_key(lever):
    head = git(lever.bare, "rev-parse", "main")
    target = lever.target()
    target.execute(planned(target), "rollback-1-aa")
    assert git(lever.bare, "rev-parse", "main^") == head
    assert git(lever.bare, "diff", "--name-only", "main^", "main") == FILE
    assert git(lever.bare, "log", "-1", "--format=%an %(trailers:key=Rai-Incident-Key,valueonly)", "main").split() == [
        "rai-incident",
        "rollback-1-aa",
    ]


def test_the_bytes_come_back_exactly(lever):
    target = lever.target()
    target.execute(planned(target), "rollback-1-aa")
    git(lever.work, "pull", "--quiet", "origin", "main")
    assert (lever.work / FILE).read_bytes() == TEXTS["v1"].encode()


def test_a_plan_tells_the_commits_by_their_subjects(lever):
    plan = planned(lever.target())
    assert "Say how to speak" in plan.dry_run
    assert "Speak up" in plan.dry_run


def test_evidence_has_the_hashes_of_both_contents_and_not_the_contents(lever):
    snapshot = lever.target().snapshot()
    assert snapshot.hashes == {
        f"{FILE}@{blob(TEXTS[name])}": hashlib.sha256(TEXTS[name].encode()).hexdigest() for name in ("v1", "v2")
    }
    assert "Be bold" not in json.dumps(snapshot.values)


def test_a_named_version_may_be_a_tag(lever):
    lever.move(lever.newer)
    plan = planned(lever.target(to="known-good"))
    assert (plan.from_, plan.to) == (lever.newer, lever.after)


def test_an_unrelated_commit_in_between_is_no_drift(lever):
    target = lever.target()
    plan = planned(target)
    lever.other("Another change elsewhere")
    assert target.execute(plan, "rollback-1-aa") == Outcome(changed=True, seen=lever.after)


def test_a_push_that_somebody_overtakes_is_made_again_on_top(lever, monkeypatch):
    target = lever.target()
    plan = planned(target)
    push, raced = Clone.push, []

    def overtaken(clone, commit, branch):
        if not raced:
            raced.append(branch)
            lever.other("Faster")
        return push(clone, commit, branch)

    monkeypatch.setattr(Clone, "push", overtaken)
    assert target.execute(plan, "rollback-1-aa") == Outcome(changed=True, seen=lever.after)
    assert "Faster" in git(lever.bare, "log", "--format=%s", "main")


def test_a_push_that_a_newer_content_overtakes_stops(lever, monkeypatch):
    target = lever.target()
    plan = planned(target)
    push, raced = Clone.push, []

    def overtaken(clone, commit, branch):
        if not raced:
            raced.append(branch)
            lever.move(lever.newer)
        return push(clone, commit, branch)

    monkeypatch.setattr(Clone, "push", overtaken)
    assert target.execute(plan, "rollback-1-aa") == Drifted(lever.before, lever.newer)


def test_four_workers_with_one_key_commit_once(lever):
    target = lever.target()
    plan = planned(target)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: target.execute(plan, "rollback-1-aa"), range(4)))
    assert sorted(outcome.changed for outcome in outcomes) == [False] * 3 + [True]
    assert lever.changes() == 1


def test_a_push_whose_answer_is_lost_is_found_by_its_key(lever, monkeypatch):
    target = lever.target()
    plan = planned(target)
    push = Clone.push

    def lost(clone, commit, branch):
        push(clone, commit, branch)
        raise OutsideServiceError("Git", "the connection broke", maybe_done=True)

    monkeypatch.setattr(Clone, "push", lost)
    with pytest.raises(OutsideServiceError):
        target.execute(plan, "rollback-1-aa")
    monkeypatch.setattr(Clone, "push", push)
    assert target.execute(plan, "rollback-1-aa") == Outcome(changed=False, seen=lever.after)
    assert lever.changes() == 1


def test_a_branch_that_refuses_the_push_is_permanent_trouble(lever):
    hook = lever.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    target = lever.target()
    with pytest.raises(OutsideServiceError, match="not accepted") as caught:
        target.execute(planned(target), "rollback-1-aa")
    assert caught.value.permanent
    assert lever.value() == lever.before


def test_the_system_must_say_the_sha256_of_the_file(lever, system):
    target = lever.target(**system.fields, allow_private=True)
    plan = planned(target)
    target.execute(plan, "rollback-1-aa")
    assert not target.verify(plan).ok
    system.version = hashlib.sha256(TEXTS["v1"].encode()).hexdigest()
    assert target.verify(plan).ok


def test_a_first_version_has_no_way_back(lever):
    (lever.work / "prompts" / "new.md").write_text("New.\n")
    lever.push("A new prompt")
    with pytest.raises(TargetError, match="no earlier content"):
        planned(lever.target(file="prompts/new.md"))


def test_a_plan_to_a_content_that_never_was_is_refused(lever):
    with pytest.raises(TargetError, match="no prompts/system.md at 0123456789ab"):
        lever.target().execute(Plan(lever.before, "0123456789ab", "", ""), "rollback-1-aa")


def test_a_symbolic_link_is_no_configuration_file(lever):
    (lever.work / "link").symlink_to("/etc/passwd")
    lever.push("A link")
    with pytest.raises(TargetError, match="no plain file link"):
        lever.target(file="link").current()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"file": "/etc/passwd"}, "plain path"),
        ({"file": "../x"}, "plain path"),
        ({"file": "a/../../x"}, "plain path"),
        ({"file": ".git/config"}, "plain path"),
        ({"branch": "--upload-pack=x"}, "no name of a branch"),
        ({"branch": "a..b"}, "no name of a branch"),
        ({"by": "telepathy"}, "by must be commit or pull_request"),
        ({"author_email": "nobody"}, "author_email is no address"),
    ],
)
def test_a_wrong_entry_is_refused_naming_the_field(lever, changes, words):
    with pytest.raises(TargetError, match=words):
        lever.target(**changes)


@pytest.mark.parametrize(
    "repository",
    [
        "ext::sh -c touch% /x",
        "--upload-pack=touch x",
        "git@github.com:a/b.git",
        "file:///etc",
        "git://example.com/x",
        "http://169.254.169.254/x.git",
        "https://127.0.0.1/x.git",
        "ssh://-oProxyCommand=x@example.com/x",
        "ssh://git@-oProxyCommand=x/x",
        "ssh://git@127.0.0.1/x",
        "/nowhere/at/all.git",
    ],
)
def test_a_repository_that_leads_elsewhere_is_refused(lever, repository):
    with pytest.raises(TargetError):
        lever.target(repository=repository).current()


def test_a_branch_that_does_not_exist_is_named(lever):
    with pytest.raises(TargetError, match="no branch nowhere"):
        lever.target(branch="nowhere").current()


def test_a_version_name_cannot_be_an_option(lever, tmp_path):
    with pytest.raises(TargetError, match="neither a tag nor a commit"):
        planned(lever.target(to=f"--output={tmp_path}/written"))
    assert not (tmp_path / "written").exists()


class HostedGit:
    """`git http-backend` behind the token, with pull requests: what a forge is to us."""

    def __init__(self, serve: Callable[[Any], Any], bare: Path, token: str) -> None:
        self.bare, self.token = bare, token
        self.pulls: list[dict[str, Any]] = []
        git(bare, "config", "http.receivepack", "true")
        self.served = serve(
            Starlette(
                routes=[
                    Route("/repos/shop/config/pulls", self._list),
                    Route("/repos/shop/config/pulls", self._open, methods=["POST"]),
                    Route("/{path:path}", self._git, methods=["GET", "POST"]),
                ]
            )
        )

    async def _git(self, request: Request) -> Response:
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return Response("no", 401)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.bare.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": request.url.path,
            "QUERY_STRING": request.url.query,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "HTTP_GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "REMOTE_USER": "rai-incident",
        }
        done = subprocess.run(
            ["git", "http-backend"], env=environment, input=await request.body(), capture_output=True, check=False
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        return Response(body, status, headers)

    async def _list(self, request: Request) -> JSONResponse:
        assert request.headers["authorization"] == f"Bearer {self.token}"
        head = request.query_params["head"].removeprefix("shop:")
        return JSONResponse([pull for pull in self.pulls if pull["head"] == head])

    async def _open(self, request: Request) -> JSONResponse:
        asked = await request.json()
        git(self.bare, "rev-parse", "--verify", f"refs/heads/{asked['head']}")
        pull = {**asked, "state": "open", "merged_at": None, "html_url": "https://example.invalid/pull/5"}
        self.pulls.append(pull)
        return JSONResponse(pull, 201)

    def merge(self) -> None:
        (pull,) = self.pulls
        git(self.bare, "update-ref", "refs/heads/main", f"refs/heads/{pull['head']}")
        pull["merged_at"], pull["state"] = "2026-01-01T00:00:00Z", "closed"


@pytest.fixture
def hosted(serve: Any, lever: Repositories, token: str) -> HostedGit:
    return HostedGit(serve, lever.bare, token)


def _over_http(hosted: HostedGit) -> dict[str, Any]:
    return {"repository": f"{hosted.served.url}/config.git", "allow_private": True, "token_env": "LEVER_TOKEN"}


def _by_pull_request(hosted: HostedGit) -> dict[str, Any]:
    return {**_over_http(hosted), "by": "pull_request", "github": "shop/config", "url": hosted.served.url}


def test_over_http_with_a_token_that_no_process_list_shows(lever, hosted, token, monkeypatch):
    seen: list[str] = []
    run = subprocess.run

    def listed(command, **named):
        seen.extend(command)
        return run(command, **named)

    monkeypatch.setattr(subprocess, "run", listed)
    target = lever.target(**_over_http(hosted))
    plan = planned(target)
    assert target.execute(plan, "rollback-1-aa") == Outcome(changed=True, seen=lever.after)
    assert target.verify(plan).ok
    assert seen
    assert token not in " ".join(seen)


def test_a_wrong_token_over_http_is_refused_and_not_shown(lever, hosted, monkeypatch):
    monkeypatch.setenv("LEVER_TOKEN", "tok-wrong-0815")
    with pytest.raises(OutsideServiceError, match="cannot be read") as caught:
        lever.target(**_over_http(hosted)).current()
    assert "0815" not in str(caught.value)


def test_a_pull_request_is_opened_once_and_verified_when_it_is_merged(lever, hosted):
    target = lever.target(**_by_pull_request(hosted))
    plan = planned(target)
    assert "pull request" in plan.dry_run
    first = target.execute(plan, "rollback-1-aa")
    again = target.execute(plan, "rollback-1-aa")
    assert (first.changed, again.changed) == (True, False)
    assert "waits to be merged: https://example.invalid/pull/5" in first.seen
    assert len(hosted.pulls) == 1
    assert "Rai-Incident-Key: rollback-1-aa" in hosted.pulls[0]["body"]
    assert not target.verify(plan).ok
    hosted.merge()
    assert target.verify(plan).ok
    assert target.execute(plan, "rollback-1-aa") == Outcome(changed=False, seen=lever.after)


def test_a_pull_request_whose_answer_is_lost_is_found_by_its_branch(lever, hosted):
    target = lever.target(**_by_pull_request(hosted))
    plan = planned(target)
    opened = hosted._open

    async def lost(request):
        await opened(request)
        return JSONResponse({}, 502)

    hosted.served.app.router.routes[1] = Route("/repos/shop/config/pulls", lost, methods=["POST"])
    with pytest.raises(OutsideServiceError) as caught:
        target.execute(plan, "rollback-1-aa")
    assert caught.value.maybe_done
    assert not target.execute(plan, "rollback-1-aa").changed
    assert len(hosted.pulls) == 1


def test_killed_between_push_and_request_the_branch_is_used_again(lever, hosted):
    target = lever.target(**_by_pull_request(hosted))
    plan = planned(target)
    hosted.served.app.router.routes.insert(
        0, Route("/repos/shop/config/pulls", lambda _: JSONResponse({}, 503), methods=["POST"])
    )
    with pytest.raises(OutsideServiceError):
        target.execute(plan, "rollback-1-aa")
    assert git(lever.bare, "rev-parse", "--verify", "refs/heads/rai-incident/rollback-1-aa")
    hosted.served.app.router.routes.pop(0)
    assert target.execute(plan, "rollback-1-aa").changed
    assert len(hosted.pulls) == 1


def test_a_pull_request_that_people_closed_is_not_opened_again(lever, hosted):
    target = lever.target(**_by_pull_request(hosted))
    plan = planned(target)
    target.execute(plan, "rollback-1-aa")
    hosted.pulls[0]["state"] = "closed"
    with pytest.raises(TargetError, match="closed without merging"):
        target.execute(plan, "rollback-1-aa")
