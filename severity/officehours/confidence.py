"""How sure the search may be: a probability from signs that mean the same in every corpus, and three bands.

The weights are fitted on the development questions only (`python -m tests.benchmarks.bench_officehours --fit`) and kept
in calibration.yaml. No sign is an absolute BM25 score, so a handbook of another size or style needs no new fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import exp
from pathlib import Path

from severity.loading import StrictModel, check_shape, read_yaml
from severity.officehours.evidence import Evidence, asks_amount, has_amount
from severity.officehours.search import Concept, View
from severity.officehours.words import folded, stem, stems

SHIPPED = Path(__file__).with_name("calibration.yaml")

_NAME = re.compile(
    r"(?<![.?!:]\s)(?<!^)\b(?:[A-Z][a-z]+(?:[A-Z]\w*)?|[A-Z][A-Z0-9-]+\w*)\b|\b[A-Za-z]+-?\d+\b|\b\d[\d.,]*\b|[\"“'‘]([^\"”'’]{2,40})[\"”'’]"
)
_NO_NAMES = frozenset({"i", "ai"})

SIGNS = {
    "coverage": 1,
    "sentence": 1,
    "exact": 1,
    "bm25": 1,
    "margin": 1,
    "crowd": 1,
    "pairs": 1,
    "missing": -1,
    "unknown": -1,
    "lost": -1,
    "names": -1,
    "amount": -1,
}
"""Each sign, and whether it may only raise (1) or only lower (-1) the probability: what no fit may turn round."""


class Calibration(StrictModel):
    """calibration.yaml: a weight per sign, and where the bands begin."""

    bias: float
    weights: dict[str, float]
    answered: float
    unsure: float


@lru_cache(maxsize=4)
def load_calibration(path: Path = SHIPPED) -> Calibration:
    """The fitted weights. Raises ContentError."""
    return check_shape(read_yaml(path), Calibration)


def signs(question: str, concepts: Sequence[Concept], ranked: Sequence[Evidence], view: View) -> dict[str, float]:
    """Every sign, each within about -1..1."""
    if not ranked or not concepts:
        return dict.fromkeys(SIGNS, 0.0)
    top = ranked[0]
    weights = [concept.weight * concept.idf for concept in concepts]
    total = sum(weights) or 1.0
    missing = [w / total for w, p in zip(weights, top.present, strict=True) if p == 0]
    strange = [not view.known(c.stem) and not c.others for c in concepts]
    exact = sum(w for w, p in zip(weights, top.present, strict=True) if p == 1) / total
    others = [each.score for each in ranked[1:10]]
    best = max((sentence for sentence in top.sentences), key=lambda pair: pair[1], default=None)
    return {
        "coverage": top.coverage,
        "sentence": min(top.best, 1.0),
        "exact": exact,
        "bm25": top.bm25,
        "margin": (top.score - others[0]) / top.score if others and top.score else 0.5,
        "crowd": (top.score - sum(others) / len(others)) / top.score if others and top.score else 0.5,
        "missing": max(missing, default=0.0),
        "unknown": sum(strange) / len(concepts),
        "lost": sum(p == 0 for p in top.present) / len(concepts),
        "names": _names_missing(question, top),
        "pairs": top.pairs,
        "amount": float(bool(asks_amount(question) and best and not has_amount(best[0].text))),
    }


def _names_missing(question: str, top: Evidence) -> float:
    """Share of the question's names and numbers that the section does not hold: another tier, another law, another year."""
    names = {match[1] or match[0] for match in _NAME.finditer(question)}
    names = {name for name in names if folded(name) not in _NO_NAMES}
    if not names:
        return 0.0
    held = set(stems(" ".join(top.section.path))) | set(stems(top.section.text))
    absent = [name for name in names if not (set(stems(name)) or {stem(folded(name))}) <= held]
    return len(absent) / len(names)


def probability(found: dict[str, float], calibration: Calibration) -> float:
    """How likely the first section holds the answer."""
    z = calibration.bias + sum(weight * found[sign] for sign, weight in calibration.weights.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, z))))
