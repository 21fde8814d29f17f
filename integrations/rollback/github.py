"""A GitHub Actions workflow that rolls back, started by `workflow_dispatch`.

The workflow's `run-name` must hold the input `key`, by which a run is found again. Its inputs are `key`, `from` and
`to`. REST API: https://docs.github.com/rest/actions/workflows, /rest/actions/workflow-runs
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from integrations.rollback.base import Fields, TargetError
from integrations.rollback.pipeline import Order, Pipeline, Run, keyed
from integrations.rollback.remote import Remote

DEFAULT_URL = "https://api.github.com"
RUNS_READ = 100


def headers(token: str) -> dict[str, str]:
    """Of every request to GitHub."""
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "rai-incident",
    }


def repository_path(fields: Fields, name: str) -> str:
    """The path of the repository in field `name`, given as owner/name."""
    owner, slash, repository = fields.text(name).partition("/")
    if not slash or not owner or not repository or "/" in repository or {owner, repository} & {".", ".."}:
        raise TargetError(f"Rollback target {fields.text('id')}: {name} must be owner/name.")
    return f"/repos/{quote(owner, '')}/{quote(repository, '')}"


def from_entry(entry: Mapping[str, Any]) -> Pipeline:
    """From `token_env`, `repository` (owner/name), `workflow` (its file), `ref`, and what every pipeline needs."""
    fields = Fields(entry)
    workflow = Workflow(
        remote=Remote.of("GitHub", fields, headers, default=DEFAULT_URL),
        repository=repository_path(fields, "repository"),
        workflow=fields.text("workflow"),
        ref=fields.text("ref"),
    )
    return Pipeline.of(fields, "github", workflow)


@dataclass(frozen=True)
class Workflow:
    """One workflow file on one ref."""

    remote: Remote
    repository: str
    workflow: str
    ref: str

    @property
    def service(self) -> str:
        """As people know it."""
        return self.remote.service

    @property
    def name(self) -> str:
        """The workflow's file and ref."""
        return f"the workflow {self.workflow} on {self.ref}"

    def evidence(self) -> dict[str, Any]:
        """The workflow as GitHub has it. Raises TargetError for a missing or disabled one."""
        found = self.remote.find(self._path())
        if not isinstance(found, dict):
            raise TargetError(f"GitHub has no workflow {self.workflow} in {self.repository.removeprefix('/repos/')}.")
        if found.get("state") != "active":
            raise TargetError(f"The workflow {self.workflow} is {found.get('state')}, so it cannot be started.")
        return {name: found.get(name) for name in ("id", "name", "path", "state", "updated_at")} | {"ref": self.ref}

    def find(self, key: str) -> Run | None:
        """Among the newest runs that were started by hand or API."""
        found = self.remote.read(f"{self._path()}/runs", event="workflow_dispatch", per_page=RUNS_READ)
        for run in found["workflow_runs"]:
            if keyed(run, key):
                return _run(run)
        return None

    def start(self, order: Order) -> Run | None:
        """Ask for a run, and for its id, which GitHub tells since February 2026."""
        inputs = {"key": order.key, "from": order.before, "to": order.after}
        body = {"ref": self.ref, "inputs": inputs, "return_run_details": True}
        answer = self.remote.write("POST", f"{self._path()}/dispatches", body)
        if not isinstance(answer, dict) or "workflow_run_id" not in answer:
            return None
        return Run(str(answer["workflow_run_id"]), "going", "queued", str(answer.get("html_url", "")))

    def look(self, run: Run) -> Run:
        """By its id."""
        return _run(self.remote.read(f"{self.repository}/actions/runs/{quote(run.id, '')}"))

    def _path(self) -> str:
        return f"{self.repository}/actions/workflows/{quote(self.workflow, '')}"


def _run(found: Mapping[str, Any]) -> Run:
    status, conclusion, url = str(found["status"]), found.get("conclusion"), str(found.get("html_url", ""))
    if status != "completed":
        return Run(str(found["id"]), "going", status, url)
    return Run(str(found["id"]), "succeeded" if conclusion == "success" else "failed", str(conclusion), url)
