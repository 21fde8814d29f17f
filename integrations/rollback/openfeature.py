"""A feature flag in a flagd file: the version or the switch that an AI service reads through OpenFeature.

The change and the mark of the key that made it are one atomic replacement of the file, so a crash leaves either both or
neither. Flag definition: https://flagd.dev/reference/flag-definitions/
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from integrations.rollback.base import (
    Description,
    Drifted,
    Fields,
    Outcome,
    Plan,
    Snapshot,
    TargetError,
    Verification,
    as_word,
)
from integrations.rollback.running import Running, confirm, wait_until_seen

# The flag's metadata holds the keys that changed it, newest last: flagd allows only plain values there.
MARK = "rai_incident_keys"
MARKS_KEPT = 20
# flagd's file provider looks at the file twice a second; the service may cache a little on top.
VERIFY_SECONDS = 10.0


@dataclass(frozen=True)
class FlagFile:
    """One flag of one flags file. `running` is the service's own answer about what it runs."""

    id: str
    title: str
    file: Path
    flag: str
    to: str
    running: Running | None

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "FlagFile":
        """From an entry of systems.yaml: `file`, `flag`, `to`, and `verify_url` with `verify_field`."""
        fields = Fields(entry)
        return cls(
            id=fields.text("id"),
            title=fields.optional("title") or fields.text("id"),
            file=Path(fields.text("file")),
            flag=fields.text("flag"),
            to=fields.text("to"),
            running=Running.of(fields),
        )

    def describe(self) -> Description:
        """What the flag is and where it would go."""
        return Description(self.title, "openfeature", f"Sets the flag {self.flag} to {self.to} for everyone.")

    def current(self) -> str:
        """The flag's default variant, read from the file now."""
        return as_word(self._flag(self._read()[0]).get("defaultVariant"))

    def snapshot(self) -> Snapshot:
        """The flag's whole definition, the file's hash, and what the service says it runs."""
        document, raw = self._read()
        values: dict[str, Any] = {"flag": self.flag, "definition": self._flag(document)}
        if self.running is not None:
            values["service"] = self.running.answer()
        return Snapshot(values, {self.file.name: hashlib.sha256(raw).hexdigest()})

    def plan(self, snapshot: Snapshot) -> Plan:
        """From the variant in the snapshot to the configured one. Raises TargetError where that cannot contain."""
        flag = snapshot.values["definition"]
        before = as_word(flag.get("defaultVariant"))
        self._check_variant(flag, self.to)
        if flag.get("state") != "ENABLED":
            raise TargetError(f"The flag {self.flag} is disabled, so changing its variant would have no effect.")
        if before == self.to:
            raise TargetError(f"The flag {self.flag} is at {self.to} already; this rollback would change nothing.")
        targeting = bool(flag.get("targeting"))
        return Plan(
            from_=before,
            to=self.to,
            blast_radius=(
                f"Everyone served by {self.flag}"
                + (", except where its targeting rules choose another variant." if targeting else ": all requests.")
            ),
            dry_run=(
                f"Would set defaultVariant of {self.flag} in {self.file.name} from {before} to {self.to}. "
                "The variant exists and the flag is enabled"
                + ("; the flag has targeting rules, so check who they exempt." if targeting else ".")
            ),
        )

    def execute(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Compare and set, once per key."""
        return self._change(plan.from_, plan.to, key)

    def undo(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Compare and set back, once per key."""
        return self._change(plan.to, plan.from_, key)

    def verify(self, plan: Plan) -> Verification:
        """Wait until the service itself says `plan.to`, at most `VERIFY_SECONDS`; the file must say so too."""
        return wait_until_seen(lambda: self._look(plan.to), VERIFY_SECONDS)

    def _look(self, expected: str) -> Verification:
        seen = self.current()
        words = f"the flags file says {seen}" + ("" if seen == expected else f", not {expected}")
        return confirm(Verification(seen == expected, words), self.running, expected)

    def _change(self, before: str, after: str, key: str) -> Outcome | Drifted:
        try:
            return self._set(before, after, key)
        except OSError as error:
            raise TargetError(f"The flags file {self.file.name} cannot be written: {error.strerror}.") from error

    def _set(self, before: str, after: str, key: str) -> Outcome | Drifted:
        with self._locked():
            document, _ = self._read()
            flag = self._flag(document)
            seen = as_word(flag.get("defaultVariant"))
            keys = str(flag.get("metadata", {}).get(MARK, "")).split()
            if key in keys:
                return Outcome(changed=False, seen=seen)
            if seen != before:
                return Drifted(before, seen, already=seen == after)
            self._check_variant(flag, after)
            flag["defaultVariant"] = after
            flag.setdefault("metadata", {})[MARK] = " ".join([*keys, key][-MARKS_KEPT:])
            self._replace(document)
            return Outcome(changed=True, seen=after)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, across processes. The lock lives beside the file, because the file is replaced."""
        with self.file.with_name(self.file.name + ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> tuple[dict[str, Any], bytes]:
        try:
            raw = self.file.read_bytes()
            document = json.loads(raw)
        except OSError as error:
            raise TargetError(f"The flags file {self.file.name} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise TargetError(f"The flags file {self.file.name} is not JSON.") from error
        if not isinstance(document, dict) or not isinstance(document.get("flags"), dict):
            raise TargetError(f"The flags file {self.file.name} has no flags.")
        return document, raw

    def _flag(self, document: dict[str, Any]) -> dict[str, Any]:
        flag = document["flags"].get(self.flag)
        if not isinstance(flag, dict):
            raise TargetError(f"The flags file {self.file.name} has no flag {self.flag}.")
        return cast(dict[str, Any], flag)

    def _check_variant(self, flag: dict[str, Any], variant: str) -> None:
        variants = flag.get("variants", {})
        if variant not in variants:
            raise TargetError(f"The flag {self.flag} has no variant {variant}. It has: {', '.join(variants)}.")

    def _replace(self, document: dict[str, Any]) -> None:
        """Write beside, sync, rename, sync the folder: readers see the old file or the new one, also after a crash."""
        beside = self.file.with_name(f".{self.file.name}.new")  # ours alone: the lock is held
        with beside.open("w", encoding="utf-8") as file:
            json.dump(document, file, indent=2, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(self.file.stat().st_mode & 0o777)
        beside.replace(self.file)
        descriptor = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
