"""Words -> suggested harm classes, floors and rubric answers, each with the words that led to it. No model.

Deterministic. It proposes; a named person decides. A floor found here is taken away by a person only: text that tells
the machine what to answer is flagged, and nothing in its sentence takes a cue back (abuse case 20). The cues live in
`severity/lexicon/`.
"""

from dataclasses import dataclass
from typing import Any

from severity.suggesting.lexicon import Lexicon, shipped_lexicon
from severity.suggesting.reading import because, read
from severity.suggesting.text import MAX_CHARS, hidden_characters


@dataclass(frozen=True, slots=True)
class Reason:
    """One suggestion and its `because`: words of the report, verbatim (escape before showing)."""

    name: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SuggestedAnswer:
    """An answer of the severity policy to `fact`, and the words that led to it."""

    fact: str
    answer: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the words suggest. `harm_classes` are H1..H10; `floors` are facts of the keyword floor; `flags` are
    `instruction` (the text speaks to the machine), `hidden_characters` and `truncated`."""

    harm_classes: tuple[Reason, ...]
    floors: tuple[Reason, ...]
    answers: tuple[SuggestedAnswer, ...]
    flags: tuple[Reason, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values: `harm_classes` [{class, because}], `floors` [{fact, because}],
        `answers` {fact: {answer, because}}, `flags` [{kind, because}]."""
        return {
            "harm_classes": [{"class": item.name, "because": list(item.because)} for item in self.harm_classes],
            "floors": [{"fact": item.name, "because": list(item.because)} for item in self.floors],
            "answers": {item.fact: {"answer": item.answer, "because": list(item.because)} for item in self.answers},
            "flags": [{"kind": item.name, "because": list(item.because)} for item in self.flags],
        }


def suggest(text: str, title: str = "", *, lexicon: Lexicon | None = None) -> Suggestion:
    """Read a report and suggest. Reads the first 100,000 characters of each text and flags `truncated` beyond that."""
    lexicon = lexicon or shipped_lexicon()
    hits = read((title, text), lexicon)

    def reasons(ways_by_name: Any) -> tuple[Reason, ...]:
        found = ((name, because(ways, hits)) for name, ways in ways_by_name.items())
        return tuple(Reason(name, tuple(quotes)) for name, quotes in found if quotes)

    answers = []
    for fact, by_answer in lexicon.answers.items():
        for answer, ways in by_answer.items():
            if quotes := because(ways, hits):
                answers.append(SuggestedAnswer(fact, answer, tuple(quotes)))
                break
    flags = list(reasons(lexicon.flags))
    if hidden := hidden_characters(title) + hidden_characters(text):
        flags.append(Reason("hidden_characters", tuple(hidden[:5])))
    if len(text) > MAX_CHARS or len(title) > MAX_CHARS:
        flags.append(Reason("truncated", ()))
    return Suggestion(reasons(lexicon.harm_classes), reasons(lexicon.floors), tuple(answers), tuple(flags))
