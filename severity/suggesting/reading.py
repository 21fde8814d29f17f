"""Sentences + lexicon -> which concepts stand in the text, and the words that say so."""

from collections import defaultdict
from dataclasses import dataclass

from severity.suggesting.lexicon import Lexicon, Role, Ways
from severity.suggesting.scope import entity_negated, idiom, invented, negated, not_really, only_possible
from severity.suggesting.text import Sentence, sentences

MAX_WORDS_SHOWN = 5
"""Distinct quotes kept per suggestion; the first ones found."""

INSTRUCTION = "instruction"


@dataclass(frozen=True, slots=True)
class Hit:
    """A concept found: its sentence (counted over title and text), its first token, and the words, verbatim."""

    sentence: int
    token: int
    quote: str


Hits = dict[str, list[Hit]]
"""By concept."""


def read(texts: tuple[str, ...], lexicon: Lexicon) -> Hits:
    """Every concept that stands in `texts` and is not taken back by its context. Linear in the length of the texts."""
    hits: Hits = defaultdict(list)
    number = 0
    for text in texts:
        for sentence in sentences(text):
            number += 1
            for concept, start, end in _standing(sentence, lexicon):
                quote = text[sentence[start].start : sentence[end - 1].end]
                hits[concept].append(Hit(number, start, quote))
    return dict(hits)


def _standing(sentence: Sentence, lexicon: Lexicon) -> list[tuple[str, int, int]]:
    """(concept, first token, one past the last) of each cue that stands in one sentence."""
    found: dict[tuple[str, Role], list[tuple[int, int]]] = defaultdict(list)
    for start, end, label in lexicon.matcher.find(sentence):
        found[label].append((start, end))
    if not found:
        return []
    context = lexicon.context
    people = _mask([(start, end) for start, end, _ in context.people.find(sentence)], len(sentence))
    swallowed = {}
    for (concept, role), spans in found.items():
        if role == "except":
            if lexicon.kinds[concept] == "event":
                cue_starts = {start for start, _ in found.get((concept, "cue"), ())}
                spans = [span for span in spans if idiom(sentence, *span, span[0] in cue_starts, context, people)]
            swallowed[concept] = _mask(spans, len(sentence))
    cued = {
        concept: spans for (concept, role), spans in found.items() if role == "cue" and (concept, "unless") not in found
    }
    standing = {
        concept: [span for span in spans if not any(swallowed.get(concept, b"")[span[0] : span[1]])]
        for concept, spans in cued.items()
    }
    trusted = not standing.get(INSTRUCTION)
    friends = _mask(not_really(sentence, context), len(sentence))
    false_from, false_to = invented(sentence, context)
    result = []
    for concept, spans in standing.items():
        kind = lexicon.kinds[concept]
        for start, end in spans:
            if trusted and concept not in lexicon.always:
                if kind == "entity":
                    taken_back = entity_negated(sentence, start, context)
                else:
                    taken_back = negated(sentence, start, end, context, friends)
                if kind == "event":
                    taken_back = (
                        taken_back or false_from <= start < false_to or only_possible(sentence, start, context, friends)
                    )
                if taken_back:
                    continue
            result.append((concept, start, end))
    return result


def _mask(spans: list[tuple[int, int]], length: int) -> bytes:
    """One byte per token, 1 where a span covers it."""
    mask = bytearray(length)
    for start, end in spans:
        mask[start:end] = b"\x01" * (end - start)
    return bytes(mask)


def because(ways: Ways, hits: Hits) -> list[str]:
    """The quotes that satisfy any of `ways`, distinct, in order of appearance; empty where none holds."""
    kept: set[Hit] = set()
    for way in ways:
        found: list[Hit] = []
        for group in way.groups:
            together = _together(group, hits)
            if not together:
                found = []
                break
            found += together
        kept.update(found)
    in_order = sorted(kept, key=lambda hit: (hit.sentence, hit.token, hit.quote))
    return list(dict.fromkeys(hit.quote for hit in in_order))[:MAX_WORDS_SHOWN]


def _together(group: frozenset[str], hits: Hits) -> list[Hit]:
    """Hits of all concepts of `group`, from sentences that hold every one of them."""
    by_concept = [hits.get(concept, []) for concept in group]
    shared = set.intersection(*({hit.sentence for hit in found} for found in by_concept))
    return [hit for found in by_concept for hit in found if hit.sentence in shared]
