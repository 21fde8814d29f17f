"""From rows of the record to the numbers of a digest: pure, one function for each part."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.digest.value import MEASURES, UNCLASSIFIED, Mitigation, Number, Rates, Recurrence, Target, Time, Week, Window
from incidents.digest_rows import Cell, Counted, Earlier, Middle, Sum
from incidents.milestones import between
from incidents.periods import Period
from incidents.trends import compare, middle, share, weighted_interval
from severity.levels import Severity
from severity.schema import Targets
from severity.taxonomy import HARM_CLASS_IDS

WINDOW = 13  # weeks
RECURS_WITHIN = 91  # days: the same thirteen weeks
HAZARDS = ("hazard", "mechanism_worked")
Spans = Mapping[str, float | None]  # by measure, in seconds
_TARGET_OF = {"ttd": "detect", "tta": "acknowledge", "ttm": "mitigate"}


def summed(rows: Iterable[Counted]) -> list[Sum]:
    """How many of these incidents there are of each severity and set of harm classes."""
    found = Counter((row.severity, tuple(row.harm_classes)) for row in rows)
    return [Sum(severity, list(classes), count) for (severity, classes), count in found.items()]


def by_severity(rows: Iterable[Sum]) -> dict[str, Number]:
    """Incidents by severity, the worst first; zeros too."""
    found: Counter[str] = Counter()
    for row in rows:
        found[row.severity] += row.incidents
    return {severity: found[severity] for severity in Severity}


def by_harm_class(rows: Iterable[Sum]) -> dict[str, Number]:
    """Incidents by harm class; one with several counts in each of them."""
    found: Counter[str] = Counter()
    for row in rows:
        for name in dict.fromkeys(row.harm_classes) or (UNCLASSIFIED,):
            found[name] += row.incidents
    return {name: found[name] for name in (*HARM_CLASS_IDS, UNCLASSIFIED)}


def measured(row: Counted) -> Spans:
    """TTD, TTA, TTM and TTR of one incident in seconds; None where an end of it is not known."""
    return {
        "ttd": _seconds(row.onset_at, row.detected_at),
        "tta": _seconds(row.declared_at, row.acknowledged_at),
        "ttm": _seconds(row.detected_at, row.mitigated_at),
        "ttr": _seconds(row.detected_at, row.resolved_at),
    }


def by_group(rows: Iterable[Counted]) -> dict[str, list[Spans]]:
    """What was measured of the incidents of each severity that has any, the worst first."""
    groups: dict[str, list[Spans]] = defaultdict(list)
    for row in rows:
        groups[row.severity].append(measured(row))
    return {severity: groups[severity] for severity in Severity if severity in groups}


def times(found: Iterable[Spans]) -> dict[str, Time]:
    """The median of each measure over the incidents where it is known."""
    known: dict[str, list[float]] = {name: [] for name in MEASURES}
    for spans in found:
        for name, seconds in spans.items():
            if seconds is not None:
                known[name].append(seconds)
    return {name: Time(middle(values), len(values)) for name, values in known.items()}


def targets_met(
    groups: Mapping[str, Sequence[Spans]], promised: Mapping[Severity, Targets]
) -> dict[str, dict[str, Target]]:
    """By severity, for each measure with a target: how many of the known times are within it."""
    met: dict[str, dict[str, Target]] = {}
    for severity, group in groups.items():
        for name, field in _TARGET_OF.items():
            limit: timedelta | None = getattr(promised[Severity(severity)], field)
            if limit is None:
                continue
            most = limit.total_seconds()
            within = [seconds <= most for seconds in (spans[name] for spans in group) if seconds is not None]
            met.setdefault(severity, {})[name] = Target(most, sum(within), len(within), share(within))
    return met


def mitigation(found: Iterable[Middle], promised: Mapping[Severity, Targets]) -> dict[str, Mitigation]:
    """By severity: the median TTM against its target, for those severities that have both, the worst first."""
    shown = {}
    for each in sorted(found):
        limit = promised[Severity(each.severity)].mitigate
        if limit is not None:
            shown[each.severity] = Mitigation(each.seconds, limit.total_seconds(), each.known)
    return shown


def recurrence(rows: Sequence[Counted], earlier: Iterable[Earlier]) -> Recurrence:
    """What came again: an incident of an AI system and harm class that had one in the `RECURS_WITHIN` days before."""
    last: dict[tuple[str, str], datetime] = {}
    for old in earlier:
        for name in old.harm_classes:  # oldest first, so that the newest stays
            last[old.system, name] = old.declared_at
    again = of = 0
    classes: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.system is None or not row.harm_classes:
            continue
        of += 1
        came_back = False
        for name in dict.fromkeys(row.harm_classes):
            before = last.get((row.system, name))
            recurs = before is not None and row.declared_at - before <= timedelta(days=RECURS_WITHIN)
            count, repeated = classes.get(name, (0, 0))
            classes[name] = (count + 1, repeated + recurs)
            came_back = came_back or recurs
            last[row.system, name] = row.declared_at
        again += came_back
    ordered: dict[str, tuple[int, int]] = {name: classes[name] for name in HARM_CLASS_IDS if name in classes}
    return Recurrence(RECURS_WITHIN, again, of, again / of if of else None, ordered)


def rates(
    weeks: Sequence[Period],
    cells: Iterable[Cell],
    requests: Mapping[int, int],
    weights: Mapping[str, int],
) -> Rates:
    """The trend over 26 weeks (two windows), per exposure where each of the last 13 weeks has a denominator: `requests`
    by week. Incidents of systems and weeks without one are then left out."""
    every = list(cells)
    reach = next((n for n in range(len(weeks)) if not requests.get(len(weeks) - 1 - n)), len(weeks))
    per_exposure = reach >= WINDOW
    exposure = [requests.get(week, 0) if per_exposure else 1 for week in range(len(weeks))]
    scale, unit = _unit(sum(exposure[-WINDOW:])) if per_exposure else (1, "per week")
    shown = 2 * WINDOW if not per_exposure or reach >= 2 * WINDOW else WINDOW
    counts = [Counter[str]() for _ in weeks]
    for cell in every:
        if exposure[cell.week]:
            counts[cell.week][cell.severity] += cell.covered if per_exposure else cell.incidents

    def window(begin: int, end: int) -> Window:
        found = sum(counts[begin:end], Counter[str]())
        size = sum(exposure[begin:end])
        weighted = sum(weights[severity] * count for severity, count in found.items())
        low, high = weighted_interval([(weight, found[severity]) for severity, weight in weights.items()])
        asked = size if per_exposure else None
        factor = scale / size
        return Window(found.total(), weighted, asked, weighted * factor, low * factor, high * factor)

    first = len(weeks) - shown
    points = []
    for index in range(first, len(weeks)):
        point = window(index, index + 1)
        points.append(
            Week(weeks[index].first, point.incidents, point.weighted, point.requests, point.rate, point.low, point.high)
        )
    last = window(len(weeks) - WINDOW, len(weeks))
    before = window(len(weeks) - 2 * WINDOW, len(weeks) - WINDOW) if shown == 2 * WINDOW else None
    change = None
    if before is not None:
        change = compare(last.incidents, last.requests or WINDOW, before.incidents, before.requests or WINDOW)
    out = sum(cell.incidents for cell in every if cell.week >= first) - sum(point.incidents for point in points)
    return Rates(unit, per_exposure, dict(weights), tuple(points), last, before, change, out)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    span = between(start, end)
    return None if span is None else span.total_seconds()


def _unit(requests: int) -> tuple[int, str]:
    return (1_000_000, "per million requests") if requests >= 1_000_000 else (1_000, "per 1,000 requests")
