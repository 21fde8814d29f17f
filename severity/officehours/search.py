"""BM25 over whole heading sections: stems of the text, and of the heading path with more weight.

A reader's view is an index of its own, made of the sections that reader may see and nothing else: hidden pages neither
appear nor move a score. numpy and bm25s are imported on first use.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING, Any

from severity.officehours.glossary import Glossary, Synonyms, load_glossary
from severity.officehours.sections import EVERYONE, Section
from severity.officehours.semantic import Meaning
from severity.officehours.words import asked as asked_stems
from severity.officehours.words import everyday, names_of, phrase, stems

if TYPE_CHECKING:
    import numpy as np

K1, B = 1.2, 0.4
HEADING_WEIGHT = 3
"""How many times a heading's stems count; the headings above it count once."""
SYNONYM_WEIGHT = 0.6
RELATED_WEIGHT = 0.6
"""Words of one family that stemming keeps apart, such as "retain" for "retains" but "classify" for "classification"."""
ONLY_SYNONYM_WEIGHT = 0.85
"""For a synonym when the corpus never uses the asker's own word."""
MISSPELT_WEIGHT = 0.8
EVERYDAY_WEIGHT = 0.6
"""For words of everyday speech, whose rarity in a handbook says nothing."""
NAME_WEIGHT = 1.3
"""For names and numbers: who asks about one law wants no other."""
MAX_VIEWS = 8
MAX_QUESTION = 2_000
"""Characters of a question that are read."""


Key = tuple[tuple[str, ...], str, str, tuple[str, ...]]
"""What stands above a section, its heading, text and asks: what its words depend on."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One word of a question and what else it may be called. `idf` is how much it tells the sections apart."""

    stem: str
    idf: float
    others: tuple[tuple[frozenset[str], float], ...]
    weight: float = 1.0

    def presence(self, stems: frozenset[str] | set[str]) -> float:
        """1 when the stems hold the word, the synonym's weight when they hold another name for it, else 0."""
        if self.stem in stems:
            return 1.0
        return max((weight for other, weight in self.others if other <= stems), default=0.0)


@dataclass(frozen=True, slots=True)
class Hit:
    """A section and its score, as a share (0..1) of what a section with every word of the question could reach."""

    section: Section
    score: float


def everyone(audience: str) -> bool:
    """Who is asked for nothing else sees the pages meant for everyone."""
    return audience == EVERYONE


class View:
    """The index of the sections that one kind of reader may see. Never changes."""

    def __init__(
        self,
        sections: Sequence[Section],
        ids: Sequence[list[int]],
        vocabulary: dict[str, int],
        meaning: Meaning | None = None,
        vectors: np.ndarray[Any, Any] | None = None,
    ) -> None:
        import bm25s
        import numpy as np

        self.sections = tuple(sections)
        self.meaning = meaning
        self.vectors = vectors
        """One row per section, where `meaning` is there."""
        self.memo: dict[int, Any] = {}
        """What a reader found out about a section, by its number."""
        self._vocabulary = vocabulary
        self._df = np.zeros(len(vocabulary), dtype=np.int32)
        for each in ids:
            self._df[np.unique(np.asarray(each, dtype=np.int64))] += 1
        self._bm25: Any = None
        if any(ids):
            self._bm25 = bm25s.BM25(method="lucene", k1=K1, b=B)
            self._bm25.index((list(ids), dict(vocabulary)), show_progress=False)  # it adds a word of its own

    def known(self, stem: str) -> int:
        """In how many sections a stem stands."""
        at = self._vocabulary.get(stem)
        return int(self._df[at]) if at is not None and at < len(self._df) else 0

    def idf(self, stem: str) -> float:
        """BM25's weight of a stem; an unknown one weighs as much as the rarest."""
        found = self.known(stem)
        return log(1 + (len(self.sections) - found + 0.5) / (found + 0.5))

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(word for word, at in self._vocabulary.items() if self._df[at] and word.isalpha())

    def related(self, stem: str) -> list[str]:
        """Words of the same family: a common beginning of at least five letters, and three quarters of both."""
        if len(stem) < 6 or not stem.isalpha():
            return []
        head = stem[: max(5, -(-len(stem) * 3 // 4))]
        found = []
        for word in self._sorted[bisect_left(self._sorted, head) :]:
            if not word.startswith(head):
                break
            if word != stem and len(word) <= len(stem) * 4 // 3 + 1:
                found.append(word)
        return found[:6]

    def misspelt(self, stem: str) -> list[str]:
        """For a stem of seven letters or more that stands nowhere: words one slip of the keyboard away."""
        if len(stem) < 7 or not stem.isalpha() or self.known(stem):
            return []
        start = self._sorted[bisect_left(self._sorted, stem[0]) : bisect_left(self._sorted, stem[0] + "\uffff")]
        return [word for word in start if abs(len(word) - len(stem)) <= 1 and _one_slip(word, stem)][:3]

    @cached_property
    def _kept(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, section in enumerate(self.sections):
            for question in section.asks:
                found.setdefault(phrase(question), []).append(number)
        return found

    def keeping(self, question: str) -> list[int]:
        """Numbers of the sections below whose heading the owner keeps this very question."""
        return self._kept.get(phrase(question), [])

    def scores(self, concepts: Sequence[Concept]) -> np.ndarray[Any, Any]:
        """The BM25 score of every section; of a word and its synonyms only the strongest counts."""
        import numpy as np

        total = np.zeros(len(self.sections), dtype=np.float32)
        if self._bm25 is None:
            return total
        for concept in concepts:
            best = self._column(concept.stem)
            for others, weight in concept.others:
                columns = [self._column(other) for other in others]
                joint = columns[0] if len(columns) == 1 else np.min(columns, axis=0) * len(columns) ** 0.5
                best = np.maximum(best, weight * joint)
            total += concept.weight * best
        return total

    def _column(self, stem: str) -> np.ndarray[Any, Any]:
        import numpy as np

        if not self.known(stem):
            return np.zeros(len(self.sections), dtype=np.float32)
        column: np.ndarray[Any, Any] = self._bm25.get_scores_from_ids([self._vocabulary[stem]])
        return column


class Index:
    """The sections of one organisation, ready to search. `update` reads only the words of sections it has not seen."""

    def __init__(
        self, sections: Iterable[Section] = (), glossary: Glossary | None = None, meaning: Meaning | None = None
    ) -> None:
        self.glossary = glossary or load_glossary()
        self._meaning = meaning
        self._vectors: dict[Key, np.ndarray[Any, Any]] = {}
        self._sections: tuple[Section, ...] = ()
        self._ids: dict[Key, list[int]] = {}
        self._vocabulary: dict[str, int] = {}
        self._views: OrderedDict[frozenset[str], View] = OrderedDict()
        self.update(sections)

    def update(self, sections: Iterable[Section]) -> None:
        """Make these the sections. Raises ValueError when they belong to two organisations."""
        sections = tuple(sections)
        if len({section.organisation for section in sections}) > 1:
            raise ValueError("one index holds the pages of one organisation")
        kept: dict[Key, list[int]] = {}
        for section in sections:
            key = _key(section)
            kept[key] = self._ids[key] if key in self._ids else self._numbers(section)
        if self._meaning:
            fresh = [key for key in kept if key not in self._vectors]
            rows = self._meaning.vectors(
                [f"{'. '.join((*above, heading))}. {text}" for above, heading, text, _ in fresh]
            )
            vectors = self._vectors | dict(zip(fresh, rows, strict=True))
            self._vectors = {key: vectors[key] for key in kept}
        self._sections, self._ids = sections, kept
        self._views.clear()

    def _numbers(self, section: Section) -> list[int]:
        words = [stem for heading in section.above for stem in stems(heading)]
        words += stems(section.heading) * HEADING_WEIGHT
        words += stems(section.text)
        words += [stem for question in section.asks for stem in stems(question)]
        number = self._vocabulary.setdefault
        return [number(word, len(self._vocabulary)) for word in words]

    def view(self, may_read: Callable[[str], bool] = everyone) -> View:
        """The index over what this reader may see; made on first use, then kept."""
        import numpy as np

        audiences = frozenset(filter(may_read, {section.audience for section in self._sections}))
        if audiences in self._views:
            self._views.move_to_end(audiences)
            return self._views[audiences]
        seen = [section for section in self._sections if section.audience in audiences]
        keys = [_key(section) for section in seen]
        vectors = np.stack([self._vectors[key] for key in keys]) if self._meaning and keys else None
        view = View(seen, [self._ids[key] for key in keys], self._vocabulary.copy(), self._meaning, vectors)
        self._views[audiences] = view
        while len(self._views) > MAX_VIEWS:
            self._views.popitem(last=False)
        return view


def concepts_of(question: str, view: View, glossary: Glossary, weight: float = 1.0) -> list[Concept]:
    """What a question asks about: its words and phrases, each with synonyms, word families and likely misspellings."""
    question = question[:MAX_QUESTION]
    synonyms = glossary.of(question)
    words = asked_stems(question)
    names = frozenset(stem for name in names_of(question) for stem in asked_stems(name))
    phrases = [group for group in synonyms if len(group.used) > 1 or not group.used & set(words)]
    in_phrases = frozenset().union(*(group.used for group in phrases))
    found = []
    for group in phrases:
        own = {group.used: 1.0} if group.used & set(words) else {}
        share = 1.0 if own else EVERYDAY_WEIGHT
        concept = _concept(" ".join(sorted(group.used)), own, [group], view, weight * share)
        if own or concept.others:  # a phrase of stop words only ("must") means nothing but its synonyms
            found.append(concept)
    for stem in words:
        if stem in in_phrases or any(other.startswith(stem) and other[len(stem) :].isdigit() for other in words):
            continue  # "tier 1" is said by its own stem
        others: dict[frozenset[str], float] = {frozenset({word}): RELATED_WEIGHT for word in view.related(stem)}
        others |= {frozenset({word}): MISSPELT_WEIGHT for word in view.misspelt(stem)}
        groups = [group for group in synonyms if group.used == {stem}]
        named = stem in names or (stem[0].isalpha() and stem[-1].isdigit())
        share = NAME_WEIGHT if named else EVERYDAY_WEIGHT if stem in everyday() else 1.0
        found.append(_concept(stem, others, groups, view, weight * share))
    return found


def _key(section: Section) -> Key:
    return section.above, section.heading, section.text, section.asks


def _concept(
    stem: str, others: dict[frozenset[str], float], groups: Sequence[Synonyms], view: View, weight: float
) -> Concept:
    """A concept weighs as much as the word that the corpus uses for it, which may be a synonym of the asker's."""
    known = view.known(stem) or any(all(map(view.known, other)) for other in others)
    share = SYNONYM_WEIGHT if known else ONLY_SYNONYM_WEIGHT
    for group in groups:
        for other in group.others:
            if stem not in other and all(map(view.known, other)):
                others.setdefault(other, share)
    idf = view.idf(stem)
    if not view.known(stem) and others:
        idf = min(max(view.idf(part) for part in other) for other in others)
    return Concept(stem, idf, tuple(others.items()), weight)


def _one_slip(a: str, b: str) -> bool:
    """One letter added, lost, changed, or two neighbours swapped."""
    if len(a) > len(b):
        a, b = b, a
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[start:] == b[start + 1 :]
    rest_a, rest_b = a[start:], b[start:]
    return rest_a[1:] == rest_b[1:] or (rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])


def neighbours(words: Sequence[str]) -> set[tuple[str, str]]:
    """Pairs of words that stand next to each other."""
    return set(pairwise(words))
