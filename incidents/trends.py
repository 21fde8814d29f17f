"""Trends, honestly: rates, their intervals, and the one test that allows the words "rising" and "falling".

Pure. The test of two rates is the exact conditional one (Przyborowski and Wilenski 1940): given both counts together,
the first is binomial with the first exposure's share. Its interval is Clopper and Pearson's (1934), so the words and
the interval never disagree. That of a severity-weighted rate is Fay and Feuer's (1997), from the gamma distribution.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, isinf, lgamma, log, log1p, sqrt
from statistics import NormalDist, median
from typing import Literal

LEVEL = 0.05
Word = Literal["rising", "falling", "no clear change"]
_TINY = 1e-300
_PRECISE = 1e-15
_CLOSE = 1e-10  # of a limit of an interval: far more than anybody shows


@dataclass(frozen=True)
class Comparison:
    """Two counts over two exposures. `ratio` is the first rate over the second; None where it is not a number, and
    `high` None where it has no upper limit. Exposures are in any unit, the same for both."""

    now: int
    before: int
    exposure_now: float
    exposure_before: float
    ratio: float | None
    low: float
    high: float | None
    p: float

    @property
    def word(self) -> Word:
        """The only place that says "rising" or "falling"."""
        if self.p >= LEVEL:
            return "no clear change"
        return "rising" if self.now * self.exposure_before > self.before * self.exposure_now else "falling"


def compare(now: int, exposure_now: float, before: int, exposure_before: float) -> Comparison:
    """Test whether two Poisson rates are equal. Raises ValueError for an exposure that is not positive."""
    if exposure_now <= 0 or exposure_before <= 0:
        raise ValueError("a rate needs an exposure")
    together = now + before
    share = exposure_now / (exposure_now + exposure_before)
    tails = binomial_tail(now, together, share), 1 - binomial_tail(now + 1, together, share)
    low, high = proportion_interval(now, together)
    scale = exposure_before / exposure_now
    upper = _odds(high) * scale
    return Comparison(
        now=now,
        before=before,
        exposure_now=exposure_now,
        exposure_before=exposure_before,
        ratio=now / before * scale if before else None,
        low=_odds(low) * scale,
        high=None if isinf(upper) else upper,
        p=min(1.0, 2 * min(tails)),
    )


def binomial_tail(at_least: int, n: int, p: float) -> float:
    """P(X >= at_least) for X of n trials with probability p."""
    if at_least <= 0:
        return 1.0
    return 0.0 if at_least > n else _beta(at_least, n - at_least + 1, p)


def proportion_interval(k: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Clopper and Pearson's interval of a proportion, k of n."""
    low = 0.0 if k == 0 else beta_quantile(level / 2, k, n - k + 1)
    high = 1.0 if k == n else beta_quantile(1 - level / 2, k + 1, n - k)
    return low, high


def weighted_interval(counts: Sequence[tuple[int, int]], level: float = LEVEL) -> tuple[float, float]:
    """The interval of a weighted sum of Poisson counts, each with its weight: (weight, count).

    The upper limit uses the largest weight, also one whose count is zero: what has not happened yet may weigh most.
    """
    total = float(sum(weight * count for weight, count in counts))
    spread = float(sum(weight * weight * count for weight, count in counts))
    largest = max(weight for weight, _ in counts)
    low = 0.0 if total == 0 else spread / total * gamma_quantile(level / 2, total * total / spread)
    above, wide = total + largest, spread + largest * largest
    return low, wide / above * gamma_quantile(1 - level / 2, above * above / wide)


def beta_quantile(p: float, a: float, b: float) -> float:
    """The p-quantile of a beta distribution: from the normal approximation."""
    mean = a / (a + b)
    start = mean + NormalDist().inv_cdf(p) * sqrt(mean * (1 - mean) / (a + b + 1))
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    return _quantile(
        p,
        lambda x: _beta(a, b, x),
        lambda x: exp(scale + (a - 1) * log(x) + (b - 1) * log1p(-x)),
        start if 0 < start < 1 else mean,
        1.0,
    )


def gamma_quantile(p: float, shape: float) -> float:
    """The p-quantile of a gamma distribution with scale 1: from Wilson and Hilferty's approximation (1931)."""
    start = shape * (1 - 1 / (9 * shape) + NormalDist().inv_cdf(p) / (3 * sqrt(shape))) ** 3
    return _quantile(
        p,
        lambda x: _gamma(shape, x),
        lambda x: exp((shape - 1) * log(x) - x - lgamma(shape)),
        start if start > 0 else shape / 2,
        inf,
    )


def middle(values: Iterable[float]) -> float | None:
    """The median; None of nothing."""
    known = list(values)
    return float(median(known)) if known else None


def suppress(cells: Mapping[str, int], k: int) -> dict[str, int | None]:
    """The parts of a whole as they may be shown beside its total: None for each under `k`, or for all of them.

    A reader knows the rule, the total and the parts that are shown, so also the sum of the hidden ones. It must leave
    each of them several values: one hidden part, or several that are nearly all zero or nearly all `k` - 1, could be
    worked out. Then every part is hidden. Which one is hidden in addition never depends on how small a small one is.
    """
    hidden = [count for count in cells.values() if count < k]
    return _hidden(cells, k, bool(hidden) and (len(hidden) < 2 or not _spare(k) <= sum(hidden) <= _most(hidden, k)))


def suppress_overlapping(cells: Mapping[str, int], k: int, total: int) -> dict[str, int | None]:
    """The same for cells of which each of `total` incidents is in at least one. Their own sum is not shown, so what can
    be known of small ones is that they hold the incidents that are in no shown cell: few, or all are hidden."""
    hidden = [count for count in cells.values() if count < k]
    missing = total - (sum(cells.values()) - sum(hidden))
    return _hidden(cells, k, missing > 0 and 2 * missing >= len(hidden) * (k - 1))


def _hidden(cells: Mapping[str, int], k: int, every: bool) -> dict[str, int | None]:
    return {name: None if every or count < k else count for name, count in cells.items()}


def _spare(k: int) -> int:
    """How far the sum of hidden numbers stays from either end: then each has three values (two where k is 2)."""
    return min(2, k - 1)


def _most(hidden: Sequence[int], k: int) -> int:
    return len(hidden) * (k - 1) - _spare(k)


def share(within: Sequence[bool]) -> float | None:
    """The share of true values; None of nothing."""
    return sum(within) / len(within) if within else None


def _odds(p: float) -> float:
    return inf if p >= 1 else p / (1 - p)


def _quantile(
    p: float, below: Callable[[float], float], density: Callable[[float], float], start: float, high: float
) -> float:
    """Where the probability `below` a value is p: Newton's steps inside bounds, from 0 to `high`, that each narrows."""
    low, x = 0.0, start
    for _ in range(200):
        off, slope = below(x) - p, density(x)
        low, high = (x, high) if off < 0 else (low, x)
        better = x - off / slope if slope > 0 else inf
        if not low < better < high:
            better = (low + high) / 2 if high < inf else 2 * x
        x, moved = better, abs(better - x)
        if moved <= _CLOSE * x:
            break
    return x


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a

    def step(n: int) -> float:
        m, odd = divmod(n, 2)
        if odd:
            return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))

    return front / _fraction(1.0, lambda n: (step(n), 1.0))


def _gamma(a: float, x: float) -> float:
    """The regularised lower incomplete gamma function (DLMF 8.11.4 and 8.9.2)."""
    if x <= 0:
        return 0.0
    front = exp(a * log(x) - x - lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * _PRECISE:
            n += 1
            term *= x / n
            total += term
        return min(1.0, front * total)
    return 1 - front / _fraction(x + 1 - a, lambda n: (-n * (n - a), x + 2 * n + 1 - a))


def _fraction(first: float, term: Callable[[int], tuple[float, float]]) -> float:
    """A continued fraction by Lentz's method as Thompson and Barnett changed it; `term(n)` is (a_n, b_n), n from 1."""
    value = first or _TINY
    c, d = value, 0.0
    for n in range(1, 100_000):
        a, b = term(n)
        d = 1 / ((b + a * d) or _TINY)
        c = (b + a / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < _PRECISE:
            break
    return value
