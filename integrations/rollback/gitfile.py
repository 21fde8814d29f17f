"""A configuration file in a Git repository: a prompt, a guardrail policy, tool permissions, the alias of an index.

Rolled back by a commit that brings an earlier content of this one file back, on the branch itself or in a pull
request. Values are the first characters of Git's id of the content, so the same content is the same value wherever it
came from. The key is a trailer of the commit, so the change and its mark are one; a push that does not follow the
branch is refused by Git, which is the compare-and-set.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from integrations.errors import OutsideServiceError
from integrations.rollback.base import (
    Description,
    Drifted,
    Fields,
    Outcome,
    Plan,
    Snapshot,
    TargetError,
    TwoWay,
    Verification,
)
from integrations.rollback.git import SERVICE, Clone, Repository
from integrations.rollback.pullrequest import PullRequests
from integrations.rollback.running import Running, confirm, wait_until_seen

TRAILER = "Rai-Incident-Key"
SHOWN = 12  # characters of a content's id
VERSIONS_READ = 200
TRIES = 5
VERIFY_SECONDS = 60.0


@dataclass(frozen=True)
class Version:
    """One content of the file, and the commit that brought it last."""

    commit: str
    at: str
    subject: str
    mode: str
    blob: str

    @property
    def value(self) -> str:
        """As plans write it."""
        return self.blob[:SHOWN]


@dataclass(frozen=True)
class ConfigurationFile(TwoWay):
    """One file on one branch. `pulls` is set where changes go through pull requests."""

    id: str
    title: str
    repository: Repository
    file: str
    to: str
    pulls: PullRequests | None
    running: Running | None

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "ConfigurationFile":
        """From what `Repository` needs, `file`, `to` (default: previous), and `by` (commit or pull_request)."""
        fields = Fields(entry)
        by = fields.optional("by") or "commit"
        if by not in ("commit", "pull_request"):
            raise TargetError(f"Rollback target {fields.text('id')}: by must be commit or pull_request, not {by}.")
        return cls(
            id=fields.text("id"),
            title=fields.optional("title") or fields.text("id"),
            repository=Repository.of(fields),
            file=_path(fields),
            to=fields.optional("to") or "previous",
            pulls=PullRequests.of(fields) if by == "pull_request" else None,
            running=Running.of(fields),
        )

    def describe(self) -> Description:
        """Which file, and where it would go."""
        how = "by a pull request" if self.pulls else "by a commit"
        what = "its previous content" if self.to == "previous" else f"its content at {self.to}"
        return Description(
            self.title, "gitfile", f"Puts {self.file} on {self.repository.branch} back to {what}, {how}."
        )

    def current(self) -> str:
        """The id of the file's content on the branch now."""
        with self.repository.cloned() as clone:
            return self._now(clone, clone.head()).value

    def snapshot(self) -> Snapshot:
        """The commits and ids of the content in force and the one to go to, with hashes; contents stay in Git."""
        with self.repository.cloned() as clone:
            head = clone.head()
            now, to = self._now(clone, head), self._wanted(clone, head)
            hashes = {
                f"{self.file}@{version.value}": hashlib.sha256(clone.content(version.blob)).hexdigest()
                for version in (now, to)
            }
        values: dict[str, Any] = {
            "branch": self.repository.branch,
            "head": head,
            "file": self.file,
            "in_force": vars(now),
            "to": vars(to),
        }
        if self.running is not None:
            values["service"] = self.running.answer()
        return Snapshot(values, hashes)

    def plan(self, snapshot: Snapshot) -> Plan:
        """From the content in the snapshot to the earlier one."""
        now, to = Version(**snapshot.values["in_force"]), Version(**snapshot.values["to"])
        if now.value == to.value:
            raise TargetError(f"{self.file} has this content already; this rollback would change nothing.")
        how = "open a pull request with" if self.pulls else "push"
        return Plan(
            from_=now.value,
            to=to.value,
            blast_radius=f"Everything that reads {self.file} from {self.repository.branch}. No other file changes.",
            dry_run=(
                f"Would {how} one commit on {self.repository.branch} that brings {self.file} back to what it was in "
                f"{to.commit[:SHOWN]} of {to.at} ({to.subject[:80]!r}). "
                f"In force is {now.commit[:SHOWN]} of {now.at} ({now.subject[:80]!r})."
            ),
        )

    def verify(self, plan: Plan) -> Verification:
        """The branch must have the content, and the system must say its SHA-256 where it can be asked."""
        with self.repository.cloned() as clone:
            now = self._now(clone, clone.head())
            content = hashlib.sha256(clone.content(now.blob)).hexdigest()
        lever = Verification(
            now.value == plan.to, f"{self.repository.branch} has {self.file} at {now.value} ({now.commit[:SHOWN]})"
        )
        if not lever.ok:
            return lever
        return wait_until_seen(lambda: confirm(lever, self.running, content), VERIFY_SECONDS)

    def _change(self, before: str, after: str, key: str) -> Outcome | Drifted:
        for _ in range(TRIES):
            with self.repository.cloned() as clone:
                head = clone.head()
                now = self._now(clone, head)
                if _made(clone, head, key):
                    return Outcome(changed=False, seen=now.value)
                if now.value != before:
                    return Drifted(before, now.value, already=now.value == after)
                if self.pulls is not None and (opened := self.pulls.find(key)) is not None:
                    return Outcome(changed=False, seen=opened)
                version = self._version(clone, head, after)
                commit = clone.commit(head, self.file, version.mode, version.blob, self._message(version, key))
                if self.pulls is not None:
                    self._propose(self.pulls, clone, commit, version, key)
                    return Outcome(changed=True, seen=self.pulls.find(key) or "the pull request is open")
                if clone.push(commit, self.repository.branch):
                    return Outcome(changed=True, seen=after)
        raise OutsideServiceError(SERVICE, f"{self.repository.branch} moves all the time. Nothing was changed.")

    def _propose(self, pulls: PullRequests, clone: Clone, commit: str, version: Version, key: str) -> None:
        """A branch of the key's own that is there already was pushed by an earlier run of ours."""
        branch = pulls.branch(key)
        clone.push(commit, branch)
        pulls.open(key, self.repository.branch, *self._message(version, key).split("\n\n", 1))

    def _message(self, version: Version, key: str) -> str:
        return (
            f"Roll back {PurePosixPath(self.file).name} to {version.value}\n\n"
            f"Brings {self.file} back to what it was in {version.commit}. Approved in rai-incident.\n\n"
            f"{TRAILER}: {key}\n"
        )

    def _now(self, clone: Clone, head: str) -> Version:
        found = clone.file_at(head, self.file)
        if found is None:
            raise TargetError(f"{self.repository.branch} has no plain file {self.file}.")
        versions = self._history(clone, head)
        newest = versions[0] if versions else Version(head, "", "", *found)
        return Version(newest.commit, newest.at, newest.subject, *found)

    def _wanted(self, clone: Clone, head: str) -> Version:
        """What `to` means now."""
        if self.to == "previous":
            now = self._now(clone, head)
            for version in self._history(clone, head):
                if version.blob != now.blob:
                    return version
            raise TargetError(f"{self.file} has no earlier content on {self.repository.branch}.")
        return self._at(clone, self.to)

    def _version(self, clone: Clone, head: str, value: str) -> Version:
        """The version that a plan names."""
        for version in self._history(clone, head):
            if version.value == value:
                return version
        if self.to != "previous" and (named := self._at(clone, self.to)).value == value:
            return named
        raise TargetError(f"The history of {self.repository.branch} has no {self.file} at {value}.")

    def _at(self, clone: Clone, name: str) -> Version:
        commit = clone.commit_named(name)
        if commit is None:
            raise TargetError(f"The repository has no {name} on {self.repository.branch}, neither a tag nor a commit.")
        at, subject = clone.git("log", "-1", "--format=%cI%x09%s", commit).strip().split("\t", 1)
        found = clone.file_at(commit, self.file)
        if found is None:
            raise TargetError(f"{name} has no plain file {self.file}.")
        return Version(commit, at, subject, *found)

    def _history(self, clone: Clone, head: str) -> list[Version]:
        """The file's contents on the branch, newest first, as the branch had them (merges count as one change)."""
        printed = clone.git(
            *("log", "--first-parent", "-m", "--raw", "--no-abbrev", "--no-renames", f"--max-count={VERSIONS_READ}"),
            *("--format=%x00%H%x09%cI%x09%s", head, "--", self.file),
        )
        versions = []
        for entry in printed.split("\0")[1:]:
            header, _, changes = entry.partition("\n")
            raw = next((line for line in changes.splitlines() if line.startswith(":")), None)
            if raw is None:
                continue
            mode, blob = raw.split()[1], raw.split()[3]
            if mode in ("100644", "100755"):
                commit, at, subject = header.split("\t", 2)
                versions.append(Version(commit, at, subject, mode, blob))
        return versions


def _made(clone: Clone, head: str, key: str) -> bool:
    """Whether a commit of the branch carries the key."""
    found = clone.git(
        *("log", "--fixed-strings", f"--grep={TRAILER}: {key}"),
        *(f"--format=%(trailers:key={TRAILER},valueonly)", head),
    )
    return key in found.split()


def _path(fields: Fields) -> str:
    path = fields.text("file")
    pure = PurePosixPath(path)
    if pure.is_absolute() or str(pure) != path or {"..", ".git"} & set(pure.parts) or not path.isprintable():
        raise TargetError(f"Rollback target {fields.text('id')}: file must be a plain path inside the repository.")
    return path
