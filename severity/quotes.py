"""Whether words are really in a text: exact, then by case, spaces, quotation marks and dashes. Never fuzzy. Pure.

A quote that leaves out the "no" of its sentence, or a part of a number or word, is not a quote: it says something else.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from severity.suggesting.lexicon import shipped_lexicon
from severity.suggesting.text import Sentence, sentences

_DASHES = "‐‑‒–—―"  # U+2010 to U+2015
_QUOTATION = "‘’‚‛′`´" + "“”„‟″«»"
_SAME = {**dict.fromkeys(map(ord, _DASHES), "-"), **dict.fromkeys(map(ord, _QUOTATION), "'"), ord('"'): "'"}
_LETTERS = re.compile(r"[^\W\d_]")
_ENDS = frozenset(";:—–()")
_NUMBER_GOES_ON = re.compile(r"[.,:/]?\d")
_NUMBER_BEFORE = re.compile(r"\d[.,:/]?$|[$€£+-]$")


def verbatim(quote: str, text: str) -> str | None:
    """The text's own words where it holds the quote as a whole, with the negation of its sentence; else None."""
    wanted = quote.strip()
    if len(_LETTERS.findall(wanted)) < 4:
        return None
    read = sentences(text)
    for start, end in _places(wanted, text):
        if _whole(text, start, end) and not _negated_outside(read, start, end):
            return text[start:end]
    return None


def _places(quote: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(quote)
    while start >= 0:
        yield start, start + len(quote)
        start = text.find(quote, start + 1)
    folded, origin = _folded(text)
    wanted = _folded(quote)[0].strip()
    start = folded.find(wanted)
    while start >= 0:
        yield origin[start], origin[start + len(wanted) - 1] + 1
        start = folded.find(wanted, start + 1)


def _folded(text: str) -> tuple[str, list[int]]:
    """Lower case, one kind of quotation mark and dash, single spaces; and where each character came from."""
    characters: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            if characters and characters[-1] == " ":
                continue
            character = " "
        for lowered in character.translate(_SAME).lower():
            characters.append(lowered)
            origin.append(place)
    return "".join(characters), origin


def _whole(text: str, start: int, end: int) -> bool:
    """Whether the quote begins and ends where words and numbers do."""
    before, after = text[max(0, start - 3) : start], text[end : end + 3]
    if before and _is_word(before[-1]) and _is_word(text[start]):
        return False
    if after and _is_word(after[0]) and _is_word(text[end - 1]):
        return False
    if text[start].isdigit() and _NUMBER_BEFORE.search(before):
        return False
    return not (text[end - 1].isdigit() and _NUMBER_GOES_ON.match(after))


def _is_word(character: str) -> bool:
    return character.isalnum() or character in "_'’"


def _negated_outside(read: list[Sentence], start: int, end: int) -> bool:
    """Whether a "no" of the same thought stands outside the quote. Before it a comma does not end the thought."""
    words = shipped_lexicon().context
    negating = words.negators | words.determiners | words.avoiders
    for sentence in read:
        before = [token.word for token in sentence if token.end <= start]
        after = [token.word for token in sentence if token.start >= end]
        if len(before) + len(after) == len(sentence):
            continue  # the quote does not touch it
        if _says_no(reversed(before), negating, words.breakers | _ENDS):
            return True
        if _says_no(after, negating, words.breakers | _ENDS | {","}):
            return True
    return False


def _says_no(nearby: Iterable[str], negating: frozenset[str], ends: frozenset[str]) -> bool:
    thought = takewhile(lambda word: word not in ends, nearby)
    return any(word in negating or word.endswith("n't") for word in thought)
