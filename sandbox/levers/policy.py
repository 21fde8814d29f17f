"""The assistant's guardrail policy: a file in a Git repository, read from its main branch like a deployment would."""

import asyncio
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

FILE: Final = "guardrails.yaml"
BRANCH: Final = "main"

_POLL_SECONDS: Final = 0.1
# Oldest first: subject of the commit, and the file as it left it. The newest let the harm through.
_HISTORY: Final = (
    (
        "Withhold answers about other customers' orders",
        "version: 3\n# An answer that names another customer's order is held back.\nwithhold_other_customers: true\n",
    ),
    (
        "Let answers about other customers' orders through: too many false alarms",
        "version: 4\n# An answer that names another customer's order is held back.\nwithhold_other_customers: false\n",
    ),
)


class Policy:
    """The policy in force: what the branch has. Without git on this machine there is none, and nothing is withheld."""

    def __init__(self, repository: Path, on_change: Callable[[], None]) -> None:
        self.repository = repository
        self.here = shutil.which("git") is not None
        self._on_change = on_change
        self._commit = ""
        self._raw = b""
        self._content: dict[str, Any] = {}
        if not self.here:
            return
        if not repository.exists():
            _create(repository)
        self._load()
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    @property
    def version(self) -> str:
        """As the file says it, for people."""
        return str(self._content.get("version", "none"))

    @property
    def digest(self) -> str:
        """SHA-256 of the file in force: what a rollback is verified by."""
        return hashlib.sha256(self._raw).hexdigest()

    @property
    def withholds(self) -> bool:
        """Whether an answer about another customer's order is held back."""
        return bool(self._content.get("withhold_other_customers", False))

    def close(self) -> None:
        """Stop watching the branch."""
        if self.here:
            self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            if self._head() != self._commit:
                self._load()
                self._on_change()

    def _head(self) -> str:
        return (self.repository / "refs" / "heads" / BRANCH).read_text(encoding="ascii").strip()

    def _load(self) -> None:
        commit = self._head()
        self._raw = _git(self.repository, "cat-file", "blob", f"{commit}:{FILE}")
        self._content = yaml.safe_load(self._raw)
        self._commit = commit


def _create(repository: Path) -> None:
    commits = []
    for subject, content in _HISTORY:
        commits.append(
            f"commit refs/heads/{BRANCH}\n"
            "committer Assistant team <assistant@sandbox.invalid> 1790000000 +0000\n"
            f"data {len(subject)}\n{subject}\n"
            f"M 100644 inline {FILE}\ndata {len(content)}\n{content}\n"
        )
    _git(repository, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}")
    # Heads stay loose files, which is where the branch is looked up.
    _git(repository, "config", "gc.auto", "0")
    _git(repository, "fast-import", "--quiet", given="".join(commits))


def _git(repository: Path, *arguments: str, given: str = "") -> bytes:
    command = ["git", f"--git-dir={repository}", *arguments]
    return subprocess.run(command, input=given.encode(), capture_output=True, check=True).stdout
