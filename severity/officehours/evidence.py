"""How well a section, and each of its sentences, covers what was asked; all of it relative to the corpus at hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from severity.officehours.search import Concept, Hit, View, neighbours
from severity.officehours.sections import Section
from severity.officehours.sentences import Sentence, sentences
from severity.officehours.words import stems

CANDIDATES = 30
"""Sections that BM25 puts forward and that are looked at sentence by sentence."""

COVERAGE_SHARE, SENTENCE_SHARE, PAIR_SHARE = 0.5, 0.2, 0.1
"""How much, beside BM25's 1, each kind of evidence moves the order."""

MEANING_BONUS = 0.15
"""For a sentence that begins with the word whose meaning is asked: it is likely its definition."""

_AMOUNT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|daily|weekly|monthly|quarterly|yearly"
    r"|annual|annually|never|always|immediately|hour|day|week|month|quarter|year|each|every|before|after)\w*\b",
    re.IGNORECASE,
)
_ASKS_AMOUNT = re.compile(
    r"\bhow (?:many|much|long|often|soon|quickly|fast|frequently|late|old|big|large|high|low)\b"
    r"|\bwhen\b|\bdeadline|\bby what|\bhow far"
    r"|\bwhat (?:is the )?(?:number|percentage|time|date|limit|threshold|maximum|minimum|share|rate|size)\b",
    re.IGNORECASE,
)
_ASKS_MEANING = re.compile(
    r"\s*(?:what(?:'s| is| are| does| do)|define|explain|describe|meaning of|what counts as)\b"
    r"(?!.*\b(?:for|when|after|if)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A candidate section, its score with all evidence, and its sentences with their coverage (0..1)."""

    section: Section
    score: float
    bm25: float
    coverage: float
    pairs: float
    sentences: tuple[tuple[Sentence, float], ...]
    present: tuple[float, ...]
    """Per concept of the question: 1 in words, the synonym's weight, or 0."""

    @property
    def best(self) -> float:
        return max((score for _, score in self.sentences), default=0.0)

    @property
    def hit(self) -> Hit:
        return Hit(self.section, self.score)


class Reader:
    """Reads candidate sections for one view, and remembers their stems."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._read: dict[int, tuple[tuple[Sentence, list[str]], ...]] = {}

    def rank(
        self, concepts: Sequence[Concept], question: str, favoured: frozenset[str] = frozenset()
    ) -> list[Evidence]:
        """Candidates, best first. `favoured` are addresses of sections that the talk is about already."""
        import numpy as np

        ideal = sum(concept.weight * concept.idf for concept in concepts) or 1.0
        scores = self.view.scores(concepts)
        if not len(scores):
            return []
        order = np.argsort(-scores, kind="stable")[:CANDIDATES]
        asked = neighbours([concept.stem for concept in concepts])
        found = []
        for number in order:
            evidence = self._evidence(int(number), float(scores[number]) / ideal, concepts, asked, question)
            if evidence.section.address in favoured:
                evidence = _raised(evidence, 0.05)
            found.append(evidence)
        return sorted(found, key=lambda each: -each.score)

    def _sentences(self, number: int) -> tuple[tuple[Sentence, list[str]], ...]:
        if number not in self._read:
            if len(self._read) > 5_000:
                self._read.clear()
            text = self.view.sections[number].text
            self._read[number] = tuple((sentence, stems(sentence.text)) for sentence in sentences(text))
        return self._read[number]

    def _evidence(
        self, number: int, bm25: float, concepts: Sequence[Concept], asked: set[tuple[str, str]], question: str
    ) -> Evidence:
        section = self.view.sections[number]
        read = self._sentences(number)
        heading = frozenset(stem for part in section.path for stem in stems(part))
        own = frozenset(stems(section.heading))
        everything = heading.union(*(words for _, words in read)) if read else heading
        present = tuple(concept.presence(everything) for concept in concepts)
        weights = [concept.weight * concept.idf for concept in concepts]
        total = sum(weights) or 1.0
        coverage = sum(w * p for w, p in zip(weights, present, strict=True)) / total
        in_heading = [concept.presence(own) for concept in concepts]
        wants_amount = bool(_ASKS_AMOUNT.search(question))
        wants_meaning = bool(_ASKS_MEANING.match(question)) and len(concepts) <= 4
        scored = []
        defined = wants_meaning and concepts[0].stem in stems(section.heading)[:1]
        for sentence, words in read:
            held = set(words)
            share = sum(
                w * max(concept.presence(held), 0.75 * above)
                for w, concept, above in zip(weights, concepts, in_heading, strict=True)
            )
            share /= total
            if wants_amount and not _AMOUNT.search(sentence.text):
                share *= 0.75
            if sentence.kind == "code":
                share *= 0.5
            if wants_meaning and concepts[0].stem in words[:2]:
                share += MEANING_BONUS
                defined = True
            scored.append((sentence, share))
        beside = set()
        for words in ([*stems(section.heading)], *(words for _, words in read)):
            beside |= neighbours(words)
        pairs = len(asked & beside) / len(asked) if asked else 0.0
        best = max((share for _, share in scored), default=0.0)
        score = bm25 + COVERAGE_SHARE * coverage + SENTENCE_SHARE * best + PAIR_SHARE * pairs
        score = score / (1 + COVERAGE_SHARE + SENTENCE_SHARE + PAIR_SHARE) + MEANING_BONUS * defined
        return Evidence(section, score, bm25, coverage, pairs, tuple(scored), present)


def asks_amount(question: str) -> bool:
    """Whether the answer must hold a number, a date or a time."""
    return bool(_ASKS_AMOUNT.search(question))


def has_amount(sentence: str) -> bool:
    return bool(_AMOUNT.search(sentence))


def _raised(evidence: Evidence, by: float) -> Evidence:
    return Evidence(
        evidence.section,
        evidence.score + by,
        evidence.bm25,
        evidence.coverage,
        evidence.pairs,
        evidence.sentences,
        evidence.present,
    )
