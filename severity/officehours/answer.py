"""A question -> one to three verbatim sentences with their places, or "not sure" with the closest, or silence.

Nothing here acts: an answer is text, addresses and offers of three fixed kinds, whatever a page may say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from severity.officehours.confidence import Calibration, calibration_for, elsewhere, near_miss, probability, signs
from severity.officehours.evidence import Evidence, Reader, is_label, is_title
from severity.officehours.offers import Offer, asks_own_tier, offers_for
from severity.officehours.search import MAX_QUESTION, Concept, Hit, Index, View, concepts_of, everyone
from severity.officehours.sections import collapsed
from severity.officehours.sentences import Sentence
from severity.officehours.words import phrase, stems

Verdict = Literal["answered", "unsure", "abstained"]
RANKED = 10
SHOWN_WHEN_UNSURE = 5
MAX_ANSWER = 700
"""Characters of an answer; one long sentence may fill it alone."""
ENOUGH = 360
"""Characters below which a sentence is quoted with those that follow it in its paragraph."""
AS_CLOSE = 0.97
"""Share of the first section's score from which the second is quoted too."""
FOLLOW_UP_WEIGHT = 0.3

_GOES_ON = re.compile(
    r"\s*(?:and|but|or|so|then|okay|what about|how about|same|also|why|why not|since when|until when|for how long)\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r".*\b(?:it|its|they|them|their|that|those|this|these|then|there|he|she|the same|such|one|ones|instead)\b"
    r"(?! own\b)",
    re.IGNORECASE | re.DOTALL,
)
_LEANS = re.compile(
    r"[*_]*(?:it|its|they|their|this|that|these|those|such|he|she|both|then|so|but|and|otherwise|instead)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a quote stands. `quote` is the source with whitespace collapsed; `score` is 0..1."""

    file: str
    heading: str
    anchor: str
    quote: str
    score: float
    reviewed: date | None
    owner: str | None
    handbook: str
    commit: str | None

    @property
    def address(self) -> str:
        return f"{self.file}#{self.anchor}" if self.anchor else self.file

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "heading": self.heading,
            "anchor": self.anchor,
            "quote": self.quote,
            "score": round(self.score, 4),
            "reviewed": self.reviewed.isoformat() if self.reviewed else None,
            "owner": self.owner,
            "handbook": self.handbook,
            "commit": self.commit,
        }


@dataclass(frozen=True, slots=True)
class Context:
    """What a thread is about: the questions so far, newest last, and the sections that answered the last one."""

    questions: tuple[str, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`answer` is empty unless answered; `citations` are the quotes, or the closest sections when unsure.

    `ranked` holds the best sections, quoted or not; `confidence` is the probability that the first one answers.
    """

    question: str
    verdict: Verdict
    answer: str
    citations: tuple[Citation, ...]
    ranked: tuple[Hit, ...]
    offers: tuple[Offer, ...]
    confidence: float
    context: Context

    def to_json(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "verdict": self.verdict,
            "answer": self.answer,
            "citations": [citation.to_json() for citation in self.citations],
            "ranked": [
                {
                    "file": hit.section.file,
                    "heading": hit.section.heading,
                    "anchor": hit.section.anchor,
                    "score": round(hit.score, 4),
                }
                for hit in self.ranked
            ],
            "offers": list(self.offers),
            "confidence": round(self.confidence, 3),
        }


def ask(
    index: Index,
    question: str,
    context: Context | None = None,
    *,
    may_read: Callable[[str], bool] = everyone,
) -> Answer:
    """Answer from what the asker may read. `context` is the `context` of the thread's last answer."""
    question = question[:MAX_QUESTION].strip()
    view = index.view(may_read)
    reader = Reader(view)
    calibration = calibration_for(view)
    concepts, favoured = _asked(question, context, view, index)
    talk = context.questions[-1] if context and favoured else ""
    ranked = reader.rank(concepts, question, talk, favoured)
    found = signs(question, concepts, ranked, view)
    sure = probability(found, calibration) if ranked and concepts else 0.0
    kept = bool(ranked) and phrase(question) in map(phrase, ranked[0].section.asks)
    if kept:  # the owner has decided that this section answers it
        sure = max(sure, calibration.answered)
    verdict = _verdict(sure, question, calibration)
    if verdict == "unsure" and elsewhere(sure, concepts, view):
        verdict = "abstained"
    if verdict == "answered" and not kept and near_miss(found, concepts, ranked[0]):
        verdict = "unsure"
    quoted = _quotes(ranked, concepts) if verdict == "answered" else []
    if verdict == "answered" and not quoted:
        verdict = "unsure"
    if verdict == "unsure":
        quoted = [(each, [shown]) for each in ranked[:SHOWN_WHEN_UNSURE] if (shown := _shown(each))]
    citations = tuple(_citation(each, sentence) for each, found in quoted for sentence in found)
    return Answer(
        question=question,
        verdict=verdict,
        answer=" ".join(citation.quote for citation in citations) if verdict == "answered" else "",
        citations=citations,
        ranked=tuple(each.hit for each in ranked[:RANKED]),
        offers=offers_for(question, verdict),
        confidence=sure,
        context=Context(
            (*(context.questions if context and favoured else ()), question)[-4:],
            tuple(each.section.address for each in ranked[:3]),
        ),
    )


def verbatim(citation: Citation, source: str) -> bool:
    """Whether the quote stands in the page's source, whitespace aside."""
    return collapsed(citation.quote) in collapsed(source)


def _verdict(sure: float, question: str, bands: Calibration) -> Verdict:
    if sure < bands.unsure:
        return "abstained"
    # Which tier a system of theirs has is a stored decision, never a page's guess.
    if sure < bands.answered or asks_own_tier(question):
        return "unsure"
    return "answered"


def _asked(question: str, context: Context | None, view: View, index: Index) -> tuple[list[Concept], frozenset[str]]:
    """The question's concepts; a follow-up also carries those of the talk before, at a lower weight."""
    concepts = concepts_of(question, view, index.glossary)
    most = 5 if _GOES_ON.match(question) else 3 if _POINTS_BACK.match(question) else 1
    if context is None or len(concepts) > most:
        return concepts, frozenset()
    numbered = {concept.stem.rstrip("0123456789") for concept in concepts if concept.stem[-1:].isdigit()}
    known = {concept.stem for concept in concepts}
    for earlier in reversed(context.questions):
        for concept in concepts_of(earlier, view, index.glossary, FOLLOW_UP_WEIGHT):
            # "And tier 2?" replaces tier 1; it does not add to it.
            replaced = concept.stem[-1:].isdigit() and numbered and concept.stem.rstrip("0123456789") in numbered
            if concept.stem not in known and not replaced:
                known.add(concept.stem)
                concepts.append(concept)
    return concepts, frozenset(context.addresses)


def _best(evidence: Evidence) -> Sentence | None:
    pair = max(evidence.sentences, key=lambda each: each[1], default=None)
    return pair[0] if pair else None


def _shown(evidence: Evidence) -> Sentence | None:
    """The best sentence with the line that leads to it, or the whole list it stands in. What many sections say alike
    tells least about this one."""
    best = max(evidence.sentences, key=lambda each: (each[0].text not in evidence.dull, each[1]), default=(None, 0.0))[
        0
    ]
    texts = [sentence for sentence, _ in evidence.sentences]
    return best and (_whole(evidence.section.text, texts, texts.index(best)) or best)


def _whole(source: str, texts: Sequence[Sentence], at: int) -> Sentence | None:
    """What sentence `at` can be understood with, as one span of the source: its list, or the line in bold or question
    just above it; None where it stands for itself."""
    if at > 0 and texts[at].kind != "row" and is_title(texts[at - 1]) and not is_title(texts[at]):
        both = f"{texts[at - 1].text} {texts[at].text}"
        if both in collapsed(source):
            return Sentence(both, texts[at].kind, texts[at].block)
    return whole_list(source, texts, at)


def _quotes(ranked: list[Evidence], concepts: list[Concept]) -> list[tuple[Evidence, list[Sentence]]]:
    """One to three sentences: those of the first section, and the best of the next where it is as close."""
    top = ranked[0]
    if not top.sentences:
        return []
    if len(ranked) > 1 and ranked[1].score >= AS_CLOSE * top.score and (other := _best(ranked[1])):
        first = _of_section(top, concepts, 2)
        if other.text not in {sentence.text for sentence in first}:
            return [(top, first), (ranked[1], [other])]
    return [(top, _of_section(top, concepts, 3))]


def _of_section(top: Evidence, concepts: list[Concept], limit: int) -> list[Sentence]:
    """The best sentence with what it leans on, or the whole list it is part of; then what covers the rest of the
    question and what follows, in the order of the page."""
    texts = [sentence for sentence, _ in top.sentences]
    at = max(range(len(texts)), key=lambda number: top.sentences[number][1])
    best = texts[at]
    if (whole := _whole(top.section.text, texts, at)) is not None:
        return [whole]
    wanted = [at]
    if (above := _lead_in(texts, at)) is not None:
        wanted.append(above)
    if _LEANS.match(best.text) and at > 0 and texts[at - 1].block == best.block:
        wanted.append(at - 1)
    known = set(stems(best.text)) | set(stems(top.section.heading))
    missing = [concept for concept in concepts if concept.presence(known) == 0]
    gains = [
        (
            sum(concept.idf * concept.presence(set(stems(sentence.text))) for concept in missing),
            -abs(number - at),
            number,
        )
        for number, sentence in enumerate(texts)
        if number not in wanted
        and sentence.kind == "prose"
        and not is_label(sentence.text)
        and sentence.text not in top.dull
    ]
    gain, _, number = max(gains, default=(0.0, 0, 0))
    if gain > 0:
        wanted.append(number)
    after = at + 1
    while (
        best.kind == "prose"
        and sum(len(texts[n].text) for n in wanted) < ENOUGH
        and after < len(texts)
        and texts[after].block == best.block
        and not is_label(texts[after].text)
        and texts[after].text not in top.dull
    ):
        wanted.append(after)
        after += 1
    kept: list[int] = []
    size = 0
    for number in dict.fromkeys(wanted):
        if len(kept) < limit and (not kept or size + len(texts[number].text) <= MAX_ANSWER):
            kept.append(number)
            size += len(texts[number].text)
    return [texts[number] for number in sorted(kept)]


def _lead_in(texts: Sequence[Sentence], at: int) -> int | None:
    """The sentence that a list's item or a table's row hangs on: the one before the list, or the table's head."""
    block = texts[at].block
    first = next(number for number, sentence in enumerate(texts) if sentence.block == block)
    if texts[at].kind == "row":
        return first - 1 if first > 0 and texts[first - 1].kind == "head" else None
    if texts[at].kind == "item" and first > 0 and texts[first - 1].text.endswith(":"):
        return first - 1
    return None


def whole_list(source: str, texts: Sequence[Sentence], at: int) -> Sentence | None:
    """The list that sentence `at` belongs to or opens, lead-in first, as one span of the source; None where it is no
    list or too long to quote whole, because half a list misleads."""
    opens = texts[at].kind == "prose" and texts[at].text.endswith(":")
    inside = at + 1 if opens else at
    if inside >= len(texts) or texts[inside].kind != "item":
        return None
    block = texts[inside].block
    of_list = [number for number, sentence in enumerate(texts) if sentence.block == block]
    lead = at if opens else _lead_in(texts, inside)
    text = collapsed(source)
    start = text.find(texts[of_list[0] if lead is None else lead].text)
    end = start
    for number in of_list:
        end = text.find(texts[number].text, end)
        if start < 0 or end < 0:
            return None
        end += len(texts[number].text)
    return Sentence(text[start:end], "list", block) if end - start <= MAX_ANSWER else None


def _citation(evidence: Evidence, sentence: Sentence) -> Citation:
    section = evidence.section
    return Citation(
        section.file,
        section.heading,
        section.anchor,
        sentence.text,
        evidence.hit.score,
        section.reviewed,
        section.owner,
        section.handbook,
        section.commit,
    )
