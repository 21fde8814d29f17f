"""A GitLab pipeline that rolls back, started through the API with variables.

The pipeline's `workflow: name` must be `rai-incident $RAI_INCIDENT_KEY`, by which a pipeline is found again. It gets
`RAI_INCIDENT_KEY`, `RAI_INCIDENT_FROM` and `RAI_INCIDENT_TO`. REST API: https://docs.gitlab.com/api/pipelines/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from integrations.rollback.base import Fields, TargetError
from integrations.rollback.pipeline import Order, Pipeline, Run, keyed
from integrations.rollback.remote import Remote

DEFAULT_URL = "https://gitlab.com"
PIPELINES_READ = 100
FAILED = ("failed", "canceled", "skipped")


def from_entry(entry: Mapping[str, Any]) -> Pipeline:
    """From `token_env`, `project` (its path or number), `ref`, and what every pipeline needs."""
    fields = Fields(entry)
    project = Project(
        remote=Remote.of("GitLab", fields, lambda token: {"Authorization": f"Bearer {token}"}, default=DEFAULT_URL),
        project=fields.text("project"),
        ref=fields.text("ref"),
    )
    return Pipeline.of(fields, "gitlab", project)


@dataclass(frozen=True)
class Project:
    """The pipelines of one project on one ref."""

    remote: Remote
    project: str
    ref: str

    @property
    def service(self) -> str:
        """As people know it."""
        return self.remote.service

    @property
    def name(self) -> str:
        """The project and ref."""
        return f"the pipeline of {self.project} on {self.ref}"

    def evidence(self) -> dict[str, Any]:
        """The branch that the pipeline would run on. Raises TargetError where there is none."""
        found = self.remote.find(f"{self._path()}/repository/commits/{quote(self.ref, '')}")
        if not isinstance(found, dict):
            raise TargetError(f"GitLab has no {self.ref} in the project {self.project}.")
        return {"project": self.project, "ref": self.ref, "commit": found.get("id"), "title": found.get("title")}

    def find(self, key: str) -> Run | None:
        """By the pipeline's name."""
        found = self.remote.read(
            f"{self._path()}/pipelines", ref=self.ref, name=f"rai-incident {key}", per_page=PIPELINES_READ
        )
        for pipeline in found:
            if keyed(pipeline, key):
                return _run(pipeline)
        return None

    def start(self, order: Order) -> Run | None:
        """Create a pipeline. GitLab answers when it exists."""
        values = {
            "RAI_INCIDENT_KEY": order.key,
            "RAI_INCIDENT_FROM": order.before,
            "RAI_INCIDENT_TO": order.after,
        }
        variables = [{"key": name, "value": value} for name, value in values.items()]
        return _run(self.remote.write("POST", f"{self._path()}/pipeline", {"ref": self.ref, "variables": variables}))

    def look(self, run: Run) -> Run:
        """By its id."""
        return _run(self.remote.read(f"{self._path()}/pipelines/{quote(run.id, '')}"))

    def _path(self) -> str:
        return f"/api/v4/projects/{quote(self.project, '')}"


def _run(found: Mapping[str, Any]) -> Run:
    status, url = str(found["status"]), str(found.get("web_url", ""))
    if status == "success":
        return Run(str(found["id"]), "succeeded", status, url)
    return Run(str(found["id"]), "failed" if status in FAILED else "going", status, url)
