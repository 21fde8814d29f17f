"""Hostile text -> sentences of tokens that still know where they stand in the original.

Case, accents, width forms, HTML entities and invisible characters (zero-width, soft hyphen, bidirectional controls) are
folded away for matching only; offsets point into the text as received, so every quoted cue is verbatim. One pass,
linear in the length.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

MAX_CHARS = 100_000
"""Characters of one text that are read; the rest is left unread, and `suggest` says so."""
MAX_EXPANSION = 4
"""Letters kept of one character's compatibility form: enough for ligatures; some characters unfold into eighteen."""

_STEMMER = snowballstemmer.stemmer("english")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|[.!?]+(?=\s|$|[\"')\]])|\n(?![ \t]*[a-z])|[,;:()\"…—–]")
_FOLD = {
    "‘": "'",
    "’": "'",
    "ʼ": "'",
    "`": "'",
    "´": "'",
    "“": '"',
    "”": '"',
    "\r": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
}
_ENDS = frozenset(".!?\n…")
_NUMBER_WORDS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
ADULT_AGE = 18
"""Years. Article 1 of the UN Convention on the Rights of the Child: a child is below eighteen."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or punctuation mark; `start` and `end` are offsets into the text as received."""

    word: str
    stem: str
    start: int
    end: int
    original: str
    value: int | None

    @property
    def is_word(self) -> bool:
        return self.stem != ""

    @property
    def under_18(self) -> bool:
        return self.value is not None and 0 <= self.value < ADULT_AGE


Sentence = list[Token]


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Snowball English stem; words over 40 letters are nobody's cue and stay as they are: hostile input stays cheap."""
    return word if len(word) > 40 else str(_STEMMER.stemWord(word))


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    """Characters of `text` with entities read once (never twice), each with the span it came from."""
    position = 0
    for match in _ENTITY.finditer(text):
        for offset in range(position, match.start()):
            yield text[offset], offset, offset + 1
        for character in html.unescape(match.group()):
            yield character, match.start(), match.end()
        position = match.end()
    for offset in range(position, len(text)):
        yield text[offset], offset, offset + 1


def fold(text: str) -> tuple[str, list[int], list[int]]:
    """Text for matching (case kept), and for each of its characters the start and end offset in `text`."""
    if text.isascii() and "&" not in text:
        plain = text.replace("\r", "\n").replace("`", "'")
        return plain, list(range(len(text))), list(range(1, len(text) + 1))
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for character, start, end in _pieces(text):
        if character in _FOLD:
            parts = _FOLD[character]
        elif character.isascii():
            parts = character
        elif unicodedata.category(character) == "Cf":
            continue
        else:
            decomposed = unicodedata.normalize("NFKD", character)
            parts = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Me", "Cf"))[:MAX_EXPANSION]
        for part in parts:
            folded.append(part)
            starts.append(start)
            ends.append(end)
    return "".join(folded), starts, ends


def _token(original: str, start: int, end: int) -> Token:
    word = original.lower()
    if word[0].isdigit():
        digits = word.replace(",", "")
        value = int(digits) if digits.isdigit() and len(digits) <= 12 else None
        return Token(word, word, start, end, original, value)
    if not word[0].isalpha():
        return Token(word, "", start, end, original, None)
    bare = word.removesuffix("'s")
    return Token(bare, stem(bare), start, end, original.removesuffix("'s"), _NUMBER_WORDS.get(bare))


def sentences(text: str) -> list[Sentence]:
    """Split `text` into sentences of tokens. A line break ends one too, unless the next line goes on in lower case."""
    folded, starts, ends = fold(text[:MAX_CHARS])
    found: list[Sentence] = []
    current: Sentence = []
    for match in _TOKEN.finditer(folded):
        original = match.group()
        if original[0] in _ENDS:
            if current:
                found.append(current)
            current = []
            continue
        current.append(_token(original, starts[match.start()], ends[match.end() - 1]))
    if current:
        found.append(current)
    return found


def hidden_characters(text: str) -> list[str]:
    """Words that carry invisible format characters (bidirectional controls, zero-width), verbatim; at most five."""
    if text.isascii():
        return []
    words = (word for word in text[:MAX_CHARS].split() if not word.isascii())
    hidden: list[str] = []
    for word in words:
        if len(hidden) == 5:
            break
        inner = [c for c in word[:200] if unicodedata.category(c) == "Cf"]
        joins_emoji = all(c == "\u200d" for c in inner) and any(unicodedata.category(c) == "So" for c in word[:200])
        if inner and not joins_emoji:
            hidden.append(word[:200])
    return hidden
