"""Precision and recall of a few yes-or-no answers, with how sure so few of them can make anybody."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import quantiles

Pair = tuple[bool, bool]
"""(what people labelled, what was said)."""

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one label on one set of incidents."""

    hit: int
    false_alarm: int
    missed: int
    total: int

    @property
    def precision(self) -> float:
        return self.hit / (self.hit + self.false_alarm) if self.hit + self.false_alarm else 0.0

    @property
    def recall(self) -> float:
        return self.hit / self.positives if self.positives else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def positives(self) -> int:
        return self.hit + self.missed

    @property
    def asked_in_vain(self) -> float:
        """Share of the incidents without the label that are asked about all the same."""
        negatives = self.total - self.positives
        return self.false_alarm / negatives if negatives else 0.0

    def __str__(self) -> str:
        return f"{self.precision:.2f} / {self.recall:.2f}"

    @property
    def counts(self) -> str:
        """Hits of positives, and false alarms."""
        return f"{self.hit} of {self.positives}, {self.false_alarm} false"


def score(pairs: Sequence[Pair]) -> Score:
    """(truth, said) pairs -> counts."""
    return Score(
        sum(t and s for t, s in pairs),
        sum(s and not t for t, s in pairs),
        sum(t and not s for t, s in pairs),
        len(pairs),
    )


def wilson(hit: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share, by Wilson's score (E. B. Wilson, 1927); (0, 1) where nothing was counted."""
    if total == 0:
        return 0.0, 1.0
    share = hit / total
    spread = Z95 * sqrt(share * (1 - share) / total + Z95**2 / (4 * total**2))
    middle = share + Z95**2 / (2 * total)
    return (middle - spread) / (1 + Z95**2 / total), (middle + spread) / (1 + Z95**2 / total)


def recall_over_halves(pairs: Sequence[Pair], times: int = 400, seed: int = 1) -> tuple[float, float]:
    """(5th, 95th percentile) of recall over seeded random halves.

    Nothing is fitted on the other half, so this is only how far the figure moves with which incidents were drawn.
    Only positives decide recall, so halves of the positives are what a stratified split draws.
    """
    said = [said for truth, said in pairs if truth]
    if len(said) < 2:
        return 0.0, 1.0
    draw = random.Random(seed)
    recalls = [sum(half) / len(half) for half in (draw.sample(said, (len(said) + 1) // 2) for _ in range(times))]
    cuts = quantiles(recalls, n=20)
    return cuts[0], cuts[-1]
