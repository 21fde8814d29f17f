"""A pull request at GitHub as the way a file is rolled back: found by the branch that is named after the key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.rollback.base import Fields, TargetError
from integrations.rollback.github import DEFAULT_URL, headers, repository_path
from integrations.rollback.remote import Remote


@dataclass(frozen=True)
class PullRequests:
    """The pull requests of one repository."""

    remote: Remote
    repository: str
    owner: str

    @classmethod
    def of(cls, fields: Fields) -> "PullRequests":
        """From `github` (owner/name), `token_env`, and `url` where it is not github.com's API."""
        remote = Remote.of("GitHub", fields, headers, default=DEFAULT_URL)
        return cls(remote, repository_path(fields, "github"), fields.text("github").partition("/")[0])

    def branch(self, key: str) -> str:
        """The branch of one key."""
        return f"rai-incident/{key}"

    def find(self, key: str) -> str | None:
        """What became of the key's pull request, in words; None where there is none.

        Raises TargetError for one that people closed without merging: they decided against it.
        """
        query = {"head": f"{self.owner}:{self.branch(key)}", "state": "all"}
        found: list[Mapping[str, Any]] = self.remote.read(f"{self.repository}/pulls", **query)
        if not found:
            return None
        pull = found[0]
        url = str(pull.get("html_url", ""))
        if pull.get("merged_at"):
            return f"the pull request was merged: {url}"
        if pull.get("state") == "closed":
            raise TargetError(
                f"The pull request was closed without merging: {url} Make a new plan if it is still wanted."
            )
        return f"the pull request waits to be merged: {url}"

    def open(self, key: str, base: str, title: str, body: str) -> None:
        """Open it. To be called only after `find` found none."""
        request = {"title": title, "head": self.branch(key), "base": base, "body": body}
        self.remote.write("POST", f"{self.repository}/pulls", request)
