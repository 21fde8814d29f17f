"""The shape of tiers.yaml: one frozen type per kind of row."""

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StringConstraints, model_validator

from severity.errors import UnknownAnswer
from severity.facts import NOT_SURE
from severity.loading import StrictModel

END = "end"
TIERS = (0, 1, 2, 3)

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=75)]  # what Slack shows of an option
Tier = Annotated[StrictInt, Field(ge=0, le=3)]


class Answer(StrictModel):
    """One answer, and where it leads."""

    id: Id
    label: Label
    next: Id
    at_least: Tier | None = None
    category: Id | None = None


class Question(StrictModel):
    """One question of the walk. `about` is which of the five subjects it belongs to."""

    id: Id
    about: Literal["intended use", "affected people", "autonomy", "data", "reach"]
    question: Words
    help: Words
    ordered: StrictBool
    not_sure_as: Id | None = None
    answers: Annotated[tuple[Answer, ...], Field(min_length=2, max_length=10)]

    @model_validator(mode="after")
    def _answers_make_sense(self) -> Self:
        ids = [answer.id for answer in self.answers]
        if len(set(ids)) != len(ids):
            raise ValueError("two answers have the same id")
        if NOT_SURE in ids:
            raise ValueError(f"{NOT_SURE} is always offered; do not write it")
        if self.ordered and self.not_sure_as is not None:
            raise ValueError("not_sure_as is only for kinds; in ordered answers the last one counts")
        if not self.ordered and self.not_sure_as not in ids:
            raise ValueError("a question with kinds needs not_sure_as, one of its answers")
        return self

    def counted(self, answer_id: str) -> Answer:
        """The answer that counts: "not sure" counts as the worst. Raises UnknownAnswer."""
        if answer_id == NOT_SURE:
            answer_id = self.not_sure_as or self.answers[-1].id
        for answer in self.answers:
            if answer.id == answer_id:
                return answer
        known = ", ".join([*(answer.id for answer in self.answers), NOT_SURE])
        raise UnknownAnswer(f"{self.id} has no answer {answer_id!r}. It has: {known}.")


class Category(StrictModel):
    """An EU AI Act category, in careful words, and where it is written."""

    title: Annotated[str, StringConstraints(pattern=r"^Likely ")]
    source: Words


class Controls(StrictModel):
    """What a tier requires. `revalidation_days` are calendar days between two validations."""

    tier: Tier
    title: Words
    evaluation: Words
    monitoring: Words
    red_team: Words
    sign_off: Words
    revalidation_days: Annotated[StrictInt, Field(ge=1, le=3660)]


class MaterialChange(StrictModel):
    """A change after which an earlier validation no longer speaks for the system, and what is redone."""

    id: Id
    title: Words
    redo: Annotated[
        dict[Literal["tiering", "evaluation", "monitoring", "red_team", "sign_off"], Words], Field(min_length=1)
    ]


class TierFile(StrictModel):
    """tiers.yaml as a whole."""

    notice: Annotated[str, StringConstraints(pattern=r"^Not legal advice\b")]
    root: Id
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=40)]
    categories: Annotated[dict[Id, Category], Field(min_length=1)]
    tiers: tuple[Controls, ...]
    material_changes: Annotated[tuple[MaterialChange, ...], Field(min_length=1)]
