"""Is what a cue names said to have happened? Negation, avoidance, possibility, invention, read backwards.

Each check walks at most `REACH` tokens, so cost is linear in the text. It errs towards "it happened": an unclear
context keeps the cue, because a floor that is missed is worse than one that asks.
"""

from dataclasses import dataclass

from severity.suggesting.patterns import Cue, Matcher, match_end
from severity.suggesting.text import Sentence

REACH = 8
DEFINITE = frozenset({"the", "his", "her", "their", "its", "that"})
ARTICLES = DEFINITE | {"a", "an"}
BE = frozenset({"is", "are", "was", "were", "has", "have", "had", "been", "got"})


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
    unnoticed: frozenset[str]
    sweeping: frozenset[str]
    place: frozenset[str]
    consequences: frozenset[str]
    conditionals: frozenset[str]
    risks: frozenset[str]
    urgings: frozenset[str]
    causers: frozenset[str]
    infinitives: frozenset[str]
    happened: frozenset[str]
    listed: frozenset[str]
    entity_negators: frozenset[str]
    false_friends: Matcher[None]
    after_avoided: tuple[Cue, ...]
    invented: Matcher[None]
    people: Matcher[None]


def not_really(sentence: Sentence, words: ContextWords) -> list[tuple[int, int]]:
    """Spans whose negating word negates nothing: "not only", "no longer", "no doubt"."""
    return [(start, end) for start, end, _ in words.false_friends.find(sentence)]


def negated(sentence: Sentence, start: int, end: int, words: ContextWords, friends: bytes) -> bool:
    """True where the sentence says that the thing at tokens [start, end) did not happen or was avoided.

    "nobody" and "no passenger" reach over the words of their own clause. "not", "avoid" and a "no" or "without" that
    denies a thing reach only over words that carry a negation on ("did not cause any injury"), so "could not stop and
    killed her" and "without oxygen the patient died" stay deaths. `friends` masks the tokens of `not_really`.
    """
    if any(match_end(cue, sentence, end) is not None for cue in words.after_avoided):
        return True
    carried = True
    for position in range(start - 1, max(-1, start - 1 - REACH), -1):
        token = sentence[position]
        if friends[position]:
            return False
        after = sentence[position + 1].word
        if token.word in words.determiners:
            verb = sentence[position + 2].word if position + 2 < start else ""
            # "no data was leaked" denies its clause, "with no oxygen the patient died" does not
            whole = token.word in words.sweeping or after in words.carriers or verb in BE or verb == "that"
            return carried or (whole and sentence[start].word not in words.outcome_nouns)
        if token.word == "that" and not after.startswith("any"):
            return False  # "no driver was in the car that killed her", but "no sign that anyone was hurt"
        if token.word in words.unnoticed:
            return False  # "nobody noticed the man had died"
        if carried and token.word in words.negators:
            return True
        if carried and token.word in words.avoiders:
            before = sentence[max(0, position - 4) : position]
            return not any(
                t.word in words.failers or t.word in words.negators or t.word in words.determiners for t in before
            )
        if token.word == "," and (after in words.listed or position + 1 == start):
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
        if token.word == "if" and sentence[start - 1].word in DEFINITE and sentence[start].word in words.outcome_nouns:
            return False  # "nobody knows if the death has to do with it"
        if carried and token.word in words.conditionals and after != "not":
            return after != "have" or token.word not in ("may", "might") or _unreal(sentence, position)
        counts = position + 1 < len(sentence) and sentence[position + 1].value is not None  # "nearly 200 people died"
        if carried and token.word in words.risks and not friends[position] and not counts:
            return True
        if token.word in words.urgings and position + 1 == start:
            return True  # "suggested killing", but "the data suggest a man was killed"
        carried = carried and (token.word in words.carriers or token.word in words.listed or token.value is not None)
        if token.word == "to" and after in words.infinitives:
            before = sentence[max(0, position - 5) : position]
            return not any(t.word in words.causers for t in before)
        if token.word in words.happened and (position == 0 or sentence[position - 1].word != "have"):
            return False
    return False


def _unreal(sentence: Sentence, position: int) -> bool:
    """True for "if the valve had opened, she might have": a condition that was not met stands before."""
    before = {token.word for token in sentence[max(0, position - 2 * REACH) : position]}
    return {"if", "had"} <= before


def invented(sentence: Sentence, words: ContextWords) -> tuple[int, int]:
    """Span in which the sentence retells something false or fictional, empty where nothing is.

    What came of it is real again: "a fake report of a kidnapping led to the killing of two men".
    """
    start = min((end for _, end, _ in words.invented.find(sentence)), default=len(sentence))
    ends = (at for at in range(start, len(sentence)) if sentence[at].word in words.consequences)
    return start, next(ends, len(sentence))


def idiom(sentence: Sentence, start: int, end: int, begins_with_cue: bool, words: ContextWords, people: bytes) -> bool:
    """True where the words at tokens [start, end) are the figure of speech they look like.

    They are not where a person follows ("killed a project manager", "killed a dog and its owner"), nor where the thing
    that "died" is only where somebody did ("the worker in the machine died"). `people` masks the sentence's persons.
    """
    after = end
    if after < len(sentence) and sentence[after].word == "and":
        after += 1
        if after < len(sentence) and sentence[after].word in ARTICLES:
            after += 1
    if after < len(sentence) and people[after]:
        return False
    before = start - 2 if start > 0 and sentence[start - 1].word in ARTICLES else start - 1
    return begins_with_cue or before < 0 or sentence[before].word not in words.place
