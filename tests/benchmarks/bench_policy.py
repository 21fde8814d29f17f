"""Speed of the severity policy: one evaluation, and start-up with every proof."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

from severity.policy import load_policy


def run() -> list[tuple[str, str]]:
    """Rows of (what, median), each against its target."""
    policy = load_policy()
    answers = {name: next(iter(fact.answers)) for name, fact in policy.facts.items()}
    worst = {name: list(fact.answers)[-1] for name, fact in policy.facts.items()}
    rows: list[tuple[str, str, Callable[[], object], int]] = [
        ("policy: evaluation, mildest answers", "< 50 µs", lambda: policy.evaluate(answers, ["H4"]), 2000),
        ("policy: evaluation, worst answers", "< 50 µs", lambda: policy.evaluate(worst, ["H4"]), 2000),
        ("policy: evaluation, nothing answered", "< 50 µs", lambda: policy.evaluate({}, ["H4"]), 2000),
        ("policy: load and all proofs", "< 1 s", load_policy, 7),
    ]
    return [(what, f"{_shown(_median_seconds(call, times))} (target {target})") for what, target, call, times in rows]


def _median_seconds(call: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        start = perf_counter()
        call()
        taken.append(perf_counter() - start)
    return median(taken)


def _shown(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs" if seconds < 0.001 else f"{seconds * 1e3:.0f} ms"
