"""The exercise programme from the record: plain values for the command line, Slack, the calendar and the digest.

`exercises_of` is what a digest of a period says about exercises.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from incidents import inventory
from incidents.clock import now
from incidents.periods import Period
from playbooks import afterwards, finding, planning, programme, running
from playbooks.models import EVALUATOR, Exercise, ExerciseRating
from playbooks.programme import ClassGap, Due, Held, PersonGap, Practice, Rated, Rules, System, Trend
from playbooks.scenario import ScenarioLibrary
from playbooks.score import Rating


@dataclass(frozen=True)
class Planned:
    """One exercise that is still to be held. Times are UTC; `zone` is the one it was planned in."""

    id: int
    number: str
    scenario: str
    title: str
    minutes: int
    system: str | None
    facilitator: str
    at: datetime
    zone: str


@dataclass(frozen=True)
class Programme:
    """How the programme stands on one day."""

    today: date
    planned: list[Planned]
    due: list[Due]
    class_gaps: list[ClassGap]
    person_gaps: list[PersonGap] | None  # None: who the responders are is not known here
    practised: list[Practice]
    class_trends: list[Trend]
    capability_trends: list[Trend]

    @property
    def overdue(self) -> list[Due]:
        """What is due today or was due before."""
        return [each for each in self.due if each.overdue(self.today)]

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "today": self.today,
            "planned": [asdict(each) for each in self.planned],
            "due": [due_json(each, self.today) for each in self.due],
            "gaps": self.gaps_json(),
            "practised": [asdict(each) for each in self.practised],
            "trends": {
                "harm_classes": [asdict(each) for each in self.class_trends],
                "capabilities": [asdict(each) for each in self.capability_trends],
            },
        }

    def gaps_json(self) -> dict[str, Any]:
        """The gaps alone."""
        return {
            "systems": [due_json(each, self.today) for each in self.overdue],
            "harm_classes": [asdict(each) for each in self.class_gaps],
            "people": None if self.person_gaps is None else [asdict(each) for each in self.person_gaps],
        }


@dataclass(frozen=True)
class ExercisesOf:
    """What a digest says of exercises: those held in its period, and as of its end what is due and what lacks."""

    held: list[Held]
    planned: list[Planned]
    due: list[Due]
    class_gaps: list[ClassGap]


def due_json(each: Due, today: date) -> dict[str, Any]:
    """One system's turn."""
    return {**asdict(each), "overdue": each.overdue(today)}


def programme_of(
    session: Session,
    rules: Rules,
    library: ScenarioLibrary,
    *,
    responders: Iterable[str] | None,
    team_id: str | None = None,
    moment: datetime | None = None,
) -> Programme:
    """The programme as the record stands at `moment` (now). `responders` None: nobody could say who they are."""
    today = _day(moment or now(), rules)
    held = [each for each in held_exercises(session, rules, team_id) if each.on <= today]
    systems = _systems(session)
    return Programme(
        today=today,
        planned=_planned(session, team_id),
        due=programme.due(rules, systems, held, today),
        class_gaps=programme.class_gaps(rules, systems, held, _classes(library), today),
        person_gaps=None if responders is None else programme.person_gaps(rules, responders, held, today),
        practised=programme.practised(held),
        class_trends=programme.class_trends(held),
        capability_trends=programme.capability_trends(held),
    )


def exercises_of(
    session: Session, period: Period, rules: Rules, library: ScenarioLibrary, *, team_id: str | None = None
) -> ExercisesOf:
    """Exercises done in a period, planned, due and lacking at its end. Plain values; no person is named but players'
    ids inside `held`, which a digest leaves out."""
    held = held_exercises(session, rules, team_id)
    before = [each for each in held if each.on < period.after]
    systems = _systems(session)
    return ExercisesOf(
        held=[each for each in before if each.on >= period.first],
        planned=[each for each in _planned(session, team_id) if each.at >= period.end],
        due=[each for each in programme.due(rules, systems, before, period.last) if each.overdue(period.last)],
        class_gaps=programme.class_gaps(rules, systems, before, _classes(library), period.last),
    )


def held_exercises(session: Session, rules: Rules, team_id: str | None = None) -> list[Held]:
    """Every exercise that ended and of which something could be rated, oldest first."""
    plans = planning.of_exercises(session)
    tiers = {system.id: system.tier for system in _systems(session)}
    rows = [row for row in reversed(running.every(session, team_id)) if row.state == "ended"]
    ids = [row.id for row in rows]
    people, ratings = finding.people_of(session, ids), afterwards.ratings_of(session, ids)
    held = (_held(rules, row, plans.get(row.id), tiers, people[row.id], ratings[row.id]) for row in rows)
    return [each for each in held if each.ratings]


def _held(
    rules: Rules,
    row: Exercise,
    plan: planning.PlannedExercise | None,
    tiers: Mapping[str, int | None],
    people: Mapping[str, Sequence[str]],
    ratings: Iterable[ExerciseRating],
) -> Held:
    scenario = row.scenario  # three of its keys; it was checked when the exercise was started
    everybody = {row.facilitator, *(user for users in people.values() for user in users)}
    players = tuple((user, role) for role, users in people.items() if role != EVALUATOR for user in users)
    capabilities = {objective["id"]: objective["capability"] for objective in scenario["objectives"]}
    system = plan.system_id if plan else None
    tier = tiers.get(system) if system else None
    assert row.ended_at is not None, "what ended has an end"
    return Held(
        number=row.number,
        title=row.title,
        scenario=row.scenario_id,
        on=_day(row.ended_at, rules),
        tier=scenario["tier"] if tier is None else tier,
        harm_classes=tuple(scenario["harm_classes"]),
        system=system,
        players=players,
        ratings=tuple(
            Rated(capabilities[each.objective_id], cast(Rating, each.confirmed or each.proposed), bool(each.confirmed))
            for each in ratings
        ),
        solo=len(everybody) == 1,
    )


def _systems(session: Session) -> list[System]:
    return [System(each.id, each.name, each.tier) for each in inventory.every(session)]


def _planned(session: Session, team_id: str | None) -> list[Planned]:
    return [planned_facts(row) for row in planning.ahead(session, team_id)]


def planned_facts(row: planning.PlannedExercise) -> Planned:
    """One planned exercise as plain values."""
    return Planned(
        row.id, row.number, row.scenario_id, row.title, row.minutes, row.system_id, row.facilitator, row.at, row.zone
    )


def _classes(library: ScenarioLibrary) -> dict[str, tuple[str, ...]]:
    return {name: scenario.harm_classes for name, scenario in library.scenarios.items()}


def _day(moment: datetime, rules: Rules) -> date:
    return moment.astimezone(ZoneInfo(rules.zone)).date()
