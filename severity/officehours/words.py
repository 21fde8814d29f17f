"""Words of a text or a question -> stems to match by.

A word and the number after it also make one stem ("tier 1", "SEV-1", "Art. 73"), because in a policy the number is the
name; a hyphenated word is also its parts and its whole ("re-validation", "sign-off").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*(?:[-‐‑][^\W_]+)*")
_PART = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_JOINING = re.compile(r"[^\W\d_]{3,}", re.UNICODE)

_HOW = re.compile(
    r"\bhow (?:often|frequently|long|soon|quick(?:ly)?|fast|late|early|old|big|large|small|high|low|far|close)\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?<![.?!:]\s)(?<!^)\b(?:[A-Z][a-z]+(?:[A-Z]\w*)?|[A-Z][A-Z0-9-]+\w*)\b|\b[A-Za-z]+-?\d+\b|\b\d[\d.,]*\b|[\"“'‘]([^\"”'’]{2,40})[\"”'’]"
)
_NO_NAMES = frozenset({"i", "ai"})

_EVERYDAY = Path(__file__).with_name("everyday.txt")
_IRREGULAR = Path(__file__).with_name("irregular.txt")

STOP = frozenset(Path(__file__).with_name("stopwords.txt").read_text(encoding="utf-8").split())
"""Words that say nothing about the subject of a question."""


def folded(text: str) -> str:
    """Compatibility forms, case and accents folded away."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The stem of one folded word; irregular forms ("kept", "children") like regular ones; words with digits stay."""
    if not (word.isalpha() or "'" in word or "’" in word):
        return word
    word = word.removesuffix("'s").removesuffix("’s")
    stemmed: str = _stemmer()(_irregular().get(word, word))
    return stemmed


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]
    import snowballstemmer

    stemmer = snowballstemmer.stemmer("english")
    return lambda word: stemmer.stemWord(word.replace("’", "'"))


@lru_cache(maxsize=1)
def _irregular() -> dict[str, str]:
    """Irregular form -> base form. Forms that are more often another word ("left", "found") are left out."""
    return dict(pair.split(":") for pair in _IRREGULAR.read_text(encoding="utf-8").split())


@lru_cache(maxsize=1)
def everyday() -> frozenset[str]:
    """Stems of words that people say more often than policies write: rare in a handbook, and yet they tell little."""
    return frozenset(map(stem, _EVERYDAY.read_text(encoding="utf-8").split()))


def stems(text: str) -> list[str]:
    """Every stem of a text in order, stop words left out, joined forms and their parts too."""
    return [found for found, _ in _stems(text)]


def asked(question: str) -> list[str]:
    """The stems of a question, once each: of a joined form only the whole, because "tier 1" is not about any 1; and not
    the "long" of "how long", which stands in the question only."""
    return list(dict.fromkeys(found for found, part in _stems(_HOW.sub("how", question)) if not part))


def names_of(question: str) -> set[str]:
    """Names and numbers in a question: capitals within a sentence, letters with digits, numbers, words in quotes."""
    found = {match[1] or match[0] for match in _NAME.finditer(question)}
    return {name for name in found if folded(name) not in _NO_NAMES}


def phrase(text: str) -> str:
    """A text as stems between spaces, stop words kept as they are, so that a phrase can be looked for in it."""
    parts = (part for word in _WORD.findall(folded(text)) for part in _PART.findall(word))
    return f" {' '.join(part if part in STOP else stem(part) for part in parts)} "


def _stems(text: str) -> Iterator[tuple[str, bool]]:
    """(stem, whether it is only a part of a joined form that came with it)."""
    before = ""
    for match in _WORD.finditer(folded(text)):
        word = match[0]
        if word.isalpha():
            if word not in STOP:
                yield stem(word), False
            before = word
            continue
        if "-" not in word and not any(map(str.isdigit, word)):
            word = word.replace("’", "'")
            if word not in STOP and word.removesuffix("'s") not in STOP:
                yield stem(word), False
            before = word
            continue
        parts = _PART.findall(word)
        joined = len(parts) > 1 and len(word) <= 40
        if joined:
            whole = "".join(parts)
            yield stem(whole) if whole.isalpha() else whole, False
        named = word.isdigit() and len(word) <= 4 and before not in STOP and bool(_JOINING.fullmatch(before))
        if named:
            yield stem(before) + word, False
        for part in parts:
            if part not in STOP:
                # The parts of "sign-off" mean something alone; the digits of "SEV1" and the "re" of "re-test" do not.
                yield stem(part), named or (joined and (len(part) < 3 or not word.replace("-", "").isalpha()))
        before = "" if word.isdigit() or not parts else parts[-1]
