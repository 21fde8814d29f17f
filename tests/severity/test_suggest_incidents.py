"""On public incidents: better than a plain keyword list, and fast. Skips, saying so, where the data is absent."""

from statistics import quantiles

import pytest

from severity.suggest import suggest
from tests.benchmarks.bench_suggest import DATA, LABELS, incidents, measure, speed
from tests.benchmarks.scores import wilson

needs_data = pytest.mark.skipif(
    not DATA.exists(), reason="the public AI Incident Database files are not beside the project"
)


@needs_data
@pytest.mark.parametrize("label", LABELS[:4], ids=lambda label: label.name)
def test_the_development_half_is_read_better_than_by_plain_keywords(label: object) -> None:
    assert label in LABELS
    ours, plain = measure([item for item in incidents() if not item.held_out], next(x for x in LABELS if x is label))

    assert ours.f1 > plain.f1
    assert ours.recall >= plain.recall


@needs_data
def test_twenty_suggestions_fit_into_twenty_milliseconds_each_with_room() -> None:
    suggest("warm up")
    taken = speed(incidents()[:20])

    assert quantiles(taken, n=20)[-1] < 20


@pytest.mark.parametrize(("hit", "total", "low", "high"), [(3, 3, 0.438, 1.0), (8, 10, 0.490, 0.943), (0, 0, 0.0, 1.0)])
def test_recall_of_few_incidents_comes_with_a_wide_interval(hit: int, total: int, low: float, high: float) -> None:
    assert wilson(hit, total) == pytest.approx((low, high), abs=0.001)
