"""Severity: SEV0 (worst) to SEV4. Never to be mixed with the risk tier of an AI system."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How bad an incident is. Sorts worst first: `SEV0 < SEV1`; use `worse_of` and `is_worse_than` to be read aloud."""

    SEV0 = "SEV0"
    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"

    @property
    def badness(self) -> int:
        """0 for SEV4 up to 4 for SEV0: larger is worse."""
        return 4 - int(self.value[3])

    @classmethod
    def of_badness(cls, badness: int) -> Severity:
        """The severity of that badness, held within SEV0 and SEV4."""
        return _BY_BADNESS[min(4, max(0, badness))]

    def worse(self, levels: int = 1) -> Severity:
        """That many levels worse, at most SEV0."""
        return Severity.of_badness(self.badness + levels)

    def milder(self, levels: int = 1) -> Severity:
        """That many levels milder, at least SEV4."""
        return Severity.of_badness(self.badness - levels)

    def is_worse_than(self, other: Severity) -> bool:
        return self.badness > other.badness

    def is_milder_than(self, other: Severity) -> bool:
        return self.badness < other.badness


_BY_BADNESS = (Severity.SEV4, Severity.SEV3, Severity.SEV2, Severity.SEV1, Severity.SEV0)


def worse_of(*severities: Severity) -> Severity:
    """The worst of them; the worst harm wins, never a sum."""
    return max(severities, key=lambda severity: severity.badness)
