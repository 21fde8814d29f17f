"""A signed call to an endpoint of the operator's own, which rolls back.

The body says what to do from where to where; the receiver must compare, set, and remember the key. It is signed as
Standard Webhooks 1.0 has it (HMAC-SHA256 over id, timestamp and body), so its libraries can check it:
https://www.standardwebhooks.com. The same key is in `webhook-id` and in `Idempotency-Key`.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.rollback.base import Description, Drifted, Fields, Outcome, Plan, Snapshot, TargetError, Verification
from integrations.rollback.evidence import digest
from integrations.rollback.remote import Remote, allows_private, ca_file, secret
from integrations.rollback.running import Running, wait_until_seen

VERIFY_SECONDS = 60.0
SECRET_PREFIX = "whsec_"  # noqa: S105 - marks a secret in base64, as Standard Webhooks has it
SECRET_BYTES = 24


@dataclass(frozen=True)
class Webhook:
    """One endpoint, and the system that says what is in force."""

    id: str
    title: str
    remote: Remote
    to: str
    running: Running
    signing_key: bytes = field(repr=False)

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "Webhook":
        """From `url`, `secret_env`, `to`, `verify_url` and `verify_field`."""
        fields = Fields(entry)
        held = secret(fields, "secret_env")
        remote = Remote("Webhook", fields.text("url"), allows_private(fields), ca_file(fields), {}, (held,))
        return cls(
            id=fields.text("id"),
            title=fields.optional("title") or fields.text("id"),
            remote=remote,
            to=fields.text("to"),
            running=Running.required(fields),
            signing_key=_signing_key(fields, held),
        )

    def describe(self) -> Description:
        """What is asked for."""
        return Description(self.title, "webhook", f"Calls the operator's endpoint to set {self.to}.")

    def current(self) -> str:
        """The version that the system itself says it runs."""
        return self.running.value()

    def snapshot(self) -> Snapshot:
        """What the system says it runs."""
        service = self.running.answer()
        return Snapshot(
            {"service": service, "in_force": self.running.value(), "endpoint": self.remote.base.partition("?")[0]},
            {"webhook/service": digest(service)},
        )

    def plan(self, snapshot: Snapshot) -> Plan:
        """From the version in the snapshot to the configured one."""
        before = str(snapshot.values["in_force"])
        if before == self.to:
            raise TargetError(f"The system runs {self.to} already; this rollback would change nothing.")
        return Plan(
            from_=before,
            to=self.to,
            blast_radius=f"Whatever the endpoint changes; {self.title} as a whole.",
            dry_run=f"Would ask the endpoint to go from {before} to {self.to}. The endpoint itself was not called.",
        )

    def execute(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Ask for `plan.to`; the receiver does it once per key."""
        return self._change("execute", plan.from_, plan.to, key)

    def undo(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Ask for `plan.from_`; the receiver does it once per key."""
        return self._change("undo", plan.to, plan.from_, key)

    def verify(self, plan: Plan) -> Verification:
        """The system itself must say `plan.to`."""
        return wait_until_seen(lambda: self.running.says(plan.to), VERIFY_SECONDS)

    def _change(self, action: str, before: str, after: str, key: str) -> Outcome | Drifted:
        seen = self.current()
        # `after` may be our own doing, with the answer lost: the receiver knows the key and tells.
        if seen not in (before, after):
            return Drifted(before, seen)
        order = {"key": key, "target": self.id, "action": action, "from": before, "to": after}
        body = json.dumps(order, ensure_ascii=False, sort_keys=True).encode()
        response = self.remote.send_bytes(
            "POST", "", body, signed_headers(self.signing_key, key, int(time.time()), body), also=(409,)
        )
        answer = _answer(response.content)
        told = str(answer.get("seen") or "")
        if response.status_code == 409:
            return Drifted(before, told or "something that the endpoint did not name", already=told == after)
        return Outcome(changed=answer.get("changed") is not False, seen=told or "the endpoint accepted the order")


def signed_headers(signing_key: bytes, key: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one order. `timestamp` is in seconds since 1970, UTC; a receiver should refuse old ones."""
    signed = b".".join((key.encode(), str(timestamp).encode(), body))
    signature = base64.b64encode(hmac.new(signing_key, signed, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "rai-incident",
        "Idempotency-Key": key,
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def _signing_key(fields: Fields, held: str) -> bytes:
    """The bytes to sign with. Raises TargetError for a secret that is too short to be one."""
    key = held.encode()
    if held.startswith(SECRET_PREFIX):
        try:
            key = base64.b64decode(held.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            key = b""
    if len(key) < SECRET_BYTES:
        raise TargetError(
            f"Rollback target {fields.text('id')}: the secret in {fields.text('secret_env')} is too short or no "
            f"base64 after {SECRET_PREFIX}. Use at least {SECRET_BYTES} random bytes."
        )
    return key


def _answer(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
