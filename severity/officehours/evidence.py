"""How well a section, and each of its sentences, covers what was asked; all of it relative to the corpus at hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from severity.officehours.search import Concept, Hit, View, neighbours
from severity.officehours.sections import Section
from severity.officehours.semantic import closeness
from severity.officehours.sentences import Sentence, sentences
from severity.officehours.words import stems

if TYPE_CHECKING:
    import numpy as np

CANDIDATES = 30
"""Sections that BM25 puts forward and that are looked at sentence by sentence."""

COVERAGE_SHARE, SENTENCE_SHARE, PAIR_SHARE = 0.3, 0.35, 0.1
"""How much, beside BM25's 1, each kind of evidence moves the order."""

CLOSE_SHARE = 0.5
"""How much closeness in meaning adds, where it is installed."""
HEADING_COUNTS = 0.6
"""A word of the heading counts for each sentence below it, less than in the sentence itself."""
LEAD_BONUS = 0.35
"""For the first sentence below a heading that has the question's words: there the answer begins."""
CASE_BONUS = 0.15
"""The same for a question about a case, which is seldom where a section begins."""
QUESTION_BONUS = 0.8
"""The same below a heading that is a question itself, or where the page's owner keeps this very question."""
SAME_BONUS = 0.5
"""For a section whose owner keeps the question word for word."""
SAME_QUESTION = 0.75
"""Share of a question that a kept one must hold to be the same."""
FAVOUR = 0.05
REMEMBERED = 5_000
MEANING_BONUS = 0.15
"""For a sentence that begins with the word whose meaning is asked: it is likely its definition."""

BOILERPLATE = 3
"""A sentence that stands in this many of the candidates says nothing about one of them."""
LITTLE = 0.5
"""What is left of a sentence that is code, boilerplate, or only names a source or an owner."""

_LABEL = re.compile(
    r"[*_]*(?:sources?|owner|see|see also|references?|contact|version|last (?:updated|reviewed))\b[^.:]{0,20}:"
    r"|(?:[-*+ ]*!?\[[^\]]*\]\([^)]*\))+$",  # nothing but links: a table of contents
    re.IGNORECASE,
)
_TITLE = re.compile(r"(\*\*|__)[^*_]+\1:?$|.*\?[*_]*$")
_OFTEN = re.compile(
    r"\b(?:every|each|once|twice|times|per|hourly|daily|weekly|monthly|quarterly|half-yearly|yearly|annual|annually|never|always"
    r"|a (?:day|week|month|quarter|year)|(?:hour|day|week|month|year)s? after)\b",
    re.IGNORECASE,
)
_ASKS_OFTEN = re.compile(r"\bhow (?:often|frequently)\b|\bwhat (?:interval|frequency)\b", re.IGNORECASE)
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
_ASKS_CASE = re.compile(r"\b(?:what|how) if\b|\bwhat happens\b|\S\s+(?:if|when|once|unless|without)\b", re.IGNORECASE)
_ASKS_MEANING = re.compile(
    r"\s*(?:what(?:'s| is| are| does| do)|define|explain|describe|meaning of|what counts as)\b"
    r"(?!.*\b(?:for|when|after|if)\b)",
    re.IGNORECASE,
)
_DEFINED = re.compile(
    r"(?!\W*(?:\w\.\W+)?(?:when|if|where|once|after|before|unless|until|each|every|no|any)\b)"
    r"([^:.]{2,80}?|\w{1,3}\.[^:.]{2,80}?)(?:[*_]*:|\b(?:is|are|means?|refers? to|stands for)\b|[*_]* [-–—] )",
    re.IGNORECASE,
)
"""A sentence that says what its subject is."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A candidate section, its score with all evidence, and its sentences with their coverage (0..1)."""

    section: Section
    score: float
    bm25: float
    coverage: float
    pairs: float
    close: float
    """Closeness in meaning (0..1), 0 without the extra."""
    sentences: tuple[tuple[Sentence, float], ...]
    present: tuple[float, ...]
    """Per concept of the question: 1 in words, the synonym's weight, or 0."""
    dull: frozenset[str]
    """Sentences that say the same in many sections."""
    said: float
    """Share of the question (0..1) that its best sentence says, words of the headings above counted less."""

    @property
    def hit(self) -> Hit:
        return Hit(self.section, min(self.score, 1.0))


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, taken apart once."""

    concepts: Sequence[Concept]
    weights: tuple[float, ...]
    pairs: set[tuple[str, str]]
    wants: re.Pattern[str] | None
    """What a sentence must hold to answer: an amount, an interval, or nothing in particular."""
    case: bool
    meaning: bool
    vector: np.ndarray[Any, Any] | None


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence, its stems, whether it is a title of what follows, and whether it may be an answer."""

    sentence: Sentence
    words: list[str]
    held: frozenset[str]
    title: bool
    tells: bool


@dataclass(frozen=True, slots=True)
class _Text:
    """A section, read: its sentences, the stems of its heading and path and of its asks, its neighbours.

    `vectors` has a row per sentence, then one per ask.
    """

    lines: tuple[_Line, ...]
    asks: tuple[frozenset[str], ...]
    heading: list[str]
    all: frozenset[str]
    pairs: set[tuple[str, str]]
    vectors: np.ndarray[Any, Any] | None = None


class Reader:
    """Reads candidate sections for one view, which remembers what was read."""

    def __init__(self, view: View) -> None:
        self.view = view

    def rank(
        self, concepts: Sequence[Concept], question: str, talk: str = "", favoured: frozenset[str] = frozenset()
    ) -> list[Evidence]:
        """Candidates, best first. `talk` is the question before, `favoured` the sections that it was about."""
        scores = self.view.scores(concepts)
        if not len(scores):
            return []
        weights = tuple(concept.weight * concept.idf for concept in concepts)
        asked = _Question(
            concepts,
            weights,
            neighbours([concept.stem for concept in concepts]),
            wanted(question),
            bool(_ASKS_CASE.search(question)),
            bool(_ASKS_MEANING.match(question)) and 0 < len(concepts) <= 4,
            self.view.meaning.vectors([f"{talk} {question}"])[0] if self.view.meaning else None,
        )
        shares = scores / (sum(weights) or 1.0)
        close = None
        if asked.vector is not None and self.view.vectors is not None:
            close = closeness(self.view.vectors, asked.vector)
        kept = self.view.keeping(question)
        best = _best(shares if close is None else shares + CLOSE_SHARE * close)
        numbers = list(dict.fromkeys([*kept, *best]))
        texts = self._read(numbers)
        seen = Counter(line.sentence.text for number in numbers for line in texts[number].lines)
        dull = frozenset(text for text, count in seen.items() if count >= BOILERPLATE)
        found = [
            self._evidence(
                self.view.sections[number],
                texts[number],
                float(shares[number]),
                float(close[number]) if close is not None else 0.0,
                FAVOUR * (self.view.sections[number].address in favoured) + SAME_BONUS * (number in kept),
                asked,
                dull,
            )
            for number in numbers
        ]
        return sorted(found, key=lambda each: -each.score)

    def _read(self, numbers: Sequence[int]) -> dict[int, _Text]:
        """These sections, read; of those not read before the vectors are made in one go."""
        known = {number: self.view.memo[number] for number in numbers if number in self.view.memo}
        fresh = [number for number in numbers if number not in known]
        lines = []
        for number in fresh:
            section = self.view.sections[number]
            found = tuple(map(_line, sentences(section.text)))
            heading = stems(section.heading)
            path = frozenset(stem for part in (*section.above, section.heading) for stem in stems(part))
            asks = tuple(map(stems, section.asks))
            together = (heading, *(line.words for line in found), *asks)
            pairs = set().union(*map(neighbours, together))
            known[number] = _Text(found, tuple(map(frozenset, asks)), heading, path.union(*together), pairs)
            above = section.heading
            for line in found:
                above = f"{section.heading}. {line.sentence.text}" if line.title else above
                lines.append(f"{above}. {line.sentence.text}")
            lines += section.asks
        if self.view.meaning and lines:
            rows = self.view.meaning.vectors(lines)
            at = 0
            for number in fresh:
                text = known[number]
                count = len(text.lines) + len(text.asks)
                known[number] = replace(text, vectors=rows[at : at + count])
                at += count
        if len(self.view.memo) > REMEMBERED:
            self.view.memo.clear()
        self.view.memo.update(known)
        return known

    def _evidence(
        self,
        section: Section,
        text: _Text,
        bm25: float,
        close: float,
        favour: float,
        asked: _Question,
        dull: frozenset[str],
    ) -> Evidence:
        total = sum(asked.weights) or 1.0
        present = tuple(concept.presence(text.all) for concept in asked.concepts)
        coverage = sum(w * p for w, p in zip(asked.weights, present, strict=True)) / total
        heading = frozenset(text.heading)
        above = headed = [HEADING_COUNTS * concept.presence(heading) for concept in asked.concepts]
        meant = frozenset(asked.concepts[0].stem.split()) if asked.meaning else frozenset()
        term = (
            frozenset(part for concept in asked.concepts for part in concept.stem.split()) if asked.meaning else meant
        )
        defined = bool(meant) and meant <= set(text.heading[: len(meant)]) and not section.heading.endswith("?")
        asks = [
            sum(w * concept.presence(words) for w, concept in zip(asked.weights, asked.concepts, strict=True))
            for words in text.asks
        ]
        likest = max(asks, default=0.0) / total
        lead = CASE_BONUS if asked.case else LEAD_BONUS
        if section.heading.endswith("?") or likest >= SAME_QUESTION:
            lead = QUESTION_BONUS
        lead *= max(likest, sum(w * p for w, p in zip(asked.weights, above, strict=True)) / total)
        shares: list[float] = []
        worth: list[float] = []
        said, named = 0.0, False
        for line in text.lines:
            sentence, words = line.sentence, line.words
            own = [concept.presence(line.held) for concept in asked.concepts]
            share = sum(w * (o + (1 - o) * a) for w, o, a in zip(asked.weights, own, above, strict=True)) / total
            said = max(said, share)
            amiss = asked.wants is not None and not asked.wants.search(sentence.text)
            if amiss:
                share *= 0.75
            if meant and meant <= set(words[: len(meant) + 1]):
                share += MEANING_BONUS
                defined = True
            if meant and not named and (subject := _DEFINED.match(sentence.text)):
                named = set(stems(subject[1])) == term
                share += MEANING_BONUS * named
            if line.title:  # it stands above what follows, as a heading does
                likest = max(likest, share)
                above = [max(a, HEADING_COUNTS * o) for o, a in zip(own, headed, strict=True)]
            tells = line.tells and sentence.text not in dull
            if tells and not amiss:
                share += lead
                lead = 0.0
            worth.append(1.0 if tells else LITTLE)
            shares.append(share)
        if shares:
            shares[0] += lead
        shares = [share * part for share, part in zip(shares, worth, strict=True)]
        pairs = len(asked.pairs & text.pairs) / len(asked.pairs) if asked.pairs else 0.0
        score = bm25 + COVERAGE_SHARE * coverage + SENTENCE_SHARE * max(likest, *shares, 0.0) + PAIR_SHARE * pairs
        score = score / (1 + COVERAGE_SHARE + SENTENCE_SHARE + PAIR_SHARE) + MEANING_BONUS * (defined + named) + favour
        if asked.vector is not None:
            near = [0.0]
            if text.vectors is not None and len(text.vectors):
                near = closeness(text.vectors, asked.vector).tolist()
            close = (close + float(max(near))) / 2
            score += CLOSE_SHARE * close
            shares = [
                share + part * CLOSE_SHARE * float(each) for share, part, each in zip(shares, worth, near, strict=False)
            ]
        score *= section.weight
        scored = tuple((line.sentence, share) for line, share in zip(text.lines, shares, strict=True))
        return Evidence(section, score, bm25, coverage, pairs, close, scored, present, dull, said)


def _best(scores: np.ndarray[Any, Any]) -> list[int]:
    import numpy as np

    order: list[int] = np.argsort(-scores, kind="stable")[:CANDIDATES].tolist()
    return order


def _line(sentence: Sentence) -> _Line:
    words = stems(sentence.text)
    title = is_title(sentence)
    tells = not title and sentence.kind != "code" and not is_label(sentence.text)
    return _Line(sentence, words, frozenset(words), title, tells)


def is_label(sentence: str) -> bool:
    """Whether it only names a source, an owner or where else to look."""
    return bool(_LABEL.match(sentence))


def is_title(sentence: Sentence) -> bool:
    """Whether it only leads to what follows: a line in bold, a question that the page asks itself, a table's head."""
    return sentence.kind == "head" or (sentence.kind == "prose" and bool(_TITLE.match(sentence.text)))


def wanted(question: str) -> re.Pattern[str] | None:
    """What a sentence must hold to answer: an interval, a number or a time; None where nothing such is asked for."""
    if _ASKS_OFTEN.search(question):
        return _OFTEN
    return _AMOUNT if _ASKS_AMOUNT.search(question) else None


def lacks_amount(question: str, sentence: str) -> bool:
    """Whether a number, a time or an interval is asked for, and the sentence has none."""
    pattern = wanted(question)
    return pattern is not None and not pattern.search(sentence)
