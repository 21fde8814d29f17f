"""Rates, their test and intervals against computations of another kind, and small numbers that cannot be worked out."""

from fractions import Fraction
from itertools import product
from math import comb, exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.trends import (
    binomial_tail,
    compare,
    gamma_quantile,
    middle,
    proportion_interval,
    suppress,
    suppress_overlapping,
    weighted_interval,
)

COUNT = st.integers(0, 60)
EXPOSURE = st.integers(1, 10_000)


def tail(at_least: int, n: int, p: Fraction) -> Fraction:
    """P(X >= at_least), summed exactly."""
    return sum((comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(at_least, n + 1)), Fraction(0))


@given(COUNT, COUNT, st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=500))
def test_the_binomial_tail_is_the_exact_sum(at_least: int, n: int, p: Fraction) -> None:
    assert binomial_tail(at_least, n, float(p)) == pytest.approx(float(tail(at_least, n, p)), abs=1e-11)


@given(COUNT, EXPOSURE, COUNT, EXPOSURE)
def test_the_test_of_two_rates_is_twice_the_smaller_exact_tail(now: int, t1: int, before: int, t2: int) -> None:
    n, share = now + before, Fraction(t1, t1 + t2)
    smaller = min(tail(now, n, share), 1 - tail(now + 1, n, share))
    assert compare(now, t1, before, t2).p == pytest.approx(float(min(Fraction(1), 2 * smaller)), abs=1e-10)


@given(COUNT, EXPOSURE, COUNT, EXPOSURE)
def test_rising_and_falling_are_said_exactly_when_the_interval_leaves_out_equality(
    now: int, t1: int, before: int, t2: int
) -> None:
    found = compare(now, t1, before, t2)
    if abs(found.p - 0.05) < 1e-9:
        return  # on the edge the last digit decides
    outside = found.low > 1 or (found.high is not None and found.high < 1)
    assert (found.word != "no clear change") == outside
    if outside:
        assert found.word == ("rising" if now * t2 > before * t1 else "falling")


@given(st.integers(0, 80), st.integers(1, 80))
def test_the_interval_of_a_proportion_leaves_half_of_five_percent_on_each_side(k: int, more: int) -> None:
    n = k + more
    low, high = proportion_interval(k, n)
    if k:
        assert float(tail(k, n, Fraction(low))) == pytest.approx(0.025, abs=1e-7)
    assert float(1 - tail(k + 1, n, Fraction(high))) == pytest.approx(0.025, abs=1e-7)


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_the_gamma_quantile_turns_a_poisson_sum_around(shape: int, p: float) -> None:
    """For whole shapes: P(gamma <= x) = 1 - P(Poisson(x) < shape)."""
    x = gamma_quantile(p, shape)
    assert 1 - sum(exp(-x) * x**k / factorial(k) for k in range(shape)) == pytest.approx(p, abs=1e-8)


def test_with_equal_weights_the_weighted_interval_is_the_poisson_one() -> None:
    """Ten events: 4.795 to 18.391, as tables of exact Poisson limits have it."""
    assert weighted_interval([(1, 4), (1, 6)]) == pytest.approx((4.7954, 18.3904), abs=1e-3)


def test_no_event_yet_has_an_upper_limit_of_the_heaviest_weight() -> None:
    low, high = weighted_interval([(1, 0), (16, 0)])
    assert low == 0
    assert high == pytest.approx(16 * 3.6889, abs=1e-3)


def test_a_rate_without_exposure_is_refused() -> None:
    with pytest.raises(ValueError, match="exposure"):
        compare(1, 0, 1, 5)


def test_nothing_has_no_median() -> None:
    assert middle([]) is None
    assert middle([3, 1, 2, 10]) == 2.5


@pytest.mark.parametrize("k", [2, 3, 4])
def test_abuse_28_a_hidden_part_has_several_possible_values_for_whoever_knows_the_rule(k: int) -> None:
    """Every table of four parts with a total of up to 16. What is published of one, its total with it, fits others too,
    and in those each hidden part has other values: knowing the rule gives nothing away."""
    tables: dict[tuple[object, ...], list[tuple[int, ...]]] = {}
    for counts in product(range(17), repeat=4):
        if k <= sum(counts) <= 16:  # under k the total is hidden too
            shown = tuple(suppress(dict(zip("abcd", counts, strict=True)), k).values())
            tables.setdefault((*shown, sum(counts)), []).append(counts)
    for (*shown, _), possible in tables.items():
        for place, value in enumerate(shown):
            if value is None:
                assert len({counts[place] for counts in possible}) >= min(3, k), (shown, possible)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_abuse_28_a_hidden_class_has_several_possible_values_though_every_incident_has_one(k: int) -> None:
    tables: dict[tuple[object, ...], list[tuple[int, ...]]] = {}
    for *counts, total in product(range(11), repeat=4):
        if total >= k and max(counts) <= total <= sum(counts):
            shown = tuple(suppress_overlapping(dict(zip("abc", counts, strict=True)), k, total).values())
            tables.setdefault((*shown, total), []).append(tuple(counts))
    for (*shown, _), possible in tables.items():
        for place, value in enumerate(shown):
            if value is None:
                assert len({counts[place] for counts in possible}) >= min(3, k), (shown, possible)


@given(st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 40), min_size=2), st.integers(2, 8))
def test_abuse_28_no_small_part_is_shown_nor_the_difference_to_the_total(cells: dict[str, int], k: int) -> None:
    shown = suppress(cells, k)
    assert all(value is None or value >= k for value in shown.values())
    assert sum(value is None for value in shown.values()) != 1
