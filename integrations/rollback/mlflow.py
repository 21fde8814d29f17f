"""An alias of a model in an MLflow registry: the version that services load as `models:/name@alias`.

MLflow has no compare-and-set and no log of aliases, so the key is a tag of the version that the alias goes to:
`begun` before the alias is moved, `done` after. A run that was cut off in between is recognised by where the alias is.
REST API of MLflow 3: https://mlflow.org/docs/latest/api_reference/rest-api.html
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from integrations.rollback.remote import Remote, allows_private, ca_file, refuse_secrets, secret
from integrations.rollback.running import Running, confirm, wait_until_seen

API = "/api/2.0/mlflow"
TAG = "rai_incident."
BEGUN, DONE = "begun", "done"
VERIFY_SECONDS = 30.0


@dataclass(frozen=True)
class RegistryAlias(TwoWay):
    """One alias of one registered model. Values are version numbers as text."""

    id: str
    title: str
    remote: Remote
    model: str
    alias: str
    to: str
    running: Running | None

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "RegistryAlias":
        """From `url`, `model`, `alias`, `to` (a version), and `token_env`, with `user` for basic authentication."""
        fields = Fields(entry)
        refuse_secrets(fields)
        return cls(
            id=fields.text("id"),
            title=fields.optional("title") or fields.text("id"),
            remote=_remote(fields),
            model=fields.text("model"),
            alias=fields.text("alias"),
            to=fields.text("to"),
            running=Running.of(fields),
        )

    def describe(self) -> Description:
        """Which alias, and where it would point."""
        return Description(self.title, "mlflow", f"Points {self.model}@{self.alias} to version {self.to}.")

    def current(self) -> str:
        """The version that the alias points to now."""
        return str(self._pointed()["version"])

    def snapshot(self) -> Snapshot:
        """The version in force and the one to go to, as the registry describes them, and what the system runs."""
        before, after = self._pointed(), self._version(self.to)
        values: dict[str, Any] = {"model": self.model, "alias": self.alias, "in_force": before, "to": after}
        name = f"mlflow/{self.model}"
        hashes = {
            f"{name}/{before['version']}": digest(before),
            f"{name}/{after['version']}": digest(after),
        }
        if self.running is not None:
            values["service"] = self.running.answer()
        return Snapshot(values, hashes)

    def plan(self, snapshot: Snapshot) -> Plan:
        """From the version in the snapshot to the configured one, which must be ready to serve."""
        before, after = str(snapshot.values["in_force"]["version"]), snapshot.values["to"]
        if before == self.to:
            raise TargetError(
                f"{self.model}@{self.alias} points to version {self.to} already; this rollback would change nothing."
            )
        if after.get("status") not in (None, "READY"):
            raise TargetError(f"Version {self.to} of {self.model} is {after['status']}, so nothing could load it.")
        return Plan(
            from_=before,
            to=self.to,
            blast_radius=f"Every service that loads models:/{self.model}@{self.alias}, when it loads it next.",
            dry_run=f"Would point the alias {self.alias} from version {before} to version {self.to}, which is ready.",
        )

    def verify(self, plan: Plan) -> Verification:
        """The registry must say `plan.to`, and the system itself where it can be asked."""
        return wait_until_seen(lambda: self._look(plan.to), VERIFY_SECONDS)

    def _look(self, expected: str) -> Verification:
        seen = self.current()
        lever = Verification(seen == expected, f"MLflow says {self.model}@{self.alias} is version {seen}")
        return confirm(lever, self.running, expected)

    def _change(self, before: str, after: str, key: str) -> Outcome | Drifted:
        mark = self._mark(after, key)
        seen = self.current()
        if mark == DONE:
            return Outcome(changed=False, seen=seen)
        if mark == BEGUN and seen == after:
            self._set_mark(after, key, DONE)
            return Outcome(changed=False, seen=seen)
        if seen != before:
            return Drifted(before, seen, already=seen == after)
        self._set_mark(after, key, BEGUN)
        self.remote.write(
            "POST",
            f"{API}/registered-models/alias",
            {"name": self.model, "alias": self.alias, "version": after},
        )
        self._set_mark(after, key, DONE)
        return Outcome(changed=True, seen=after)

    def _mark(self, version: str, key: str) -> str | None:
        tags = {tag["key"]: tag["value"] for tag in self._version(version).get("tags") or []}
        return tags.get(TAG + key)

    def _set_mark(self, version: str, key: str, value: str) -> None:
        body = {"name": self.model, "version": version, "key": TAG + key, "value": value}
        self.remote.write("POST", f"{API}/model-versions/set-tag", body)

    def _pointed(self) -> dict[str, Any]:
        return self._found(
            f"the alias {self.alias}", f"{API}/registered-models/alias", name=self.model, alias=self.alias
        )

    def _version(self, version: str) -> dict[str, Any]:
        return self._found(f"a version {version}", f"{API}/model-versions/get", name=self.model, version=version)

    def _found(self, what: str, path: str, **query: str) -> dict[str, Any]:
        # MLflow answers 400 for an alias that a known model does not have, and 404 for what it does not know.
        response = self.remote.send("GET", path, query=query, also=(400, 404))
        found = response.json() if response.is_success else {}
        if not isinstance(found, dict) or "model_version" not in found:
            raise TargetError(f"MLflow has no model {self.model} with {what}.")
        return dict(found["model_version"])


def _remote(fields: Fields) -> Remote:
    """MLflow inside a company's network often has no log-in of its own, so the token is optional here."""
    if fields.optional("token_env") is None:
        return Remote("MLflow", fields.text("url").rstrip("/"), allows_private(fields), ca_file(fields), {}, ())
    user = fields.optional("user")
    token = secret(fields, "token_env")
    if user is None:
        return Remote.of("MLflow", fields, lambda held: {"Authorization": f"Bearer {held}"}, token=token)
    basic = base64.b64encode(f"{user}:{token}".encode()).decode()
    return Remote.of("MLflow", fields, lambda _: {"Authorization": f"Basic {basic}"}, token=token)
