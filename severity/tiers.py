"""The risk tier of an AI system: a walk through written questions to tier 0 (highest risk) .. 3, with its controls.

Pure. The tier is the gravest answer on the way; the EU AI Act category is the strictest one met, and only "likely".
`load_tiers` proves the written tree before anyone walks it (severity/tier_proofs.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from severity.errors import ContentError, UnknownAnswer
from severity.facts import NOT_SURE
from severity.loading import check_shape, read_yaml
from severity.tier_proofs import faults
from severity.tier_rows import END, Answer, Category, Controls, MaterialChange, Question, TierFile

__all__ = ["NOT_SURE", "Category", "Controls", "MaterialChange", "Outcome", "Question", "Taken", "Tree", "load_tiers"]

SHIPPED = Path(__file__).with_name("tiers.yaml")


@dataclass(frozen=True, slots=True)
class Taken:
    """One step of the way: what was asked, what was answered, and what it counted as."""

    question: Question
    answered: str
    counted: Answer

    @property
    def as_text(self) -> str:
        unsure = "Not sure, counted as: " if self.answered == NOT_SURE else ""
        floor = f" [tier {self.counted.at_least} or higher risk]" if self.counted.at_least is not None else ""
        return f"{self.question.question} {unsure}{self.counted.label}{floor}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the walk ended. `category` likely applies; `also` are milder categories met on the way."""

    tier: int
    path: tuple[Taken, ...]
    category: Category
    also: tuple[Category, ...]
    controls: Controls
    notice: str
    hash: str

    @property
    def because(self) -> tuple[Taken, ...]:
        """The answers that put the system into its tier."""
        return tuple(taken for taken in self.path if taken.counted.at_least == self.tier)

    def revalidate_by(self, decided: date) -> date:
        """The last day on which the validation of `decided` still holds."""
        return decided + timedelta(days=self.controls.revalidation_days)

    def as_json(self) -> dict[str, Any]:
        return {
            "tier": self.tier,
            "path": [
                {"question": taken.question.id, "answer": taken.answered, "counted_as": taken.counted.id}
                for taken in self.path
            ],
            "because": [taken.question.id for taken in self.because],
            "category": {"title": self.category.title, "source": self.category.source},
            "also": [{"title": each.title, "source": each.source} for each in self.also],
            "controls": self.controls.model_dump(exclude={"tier", "title"}),
            "tree_hash": self.hash,
            "notice": self.notice,
        }

    def as_text(self) -> str:
        """The path and the controls, for people."""
        return "\n".join(
            [
                f"Tier {self.tier} ({self.controls.title.lower()})",
                *(f"- {taken.as_text}" for taken in self.path),
                *(f"EU AI Act: {each.title}. Source: {each.source}." for each in (self.category, *self.also)),
                f"Evaluation: {self.controls.evaluation}.",
                f"Monitoring: {self.controls.monitoring}.",
                f"Red team: {self.controls.red_team}.",
                f"Sign-off: {self.controls.sign_off}.",
                f"Re-validation: every {self.controls.revalidation_days} days.",
                self.notice,
            ]
        )


class Tree:
    """A proved decision tree."""

    def __init__(self, rows: TierFile, digest: str) -> None:
        self._rows = rows
        self._questions = {question.id: question for question in rows.questions}
        self._controls = {controls.tier: controls for controls in rows.tiers}
        self.hash = digest

    @property
    def questions(self) -> tuple[Question, ...]:
        return self._rows.questions

    @property
    def material_changes(self) -> tuple[MaterialChange, ...]:
        return self._rows.material_changes

    @property
    def notice(self) -> str:
        return self._rows.notice

    def controls(self, tier: int) -> Controls:
        """What a tier (0..3) requires."""
        return self._controls[tier]

    def revalidate_by(self, tier: int, decided: date) -> date:
        """The last day on which a validation of `decided` still holds in this tier."""
        return decided + timedelta(days=self.controls(tier).revalidation_days)

    def next(self, answers: Mapping[str, str]) -> Question | Outcome:
        """The next question to ask, or the outcome. `answers` is question id -> answer id or "not_sure".

        Answers to questions that are not on the way are ignored, so that a person can go back and change one.
        Raises UnknownAnswer for a question or an answer that the tree does not have.
        """
        for question_id, answer_id in answers.items():
            if question_id not in self._questions:
                raise UnknownAnswer(f"The tier questions have no {question_id!r}.")
            self._questions[question_id].counted(answer_id)
        path: list[Taken] = []
        at = self._rows.root
        while at != END:
            question = self._questions[at]
            if at not in answers:
                return question
            taken = Taken(question, answers[at], question.counted(answers[at]))
            path.append(taken)
            at = taken.counted.next
        return self._outcome(tuple(path))

    def _outcome(self, path: tuple[Taken, ...]) -> Outcome:
        tier = min(taken.counted.at_least for taken in path if taken.counted.at_least is not None)
        met = {taken.counted.category for taken in path}
        strictest, *also = [category for name, category in self._rows.categories.items() if name in met]
        return Outcome(tier, path, strictest, tuple(also), self._controls[tier], self.notice, self.hash)


def load_tiers(path: Path | None = None) -> Tree:
    """Read and prove the tree. Raises ContentError with file, line, key and reason for every fault.

    The hash covers the values, so a changed comment is the same tree.
    """
    document = read_yaml(path or SHIPPED)
    rows = check_shape(document, TierFile)
    if found := faults(document, rows):
        raise ContentError(found)
    canonical = json.dumps(document.value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Tree(rows, hashlib.sha256(canonical.encode()).hexdigest())
