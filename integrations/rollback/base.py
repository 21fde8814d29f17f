"""What can be rolled back, and the one interface to it. Knows nothing of our tables.

A target is one lever of one AI system: a flag, a registry alias, a deployment. Every effect carries a key, and the same
key changes the world once, whatever is lost or run again in between (find-or-create).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


class TargetError(Exception):
    """A target cannot be used as configured or as found. The message is for the person; nothing was changed."""


@dataclass(frozen=True)
class Description:
    """What this lever is, for a person choosing between levers."""

    title: str
    kind: str
    what_it_does: str


@dataclass(frozen=True)
class Snapshot:
    """Evidence of the state before anything is touched (EU AI Act Art. 73(6)).

    `values` holds versions and configuration as JSON; `hashes` maps the name of each source to its SHA-256.
    """

    values: dict[str, Any]
    hashes: dict[str, str]


@dataclass(frozen=True)
class Plan:
    """One change: `from_` is what must still be there when it runs, `to` what will be there afterwards."""

    from_: str
    to: str
    blast_radius: str
    dry_run: str


@dataclass(frozen=True)
class Outcome:
    """The change is in place. `changed` is False when an earlier run with the same key had made it."""

    changed: bool
    seen: str


@dataclass(frozen=True)
class Drifted:
    """Nothing was changed: the target is not as planned. `already` means that `to` is there, but not by this key."""

    expected: str
    seen: str
    already: bool = False

    def __str__(self) -> str:
        if self.already:
            return f"Someone had already set it to {self.seen}. Nothing was changed."
        return f"The plan was made for {self.expected}, but {self.seen} is there now. Nothing was changed."


@dataclass(frozen=True)
class Verification:
    """What the target itself says now. `seen` is told to the people, whatever the answer."""

    ok: bool
    seen: str


@runtime_checkable
class Target(Protocol):
    """One lever. Methods may take seconds and raise TargetError or OutsideServiceError."""

    def describe(self) -> Description:
        """What this lever is. Needs no network."""
        ...

    def current(self) -> str:
        """The value in force now, read fresh."""
        ...

    def snapshot(self) -> Snapshot:
        """Evidence of versions and configuration. Changes nothing."""
        ...

    def plan(self, snapshot: Snapshot) -> Plan:
        """What `execute` would do, tried without doing it."""
        ...

    def execute(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Set `plan.to` if `plan.from_` is still there. The same key changes the world once."""
        ...

    def verify(self, plan: Plan) -> Verification:
        """Ask the service itself whether `plan.to` is in force; waits for it a bounded time."""
        ...

    def undo(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Set `plan.from_` again if `plan.to` is still there. The same key changes the world once."""
        ...


class TwoWay(ABC):
    """A lever that goes back by the same change as it came: an undo is `_change` with its ends exchanged."""

    def execute(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Set `plan.to`, once per key."""
        return self._change(plan.from_, plan.to, key)

    def undo(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Set `plan.from_` again, once per key."""
        return self._change(plan.to, plan.from_, key)

    @abstractmethod
    def _change(self, before: str, after: str, key: str) -> Outcome | Drifted:
        """Set `after` if `before` is still there. The same key changes the world once."""


@dataclass(frozen=True)
class Action:
    """One approved change: `plan` is what to do and to verify. For an undo, `undoes` is the plan that is undone."""

    key: str
    plan: Plan
    undoes: Plan | None = None


def perform(target: Target, action: Action) -> Outcome | Drifted:
    """Run an approved action. May be called again after a crash, with the same action."""
    if action.undoes is not None:
        return target.undo(action.undoes, action.key)
    return target.execute(action.plan, action.key)


@dataclass(frozen=True)
class Fields:
    """The operator's entry of one target in systems.yaml, read with errors that name the field."""

    values: Mapping[str, Any] = field(repr=False)

    def text(self, name: str) -> str:
        """A required field as text. `on` and `off` survive a YAML reader that made booleans of them."""
        value = self.optional(name)
        if value is None:
            raise TargetError(f"Rollback target {self.values.get('id', '?')}: the field {name} is missing.")
        return value

    def optional(self, name: str) -> str | None:
        """A field as text, or None when it is absent or empty."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        return as_word(value)


def as_word(value: object) -> str:
    """A value as people and plans write it: booleans are `on` and `off`."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
