"""The shape of clocks.yaml: one frozen type per kind of row."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints, model_validator

from severity.counting import END_OF_DAY, Counting, check_country, check_zone
from severity.facts import NOT_SURE
from severity.loading import StrictModel

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Zone = Annotated[str, AfterValidator(check_zone)]
Country = Annotated[str, AfterValidator(check_country)]

_UNIT = {
    Counting.HOURS: ("hour", timedelta(hours=1)),
    Counting.CALENDAR_DAYS: ("day", timedelta(days=1)),
    Counting.EU_DAYS: ("day", timedelta(days=1)),
    Counting.EU_MONTHS: ("month", timedelta(days=30)),
    Counting.US_BUSINESS_DAYS: ("business day", timedelta(days=1)),
}


class Step(StrEnum):
    INITIAL = "initial"
    INTERMEDIATE = "intermediate"
    FINAL = "final"


class Limit(StrictModel):
    """An amount of hours, days or months, and the rule that counts them."""

    amount: Annotated[StrictInt, Field(ge=1, le=3660)]
    counting: Counting

    @property
    def words(self) -> str:
        unit, _ = _UNIT[self.counting]
        return f"{self.amount} {unit}{'' if self.amount == 1 else 's'}"

    @property
    def seconds(self) -> float:
        """Roughly how long it is, to put the shortest first; never a due time."""
        return (_UNIT[self.counting][1] * self.amount).total_seconds()


class WallLimit(Limit):
    """A second limit, from a stamp that may exist before the stage's own."""

    starts_at: Id


class Condition(StrictModel):
    """What must hold for a clock or a stage to be proposed; all keys together."""

    harm_class: Annotated[str, StringConstraints(pattern=r"^H([1-9]|10)$")] | None = None
    answer: dict[Id, Annotated[tuple[Id, ...], Field(min_length=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.harm_class is None and not self.answer:
            raise ValueError("needs a harm_class or an answer")
        return self

    def because(self, harm_classes: Collection[str], answers: Mapping[str, str]) -> str | None:
        """Why this holds, in words; None where it does not. An answered "not sure" counts as yes."""
        reasons = []
        if self.harm_class is not None:
            if self.harm_class not in harm_classes:
                return None
            reasons.append(f"harm class {self.harm_class} is marked")
        for fact, wanted in self.answer.items():
            given = answers.get(fact)
            if given is None or (given != NOT_SURE and given not in wanted):
                return None
            reasons.append(f"“{fact}” is answered “{given.replace('_', ' ')}”")
        return " and ".join(reasons)


class Stage(StrictModel):
    """One report of a clock."""

    id: Id
    title: Words
    step: Step
    starts_at: Id
    limit: Limit | Literal["immediately"]
    wall: WallLimit | None = None
    repeats: StrictBool = False
    applies_when: tuple[Condition, ...] = ()

    @property
    def seconds(self) -> float:
        """Roughly how long its limit is, to put the shortest first; 0 for "immediately"."""
        return self.limit.seconds if isinstance(self.limit, Limit) else 0.0


class Source(StrictModel):
    """Where the duty is written, and how well we read it."""

    cite: Words
    mark: Literal["primary", "secondary", "derived"]

    def __str__(self) -> str:
        return f"{self.cite} ({self.mark})"


class Clock(StrictModel):
    """One duty to report."""

    id: Id
    title: Words
    regime: Id
    jurisdiction: Words
    recipient: Words
    trigger: Words
    note: Words
    zone: Zone
    holidays: Country
    cutoff: time | None = None
    applies_from: date | None
    enabled: StrictBool
    contested: Literal[False] | Id
    source: Source
    applies_when: tuple[Condition, ...] = ()
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _starts_somewhere(self) -> Self:
        if not any(stage.step is Step.INITIAL and not stage.applies_when for stage in self.stages):
            raise ValueError("needs an initial stage without applies_when, for when no narrower one holds")
        return self

    @property
    def last_time_of_day(self) -> time:
        """Local time at which a last day ends for the recipient."""
        return self.cutoff or END_OF_DAY

    @property
    def since(self) -> str:
        return f"Applies from {self.applies_from}." if self.applies_from else "Its first day is not settled."

    def in_force(self, at: datetime) -> bool:
        """Whether the duty exists on the local day of `at`; a duty without a settled first day exists for nobody."""
        return self.applies_from is not None and at.astimezone(ZoneInfo(self.zone)).date() >= self.applies_from


class ClockFile(StrictModel):
    """clocks.yaml as a whole."""

    notice: Annotated[str, StringConstraints(pattern=r"^Not legal advice\b")]
    stamps: dict[Id, Words]
    regimes: dict[Id, Words]
    disputes: dict[Id, Words]
    clocks: Annotated[tuple[Clock, ...], Field(min_length=1)]


class Change(StrictModel):
    """What an organisation may change about one clock without editing the row."""

    enabled: StrictBool | None = None
    zone: Zone | None = None
    holidays: Country | None = None


class Override(StrictModel):
    """An organisation's override file."""

    clocks: dict[Id, Change]
