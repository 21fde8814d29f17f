"""The cue notation of the lexicon, compiled, and found in a sentence.

A cue is words separated by spaces; each is compared by its stem, so `injure` finds "injured". Per word:
`a|b` either one; `=word` this form only; `^SEC` this form and case only; `word?` may be absent; `<set>` one word of a
named set; `<number>` any number, `<under18>` a number below eighteen; `<end>` the end of the sentence or a punctuation
mark; `..4` up to four words in between; `:` the mark itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from severity.suggesting.text import Sentence, Token, stem

Label = TypeVar("Label")
MAX_GAP = 8
MAX_GAPS = 2
_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)*")


class CueError(ValueError):
    """A cue that cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Element:
    """One place in a cue: what it accepts, whether it may be absent, or (`gap` > 0) how many words may
    stand here instead. `at_end` takes no word: it holds where the sentence or clause ends."""

    stems: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    cased: frozenset[str] = frozenset()
    number: bool = False
    under_18: bool = False
    optional: bool = False
    gap: int = 0
    at_end: bool = False

    def accepts(self, token: Token) -> bool:
        return (
            token.stem in self.stems
            or token.word in self.words
            or token.original in self.cased
            or (self.number and token.value is not None)
            or (self.under_18 and token.under_18)
        )

    def lookups(self) -> Iterator[str]:
        """Where a token that this element accepts can be looked up."""
        yield from (f"s:{item}" for item in self.stems)
        yield from (f"w:{item}" for item in self.words)
        yield from (f"c:{item}" for item in self.cased)
        if self.number or self.under_18:
            yield "#"


Cue = tuple[Element, ...]


def compile_element(source: str, sets: Mapping[str, list[str]]) -> Element:
    """One space-free piece of a cue -> Element. Raises CueError."""
    if gap := re.fullmatch(r"\.\.(\d)", source):
        size = int(gap.group(1))
        if not 1 <= size <= MAX_GAP:
            raise CueError(f"a gap is 1 to {MAX_GAP} words, not {source!r}")
        return Element(gap=size)
    body, optional = (source[:-1], True) if source.endswith("?") else (source, False)
    stems: set[str] = set()
    words: set[str] = set()
    cased: set[str] = set()
    number = under_18 = at_end = False
    pending = body.split("|")
    seen_sets: set[str] = set()
    while pending:
        choice = pending.pop()
        if choice == "<number>":
            number = True
        elif choice == "<under18>":
            under_18 = True
        elif choice == "<end>":
            at_end = True
        elif named := re.fullmatch(r"<([a-z_]+)>", choice):
            name = named.group(1)
            if name not in sets:
                raise CueError(f"no set of words is called {choice!r}")
            if name not in seen_sets:
                seen_sets.add(name)
                pending.extend(sets[name])
        elif choice == ":":
            words.add(choice)
        elif _WORD.fullmatch(choice.lstrip("=^")):
            bare = choice.lstrip("=^")
            if choice.startswith("="):
                words.add(bare.lower())
            elif choice.startswith("^"):
                cased.add(bare)
            else:
                stems.add(stem(bare.lower()))
        else:
            raise CueError(f"{choice!r} is not a word, a set or a gap (write hyphenated words apart)")
    return Element(frozenset(stems), frozenset(words), frozenset(cased), number, under_18, optional, at_end=at_end)


def compile_cue(source: str, sets: Mapping[str, list[str]]) -> Cue:
    """A cue as written in the lexicon -> its elements. Raises CueError."""
    cue = tuple(compile_element(piece, sets) for piece in source.split())
    if not cue:
        raise CueError("an empty cue")
    if cue[0].gap or cue[0].optional or cue[0].at_end or cue[-1].gap:
        raise CueError(f"{source!r} must begin with a word that has to be there, and not end in a gap")
    if sum(1 for element in cue if element.gap) > MAX_GAPS:
        raise CueError(f"{source!r} has more than {MAX_GAPS} gaps")
    return cue


def match_end(cue: Cue, sentence: Sentence, start: int) -> int | None:
    """Index just past the shortest match of `cue` that begins at token `start`, or None. No gap crosses `;` or `:`."""
    reachable = {start}
    for element in cue:
        following: set[int] = set()
        for position in reachable:
            if element.gap:
                following.add(position)
                for step in range(1, element.gap + 1):
                    if position + step > len(sentence) or sentence[position + step - 1].word in (";", ":"):
                        break
                    following.add(position + step)
                continue
            if element.optional:
                following.add(position)
            if position == len(sentence):
                if element.at_end:
                    following.add(position)
            elif element.accepts(sentence[position]):
                following.add(position + 1)
            elif element.at_end and not sentence[position].is_word:
                following.add(position)
        if not following:
            return None
        reachable = following
    return min(reachable)


class Matcher(Generic[Label]):
    """Many cues, found together: only cues whose first word is the token at hand are tried."""

    def __init__(self) -> None:
        self._by_key: dict[str, list[tuple[Cue, Label]]] = {}

    def add(self, cue: Cue, label: Label) -> None:
        for key in cue[0].lookups():
            self._by_key.setdefault(key, []).append((cue, label))

    def find(self, sentence: Sentence) -> Iterator[tuple[int, int, Label]]:
        """Each match as (first token, one past the last token, label)."""
        for start, token in enumerate(sentence):
            keys = [f"w:{token.word}", f"c:{token.original}"]
            if token.is_word:
                keys.append(f"s:{token.stem}")
            if token.value is not None:
                keys.append("#")
            tried: set[int] = set()
            for key in keys:
                for cue, label in self._by_key.get(key, ()):
                    if id(cue) in tried:
                        continue
                    tried.add(id(cue))
                    end = match_end(cue, sentence, start)
                    if end is not None:
                        yield start, end, label
