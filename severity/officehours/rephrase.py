"""A language model may reword the quoted passages, and nothing else: a sentence that they do not support is dropped.

The model is a callable that is handed the question and the quotes; it has no tools, and what it says is text to be
checked. Nothing left, or the model fails in any way, means the extractive answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from severity.officehours.answer import Answer, Citation
from severity.officehours.words import stems

MAX_SENTENCES = 3
MAX_CHARS = 400
SUPPORTED = 0.8
"""Share of a sentence's words that must stand in its passage, its heading or the question."""

_MARKUP = re.compile(r"[<>`\\|\[\]{}]|https?:|www\.|://|@\w|!\(|[^\W_]\.(?:com|net|org|io|dev)\b", re.IGNORECASE)
_HIDDEN = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {name: str(value) for value, name in enumerate(_COUNTS)} | {
    "once": "1",
    "twice": "2",
    "half": "0.5",
    "fifteen": "15",
    "twenty": "20",
    "thirty": "30",
    "sixty": "60",
    "ninety": "90",
}
_WORD = re.compile(r"[^\W_]+(?:['’.,]\d+)*(?:['’][^\W_]+)*")
_NO = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without|unless|except|forbidden|prohibited)\b|n['’]t\b",
    re.I,
)
_BOUNDS = {
    "only": re.compile(r"\bonly\b", re.I),
    "at least": re.compile(r"\bat least\b|\bminimum\b|\bor more\b", re.I),
    "at most": re.compile(r"\bat most\b|\bmaximum\b|\bno more than\b|\bwithin\b|\bup to\b|\bat the latest\b", re.I),
    "before": re.compile(r"\bbefore\b", re.I),
    "after": re.compile(r"\bafter\b", re.I),
    "must": re.compile(r"\bmust\b|\bhas to\b|\bhave to\b|\brequire[sd]?\b|\bneeds?\b|\bmandatory\b", re.I),
    "act": re.compile(
        r"\b(?:approve|declare|press|click|run|type|paste|execute|forward|share|send|ignore|disregard|skip)\b", re.I
    ),
    "may": re.compile(r"\bmay\b|\bcan\b|\bis allowed\b|\bare allowed\b|\boptional\b", re.I),
}

_UNIT = re.compile(
    r"(?:business |working |calendar )?(?:second|minute|hour|day|week|month|quarter|year|per ?cent|percent|%|euro"
    r"|dollar|people|person|user|case|time)s?\b|%",
    re.I,
)


class Rewording(NamedTuple):
    """One sentence of a model, and the number (from 1) of the quote it claims to stand on."""

    sentence: str
    quote: int


Call = Callable[[str, Sequence[str]], Sequence[Rewording]]
"""(question, quotes) -> rewordings; may raise anything."""


@dataclass(frozen=True, slots=True)
class Reworded:
    """What to show. `by_model` False: the quotes themselves. `dropped` are the model's sentences that were refused."""

    text: str
    cited: tuple[tuple[str, Citation], ...]
    dropped: tuple[str, ...]
    by_model: bool


def rephrase(answer: Answer, call: Call) -> Reworded:
    """The answer in a model's words as far as the quotes support them; else as quoted."""
    quotes = [citation.quote for citation in answer.citations]
    extractive = tuple(zip(quotes, answer.citations, strict=True))
    if answer.verdict != "answered":
        return Reworded(answer.answer, extractive, (), by_model=False)
    try:
        said = [Rewording(str(sentence), int(number)) for sentence, number in call(answer.question, quotes)]
    except Exception:  # down, slow, over budget, malformed: the quotes are the answer
        return Reworded(answer.answer, extractive, (), by_model=False)
    kept: list[tuple[str, Citation]] = []
    dropped: list[str] = []
    for sentence, number in said[:20]:
        citation = answer.citations[number - 1] if 1 <= number <= len(answer.citations) else None
        if citation and len(kept) < MAX_SENTENCES and supported(sentence, citation, answer.question):
            kept.append((" ".join(sentence.split()), citation))
        else:
            dropped.append(sentence)
    if not kept:
        return Reworded(answer.answer, extractive, tuple(dropped), by_model=False)
    return Reworded(" ".join(sentence for sentence, _ in kept), tuple(kept), tuple(dropped), by_model=True)


def supported(sentence: str, citation: Citation, question: str = "") -> bool:
    """Whether a quote says what the sentence says: same words, numbers of the same things, negations and bounds; no
    links, and no call to do what the quote does not say.
    """
    sentence = unicodedata.normalize("NFKC", sentence)  # a full-width dot makes an address too
    if not sentence.strip() or len(sentence) > MAX_CHARS or _MARKUP.search(sentence) or _HIDDEN.search(sentence):
        return False
    quote = f"{citation.heading}. {citation.quote}"
    if not _numbers(sentence) <= _numbers(quote) or not _amounts(sentence) <= _amounts(quote):
        return False
    if bool(_NO.search(sentence)) != bool(_NO.search(citation.quote)):
        return False
    if any(bound.search(sentence) and not bound.search(quote) for bound in _BOUNDS.values()):
        return False
    if _BOUNDS["only"].search(citation.quote) and not _BOUNDS["only"].search(sentence):
        return False
    words = [stem for stem in stems(sentence) if not stem.isdigit()]
    known = set(stems(quote)) | set(stems(question))
    own = set(stems(quote))
    if not any(word in own for word in words):
        return False
    return sum(word in known for word in words) / len(words) >= SUPPORTED


def _numbers(text: str) -> set[str]:
    found = set()
    for word in _WORD.findall(text.lower()):
        if word in _NUMBERS:
            found.add(_NUMBERS[word])
        elif any(map(str.isdigit, word)):
            found.add(word.replace(",", ""))
    return found


def _amounts(text: str) -> set[str]:
    """Numbers with what they count, or else with what they name: "60 day", "tier 1"."""
    found, before = set(), ""
    for match in _WORD.finditer(text.lower()):
        number = _NUMBERS.get(match[0], match[0].replace(",", ""))
        if number.replace(".", "").isdigit():
            unit = _UNIT.match(text, match.end() + (text[match.end() : match.end() + 1] in (" ", "-")))
            found.add(f"{number} {unit[0].lower().removesuffix('s')}" if unit else f"{before} {number}")
        before = match[0]
    return found
