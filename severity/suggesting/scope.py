"""Is what a cue names said to have happened? Negation, avoidance, possibility, invention, read backwards.

Each check walks at most `REACH` tokens, so cost is linear in the text. It errs towards "it happened": an unclear
context keeps the cue, because a floor that is missed is worse than one that asks.
"""

from dataclasses import dataclass

from severity.suggesting.patterns import Cue, Matcher, match_end
from severity.suggesting.text import Sentence

REACH = 8


@dataclass(frozen=True, slots=True)
class ContextWords:
    """Word lists of the lexicon's `context` section, as sets of plain words; the YAML says what each is for."""

    determiners: frozenset[str]
    outcome_nouns: frozenset[str]
    negators: frozenset[str]
    avoiders: frozenset[str]
    failers: frozenset[str]
    carriers: frozenset[str]
    breakers: frozenset[str]
    conditionals: frozenset[str]
    risks: frozenset[str]
    causers: frozenset[str]
    infinitives: frozenset[str]
    happened: frozenset[str]
    listed: frozenset[str]
    entity_negators: frozenset[str]
    false_friends: Matcher[None]
    after_avoided: tuple[Cue, ...]
    invented: Matcher[None]


def not_really(sentence: Sentence, words: ContextWords) -> list[tuple[int, int]]:
    """Spans whose negating word negates nothing: "not only", "no longer", "no doubt"."""
    return [(start, end) for start, end, _ in words.false_friends.find(sentence)]


def negated(sentence: Sentence, start: int, end: int, words: ContextWords, friends: bytes) -> bool:
    """True where the sentence says that the thing at tokens [start, end) did not happen or was avoided.

    "no", "nobody", "without" reach over the words of their own clause; "not" and "avoid" reach only over words that
    carry a negation on ("did not cause any injury"), so "could not stop and killed her" stays a death.
    `friends` masks the tokens of `not_really`.
    """
    if any(match_end(cue, sentence, end) is not None for cue in words.after_avoided):
        return True
    carried = True
    for position in range(start - 1, max(-1, start - 1 - REACH), -1):
        token = sentence[position]
        if friends[position]:
            return False
        if token.word in words.determiners:
            return carried or sentence[start].word not in words.outcome_nouns
        if carried and token.word in words.negators:
            return True
        if carried and token.word in words.avoiders:
            before = sentence[max(0, position - 4) : position]
            return not any(
                t.word in words.failers or t.word in words.negators or t.word in words.determiners for t in before
            )
        if token.word == "," and (sentence[position + 1].word in words.listed or position + 1 == start):
            # "no injuries, deaths or damage": a list goes on; any other comma starts another thought
            if not any(t.word in words.listed for t in sentence[max(0, position - 2) : position]):
                return False
            continue
        if not token.is_word or token.word in words.breakers:
            return False
        carried = carried and (token.word in words.carriers or token.word in words.listed)
    return False


def entity_negated(sentence: Sentence, start: int, words: ContextWords) -> bool:
    """True for "no children", "not a minor": a negating word directly before the person, one filler between at most."""
    before = sentence[max(0, start - 3) : start]
    if not before:
        return False
    if before[-1].word in words.entity_negators:
        return True
    return (
        len(before) > 1
        and before[-1].word in ("a", "any", "the", "of", "other")
        and before[-2].word in words.entity_negators
    )


def only_possible(sentence: Sentence, start: int, words: ContextWords, friends: bytes) -> bool:
    """True where it could, would or was meant to happen: a near miss or hazard, not an event.

    "may have died" and "allegedly killed" are doubts about a fact and stay; "could have killed" is not.
    """
    carried = True
    for position in range(start - 1, max(-1, start - 1 - REACH), -1):
        token = sentence[position]
        if not token.is_word or token.word in words.breakers:
            return False
        after = sentence[position + 1].word if position + 1 < len(sentence) else ""
        settled = ("not", "have") if token.word in ("may", "might") else ("not",)
        if carried and token.word in words.conditionals and after not in settled:
            return True
        counts = position + 1 < len(sentence) and sentence[position + 1].value is not None  # "nearly 200 people died"
        if carried and token.word in words.risks and not friends[position] and not counts:
            return True
        carried = carried and (token.word in words.carriers or token.word in words.listed or token.value is not None)
        if token.word == "to" and after in words.infinitives:
            before = sentence[max(0, position - 5) : position]
            return not any(t.word in words.causers for t in before)
        if token.word in words.happened and (position == 0 or sentence[position - 1].word != "have"):
            return False
    return False


def invented_from(sentence: Sentence, words: ContextWords) -> int:
    """Index from which the sentence retells something false or fictional; the sentence's length where nothing is."""
    return min((end for _, end, _ in words.invented.find(sentence)), default=len(sentence))
