"""Regulator clocks: the written rows of clocks.yaml, and the times that follow from them.

Pure: stamps and answers in, due times and proposals out. Which clock runs for an incident is a named person's decision
and is kept by the record. Everything here that is shown to people carries the notice that it is not legal advice, the
source, and whether the duty is contested.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from severity.clock_rows import Clock, ClockFile, Condition, Limit, Override, Stage, Step
from severity.counting import Period, count
from severity.deadlines import Due, Proposal, Wall, Warn, warnings
from severity.errors import ContentError, Fault, RaiIncidentError
from severity.loading import Document, check_shape, read_yaml

__all__ = [
    "BadStart",
    "Clock",
    "Clocks",
    "Due",
    "Proposal",
    "Stage",
    "Step",
    "UnknownClock",
    "Wall",
    "Warn",
    "load_clocks",
    "parse_start",
    "warnings",
]

SHIPPED = Path(__file__).with_name("clocks.yaml")


class UnknownClock(RaiIncidentError):
    """No clock or stage has the id that was asked for."""


class BadStart(RaiIncidentError):
    """The start cannot be counted from: it has no UTC offset, or its year is implausible."""


class Clocks:
    """The clocks of one organisation: the shipped rows with its overrides."""

    def __init__(self, document: Document, rows: ClockFile) -> None:
        self._document = document
        self._rows = rows
        self._clocks = {clock.id: clock for clock in rows.clocks}

    def __iter__(self) -> Iterator[Clock]:
        return iter(self._clocks.values())

    def __len__(self) -> int:
        return len(self._clocks)

    @property
    def notice(self) -> str:
        return self._rows.notice

    @property
    def stamps(self) -> Mapping[str, str]:
        """Stamp id -> what it means, in words."""
        return self._rows.stamps

    @property
    def regimes(self) -> Mapping[str, str]:
        """Regime id, as AI systems list it -> whom it governs."""
        return self._rows.regimes

    def clock(self, clock_id: str) -> Clock:
        try:
            return self._clocks[clock_id]
        except KeyError:
            raise UnknownClock(f"No clock is called {clock_id!r}. There are: {', '.join(self._clocks)}.") from None

    def contested(self, clock: Clock) -> str | None:
        """What is disputed about this clock, in words; None when nothing is."""
        return self._rows.disputes[clock.contested] if clock.contested else None

    def due(self, clock_id: str, start: datetime, stage: str | None = None) -> Due:
        """When the stage (the clock's first, if none is named) is due, counted from `start` alone.

        Works for a clock that is switched off or not yet in force too, and says so. Raises UnknownClock, BadStart.
        """
        clock = self.clock(clock_id)
        row = _stage(clock, stage)
        period = _period(clock, row.limit, start) if isinstance(row.limit, Limit) else None
        return self._due(clock, row, start, period)

    def due_from(self, clock_id: str, stamps: Mapping[str, datetime], stage: str | None = None) -> Due | None:
        """When the stage is due, given every stamp the record holds: the earlier of its limit and its wall.

        A report that repeats is counted from the last intermediate report. None when no stamp starts it yet.
        """
        clock = self.clock(clock_id)
        row = _stage(clock, stage)
        start = stamps.get(row.starts_at)
        if row.repeats:
            start = stamps.get("intermediate_submitted", start)
        due = self.due(clock_id, start, row.id) if start else None
        wall_start = stamps.get(row.wall.starts_at) if row.wall else None
        if row.wall is None or wall_start is None:
            return due
        wall = _period(clock, row.wall, wall_start)
        if due is None or due.conservative is None or due.outer is None:
            return self._due(clock, row, wall_start, wall)
        # As instants: Python compares two times of one zone by their wall clock, which a clock change breaks.
        if due.conservative.timestamp() <= wall.conservative.timestamp():
            return due
        # Started only after the wall had passed: late by the wall, and the stage's own limit is what is left.
        late = due.start.timestamp() > wall.outer.timestamp()
        return self._due(clock, row, due.start, Period(wall.conservative, due.outer if late else wall.outer))

    def walls(self, clock_id: str, stamps: Mapping[str, datetime]) -> tuple[Wall, ...]:
        """The walls of a clock whose starting stamp is known, whether or not their stage has begun."""
        clock = self.clock(clock_id)
        return tuple(
            Wall(
                clock,
                stage,
                _period(clock, stage.wall, stamps[stage.wall.starts_at]).conservative,
                None if stage.starts_at in stamps else stage.starts_at.replace("_", " "),
                self.contested(clock),
                self.notice,
            )
            for stage in clock.stages
            if stage.wall and stage.wall.starts_at in stamps
        )

    def propose(
        self, regimes: Collection[str], harm_classes: Collection[str], answers: Mapping[str, str], at: datetime
    ) -> list[Proposal]:
        """The clocks that may apply at `at`, each with its reason, the shortest limit first.

        `regimes` are those of all affected AI systems; none listed means unknown, and every regime is asked about;
        `["none"]` says that no regime applies. Clocks that are switched off or not yet in force are left out.
        """
        return [each for each in self._matching(regimes, harm_classes, answers) if each.clock.in_force(at)]

    def upcoming(
        self, regimes: Collection[str], harm_classes: Collection[str], answers: Mapping[str, str], at: datetime
    ) -> list[Proposal]:
        """The clocks that would be proposed once their law applies; `because` says from when."""
        return [
            Proposal(each.clock, each.stage, f"{each.because}. {each.clock.since}", each.contested, each.notice)
            for each in self._matching(regimes, harm_classes, answers)
            if not each.clock.in_force(at)
        ]

    def faults_against(self, facts: Mapping[str, Collection[str]]) -> list[Fault]:
        """Facts and answers that the clocks ask about and the severity policy (fact -> answers) does not have."""
        faults = []
        for path, condition in self._conditions():
            for fact, wanted in condition.answer.items():
                unknown = [each for each in wanted if each not in facts.get(fact, ())]
                if unknown:
                    reason = f"the severity policy has no answer {', '.join(unknown)} to {fact}"
                    faults.append(self._document.fault((*path, "answer", fact), reason))
        return faults

    def _conditions(self) -> Iterator[tuple[tuple[str | int, ...], Condition]]:
        """Every condition with its place in the file."""
        for number, clock in enumerate(self._rows.clocks):
            at = ("clocks", number)
            for index, condition in enumerate(clock.applies_when):
                yield (*at, "applies_when", index), condition
            for place, stage in enumerate(clock.stages):
                for index, condition in enumerate(stage.applies_when):
                    yield (*at, "stages", place, "applies_when", index), condition

    def _due(self, clock: Clock, stage: Stage, start: datetime, period: Period | None) -> Due:
        conservative, outer = (period.conservative, period.outer) if period else (None, None)
        return Due(clock, stage, start, conservative, outer, self.contested(clock), self.notice)

    def _matching(
        self, regimes: Collection[str], harm_classes: Collection[str], answers: Mapping[str, str]
    ) -> list[Proposal]:
        found = []
        for clock in self._clocks.values():
            if not clock.enabled or (regimes and clock.regime not in regimes):
                continue
            reason = _first_reason(clock.applies_when, harm_classes, answers)
            if clock.applies_when and reason is None:
                continue
            stage, stage_reason = _soonest_stage(clock, harm_classes, answers)
            regime = f"the AI system lists {clock.regime}" if regimes else "no regime is recorded for the AI system"
            reasons = [regime, *dict.fromkeys(each for each in (reason, stage_reason) if each)]
            because = f"may apply because {' and '.join(reasons)}"
            found.append(Proposal(clock, stage, because, self.contested(clock), self.notice))
        return sorted(found, key=lambda each: (each.stage.seconds, each.clock.id))


def parse_start(text: str) -> datetime:
    """A start as people type it: ISO 8601 with a UTC offset. Raises BadStart."""
    try:
        start = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadStart(f"{text!r:.60} is not a time; write it like 2027-12-10T14:00+01:00.") from None
    if start.utcoffset() is None:
        raise BadStart(f"{text!r:.60} has no UTC offset; write it like 2027-12-10T14:00+01:00.")
    return start


def load_clocks(path: Path | None = None, override: Path | Mapping[str, Any] | None = None) -> Clocks:
    """Read the clocks, with an organisation's override: `{clocks: {<id>: {enabled, zone, holidays}}}`.

    Raises ContentError with file, line, key and reason for every fault.
    """
    document = read_yaml(path or SHIPPED)
    rows = check_shape(document, ClockFile)
    if faults := _faults(document, rows):
        raise ContentError(faults)
    if override is None:
        return Clocks(document, rows)
    changed = read_yaml(override) if isinstance(override, Path) else Document("override", "", dict(override), {})
    changes = check_shape(changed, Override).clocks
    known = {clock.id for clock in rows.clocks}
    if faults := [changed.fault(("clocks", each), "no clock has this id") for each in changes if each not in known]:
        raise ContentError(faults)
    merged = tuple(
        clock.model_copy(update=changes[clock.id].model_dump(exclude_none=True)) if clock.id in changes else clock
        for clock in rows.clocks
    )
    return Clocks(document, rows.model_copy(update={"clocks": merged}))


def _faults(document: Document, rows: ClockFile) -> list[Fault]:
    """What one row alone cannot show: doubled ids, and words used without being declared."""
    faults = []
    seen: set[str] = set()
    for number, clock in enumerate(rows.clocks):
        at = ("clocks", number)
        if clock.id in seen:
            faults.append(document.fault((*at, "id"), f"another clock is already called {clock.id}"))
        seen.add(clock.id)
        if clock.regime not in rows.regimes:
            faults.append(document.fault((*at, "regime"), f"{clock.regime!r} is not one of the regimes"))
        if clock.contested and clock.contested not in rows.disputes:
            faults.append(document.fault((*at, "contested"), f"{clock.contested!r} is not one of the disputes"))
        stages: set[str] = set()
        for index, stage in enumerate(clock.stages):
            here = (*at, "stages", index)
            if stage.id in stages:
                faults.append(document.fault((*here, "id"), f"another stage is already called {stage.id}"))
            stages.add(stage.id)
            if stage.starts_at not in rows.stamps:
                faults.append(document.fault((*here, "starts_at"), f"{stage.starts_at!r} is not one of the stamps"))
            if stage.wall and stage.wall.starts_at not in rows.stamps:
                reason = f"{stage.wall.starts_at!r} is not one of the stamps"
                faults.append(document.fault((*here, "wall", "starts_at"), reason))
    return faults


def _stage(clock: Clock, stage_id: str | None) -> Stage:
    if stage_id is None:
        return clock.stages[0]
    for stage in clock.stages:
        if stage.id == stage_id:
            return stage
    known = ", ".join(stage.id for stage in clock.stages)
    raise UnknownClock(f"The clock {clock.id} has no stage {stage_id!r}. It has: {known}.")


def _period(clock: Clock, limit: Limit, start: datetime) -> Period:
    try:
        return count(
            limit.counting,
            limit.amount,
            start,
            ZoneInfo(clock.zone),
            holidays=clock.holidays,
            cutoff=clock.last_time_of_day,
        )
    except ValueError as error:
        raise BadStart(f"{clock.id}: {error}.") from error


def _first_reason(
    conditions: Collection[Condition], harm_classes: Collection[str], answers: Mapping[str, str]
) -> str | None:
    reasons = (condition.because(harm_classes, answers) for condition in conditions)
    return next((reason for reason in reasons if reason), None)


def _soonest_stage(clock: Clock, harm_classes: Collection[str], answers: Mapping[str, str]) -> tuple[Stage, str | None]:
    """The first report that is due soonest among those whose own condition holds; else the one without a condition."""
    first = [stage for stage in clock.stages if stage.step is Step.INITIAL]
    held = [(stage, _first_reason(stage.applies_when, harm_classes, answers)) for stage in first]
    open_to_all = [(stage, reason) for stage, reason in held if reason or not stage.applies_when]
    return min(open_to_all, key=lambda each: each[0].seconds)
