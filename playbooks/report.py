"""The after-action report with its improvement plan (AAR/IP): plain values in, Markdown out. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from playbooks.score import RATINGS, TESTED, Outcome, Rating, State, coverage

TEMPLATES = Path(__file__).parent / "reports"
RESULTS: dict[State, str] = {
    "met": "in time",
    "late": "late",
    "missed": "missed",
    "waiting": "open",
    "not_asked": "not asked",
    "not_tested": "not tested",
}
NOTHING = "—"


@dataclass(frozen=True)
class ActionReport:
    """One expected action. Minutes are exercise time."""

    text: str
    critical: bool
    due: float | None
    minute: float | None
    result: str
    evidence: str


@dataclass(frozen=True)
class ObjectiveReport:
    """One objective with its rating and its evidence. `confirmed` is None until an evaluator has decided."""

    text: str
    capability: str
    proposed: Rating | None
    confirmed: Rating | None
    confirmed_by: str | None
    reason: str
    actions: Sequence[ActionReport]
    left_out: int = 0

    @property
    def rating_words(self) -> str:
        """`P, performed without challenges (proposed)`."""
        letter = self.confirmed or self.proposed
        tested = sum(action.result in {RESULTS[state] for state in TESTED} for action in self.actions)
        of = tested + sum(action.result == RESULTS["not_tested"] for action in self.actions)
        rests_on = coverage(tested, of, self.left_out)
        part = f"; {rests_on}" if rests_on else ""
        if letter is None:
            return f"not rated{part}"
        return f"{letter}: {RATINGS[letter].lower()}{'' if self.confirmed else ' (proposed)'}{part}"


@dataclass(frozen=True)
class Measured:
    """One of the four times in exercise minutes; None where an end is missing, or there is no target."""

    words: str
    minutes: float | None
    target: float | None

    @property
    def verdict(self) -> str:
        """Within the target, or over it."""
        if self.minutes is None:
            return "not reached"
        if self.target is None:
            return ""
        return "within" if self.minutes <= self.target else "over"


@dataclass(frozen=True)
class ClockReport:
    """A regulator clock of the exercise's incident: what was decided on it, when and by whom. `expected`: the scenario
    holds that somebody has to decide on it."""

    title: str
    state: str
    minute: float | None
    by: str | None
    expected: bool


@dataclass(frozen=True)
class Moment:
    """One line of the timeline."""

    minute: float
    who: str
    words: str


@dataclass(frozen=True)
class Planned:
    """One line of the improvement plan."""

    text: str
    owner: str
    due: date
    ticket: str | None


@dataclass(frozen=True)
class Report:
    """Everything the report says, as plain values; names of people are names, not ids."""

    number: str
    title: str
    scenario_id: str
    scenario_version: int
    scenario_hash: str
    minutes: int
    played: float
    speeds: str
    started_at: datetime | None
    facilitator: str
    stopped_because: str | None
    cast: Sequence[tuple[str, str]]
    incident: str | None
    severity: str | None
    true_severity: str
    times: Sequence[Measured]
    clocks: Sequence[ClockReport]
    objectives: Sequence[ObjectiveReport]
    hot_wash: Sequence[tuple[str, Sequence[tuple[str, str | None]]]]
    improvements: Sequence[Planned]
    timeline: Sequence[Moment]
    cause: str
    containment: str
    traps: Sequence[str]

    @property
    def scale(self) -> list[tuple[str, str]]:
        """The four letters with their words."""
        return [(letter, words.lower()) for letter, words in RATINGS.items()]

    @property
    def expected_clocks(self) -> int:
        """Legal clocks that somebody should have decided on."""
        return sum(clock.expected for clock in self.clocks)

    @property
    def decided_clocks(self) -> int:
        """Those of them that somebody has."""
        return sum(clock.expected and clock.minute is not None for clock in self.clocks)

    @property
    def all_confirmed(self) -> bool:
        """Whether an evaluator has decided on everything that was tested."""
        return all(objective.confirmed for objective in self.objectives if objective.proposed)

    def _count(self, *results: State) -> int:
        wanted = {RESULTS[state] for state in results}
        return sum(action.result in wanted for objective in self.objectives for action in objective.actions)

    @property
    def met(self) -> int:
        """Actions done in time."""
        return self._count("met")

    @property
    def late(self) -> int:
        """Actions done late."""
        return self._count("late")

    @property
    def missed(self) -> int:
        """Actions not done."""
        return self._count("missed")

    @property
    def asked(self) -> int:
        """Actions that the exercise tested."""
        return self._count(*TESTED)

    @property
    def untested(self) -> int:
        """Actions that it was cut off from: it ended early, or their inject was skipped."""
        return self._count("not_tested")

    @property
    def strengths(self) -> list[str]:
        """What the record shows was done well: objectives without a fault, and critical actions in time elsewhere."""
        lines = []
        for objective in self.objectives:
            if (objective.confirmed or objective.proposed) == "P":
                lines.append(f"{objective.capability}: {objective.text}")
                continue
            for action in objective.actions:
                if action.critical and action.result == RESULTS["met"] and action.minute is not None:
                    lines.append(f"{objective.capability}: {action.text} (minute {action.minute:.0f})")
        return lines

    @property
    def areas(self) -> list[str]:
        """What came late or not at all, the critical first."""
        found = []
        for objective in self.objectives:
            for action in objective.actions:
                if action.result == RESULTS["late"] and action.minute is not None and action.due is not None:
                    over = action.minute - action.due
                    found.append(
                        (not action.critical, f"{objective.capability}: {action.text} Came {_minutes(over)} late.")
                    )
                elif action.result == RESULTS["missed"]:
                    found.append((not action.critical, f"{objective.capability}: {action.text} Was not done."))
        return [line for _, line in sorted(found, key=lambda pair: pair[0])]


def action_report(outcome: Outcome, who: str | None) -> ActionReport:
    """One expected action for the report; `who` is the name of whoever did it."""
    fact = outcome.fact
    words = NOTHING
    if fact is not None:
        entry = f"entry {fact.entry}: " if fact.entry is not None else ""
        words = f"{entry}{who or fact.by}: {_short(fact.text, 140)}"
    return ActionReport(
        outcome.action.text,
        outcome.action.critical,
        outcome.due,
        fact.minute if fact else None,
        RESULTS[outcome.state],
        words,
    )


def markdown(report: Report) -> str:
    """The report as Markdown. What people wrote is escaped: it stays text."""
    text = _environment().get_template("aar.md.j2").render(r=report)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _environment() -> Environment:
    # Markdown, not HTML: `md` and `cell` escape what people wrote.
    environment = Environment(undefined=StrictUndefined, autoescape=False, loader=FileSystemLoader(TEMPLATES))  # noqa: S701
    environment.filters |= {"md": _md, "cell": _md, "minutes": _minutes, "at": _at, "day": _day}
    return environment


def _md(text: str) -> str:
    """Text in one line, with nothing in it that Markdown would take for markup."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", " ".join(text.split()))


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _minutes(value: float | None) -> str:
    if value is None:
        return NOTHING
    seconds = round(timedelta(minutes=value).total_seconds())
    hours, minutes = divmod(seconds // 60, 60)
    if seconds < 60:
        return f"{seconds} s"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min" if seconds % 60 == 0 or minutes >= 10 else f"{minutes} min {seconds % 60:02d} s"


def _at(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0f}"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never begun"
