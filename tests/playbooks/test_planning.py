"""Planned exercises in the record, and the calendar file that is made of them. On both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy.orm import Session

from bot.programme_calendar import calendar
from bot.programme_facts import exercises_of, programme_of
from incidents import clock, inventory
from incidents.errors import BadInput, Conflict, NotFound
from incidents.inventory import SystemEntry
from incidents.models import Timer
from incidents.periods import Period
from playbooks import afterwards, planning, running
from playbooks.models import Exercise, ExerciseRating
from playbooks.planning import PlannedExercise
from playbooks.programme import Due, System, load_rules
from playbooks.running import Setup
from playbooks.scenario import load_scenarios
from playbooks.solo import roles

TEAM = "T0TEAM"
LIBRARY = load_scenarios()
RULES = load_rules()
SCENARIO = LIBRARY.require("prompt-injection-sends-mail")


def planned(session: Session, *, days: float = 7, key: str = "k", system: str | None = "ranker") -> PlannedExercise:
    if inventory.find(session, "ranker") is None:
        inventory.store(session, [SystemEntry(id="ranker", name="Ranker", owner="U0OWNER", tier=0)])
    return planning.plan(
        session,
        key=key,
        team_id=TEAM,
        scenario_id=SCENARIO.id,
        title=SCENARIO.title,
        minutes=70,
        system_id=system,
        facilitator="U0LEAD",
        at=clock.now() + timedelta(days=days),
        zone="Europe/Berlin",
        by="U0ONE",
    )


def held(session: Session, *users: str, rated: bool = True) -> Exercise:
    """An exercise that was set up, run and ended now; with a rating, if it tested anything."""
    people = {SCENARIO.roles[0].id: list(users)} if len(users) > 1 else roles(SCENARIO, users[0])
    setup = Setup(TEAM, users[0], people)
    exercise = running.start(session, SCENARIO, setup, key=f"start:{clock.now().timestamp()}")
    planning.take_up(session, exercise)
    running.begin(session, exercise)
    running.end(session, exercise, [])
    if rated:
        objective = SCENARIO.objectives[0].id
        session.add(ExerciseRating(exercise_id=exercise.id, objective_id=objective, proposed="S"))
        session.flush()
    return exercise


def test_a_second_submit_plans_nothing_more(session: Session) -> None:
    assert planned(session).id == planned(session).id


def test_a_time_that_is_over_is_refused_at_its_field(session: Session) -> None:
    with pytest.raises(BadInput) as refused:
        planned(session, days=-1)
    assert refused.value.field == "at"


def test_a_system_that_is_not_in_the_inventory_is_refused(session: Session) -> None:
    with pytest.raises(BadInput) as refused:
        planned(session, system="unheard-of")
    assert refused.value.field == "system"


def test_a_plan_of_another_workspace_is_not_there(session: Session) -> None:
    row = planned(session)
    with pytest.raises(NotFound):
        planning.find(session, "T0OTHER", row.id)


def test_each_move_sets_a_reminder_of_its_own_a_day_before(session: Session) -> None:
    row = planned(session)
    at = row.at + timedelta(days=2)
    assert planning.move(session, row, at, facilitator="U0LEAD", by="U0ONE")
    assert not planning.move(session, row, at, facilitator="U0LEAD", by="U0ONE")
    due = [(timer.payload["revision"], timer.due_at) for timer in session.query(Timer).order_by(Timer.id)]
    assert due == [(0, at - timedelta(days=3)), (1, at - timedelta(days=1))]


def test_what_was_cancelled_cannot_be_moved(session: Session) -> None:
    row = planned(session)
    planning.cancel(session, row, by="U0ONE")
    with pytest.raises(Conflict, match="was cancelled"):
        planning.move(session, row, row.at + timedelta(days=1), facilitator="U0LEAD", by="U0ONE")


def test_an_exercise_set_up_near_its_day_is_the_planned_one_and_rehearses_its_system(session: Session) -> None:
    row = planned(session, days=0.5)
    exercise = held(session, "U0LEAD", "U0TWO")
    assert (row.state, row.exercise_id) == ("held", exercise.id)
    found = programme_of(session, RULES, LIBRARY, responders=["U0TWO", "U0THREE"], team_id=TEAM)
    assert [(each.system.id, each.overdue(found.today)) for each in found.due] == [("ranker", False)]
    assert {"H5", "H8"}.isdisjoint({gap.harm_class for gap in found.class_gaps})
    assert [gap.user for gap in found.person_gaps or ()] == ["U0THREE"]


def test_an_exercise_that_was_ended_before_it_tested_anything_rehearsed_nothing(session: Session) -> None:
    planned(session, days=0.5)
    exercise = held(session, "U0LEAD", "U0TWO", rated=False)
    afterwards.propose(session, exercise, running.judge(session, exercise, SCENARIO, [], running.minute(exercise)))
    found = programme_of(session, RULES, LIBRARY, responders=["U0TWO"], team_id=TEAM)
    assert [(each.system.id, each.last) for each in found.due] == [("ranker", None)]
    assert [gap.user for gap in found.person_gaps or ()] == ["U0TWO"]


def test_an_exercise_far_from_the_planned_day_leaves_the_plan_alone(session: Session) -> None:
    row = planned(session, days=3)
    held(session, "U0LEAD", "U0TWO")
    assert row.state == "planned"


def test_an_exercise_of_one_person_is_a_solo_one(session: Session) -> None:
    planned(session)
    held(session, "U0LEAD")
    found = programme_of(session, RULES, LIBRARY, responders=None, team_id=TEAM)
    assert {(each.user, each.harm_class) for each in found.practised} == {("U0LEAD", "H5"), ("U0LEAD", "H8")}
    assert found.due[0].last is None
    assert found.person_gaps is None


def test_the_digest_hears_of_what_was_held_in_its_period_and_what_is_due_after_it(session: Session) -> None:
    planned(session, days=0.5)
    exercise = held(session, "U0LEAD", "U0TWO")
    today = clock.now().date()
    week = Period(today - timedelta(days=6), today + timedelta(days=1))
    found = exercises_of(session, week, RULES, LIBRARY, team_id=TEAM)
    assert [each.number for each in found.held] == [exercise.number]
    assert found.due == []
    before = exercises_of(session, week.previous, RULES, LIBRARY, team_id=TEAM)
    assert (before.held, [each.system.id for each in before.due]) == ([], ["ranker"])


def test_a_reminder_is_said_first_only_once(session: Session) -> None:
    assert planning.said_first(session, "due:ranker")
    assert not planning.said_first(session, "due:ranker")


def events(file: bytes) -> dict[str, dict[str, object]]:
    return {
        str(event["uid"]): {
            "start": event.decoded("dtstart"),
            "end": event.decoded("dtend"),
            "sequence": event["sequence"],
            "status": event.get("status"),
        }
        for event in Calendar.from_ical(file).walk("VEVENT")
    }


def test_a_moved_exercise_keeps_its_uid_and_raises_its_sequence(session: Session) -> None:
    row = planned(session)
    first = events(calendar([row], [], team_id=TEAM))
    planning.move(session, row, row.at + timedelta(hours=3), facilitator="U0LEAD", by="U0ONE")
    second = events(calendar([row], [], team_id=TEAM))
    assert list(first) == list(second) == [f"plan-{row.id}.t0team@rai-incident"]
    assert [next(iter(each.values()))["sequence"] for each in (first, second)] == [0, 1]
    assert next(iter(second.values()))["start"] == row.at.replace(microsecond=0)


def test_a_cancelled_exercise_stays_in_the_calendar_as_cancelled(session: Session) -> None:
    row = planned(session)
    planning.cancel(session, row, by="U0ONE")
    assert [each["status"] for each in events(calendar([row], [], team_id=TEAM)).values()] == ["CANCELLED"]


def test_the_local_hour_stays_across_the_change_of_the_clocks_and_the_zone_is_in_the_file(session: Session) -> None:
    row = planned(session)
    row.at = datetime(2027, 3, 29, 8, 0, tzinfo=UTC)  # 10:00 in Berlin, a day after summer time began
    file = calendar([row], [], team_id=TEAM)
    start = next(iter(events(file).values()))["start"]
    assert isinstance(start, datetime)
    assert (start.hour, start.utcoffset()) == (10, timedelta(hours=2))
    assert b"BEGIN:VTIMEZONE" in file
    assert b"DTSTART;TZID=Europe/Berlin:20270329T100000" in file


def test_the_same_record_gives_the_same_bytes(session: Session) -> None:
    row = planned(session)
    day = clock.now().date()
    due = [Due(System("ranker", "Ranker", 0), 0, 90, day, day + timedelta(days=90), "it matters")]
    assert calendar([row], due, team_id=TEAM) == calendar([row], due, team_id=TEAM)


def test_what_was_never_rehearsed_has_no_day_in_the_calendar() -> None:
    due = [Due(System("ranker", "Ranker", 0), 0, 90, None, datetime.now(UTC).date(), "it matters")]
    assert events(calendar([], due, team_id=TEAM)) == {}
