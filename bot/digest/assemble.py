"""A digest from the record: read, count, hide what the audience may not see, and say it in three sentences."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from sqlalchemy.orm import Session

from bot.digest import figures, sections
from bot.digest.organisation import for_organisation
from bot.digest.sentences import sentences
from bot.digest.value import UNCLASSIFIED, Audience, Counts, Digest, Number, OpenIncident, OverdueClock, Pointer
from incidents import digest_rows
from incidents.digest_rows import Counted, Open, Scope
from incidents.periods import Period
from incidents.trends import compare
from playbooks.programme import Rules as Programme
from playbooks.scenario import ScenarioLibrary
from severity.levels import Severity
from severity.schema import Targets


@dataclass(frozen=True)
class Rules:
    """What an organisation sets: targets by severity, the weights of the rate, the smallest number the organisation is
    shown, how often is exercised with which scenarios, and what a regulator clock is called."""

    targets: Mapping[Severity, Targets]
    weights: Mapping[str, int]
    minimum_cell: int
    programme: Programme
    scenarios: ScenarioLibrary
    clock_title: Callable[[str], str]


def assemble(
    session: Session,
    period: Period,
    scope: Scope,
    audience: Audience,
    rules: Rules,
    as_of: datetime,
    *,
    home: Pointer | None = None,
    late_since: datetime | None = None,
) -> Digest:
    """The digest of a period. What is open or overdue is so at `as_of`; everything else is of the period's days."""
    previous = period.previous
    rows = digest_rows.declared_in(session, scope, period)
    sums, sums_before = figures.summed(rows), digest_rows.sums(session, scope, previous)
    groups = figures.by_group(rows)
    earlier = digest_rows.last_before(session, scope, period.start, figures.RECURS_WITHIN)
    weeks = period.weeks(2 * figures.WINDOW)
    requests = digest_rows.exposures(session, scope, weeks)
    weights = rules.weights if audience == "team" else dict.fromkeys(rules.weights, 1)
    rates = figures.rates(weeks, digest_rows.weekly(session, scope, weeks), requests, weights)
    unfinished = period.end > as_of  # days that are still to come would look like days without harm
    if unfinished:
        rates = replace(rates, change=None)
    going_on = [_open(row, rules, as_of) for row in digest_rows.open_now(session, scope)]
    late = digest_rows.overdue_clocks(session, scope, as_of)
    actions = sections.overdue_actions(session, scope, as_of.date())
    done, due, unrehearsed = sections.exercises(session, scope.team_id, period, rules.programme, rules.scenarios)
    gaps = sections.gaps(session, scope.team_id, period)
    materialised = Counter(row.materialisation for row in rows)
    by_class = figures.by_harm_class(sums)
    total, before = sum(each.incidents for each in sums), sum(each.incidents for each in sums_before)
    worst, busiest = _worst(rows), _busiest(rows, by_class)
    pointers = _pointers(session, {each.id for each in (worst, busiest and busiest[2]) if each})
    digest = Digest(
        period=period,
        previous=previous,
        audience=audience,
        as_of=as_of,
        minimum_cell=rules.minimum_cell,
        counts=Counts(
            total=total,
            previous_total=before,
            by_severity=figures.by_severity(sums),
            previous_by_severity=figures.by_severity(sums_before),
            by_harm_class=by_class,
            previous_by_harm_class=figures.by_harm_class(sums_before),
            near_misses=materialised["near_miss"],
            issues=materialised["issue"],
            hazards=sum(materialised[name] for name in figures.HAZARDS),
            open_now=len(going_on),
        ),
        change=None if unfinished else compare(total, period.days, before, previous.days),
        rates=rates,
        times=figures.times(chain.from_iterable(groups.values())),
        times_by_severity={severity: figures.times(group) for severity, group in groups.items()},
        targets=figures.targets_met(groups, rules.targets),
        mitigation=figures.mitigation(
            digest_rows.mitigations(session, scope, weeks[-figures.WINDOW].start, weeks[-1].end), rules.targets
        ),
        recurrence=figures.recurrence(rows, earlier),
        open=tuple(going_on),
        overdue_clocks=tuple(
            OverdueClock(
                f"INC-{row.incident_id}",
                rules.clock_title(row.clock),
                row.due,
                row.state == "running",
                Pointer(f"INC-{row.incident_id}", row.channel, row.url),
            )
            for row in late
        ),
        overdue_actions=tuple(actions),
        overdue_clock_count=len(late),
        overdue_action_count=len(actions),
        exercises_done=tuple(done),
        exercises_due=tuple(due),
        unrehearsed=tuple(unrehearsed),
        gaps=tuple(gaps),
        gap_count=sum(each.count for each in gaps),
        worst=(worst.severity, pointers[worst.id]) if worst else None,
        busiest=(*busiest[:2], pointers[busiest[2].id]) if busiest else None,
        home=home,
        systems=scope.systems,
        harm_classes=scope.harm_classes,
        late_since=late_since,
        began=_began(session, scope, min(weeks[0].start, previous.start)) if audience == "team" else None,
    )
    if audience == "organisation":
        digest = for_organisation(digest)
    return replace(digest, sentences=sentences(digest))


def _open(row: Open, rules: Rules, as_of: datetime) -> OpenIncident:
    return OpenIncident(
        number=f"INC-{row.id}",
        title=row.title,
        severity=row.severity,
        provisional=row.provisional,
        status=row.status,
        system=row.system or "no AI system named",
        declared_at=row.declared_at,
        age=(as_of - row.declared_at).total_seconds(),
        commander=row.commander,
        clock=rules.clock_title(row.clock) if row.clock else None,
        clock_due=row.clock_due,
        where=Pointer(f"INC-{row.id}", row.channel, row.url),
    )


def _began(session: Session, scope: Scope, start: datetime) -> datetime | None:
    """When the record's first incident came, if since `start`: what is older than a record is not quiet but unknown."""
    first = digest_rows.first_declared(session, scope)
    return first if first is not None and first > start else None


def _worst(rows: Sequence[Counted]) -> Counted | None:
    """The worst incident of the period; of equals the newest."""
    return min(rows, key=lambda row: (row.severity, -row.declared_at.timestamp(), -row.id), default=None)


def _busiest(rows: Sequence[Counted], by_class: Mapping[str, Number]) -> tuple[str, int, Counted] | None:
    """The harm class with most incidents, how many, and the newest of them."""
    named = {name: count for name, count in by_class.items() if count and name != UNCLASSIFIED}
    if not named:
        return None
    name = max(named, key=lambda each: named[each])
    return name, named[name], next(row for row in reversed(rows) if name in row.harm_classes)


def _pointers(session: Session, ids: Collection[int]) -> dict[int, Pointer]:
    known = digest_rows.rooms(session, ids)
    return {each: Pointer(f"INC-{each}", *known.get(each, (None, None))) for each in ids}
