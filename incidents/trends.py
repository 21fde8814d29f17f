"""Trends, honestly: rates, their intervals, and the one test that allows the words "rising" and "falling".

Pure. The test of two rates is the exact conditional one (Przyborowski and Wilenski 1940): given both counts together,
the first is binomial with the first exposure's share. Its interval is Clopper and Pearson's (1934), so the words and
the interval never disagree. That of a severity-weighted rate is Fay and Feuer's (1997), from the gamma distribution.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, isinf, lgamma, log, log1p
from statistics import median
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
    low = 0.0 if k == 0 else _where(lambda p: binomial_tail(k, n, p) - level / 2, 0.0, 1.0)
    high = 1.0 if k == n else _where(lambda p: binomial_tail(k + 1, n, p) - (1 - level / 2), 0.0, 1.0)
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


def gamma_quantile(p: float, shape: float) -> float:
    """The p-quantile of a gamma distribution with scale 1."""
    high = max(1.0, shape)
    while _gamma(shape, high) < p:
        high *= 2
    return _where(lambda x: _gamma(shape, x) - p, 0.0, high)


def middle(values: Iterable[float]) -> float | None:
    """The median; None of nothing."""
    known = list(values)
    return float(median(known)) if known else None


def suppress(cells: Mapping[str, int], k: int) -> dict[str, int | None]:
    """The parts of a whole as they may be shown beside its total: None for a part under `k`, and for as many others as
    it takes that no hidden part can be worked out.

    Hidden parts look alike, whether small themselves or hidden to protect a small one. What a reader knows is their
    sum; it must leave every one of them at least `k` values. So the smallest shown parts are hidden too until there
    are two hidden ones and their sum is large enough.
    """
    hidden = {name for name, count in cells.items() if count < k}
    shown = sorted((name for name in cells if name not in hidden), key=lambda name: (cells[name], name))
    while hidden and shown and (len(hidden) < 2 or sum(cells[name] for name in hidden) < k - 1):
        hidden.add(shown.pop(0))
    return {name: None if name in hidden else count for name, count in cells.items()}


def share(within: Sequence[bool]) -> float | None:
    """The share of true values; None of nothing."""
    return sum(within) / len(within) if within else None


def _odds(p: float) -> float:
    return inf if p >= 1 else p / (1 - p)


def _where(rises: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function crosses zero: false position, each second time by halves, so that nothing holds it up."""
    at_low, at_high = rises(low), rises(high)
    for attempt in range(200):
        if high - low <= _CLOSE * high:
            break
        slope = at_high - at_low
        between = (low + high) / 2 if attempt % 2 or slope <= 0 else low - at_low * (high - low) / slope
        value = rises(between)
        if value < 0:
            low, at_low = between, value
        else:
            high, at_high = between, value
    return (low + high) / 2


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
