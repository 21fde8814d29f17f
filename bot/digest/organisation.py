"""The digest as the whole organisation may read it: no single incident, no number under the minimum, and none that a
reader could work out from the ones that are shown (abuse case 28). The rule in words: docs/digest.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from bot.digest.figures import WINDOW
from bot.digest.value import ALL, MEASURES, Counts, Digest, Number, Rates, Recurrence, Target, Time, Week
from incidents.trends import suppress, suppress_overlapping

EXERCISE = "an exercise"  # its scenario may be an incident's


def for_organisation(digest: Digest) -> Digest:
    """The same digest with everything hidden that this audience may not see."""
    k = digest.minimum_cell
    counts = digest.counts
    total, before = _whole(counts.total, k), _whole(counts.previous_total, k)
    by_severity = _parts(counts.by_severity, total, k)
    return replace(
        digest,
        counts=Counts(
            total=total,
            previous_total=before,
            by_severity=by_severity,
            previous_by_severity=_parts(counts.previous_by_severity, before, k),
            by_harm_class=_classes(counts.by_harm_class, total, k),
            previous_by_harm_class=_classes(counts.previous_by_harm_class, before, k),
            near_misses=_whole(counts.near_misses, k),
            issues=_whole(counts.issues, k),
            hazards=_whole(counts.hazards, k),
            open_now=_whole(counts.open_now, k),
        ),
        change=digest.change if total is not None and before is not None else None,
        rates=_rates(digest, k),
        times={name: _time(time, total, k) for name, time in digest.times.items()},
        times_by_severity={},
        targets=_targets(digest, k),
        mitigation={},
        recurrence=_recurrence(digest.recurrence, k),
        open=(),
        overdue_clocks=(),
        overdue_actions=(),
        overdue_clock_count=_whole(digest.overdue_clock_count, k),
        overdue_action_count=_whole(digest.overdue_action_count, k),
        exercises_done=tuple(replace(each, title=EXERCISE, ratings={}) for each in digest.exercises_done),
        exercises_due=tuple(replace(each, title=EXERCISE) for each in digest.exercises_due),
        gaps=(),
        gap_count=_whole(digest.gap_count, k),
        worst=None,
        busiest=None,
    )


def _whole(count: Number, k: int) -> Number:
    return count if count is not None and count >= k else None


def _parts(cells: dict[str, Number], total: Number, k: int) -> dict[str, Number]:
    """Parts of a shown total; all hidden where the total is."""
    if total is None:
        return dict.fromkeys(cells)
    return dict(suppress(_whole_numbers(cells), k))


def _classes(cells: dict[str, Number], total: Number, k: int) -> dict[str, Number]:
    """The same for harm classes, of which an incident may have several."""
    if total is None:
        return dict.fromkeys(cells)
    return dict(suppress_overlapping(_whole_numbers(cells), k, total))


def _whole_numbers(cells: dict[str, Number]) -> dict[str, int]:
    return {name: count or 0 for name, count in cells.items()}


def _time(time: Time, total: Number, k: int) -> Time:
    """The median alone. How many times it is made of is not shown: that would be one more number to subtract."""
    return Time(time.median if total is not None and (time.known or 0) >= k else None, None)


def _rates(digest: Digest, k: int) -> Rates:
    """Week by week only when each week could be shown by itself: else two digests, one week apart, would give a week's
    number away. The two windows alone also where the next digest's windows do not overlap them: quarterly, or for once.
    (For this audience the rates are assembled without weights, which would give the severities away.)
    """
    rates = digest.rates
    if not rates.left_out and all(week.incidents >= k for week in rates.weeks) and _apart(digest, rates.weeks, k):
        return replace(rates, left_out=None)
    once = digest.period.every in ("quarterly", None) and rates.before is not None and not rates.left_out
    if once and rates.before and min(rates.last.incidents, rates.before.incidents) >= k and _apart(digest, (), k):
        return replace(rates, weeks=(), left_out=None)
    return replace(rates, weeks=(), before=None, change=None, left_out=None, hidden=True)


def _apart(digest: Digest, weeks: Sequence[Week], k: int) -> bool:
    """Whether no small number is the difference of two that are shown: a quarter of 92 days less its last 13 weeks is
    one day. Everything shown is laid on one line that ends with the period; what lies between two of its marks must
    not be small."""
    rates, counts, end = digest.rates, digest.counts, digest.period.after
    marks = {end: 0}  # day -> incidents from it to the end
    said = [(week.first, week.incidents) for week in reversed(weeks)]
    said = said or [
        (end - timedelta(weeks=WINDOW), rates.last.incidents),
        *([(end - timedelta(weeks=2 * WINDOW), rates.before.incidents)] if rates.before else []),
    ]
    for spans in (
        said,
        [(digest.period.first, counts.total or 0), (digest.previous.first, counts.previous_total or 0)],
    ):
        so_far = 0
        for first, incidents in spans:
            so_far += incidents
            marks[first] = so_far
    line = [marks[day] for day in sorted(marks, reverse=True)]
    return all(further - nearer >= k for nearer, further in pairwise(line))


def _targets(digest: Digest, k: int) -> dict[str, dict[str, Target]]:
    """Over all severities: the share in tenths, where neither side of it is small; never the numbers themselves."""
    found: dict[str, Target] = {}
    for name in MEASURES:
        every = [targets[name] for targets in digest.targets.values() if name in targets]
        within, known = sum(each.within or 0 for each in every), sum(each.known or 0 for each in every)
        if within >= k and known - within >= k:
            found[name] = Target(None, None, None, round(within / known, 1))
    return {ALL: found} if found else {}


def _recurrence(recurrence: Recurrence, k: int) -> Recurrence:
    again, of = recurrence.again or 0, recurrence.of or 0
    share = round(again / of, 1) if again >= k and of - again >= k else None
    return Recurrence(recurrence.days, None, None, share, {})
