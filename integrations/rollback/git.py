"""Git as a command, kept to one repository: no hooks, no foreign configuration, no prompts, no redirects.

The work happens in a bare clone in a folder that is deleted afterwards; no file of the repository is ever checked out.
"""

import base64
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from integrations.errors import OutsideServiceError
from integrations.rollback.addresses import Place, locate
from integrations.rollback.base import Fields, TargetError
from integrations.rollback.remote import allows_private, ca_file, refuse_secrets, secret

SERVICE = "Git"
SECONDS = 120.0
_EMAIL = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


class GitFailed(Exception):
    """A git command said no. Holds what it printed, on one line and without secrets."""

    @property
    def brief(self) -> str:
        """Its words as an error may show them."""
        return str(self)[:300]


@dataclass(frozen=True)
class Repository:
    """A repository and one branch of it, as the operator configured them."""

    url: str
    branch: str
    author: str
    allow_private: bool
    ca: Path | None
    token: str | None = field(repr=False)

    @classmethod
    def of(cls, fields: Fields) -> "Repository":
        """From `repository` (https://, ssh:// or a folder), `branch`, `author_email`, and `token_env` for https."""
        refuse_secrets(fields)
        token = secret(fields, "token_env") if fields.optional("token_env") else None
        branch = fields.text("branch")
        if branch.startswith("-") or re.search(r"[\s~^:?*\[\\]|\.\.|@\{|//|\.lock$|/$|\.$", branch):
            raise TargetError(f"Rollback target {fields.text('id')}: {branch} is no name of a branch.")
        author = fields.optional("author_email") or "rai-incident@example.com"
        if not _EMAIL.fullmatch(author):
            raise TargetError(f"Rollback target {fields.text('id')}: author_email is no address.")
        return cls(fields.text("repository"), branch, author, allows_private(fields), ca_file(fields), token)

    @contextmanager
    def cloned(self) -> Iterator["Clone"]:
        """The branch as it is now, without the contents of files, for as long as the block runs."""
        place, scheme = self._place()
        with tempfile.TemporaryDirectory(prefix="rai-git-") as folder:
            clone = Clone(Path(folder), self, self._environment(place, scheme, Path(folder)))
            origin = f"file://{self.url}" if scheme == "file" else self.url
            try:
                clone.git(
                    *("clone", "--quiet", "--bare", "--single-branch", "--filter=blob:none", "--template="),
                    *("--branch", self.branch, "--", origin, "bare.git"),
                    inside=False,
                )
            except GitFailed as error:
                if "not found in upstream" in str(error):
                    raise TargetError(f"The repository has no branch {self.branch}.") from None
                raise OutsideServiceError(SERVICE, f"the repository cannot be read: {error.brief}") from None
            yield clone

    def _place(self) -> tuple[Place | None, str]:
        if Path(self.url).is_absolute():
            if not Path(self.url).is_dir():
                raise TargetError(f"There is no repository in {self.url}.")
            return None, "file"
        parts = urlsplit(self.url)
        if parts.scheme == "ssh":
            user, at, rest = parts.netloc.rpartition("@")
            if at and not _USER.fullmatch(user):
                raise TargetError("The user name in the repository's address is none.")
            # Who answers is proved by its host key, so the name is checked and not pinned.
            locate(f"ssh://{rest}{parts.path}", allow_private=self.allow_private, schemes=("ssh",))
            return None, "ssh"
        place = locate(self.url, allow_private=self.allow_private)
        return place, place.scheme

    def _environment(self, place: Place | None, scheme: str, folder: Path) -> dict[str, str]:
        """Settings travel in the environment, where other people's process lists do not show them."""
        settings = [
            ("protocol.allow", "never"),
            (f"protocol.{scheme}.allow", "always"),
            ("http.followRedirects", "false"),
            ("http.proxy", ""),
            ("credential.helper", ""),
            ("core.hooksPath", os.devnull),
            ("core.fsmonitor", "false"),
            ("advice.pushUpdateRejected", "false"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
        ]
        if place is not None:
            address = f"[{place.address}]" if place.address.version == 6 else str(place.address)
            settings.append(("http.curloptResolve", f"{place.host}:{place.port}:{address}"))
        if self.ca is not None:
            settings.append(("http.sslCAInfo", str(self.ca)))
        if self.token is not None:
            basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
            settings.append(("http.extraHeader", f"Authorization: Basic {basic}"))
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            # ssh needs its keys and known hosts; nothing else may read the user's configuration.
            "HOME": os.environ.get("HOME", str(folder)) if scheme == "ssh" else str(folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes",
            "GIT_CONFIG_COUNT": str(len(settings)),
            **{
                f"GIT_{role}_{what}": value
                for role in ("AUTHOR", "COMMITTER")
                for what, value in (("NAME", "rai-incident"), ("EMAIL", self.author))
            },
        }
        if scheme == "ssh" and "SSH_AUTH_SOCK" in os.environ:
            environment["SSH_AUTH_SOCK"] = os.environ["SSH_AUTH_SOCK"]
        for number, (name, value) in enumerate(settings):
            environment[f"GIT_CONFIG_KEY_{number}"] = name
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        return environment


@dataclass(frozen=True)
class Clone:
    """A bare clone of one branch in a temporary folder."""

    folder: Path
    repository: Repository
    environment: dict[str, str] = field(repr=False)

    def git(self, *arguments: str, given: str | None = None, inside: bool = True, index: str | None = None) -> str:
        """Run git and answer with what it printed. Raises GitFailed, or OutsideServiceError when it takes too long."""
        return self._run(arguments, given, inside, {} if index is None else {"GIT_INDEX_FILE": index}).decode(
            errors="replace"
        )

    def _run(self, arguments: Sequence[str], given: str | None, inside: bool, variables: Mapping[str, str]) -> bytes:
        command = ["git", *(["--git-dir=bare.git"] if inside else []), *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={**self.environment, **variables},
                input=(given or "").encode(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise TargetError("The command git is not installed where the bot runs.") from None
        except subprocess.TimeoutExpired:
            raise OutsideServiceError(SERVICE, "it did not finish in time.", maybe_done=True) from None
        if done.returncode:
            raise GitFailed(self._shown((done.stdout + b" " + done.stderr).decode(errors="replace")))
        return done.stdout

    def head(self) -> str:
        """The commit that the branch is at."""
        return self.git("rev-parse", "--verify", f"refs/heads/{self.repository.branch}").strip()

    def commit_named(self, name: str) -> str | None:
        """The commit that a name, a tag or an id means; None where there is none."""
        try:
            return self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
        except GitFailed:
            return None

    def file_at(self, commit: str, path: str) -> tuple[str, str] | None:
        """Mode and blob id of a file in a commit; None where it is absent or no plain file."""
        listed = self.git("ls-tree", "-z", "--full-tree", commit, "--", path).rstrip("\0")
        if not listed or "\0" in listed:
            return None
        mode, kind, blob = listed.partition("\t")[0].split()
        return (mode, blob) if kind == "blob" and mode in ("100644", "100755") else None

    def content(self, blob: str) -> bytes:
        """A file's bytes, fetched from the repository now."""
        return self._run(("cat-file", "blob", blob), None, True, {})

    def commit(self, head: str, path: str, mode: str, blob: str, message: str) -> str:
        """Make a commit on top of `head` in which only this file differs; its id. Nothing is sent."""
        index = str(self.folder / "index")
        self.git("read-tree", head, index=index)
        self.git("update-index", "--cacheinfo", f"{mode},{blob},{path}", index=index)
        tree = self.git("write-tree", index=index).strip()
        return self.git("commit-tree", tree, "-p", head, given=message).strip()

    def push(self, commit: str, branch: str) -> bool:
        """Send a commit to a branch. False when the branch has moved, so that the commit does not follow it.

        Also False when the very same commit is there already: another run of ours made it in the same second.
        """
        try:
            printed = self.git("push", "--porcelain", "origin", f"{commit}:refs/heads/{branch}")
        except GitFailed as error:
            words = str(error)
            if "[rejected]" in words or "cannot lock ref" in words:
                return False
            refused = "[remote rejected]" in words or "denied" in words.lower()
            raise OutsideServiceError(
                SERVICE, f"the push was not accepted: {error.brief}", maybe_done=not refused, permanent=refused
            ) from None
        return not any(line.startswith("=") for line in printed.splitlines())

    def _shown(self, printed: str) -> str:
        line = " ".join("".join(one if one.isprintable() else " " for one in printed).split())
        if self.repository.token is not None:
            line = line.replace(self.repository.token, "[redacted]")
        return line or "no reason given."
