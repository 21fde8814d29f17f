"""What a benchmark answers: rows of one small shape, printed as one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Row:
    """One measurement. `target` is a bound in the same unit; `at_least` says that more is better."""

    what: str
    measured: float
    unit: str
    target: float | None = None
    at_least: bool = False
    p99: float | None = None

    @property
    def ratio(self) -> float | None:
        """Measured over target: at most 1 is good, or at least 1 where more is better."""
        return self.measured / self.target if self.target else None

    @property
    def holds(self) -> bool:
        """Whether the target is met; true where there is none."""
        return self.ratio is None or (self.ratio >= 1 if self.at_least else self.ratio <= 1)


def of_milliseconds(what: str, taken: Sequence[float], target: float | None = None) -> Row:
    """Median and p99 of durations in milliseconds, the median against its target."""
    return Row(what, median(taken), "ms", target, p99=p99(taken))


def p99(values: Sequence[float]) -> float:
    """The 99th percentile; of few values, the largest."""
    return quantiles(values, n=100)[98] if len(values) >= 100 else max(values)
