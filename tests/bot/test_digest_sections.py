"""What a digest tells of other rooms: exercises done and due, and where office hours fell short."""

import json
from datetime import date, timedelta
from typing import Any

from digestkit import AS_OF, PROGRAMME, SCENARIOS, TEAM, WEEK, add, at, digest_of, held
from sqlalchemy.orm import Session

from bot.digest import words
from bot.digest.markdown import to_markdown
from bot.digest.value import to_json
from bot.programme_facts import programme_of
from bot.views.digest import digest_message
from incidents import inventory
from incidents.inventory import SystemEntry
from incidents.models import Link
from incidents.questions import Feedback, Question
from playbooks.models import ExerciseParticipant, ExerciseRating
from playbooks.planning import PlannedExercise
from severity.taxonomy import HARM_CLASS_IDS


def ask(session: Session, text: str, verdict: str = "abstained", **more: Any) -> Question:
    """A question that was asked in the week."""
    number = session.query(Question).count()
    values: dict[str, Any] = {
        "key": f"q:{number}",
        "team_id": TEAM,
        "user": "U0SUPPORT1",
        "place": "command",
        "channel": "C0SUPPORT1",
        "thread": "t",
        "text": text,
        "verdict": verdict,
        "answer": {},
        "context": {},
        "asked_at": at(11),
    }
    row = Question(**{**values, **more})
    session.add(row)
    session.flush()
    return row


def test_exercises_done_in_the_period_are_told_with_their_confirmed_ratings(session: Session) -> None:
    done = held(session, "A wrong refund", "ended", at(12))
    held(session, "Too early", "ended", WEEK.start - timedelta(seconds=1))
    held(session, "Stopped half way", "stopped", at(12))
    held(session, "Another workspace", "ended", at(12), team_id="T0FOREIGN1")
    objectives = [each["id"] for each in done.scenario["objectives"]]
    for objective, confirmed in zip(objectives, ("P", "M", None), strict=False):
        session.add(
            ExerciseRating(
                exercise_id=done.id,
                objective_id=objective,
                proposed="P",
                confirmed=confirmed,
                confirmed_by=confirmed and "U0COMMS001",
                reason="r",
            )
        )
    session.flush()
    (told,) = digest_of(session).exercises_done
    assert (told.title, told.day) == (f"EX-{done.id} A wrong refund", date(2026, 11, 12))
    assert told.ratings == {"P": 1, "M": 1}
    assert "1 P, 1 M" in to_markdown(digest_of(session))


def test_a_systems_turn_is_due_and_what_is_planned_for_the_next_period(session: Session) -> None:
    assert digest_of(session).exercises_due == ()
    inventory.store(session, [SystemEntry(id="loan-screening", name="Loans", owner="U0RAILEAD1", tier=1)])
    for title, day in (("Next week", 18), ("Much later", 29)):
        session.add(
            PlannedExercise(
                key=title,
                team_id=TEAM,
                scenario_id="refund",
                title=title,
                minutes=60,
                facilitator="U0RAILEAD1",
                at=at(day),
                zone="UTC",
                planned_by="U0RAILEAD1",
                changed_by="U0RAILEAD1",
                changed_at=at(2),
            )
        )
    session.flush()
    turn, planned = digest_of(session).exercises_due
    assert turn.title == "Loans, one every 180 days, none so far"
    assert (planned.title.split(" ", 1)[1], planned.day) == ("Next week, planned", date(2026, 11, 18))


def test_what_no_exercise_has_rehearsed_in_time_is_told_as_the_programme_tells_it(session: Session) -> None:
    assert digest_of(session).unrehearsed == ()  # no system, nothing to rehearse
    inventory.store(session, [SystemEntry(id="loan-screening", name="Loans", owner="U0RAILEAD1", tier=0)])
    assert words.unrehearsed(digest_of(session)) == ["No tier-0 system exercised on any kind of harm in 180 days"]
    scenario = held(session, "A wrong refund", "ended", at(1)).scenario
    scenario |= {"tier": 0, "harm_classes": [name for name in HARM_CLASS_IDS if name not in ("H5", "H8")]}
    done = held(session, "Nearly everything", "ended", at(12), scenario=scenario)
    session.add(ExerciseParticipant(exercise_id=done.id, role="commander", user="U0ONCALL01"))
    session.flush()
    digest = digest_of(session)
    line = (
        "No tier-0 system exercised on H5 (Compromise of the AI system or agent), "
        "H8 (Unauthorised action, loss of control) in 180 days"
    )
    assert line in to_markdown(digest)
    assert line in json.dumps(digest_message(digest).blocks)
    told = programme_of(session, PROGRAMME, SCENARIOS, responders=None, team_id=TEAM, moment=AS_OF)
    assert [(gap["tier"], gap["harm_class"], gap["days"]) for gap in to_json(digest)["exercises"]["gaps"]] == [
        (gap.tier, gap.harm_class, gap.days) for gap in told.class_gaps
    ]


def test_a_long_list_of_exercises_says_how_many_are_left_and_the_organisation_is_told_the_number(
    session: Session,
) -> None:
    names = [f"system-{n}" for n in range(12)]
    inventory.store(session, [SystemEntry(id=name, name=name, owner="U0RAILEAD1", tier=2) for name in names])
    assert "; and 4 more" in json.dumps(digest_message(digest_of(session)).blocks)
    assert "- Due: 12\n" in to_markdown(digest_of(session, audience="organisation"))


def test_the_organisation_learns_that_there_was_an_exercise_and_not_of_what(session: Session) -> None:
    held(session, "The leak of March", "ended", at(12))
    digest = digest_of(session, audience="organisation")
    assert len(digest.exercises_done) == 1
    message = digest_message(digest)
    said = json.dumps([to_json(digest), to_markdown(digest), message.blocks, message.plain], default=str)
    assert "March" not in said


def test_gaps_are_the_weeks_unanswered_and_wrongly_answered_questions_by_subject(session: Session) -> None:
    for text in ("Who approves a waiver?", "Who may approve a waiver?", "How long are prompts kept?"):
        ask(session, text)
    ask(session, "What is a hazard?", "answered")
    wrong = ask(session, "What is SEV1?", "answered")
    session.add(Feedback(question_id=wrong.id, user="U0COMMS001", verdict="wrong", at=AS_OF))
    ask(session, "Who approves a waiver?", asked_at=WEEK.end)  # next week
    ask(session, "Who approves a waiver?", team_id="T0FOREIGN1")
    session.flush()
    digest = digest_of(session)
    assert digest.gap_count == 4
    assert [(gap.count, gap.wrong) for gap in digest.gaps] == [(2, False), (1, False), (1, True)]
    assert "waiver" in digest.gaps[0].question
    assert digest.gaps[2].question == "What is SEV1?"
    assert to_json(digest)["gaps"]["count"] == 4


def test_the_organisation_sees_no_question_and_no_small_number_of_them(session: Session) -> None:
    ask(session, "Who approves a waiver?")
    digest = digest_of(session, audience="organisation")
    assert (digest.gaps, digest.gap_count) == ((), None)
    assert "Under 5 questions" in to_markdown(digest)


def test_abuse_26_and_27_a_question_about_what_is_private_or_became_so_is_no_gap(session: Session) -> None:
    secret, later = add(session, at(10), private=True), add(session, at(10))
    session.add(Link(incident_id=later.id, kind="channel", key="c", external_id="C0ROOM0001", at=AS_OF))
    ask(session, "Who was harmed here?", withheld=True)
    ask(session, "Who is told of this?", channel="C0ROOM0001")
    ask(session, f"Who leads inc {later.id}?")
    assert digest_of(session).gap_count == 2
    later.private = True
    ask(session, f"Who leads INC-{secret.id}?")
    session.flush()
    assert digest_of(session).gap_count == 0
