"""How sure the search may be: a probability from signs that mean the same in every corpus, and three bands.

The weights are fitted on the development questions only (`python -m tests.benchmarks.bench_officehours --fit`) and kept
in calibration.yaml. No sign is an absolute BM25 score, so a handbook of another size or style needs no new fit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import exp
from pathlib import Path

from severity.loading import StrictModel, check_shape, read_yaml
from severity.officehours.evidence import Evidence, is_title, lacks_amount
from severity.officehours.search import EVERYDAY_WEIGHT, Concept, View
from severity.officehours.sentences import Sentence
from severity.officehours.words import asked, folded, names_of, stem, stems

SHIPPED = Path(__file__).with_name("calibration.yaml")

_ASKS_FOR = re.compile(
    r"\b(?:what|which|how (?:many|much))\b(?! (?:do|does|did|must|should|shall|can|may|will|would|happens?|if)\b)",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"\b(?:which|what) (?:[\w-]+ ){1,3}?([\w-]+) (?:is|are|was|were|do|does|did|must|should|can|may|will|has|have)\b",
    re.IGNORECASE,
)
"""The kind of thing that is asked for by two to four words: "which cloud storage provider is"."""
_HOW_MANY = re.compile(r"\bhow many (?:[a-z]+-)?([^\W\d_]+)", re.IGNORECASE)
_NUMBER = re.compile(
    r"\b(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a dozen)\b((?:[\s-]+\w+){1,4})"
    r"|\bno(\s+\w+)",
    re.IGNORECASE,
)
_WHO_IS = re.compile(r"\s*who(?:'s|’s| is| are)(?: currently)? (?:the|our|your|my)\b", re.IGNORECASE)
SUBJECT = 6
"""Words at a sentence's beginning within which its subject is named."""

MOST = 0.5
"""Share of a question's words that stand nowhere, from which there is silence. Rarity is left out: in a small
handbook a word that it lacks would outweigh all that it has."""
LIKELY = 0.5
MUCH = 0.3
"""Share of a question's weight, everyday words aside, that an answer may lack."""

SIGNS = {
    "bm25": 1,  # share of the score that a section with every word could reach
    "margin": 1,  # how far the first section leads the second
    "crowd": 1,  # ... and the next nine
    "said": 1,  # share of the question that one sentence says: words strewn over a long section say nothing together
    "pairs": 1,  # share of neighbouring words that are neighbours in the section too
    "close": 1,  # closeness in meaning; 0 without the extra
    "unknown": -1,  # share of words that stand nowhere in the corpus, nor any synonym
    "lost": -1,  # share of words that the first section lacks
    "names": -1,  # share of names and numbers that it lacks: another tier, another law, another year
    "amount": -1,  # a number or a time is asked for, and the best sentence has none
    "focus": -1,  # the thing asked for ("which law firm", "what salary") does not stand in it, or not near what it says
    "who": -1,  # "who is the data protection officer", and no sentence is about one
    "count": -1,  # "how many lifeboats", and no number of lifeboats stands in it
}
"""Each sign, and whether it may only raise (1) or only lower (-1) the probability: what no fit may turn round."""


class Calibration(StrictModel):
    """A weight per sign, and where the bands begin."""

    bias: float
    weights: dict[str, float]
    answered: float
    unsure: float


class CalibrationFile(StrictModel):
    """calibration.yaml: with closeness in meaning, and without."""

    lexical: Calibration
    semantic: Calibration


@lru_cache(maxsize=1)
def _calibrations() -> CalibrationFile:
    return check_shape(read_yaml(SHIPPED), CalibrationFile)


def calibration_for(view: View) -> Calibration:
    """The fitted weights for this view. Raises ContentError."""
    return _calibrations().semantic if view.meaning else _calibrations().lexical


def signs(question: str, concepts: Sequence[Concept], ranked: Sequence[Evidence], view: View) -> dict[str, float]:
    """Every sign, each within about -1..1."""
    if not ranked or not concepts:
        return dict.fromkeys(SIGNS, 0.0)
    top = ranked[0]
    if not top.coverage:
        return dict.fromkeys(SIGNS, 0.0) | {"unknown": 1.0, "lost": 1.0}
    strange = [not view.known(concept.stem) and not concept.others for concept in concepts]
    others = [each.score for each in ranked[1:10]] or [top.score / 2]
    best = max(top.sentences, key=lambda pair: pair[1], default=None)
    return {
        "bm25": top.bm25,
        "margin": (top.score - others[0]) / top.score,
        "crowd": (top.score - sum(others) / len(others)) / top.score,
        "said": top.said,
        "pairs": top.pairs,
        "close": top.close,
        "unknown": sum(strange) / len(concepts),
        "lost": sum(presence == 0 for presence in top.present) / len(concepts),
        "names": _names_missing(question, concepts, top),
        "amount": float(bool(best and lacks_amount(question, best[0].text))),
        "focus": float(_focus_missing(question, concepts, top)),
        "who": float(_person_missing(question, concepts, top)),
        "count": float(_count_missing(question, concepts, top)),
    }


def elsewhere(sure: float, concepts: Sequence[Concept], view: View) -> bool:
    """Whether most of what is asked stands nowhere in these pages, under any name: then no section is close, unless
    one is likelier than not to answer in words of its own."""
    if sure >= LIKELY:
        return False
    strange = sum(each.weight for each in concepts if not view.known(each.stem) and not each.others)
    return strange > MOST * sum(each.weight for each in concepts)


def near_miss(found: Mapping[str, float], concepts: Sequence[Concept], top: Evidence) -> bool:
    """Whether the first section speaks of something else than what is asked, however alike it sounds: it lacks a name
    or number of the question, the very thing asked for, or much of its subject. Then it is shown, but is no answer."""
    total = sum(concept.weight * concept.idf for concept in concepts) or 1.0
    absent = sum(
        concept.weight * concept.idf
        for concept, presence in zip(concepts, top.present, strict=True)
        if presence == 0 and concept.weight > EVERYDAY_WEIGHT
    )
    return bool(found["names"] or found["focus"] or found["who"] or found["count"]) or absent / total > MUCH


def _focus_missing(question: str, concepts: Sequence[Concept], top: Evidence) -> bool:
    kind = _KIND.search(question)
    if kind is not None and top.sentences:
        noun = stem(folded(kind[1]))
        named = next((concept for concept in concepts if noun in concept.stem.split()), None)
        said = max(top.sentences, key=lambda pair: pair[1])[0]
        near = " ".join((*top.section.above, top.section.heading, said.text, *_leads(top, said)))
        if named is not None and not named.presence(set(stems(near))):
            return True
    match = _ASKS_FOR.search(question)
    after = asked(question[match.end() :])[:1] if match else []
    return any(
        presence == 0
        for concept, presence in zip(concepts, top.present, strict=True)
        if after and after[0] in concept.stem.split()
    )


def _leads(top: Evidence, said: Sentence) -> list[str]:
    """What leads to a sentence: titles and the sentences before a list or table, as far as they are of its section."""
    found = []
    for sentence, _ in top.sentences:
        if sentence is said:
            break
        if is_title(sentence) or sentence.text.endswith(":"):
            found.append(sentence.text)
    return found[-2:]


def _person_missing(question: str, concepts: Sequence[Concept], top: Evidence) -> bool:
    if not _WHO_IS.match(question):
        return False
    begins = [set(stems(sentence.text)[:SUBJECT]) for sentence, _ in top.sentences]
    return not any(all(concept.presence(words) for concept in concepts) for words in begins)


def _count_missing(question: str, concepts: Sequence[Concept], top: Evidence) -> bool:
    match = _HOW_MANY.search(question)
    if match is None:
        return False
    noun = stem(folded(match[1]))
    named = next((concept for concept in concepts if concept.stem == noun), Concept(noun, 0.0, ()))
    near = (stems(found[1] or found[2]) for sentence, _ in top.sentences for found in _NUMBER.finditer(sentence.text))
    return not any(named.presence(set(words)) for words in near)


def _names_missing(question: str, concepts: Sequence[Concept], top: Evidence) -> float:
    """Share of the question's names and numbers that the section holds under no name."""
    names = [frozenset(asked(name)) for name in names_of(question)]
    held = {concept.stem for concept, presence in zip(concepts, top.present, strict=True) if presence}
    held |= {part for concept in held for part in concept.split()}
    held |= set(stems(" ".join(top.section.path))) | set(stems(top.section.text))
    absent = [name for name in names if name and not name <= held]
    return len(absent) / len(names) if names else 0.0


def probability(found: dict[str, float], calibration: Calibration) -> float:
    """How likely the first section holds the answer."""
    z = calibration.bias + sum(weight * found[sign] for sign, weight in calibration.weights.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, z))))
