"""A flag of an Unleash server, on or off in one environment.

Unleash writes each change of a flag together with the tags that the flag has at that moment. So the key goes onto the
flag as a tag first, and a change in the event log that carries it says that this key's change was made.
On and off are all the states there are: switching off what is off changes nothing, so the read before the write is
enough as a compare-and-set. Admin API as served by Unleash 7.5 (`/docs/openapi` of a running server).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

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
from integrations.rollback.evidence import digest
from integrations.rollback.remote import Remote
from integrations.rollback.running import Running, confirm, wait_until_seen

# Server-side SDKs poll every 15 seconds unless told otherwise.
VERIFY_SECONDS = 30.0
TAG_TYPE = "simple"  # exists in every Unleash
EVENTS = "feature-environment-enabled,feature-environment-disabled"
EVENTS_READ = 100


@dataclass(frozen=True)
class UnleashFlag(TwoWay):
    """One flag in one environment."""

    id: str
    title: str
    remote: Remote
    project: str
    flag: str
    environment: str
    to: str
    running: Running | None

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "UnleashFlag":
        """From `url`, `token_env`, `flag`, `environment`, `to` (on or off), and `project` (default: default)."""
        fields = Fields(entry)
        to = fields.text("to")
        if to not in ("on", "off"):
            raise TargetError(f"Rollback target {fields.text('id')}: to must be on or off, not {to}.")
        return cls(
            id=fields.text("id"),
            title=fields.optional("title") or fields.text("id"),
            remote=Remote.of("Unleash", fields, lambda token: {"Authorization": token}),
            project=fields.optional("project") or "default",
            flag=fields.text("flag"),
            environment=fields.text("environment"),
            to=to,
            running=Running.of(fields),
        )

    def describe(self) -> Description:
        """Which flag, and where it would go."""
        return Description(self.title, "unleash", f"Turns the flag {self.flag} {self.to} in {self.environment}.")

    def current(self) -> str:
        """`on` or `off`, as Unleash says now."""
        return "on" if self._read()["enabled"] else "off"

    def snapshot(self) -> Snapshot:
        """The flag in this environment with its strategies, and what the system says it runs."""
        flag = self._read()
        values: dict[str, Any] = {"flag": self.flag, "environment": self.environment, "definition": flag}
        if self.running is not None:
            values["service"] = self.running.answer()
        return Snapshot(values, {f"unleash/{self.flag}/{self.environment}": digest(flag)})

    def plan(self, snapshot: Snapshot) -> Plan:
        """From the state in the snapshot to the configured one."""
        definition = snapshot.values["definition"]
        before = "on" if definition["enabled"] else "off"
        if before == self.to:
            raise TargetError(
                f"The flag {self.flag} is {self.to} in {self.environment} already; this rollback would change nothing."
            )
        strategies = len(definition.get("strategies") or [])
        words = "1 strategy" if strategies == 1 else f"{strategies} strategies"
        return Plan(
            from_=before,
            to=self.to,
            blast_radius=f"Everyone whom the flag {self.flag} serves in {self.environment}: it has {words} there.",
            dry_run=f"Would turn {self.flag} from {before} to {self.to} in {self.environment}. It was found there.",
        )

    def verify(self, plan: Plan) -> Verification:
        """Unleash must say `plan.to`, and the system itself where it can be asked."""
        return wait_until_seen(lambda: self._look(plan.to), VERIFY_SECONDS)

    def _look(self, expected: str) -> Verification:
        seen = self.current()
        lever = Verification(seen == expected, f"Unleash says {self.flag} is {seen} in {self.environment}")
        return confirm(lever, self.running, expected)

    def _change(self, before: str, after: str, key: str) -> Outcome | Drifted:
        if self._made(key):
            return Outcome(changed=False, seen=self.current())
        seen = self.current()
        if seen != before:
            return Drifted(before, seen, already=seen == after)
        self.remote.write("POST", f"/api/admin/features/{quote(self.flag, '')}/tags", {"type": TAG_TYPE, "value": key})
        self.remote.write("POST", f"{self._path()}/{after}", {})
        return Outcome(changed=True, seen=after)

    def _made(self, key: str) -> bool:
        """Whether the event log has a change of this flag in this environment that carries the key."""
        found = self.remote.read(
            "/api/admin/search/events",
            feature=f"IS:{self.flag}",
            type=f"IS_ANY_OF:{EVENTS}",
            limit=EVENTS_READ,
        )
        return any(
            event.get("environment") == self.environment
            and any(tag.get("type") == TAG_TYPE and tag.get("value") == key for tag in event.get("tags") or [])
            for event in found["events"]
        )

    def _read(self) -> dict[str, Any]:
        found = self.remote.find(self._path())
        if not isinstance(found, dict) or "enabled" not in found:
            raise TargetError(f"Unleash has no flag {self.flag} in {self.project}, environment {self.environment}.")
        return found

    def _path(self) -> str:
        project, flag, environment = (quote(part, "") for part in (self.project, self.flag, self.environment))
        return f"/api/admin/projects/{project}/features/{flag}/environments/{environment}"
