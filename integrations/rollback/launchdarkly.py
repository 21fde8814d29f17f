"""A flag of LaunchDarkly in one environment: its switch, or the variation that everyone gets by default.

One JSON patch tests that the planned state is still there, changes it, and adds the key as a tag of the flag; the
service applies all of it or nothing. REST API version 20240415, "Updates using JSON patch":
https://launchdarkly.com/docs/api
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from integrations.http import check_answer
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
    as_word,
)
from integrations.rollback.evidence import digest
from integrations.rollback.remote import Remote
from integrations.rollback.running import Running, confirm, wait_until_seen

API_VERSION = "20240415"
DEFAULT_URL = "https://app.launchdarkly.com"
# SDKs hold a stream open and hear of a change within a second or two.
VERIFY_SECONDS = 15.0
LEVERS = ("switch", "fallthrough")


@dataclass(frozen=True)
class LaunchDarklyFlag(TwoWay):
    """One flag in one environment. `lever` is `switch` (on, off) or `fallthrough` (a variation's name)."""

    id: str
    title: str
    remote: Remote
    project: str
    flag: str
    environment: str
    lever: str
    to: str
    running: Running | None

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "LaunchDarklyFlag":
        """From `token_env`, `project`, `flag`, `environment`, `to`, `lever` (default: switch), and another `url`."""
        fields = Fields(entry)
        lever, to = fields.optional("lever") or "switch", fields.text("to")
        if lever not in LEVERS:
            raise TargetError(f"Rollback target {fields.text('id')}: lever must be {' or '.join(LEVERS)}.")
        if lever == "switch" and to not in ("on", "off"):
            raise TargetError(f"Rollback target {fields.text('id')}: to must be on or off, not {to}.")
        return cls(
            id=fields.text("id"),
            title=fields.optional("title") or fields.text("id"),
            remote=Remote.of("LaunchDarkly", fields, _headers, default=DEFAULT_URL),
            project=fields.text("project"),
            flag=fields.text("flag"),
            environment=fields.text("environment"),
            lever=lever,
            to=to,
            running=Running.of(fields),
        )

    def describe(self) -> Description:
        """Which flag, and where it would go."""
        if self.lever == "switch":
            words = f"Turns targeting of the flag {self.flag} {self.to} in {self.environment}."
        else:
            words = f"Serves {self.to} of the flag {self.flag} by default in {self.environment}."
        return Description(self.title, "launchdarkly", words)

    def current(self) -> str:
        """`on` or `off`, or the name of the variation served by default, as LaunchDarkly says now."""
        return self._value(self._read())

    def snapshot(self) -> Snapshot:
        """The flag's variations and tags, its whole configuration in this environment, and what the system runs."""
        flag = self._read()
        values: dict[str, Any] = {
            "flag": self.flag,
            "version": flag.get("_version"),
            "variations": flag["variations"],
            "environment": flag["environments"][self.environment],
        }
        hashes = {f"launchdarkly/{self.project}/{self.flag}/{self.environment}": digest(values)}
        if self.running is not None:
            values["service"] = self.running.answer()
        return Snapshot(values, hashes)

    def plan(self, snapshot: Snapshot) -> Plan:
        """From the state in the snapshot to the configured one. Raises TargetError where that cannot contain."""
        environment = snapshot.values["environment"]
        flag = {"variations": snapshot.values["variations"], "environments": {self.environment: environment}}
        before = self._value(flag)
        path, _ = self._pointer(flag, self.to)
        if before == self.to:
            raise TargetError(f"The flag {self.flag} is at {self.to} already; this rollback would change nothing.")
        if self.lever == "fallthrough" and not environment["on"]:
            raise TargetError(
                f"Targeting of {self.flag} is off in {self.environment}, so the default rule has no effect."
            )
        rules = len(environment.get("rules") or [])
        exempt = self.lever == "fallthrough" and (rules or environment.get("targets"))
        return Plan(
            from_=before,
            to=self.to,
            blast_radius=(
                f"Everyone served by {self.flag} in {self.environment}"
                + (", except whom its targets and rules give another variation." if exempt else ".")
            ),
            dry_run=f"Would set {path} of {self.flag} from {before} to {self.to}. The flag and the value exist.",
        )

    def verify(self, plan: Plan) -> Verification:
        """LaunchDarkly must say `plan.to`, and the system itself where it can be asked."""
        return wait_until_seen(lambda: self._look(plan.to), VERIFY_SECONDS)

    def _look(self, expected: str) -> Verification:
        seen = self.current()
        lever = Verification(seen == expected, f"LaunchDarkly says {self.flag} is {seen} in {self.environment}")
        return confirm(lever, self.running, expected)

    def _change(self, before: str, after: str, key: str) -> Outcome | Drifted:
        flag = self._read()
        decided = self._decide(flag, before, after, key)
        if decided is not None:
            return decided
        path, was = self._pointer(flag, before)
        _, becomes = self._pointer(flag, after)
        patch = [
            {"op": "test", "path": path, "value": was},
            {"op": "replace", "path": path, "value": becomes},
            {"op": "add", "path": "/tags/-", "value": key},
        ]
        body = {"comment": f"rai-incident {key}: {before} to {after}", "patch": patch}
        response = self.remote.send("PATCH", self._path(), body=body, also=(400, 409, 422))
        if response.is_success:
            return Outcome(changed=True, seen=after)
        # Somebody was faster, or the request is wrong: only the flag can tell.
        decided = self._decide(self._read(), before, after, key)
        if decided is None:
            check_answer(self.remote.service, response)
            raise AssertionError("check_answer raises for a refusal")
        return decided

    def _decide(self, flag: dict[str, Any], before: str, after: str, key: str) -> Outcome | Drifted | None:
        seen = self._value(flag)
        if key in flag.get("tags", []):
            return Outcome(changed=False, seen=seen)
        if seen != before:
            return Drifted(before, seen, already=seen == after)
        return None

    def _value(self, flag: dict[str, Any]) -> str:
        environment = flag["environments"][self.environment]
        if self.lever == "switch":
            return as_word(bool(environment["on"]))
        index = environment["fallthrough"].get("variation")
        if index is None:
            raise TargetError(
                f"The default rule of {self.flag} in {self.environment} is a percentage rollout, which this lever "
                "cannot put back. Use the switch."
            )
        return _label(flag["variations"][index])

    def _pointer(self, flag: dict[str, Any], value: str) -> tuple[str, bool | int]:
        """Where the patch goes, and what `value` is there."""
        environment = self.environment.replace("~", "~0").replace("/", "~1")
        if self.lever == "switch":
            return f"/environments/{environment}/on", value == "on"
        labels = [_label(variation) for variation in flag["variations"]]
        if labels.count(value) != 1:
            raise TargetError(f"The flag {self.flag} has no one variation {value}. It has: {', '.join(labels)}.")
        return f"/environments/{environment}/fallthrough/variation", labels.index(value)

    def _read(self) -> dict[str, Any]:
        flag = self.remote.find(self._path(), env=self.environment)
        if not isinstance(flag, dict) or self.environment not in flag.get("environments", {}):
            raise TargetError(f"LaunchDarkly has no flag {self.flag} in {self.project}, {self.environment}.")
        return flag

    def _path(self) -> str:
        return f"/api/v2/flags/{quote(self.project, '')}/{quote(self.flag, '')}"


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": token, "LD-API-Version": API_VERSION}


def _label(variation: Mapping[str, Any]) -> str:
    return str(variation["name"]) if variation.get("name") else as_word(variation["value"])
