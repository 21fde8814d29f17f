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
_TARGET_OF = {"ttd": "detect", "tta": "acknowledge", "ttm": "mitigate"}


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


def measured(row: Counted) -> dict[str, float | None]:
    """TTD, TTA, TTM and TTR of one incident in seconds; None where an end of it is not known."""
    spans: dict[str, timedelta | None] = {
        "ttd": between(row.onset_at, row.detected_at),
        "tta": between(row.declared_at, row.acknowledged_at),
        "ttm": between(row.detected_at, row.mitigated_at),
        "ttr": between(row.detected_at, row.resolved_at),
    }
    return {name: None if span is None else span.total_seconds() for name, span in spans.items()}


def times(rows: Iterable[Counted]) -> dict[str, Time]:
    """The median of each measure over the incidents where it is known."""
    known: dict[str, list[float]] = {name: [] for name in MEASURES}
    for row in rows:
        for name, seconds in measured(row).items():
            if seconds is not None:
                known[name].append(seconds)
    return {name: Time(middle(values), len(values)) for name, values in known.items()}


def grouped(rows: Iterable[Counted]) -> dict[str, list[Counted]]:
    """The incidents of each severity that has any, the worst first."""
    groups: dict[str, list[Counted]] = defaultdict(list)
    for row in rows:
        groups[row.severity].append(row)
    return {severity: groups[severity] for severity in Severity if severity in groups}


def targets_met(rows: Iterable[Counted], promised: Mapping[Severity, Targets]) -> dict[str, dict[str, Target]]:
    """By severity, for each measure with a target: how many of the known times are within it."""
    met: dict[str, dict[str, Target]] = {}
    for severity, group in grouped(rows).items():
        found = [measured(row) for row in group]
        for name, field in _TARGET_OF.items():
            limit: timedelta | None = getattr(promised[Severity(severity)], field)
            if limit is None:
                continue
            within = [
                seconds <= limit.total_seconds() for seconds in (each[name] for each in found) if seconds is not None
            ]
            met.setdefault(severity, {})[name] = Target(limit.total_seconds(), sum(within), len(within), share(within))
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
    requests: Mapping[tuple[str, int], int],
    weights: Mapping[str, int],
) -> Rates:
    """The trend over 26 weeks (two windows), per exposure where each of the last 13 weeks has a denominator.

    A system's week has one only when each of its seven days has; else neither its incidents nor its requests are in.
    """
    every = list(cells)
    covered = _covered(len(weeks), requests)
    reach = next((n for n in range(len(weeks)) if not covered[len(weeks) - 1 - n]), len(weeks))
    per_exposure = reach >= WINDOW
    used = [cell for cell in every if not per_exposure or cell.system in covered[cell.week]]
    exposure = [sum(each.values()) if per_exposure else 1 for each in covered]
    scale, unit = _unit(sum(exposure[-WINDOW:])) if per_exposure else (1, "per week")
    shown = 2 * WINDOW if not per_exposure or reach >= 2 * WINDOW else WINDOW
    counts = [Counter[str]() for _ in weeks]
    for cell in used:
        counts[cell.week][cell.severity] += cell.incidents

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


def _covered(weeks: int, requests: Mapping[tuple[str, int], int]) -> list[dict[str, int]]:
    """By week: the requests of each system that has a denominator; none where all of them are zero."""
    found: list[dict[str, int]] = [{} for _ in range(weeks)]
    for (system, week), count in requests.items():
        found[week][system] = count
    return [each if any(each.values()) else {} for each in found]


def _unit(requests: int) -> tuple[int, str]:
    return (1_000_000, "per million requests") if requests >= 10_000_000 else (1_000, "per 1,000 requests")
