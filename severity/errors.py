"""The errors people see. Every room above raises a kind of `RaiIncidentError`; its message is for the person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class RaiIncidentError(Exception):
    """Something a person can understand and act on: what happened, what was saved, what to do next."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a content file: where it stands, and the rule it breaks."""

    file: str
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where}: {self.key}: {self.reason}" if self.key else f"{where}: {self.reason}"


class ContentError(RaiIncidentError):
    """A YAML file of ours was refused. `faults` holds every fault found; the text is one line per fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class PolicyError(ContentError):
    """The severity policy was refused; the version that was active stays active."""


class UnknownAnswer(RaiIncidentError):
    """An answer, fact, harm class or cue that the policy does not know was handed to an evaluation."""
