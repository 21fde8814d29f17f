"""The report of an exercise, worked out by hand: played on a clock that the test turns, with the real verbs."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from exercisekit import SMALL
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.exercise_facts import facts
from bot.exercise_report import gather
from bot.pdf import markdown_to_pdf
from bot.views.exercise_after import RateLine, rate_modal
from incidents import lifecycle, opening
from incidents.access import Person
from incidents.clock import now, travel
from incidents.db import reading, writing
from incidents.errors import BadInput
from incidents.models import Incident
from playbooks import afterwards, report, running
from playbooks.models import Exercise
from playbooks.report import Report
from playbooks.running import Setup
from playbooks.scenario import load_scenario
from playbooks.score import outcomes
from severity.policy import load_policy

COMMANDER, ON_CALL, LEAD = "U0COMMAND1", "U0ONCALL01", "U0LEADER01"
POLICY = load_policy()
EXACT = 0.25  # exercise minutes: what the test itself takes on a busy machine, at five times the speed
Deed = Callable[[Session, Exercise, Incident | None], object]


@dataclass(frozen=True)
class At:
    """What happens when so many seconds of the wall clock have passed since *Begin*."""

    second: float
    do: Deed


def declare(session: Session, exercise: Exercise, incident: Incident | None) -> None:
    payload = {"what_happened": "It reads out addresses", "system": running.system_id(exercise, "helper")}
    opened = opening.open_report(session, payload, Person(COMMANDER, "T0"), POLICY, key="declare", kind="exercise")
    running.attach(session, exercise, opened)


def of_incident(verb: Callable[[Session, Incident], object]) -> Deed:
    def act(session: Session, exercise: Exercise, incident: Incident | None) -> None:
        assert incident is not None
        verb(session, incident)

    return act


def tick(session: Session, exercise: Exercise, incident: Incident | None) -> None:
    running.tick(session, exercise, facts(session, exercise), now())


def play(engine: Engine, deeds: list[At]) -> Report:
    """Begin at five times the speed, do each deed at its second, tick before each, and report as of the last."""
    with writing(engine) as session:
        roles = {"commander": [COMMANDER], "on-call": [ON_CALL]}
        setup = Setup("T0", LEAD, roles, evaluators=[LEAD], speed=5)
        exercise = running.start(session, load_scenario(SMALL), setup, key="k")
        running.begin(session, exercise)
        started, number = exercise.started_at, exercise.id
    assert started is not None
    for deed in deeds:
        with travel(started + timedelta(seconds=deed.second) - datetime.now(UTC)), writing(engine) as session:
            exercise = running.lock(session, number)
            tick(session, exercise, None)
            incident = session.get(Incident, exercise.incident_id) if exercise.incident_id else None
            deed.do(session, exercise, incident)
            found = running.judge(
                session, exercise, running.scenario_of(exercise), facts(session, exercise), running.minute(exercise)
            )
            if not exercise.live:
                afterwards.propose(session, exercise, found)
            told = gather(session, exercise, POLICY, lambda user: user, {})
    return told


# Five exercise minutes pass in one until minute 4.5; then ten minutes of pause; then two in one.
AFTER = 54 + 600


def second(minute: float) -> float:
    """When the exercise clock shows a minute, in seconds of the wall clock: worked out by hand from the line above."""
    return minute * 12 if minute <= 4.5 else AFTER + (minute - 4.5) * 30


def turn(session: Session, exercise: Exercise, incident: Incident | None) -> None:
    running.set_speed(session, exercise, 2)
    running.resume(session, exercise)


DEEDS = [
    At(second(1), tick),
    At(second(2), declare),
    At(second(3), tick),
    At(second(4), of_incident(lambda session, it: lifecycle.acknowledge(session, it, by=ON_CALL, key="ack"))),
    At(second(4), lambda session, exercise, _: running.choose(session, exercise, "purge", "keep", by=ON_CALL)),
    At(second(4.5), lambda session, exercise, _: running.pause(session, exercise)),
    At(AFTER, turn),
    At(second(5), tick),
    At(second(8.1), tick),
    At(second(9), of_incident(lambda session, it: lifecycle.post_update(session, it, "Back.", None, by=LEAD, key="u"))),
    At(second(9.5), of_incident(lambda session, it: lifecycle.mitigate(session, it, by=COMMANDER, key="m"))),
    At(second(12), tick),
    At(second(12.1), tick),
]


def test_speed_and_pauses_change_none_of_the_times_that_were_worked_out_by_hand(engine: Engine) -> None:
    told = play(engine, DEEDS)
    assert [time.minutes for time in told.times[:3]] == [
        pytest.approx(2, abs=EXACT),  # reported in minute 2
        pytest.approx(2, abs=EXACT),  # acknowledged in minute 4
        pytest.approx(7.5, abs=EXACT),  # mitigated in minute 9.5
    ]
    assert told.played == pytest.approx(12, abs=EXACT)
    assert told.speeds == "5×, 2×"


def test_every_expected_action_comes_out_as_worked_out_by_hand(engine: Engine) -> None:
    told = play(engine, DEEDS)
    results = {action.text: (action.result, action.due) for each in told.objectives for action in each.actions}
    assert {text: result for text, (result, _) in results.items()} == {
        "Declare an incident.": "in time",
        "Acknowledge it.": "in time",
        "Keep the transcripts.": "in time",
        "Say that the harm has stopped.": "in time",
        "Post an update.": "late",
    }
    assert [due for _, due in results.values()] == [pytest.approx(due, abs=EXACT) for due in (5, 7, 6, 10, 8)]
    assert {each.text: each.proposed for each in told.objectives} == {
        "Notice it and open an incident.": "P",
        "Stop the harm and show that it stopped.": "P",
        "Tell people what is known.": "M",
    }
    assert (told.met, told.late, told.missed, told.asked) == (4, 1, 0, 5)
    [area] = told.areas  # a second or so passes while it is played
    assert area.startswith("Communication: Post an update. Came 1 min") and area.endswith(" late.")


def test_an_exercise_that_ends_early_is_rated_on_what_was_tested_of_it(engine: Engine) -> None:
    """Ended in minute 4.5 of 12: what was due later, or not asked yet, is not tested."""
    told = play(
        engine, [*DEEDS[:5], At(second(4.5), lambda session, it, _: running.end(session, it, facts(session, it)))]
    )
    assert {each.text: (each.proposed, each.rating_words.partition("; ")[2]) for each in told.objectives} == {
        "Notice it and open an incident.": ("P", ""),  # both in time
        "Stop the harm and show that it stopped.": ("S", "1 of 2 actions tested"),  # ten minutes were not over
        "Tell people what is known.": (None, "0 of 1 actions tested"),  # nobody had asked yet
    }
    text = report.markdown(told)
    assert "3 of 3 expected actions were done in time. 2 more were not tested" in text
    assert "not rated; 0 of 1 actions tested" in text
    assert "Everything expected was done" not in text


def test_the_report_escapes_what_people_wrote_and_prints(engine: Engine) -> None:
    told = play(engine, DEEDS)
    text = report.markdown(told)
    assert "4 of 5 expected actions were done in time, 1 late." in text
    assert markdown_to_pdf(text, title="A report").startswith(b"%PDF")


def test_a_rating_above_the_evidence_and_a_change_without_a_reason_are_refused(engine: Engine) -> None:
    play(engine, DEEDS)
    with reading(engine) as session:
        exercise = session.get_one(Exercise, 1)
        with pytest.raises(BadInput, match="above it is not possible"):
            afterwards.confirm(session, exercise, "words", "S", "They tried.", by=LEAD)
        with pytest.raises(BadInput, match="Say why"):
            afterwards.confirm(session, exercise, "words", "U", " ", by=LEAD)


def test_an_improvement_is_added_once_however_often_it_is_sent(engine: Engine) -> None:
    play(engine, DEEDS)
    with writing(engine) as session:
        exercise = session.get_one(Exercise, 1)
        for _ in range(2):
            due = now().date() + timedelta(days=30)
            afterwards.improve(session, exercise, "Write it down.", owner=LEAD, due=due, by=LEAD, key="one")
        assert len(afterwards.improvements(session, exercise.id)) == 1


@pytest.mark.parametrize(("minute", "state"), [(12.0, "missed"), (11.9, "not_tested")])
def test_what_was_due_at_the_last_minute_is_missed_where_the_exercise_ran_to_its_end(minute: float, state: str) -> None:
    found = outcomes(load_scenario(SMALL), [], {"press": 9.0}, minute, ended=True)
    assert next(each.state for each in found if each.action.id == "update") == state


def test_the_form_for_rating_says_how_much_of_an_objective_was_tested() -> None:
    line = RateLine("contain", "Stop it.", "S", ("S", "M", "U"), "S", "", "2 of 5 actions tested", ["Done"])
    assert "2 of 5 actions tested" in json.dumps(rate_modal("EX-1", [line], [], "{}"))
