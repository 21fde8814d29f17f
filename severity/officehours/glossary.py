"""The owner-kept glossary: words that mean the same, so that a question finds a page that says it in other words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from severity.loading import StrictModel, check_shape, read_yaml
from severity.officehours.words import phrase, stems

SHIPPED = Path(__file__).with_name("glossary.yaml")

Entry = Annotated[str, Field(min_length=1, max_length=60)]


class GlossaryFile(StrictModel):
    """The shape of glossary.yaml."""

    groups: tuple[Annotated[tuple[Entry, ...], Field(min_length=2, max_length=20)], ...]


@dataclass(frozen=True, slots=True)
class Synonyms:
    """What one entry of a question also means: `used` are its own stems, `others` the stems of each other entry."""

    used: frozenset[str]
    others: tuple[frozenset[str], ...]


class Glossary:
    """Groups of entries that mean the same."""

    def __init__(self, groups: Iterable[Iterable[str]]) -> None:
        self._groups = [
            [(phrase(entry), frozenset(stems(entry)) or frozenset({phrase(entry).strip()})) for entry in group]
            for group in groups
        ]
        self._first: dict[str, set[int]] = {}
        for number, group in enumerate(self._groups):
            for words, _ in group:
                self._first.setdefault(words.split()[0], set()).add(number)

    def of(self, question: str) -> list[Synonyms]:
        """The groups that a question touches, once per entry it uses."""
        asked = phrase(question)
        found = []
        near = sorted({number for word in asked.split() for number in self._first.get(word, ())})
        for group in (self._groups[number] for number in near):
            used = [(words, own) for words, own in group if words in asked]
            for words, own in used:
                if any(words != longer and words in longer for longer, _ in used):
                    continue
                others = tuple(their for _, their in group if their != own)
                found.append(Synonyms(own, others))
        return found


def load_glossary(*files: Path) -> Glossary:
    """The shipped groups and those of further files. Raises ContentError with file, line and reason."""
    groups = [group for file in (SHIPPED, *files) for group in check_shape(read_yaml(file), GlossaryFile).groups]
    return Glossary(groups)
