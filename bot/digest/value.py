"""The digest as a value. Where the audience may not see a number because it is small, that number is None."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from incidents.periods import Period
from incidents.trends import Comparison

Audience = Literal["team", "organisation"]
Number = int | None
UNCLASSIFIED = "unclassified"
ALL = "all"  # instead of a severity: over all of them
MEASURES = ("ttd", "tta", "ttm", "ttr")


@dataclass(frozen=True)
class Pointer:
    """An incident to look at, or (without a number) the channel where they are announced."""

    number: str | None
    channel: str | None
    url: str | None


@dataclass(frozen=True)
class Counts:
    """How many incidents of the period, by severity and by harm class (an incident may have several), and before."""

    total: Number
    previous_total: Number
    by_severity: dict[str, Number]
    previous_by_severity: dict[str, Number]
    by_harm_class: dict[str, Number]
    previous_by_harm_class: dict[str, Number]
    near_misses: Number
    issues: Number
    hazards: Number
    open_now: Number


@dataclass(frozen=True)
class Week:
    """One point of the trend. `rate` is the severity-weighted rate in the unit of `Rates`, with its 95 % interval."""

    first: date
    incidents: int
    weighted: int
    requests: int | None
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Window:
    """Thirteen weeks together."""

    incidents: int
    weighted: int
    requests: int | None
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Rates:
    """The severity-weighted rate over the last 13 weeks and the 13 before, and what may be said of its course.

    `weeks` holds 26, or 13 where the denominator does not reach further back. `change` compares numbers of incidents
    per exposure; the weights do not enter a test. `left_out` are incidents of systems or weeks without a denominator.
    """

    unit: str
    per_exposure: bool
    weights: Mapping[str, int]
    weeks: tuple[Week, ...]
    last: Window
    before: Window | None
    change: Comparison | None
    left_out: Number
    hidden: bool = False


@dataclass(frozen=True)
class Time:
    """One of TTD, TTA, TTM, TTR over several incidents: the median in seconds, and for how many it is known."""

    median: float | None
    known: Number


@dataclass(frozen=True)
class Target:
    """A target in seconds (None over several severities), how many of the known times are within it, their share."""

    target: float | None
    within: Number
    known: Number
    share: float | None


@dataclass(frozen=True)
class Mitigation:
    """The median TTM of one severity over 13 weeks beside its target, both in seconds, and of how many incidents."""

    median: float
    target: float
    known: int


@dataclass(frozen=True)
class Recurrence:
    """How many incidents came after one of the same AI system and harm class within `days` days.

    `of` counts those whose system and class are known; `classes` holds (incidents, of them again) by class.
    """

    days: int
    again: Number
    of: Number
    share: float | None
    classes: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class OpenIncident:
    """One open incident, its age in seconds, and the report to an authority that is due next."""

    number: str
    title: str
    severity: str
    provisional: bool
    status: str
    system: str
    declared_at: datetime
    age: float
    commander: str | None
    clock: str | None
    clock_due: datetime | None
    where: Pointer


@dataclass(frozen=True)
class OverdueClock:
    """A report past the time to work to. `decided` is False while nobody has said whether it is owed."""

    incident: str
    clock: str
    due: datetime
    decided: bool
    where: Pointer


@dataclass(frozen=True)
class OverdueAction:
    """An action of a postmortem whose day has passed."""

    incident: str
    title: str
    owner: str
    due: date
    priority: str
    where: Pointer


@dataclass(frozen=True)
class Exercise:
    """An exercise done in the period, or due. `ratings` counts the confirmed ones of its objectives: P, S, M, U."""

    title: str
    day: date
    ratings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Unrehearsed:
    """A harm class that no exercise of a risk tier has rehearsed in `days`, although AI systems are of that tier."""

    tier: int
    harm_class: str
    days: int


@dataclass(frozen=True)
class Gap:
    """Questions about the same thing, the most typical one, that office hours had no sure answer to, or a wrong one."""

    question: str
    count: int
    wrong: bool


@dataclass(frozen=True)
class Sentence:
    """One of the three sentences, and what to look at."""

    text: str
    where: Pointer | None


@dataclass(frozen=True)
class Digest:
    """Everything one digest says. `as_of` is when it was computed; what is open or overdue is so at that moment."""

    period: Period
    previous: Period
    audience: Audience
    as_of: datetime
    minimum_cell: int
    counts: Counts
    change: Comparison | None
    rates: Rates
    times: dict[str, Time]
    times_by_severity: dict[str, dict[str, Time]]
    targets: dict[str, dict[str, Target]]
    mitigation: dict[str, Mitigation]
    recurrence: Recurrence
    open: tuple[OpenIncident, ...]
    overdue_clocks: tuple[OverdueClock, ...]
    overdue_actions: tuple[OverdueAction, ...]
    overdue_clock_count: Number
    overdue_action_count: Number
    exercises_done: tuple[Exercise, ...]
    exercises_due: tuple[Exercise, ...]
    unrehearsed: tuple[Unrehearsed, ...]
    gaps: tuple[Gap, ...]
    gap_count: Number
    worst: tuple[str, Pointer] | None  # the worst incident declared in the period, after its severity
    busiest: tuple[str, int, Pointer] | None  # the harm class with most incidents, and its newest one
    home: Pointer | None
    systems: tuple[str, ...] = ()
    harm_classes: tuple[str, ...] = ()
    late_since: datetime | None = None  # when it was due, where that is long ago
    began: datetime | None = None  # the record's first incident, where it came within the days that are compared
    sentences: tuple[Sentence, ...] = field(default=())

    @property
    def narrowed(self) -> bool:
        """Whether it tells of chosen systems or harm classes only."""
        return bool(self.systems or self.harm_classes)


def to_json(digest: Digest) -> dict[str, Any]:
    """The digest for machines. Durations are seconds, rates are in `rates.unit`, a hidden number is null."""
    period, counts, rates = digest.period, digest.counts, digest.rates
    hidden = digest.audience == "organisation"
    return {
        "period": {
            "from": period.first,
            "to": period.after,
            "zone": period.zone,
            "start": period.start,
            "end": period.end,
            "every": period.every,
            "previous_from": digest.previous.first,
            "previous_to": digest.previous.after,
        },
        "audience": digest.audience,
        "hidden_below": digest.minimum_cell if hidden else None,
        "as_of": digest.as_of,
        "late_since": digest.late_since,
        "systems": list(digest.systems),
        "harm_classes": list(digest.harm_classes),
        "sentences": [
            {"text": each.text, "incident": each.where.number if each.where else None, "url": _url(each.where)}
            for each in digest.sentences
        ],
        "open": [{**asdict(each), "where": _url(each.where)} for each in digest.open],
        "counts": {**asdict(counts), "change": _change(digest.change)},
        "rates": {
            "unit": rates.unit,
            "per_exposure": rates.per_exposure,
            "weights": dict(rates.weights),
            "weeks": [asdict(each) for each in rates.weeks],
            "last_13_weeks": None if rates.hidden else asdict(rates.last),
            "previous_13_weeks": asdict(rates.before) if rates.before else None,
            "change": _change(rates.change),
            "without_denominator": rates.left_out,
            "hidden": rates.hidden,
        },
        "times": {
            **{name: asdict(each) for name, each in digest.times.items()},
            "by_severity": {
                severity: {name: asdict(each) for name, each in times.items()}
                for severity, times in digest.times_by_severity.items()
            },
            "mitigate_13_weeks": {severity: asdict(each) for severity, each in digest.mitigation.items()},
        },
        "targets": {
            severity: {name: asdict(each) for name, each in targets.items()}
            for severity, targets in digest.targets.items()
        },
        "recurrence": {
            "days": digest.recurrence.days,
            "again": digest.recurrence.again,
            "of": digest.recurrence.of,
            "share": digest.recurrence.share,
            "classes": {
                name: {"incidents": incidents, "again": again}
                for name, (incidents, again) in digest.recurrence.classes.items()
            },
        },
        "actions": {
            "overdue": [{**asdict(each), "where": _url(each.where)} for each in digest.overdue_actions],
            "overdue_count": digest.overdue_action_count,
        },
        "clocks": {
            "overdue": [{**asdict(each), "where": _url(each.where)} for each in digest.overdue_clocks],
            "overdue_count": digest.overdue_clock_count,
        },
        "exercises": {
            "done": [asdict(each) for each in digest.exercises_done],
            "due": [asdict(each) for each in digest.exercises_due],
            "gaps": [asdict(each) for each in digest.unrehearsed],
        },
        "gaps": {"count": digest.gap_count, "questions": [asdict(each) for each in digest.gaps]},
    }


def _url(where: Pointer | None) -> str | None:
    return where.url if where else None


def _change(change: Comparison | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {"word": change.word, "ratio": change.ratio, "low": change.low, "high": change.high, "p": change.p}
