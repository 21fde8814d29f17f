"""Facts: the questions of the rubric, each with enumerated answers from best to worst, and "not sure"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

NOT_SURE = "not_sure"


@dataclass(frozen=True)
class Fact:
    """One question. `answers` maps answer id to the words a person reads, ordered best to worst."""

    name: str
    question: str
    answers: Mapping[str, str]
    not_sure_counts_as: str
    unknown: str
    """Clause that names the gap while nobody knows, such as "scope is unknown"."""
    help: str
    asked_by: frozenset[str]

    @cached_property
    def levels(self) -> Mapping[str, int]:
        """Answer id to its place, 0 for the best; "not sure" comes last, outside the order."""
        return {answer: level for level, answer in enumerate((*self.answers, NOT_SURE))}

    @property
    def worst_but_one(self) -> str:
        """The answer "not sure" may never be milder than."""
        return list(self.answers)[-2]

    def label(self, answer: str) -> str:
        """The words of an answer, "Not sure" included."""
        return "Not sure" if answer == NOT_SURE else self.answers[answer]

    def counted(self, answer: str) -> str:
        """The answer that an answer counts as: itself, or what "not sure" stands for."""
        return self.not_sure_counts_as if answer == NOT_SURE else answer
