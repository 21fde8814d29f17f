"""Office hours in the record: what is kept, what is withheld, who takes a question, and what becomes an FAQ entry."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from incidents import faq, handoffs, lifecycle, questions
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotFound
from incidents.handoffs import Handoff
from incidents.models import Incident
from incidents.questions import Question
from severity.officehours.gaps import Asked

TEAM = "T1"


def _question(session: Session, text: str = "Who may approve a waiver?", **more: object) -> Question:
    row = Question(
        **{
            "key": f"ask:{text}",
            "team_id": TEAM,
            "user": "U0SUPPORT1",
            "place": "channel",
            "channel": "C1",
            "thread": "C1:1",
            "text": text,
            "verdict": "abstained",
            "answer": {},
            "context": {},
            "asked_at": now(),
            **more,
        }
    )
    session.add(row)
    session.flush()
    return row


def _incident(session: Session, *, private: bool, **more: object) -> Incident:
    row = Incident(
        **{
            "declare_key": f"k{private}{len(more)}",
            "team_id": TEAM,
            "kind": "real",
            "title": "Merger memo read aloud",
            "description": "The assistant read the secret merger memo aloud to seven visitors in the lobby.",
            "reporter": "U0SUPPORT1",
            "private": private,
            "severity": "SEV2",
            "declared_at": now(),
            **more,
        }
    )
    session.add(row)
    session.flush()
    return row


def _entry(session: Session) -> Handoff:
    made, _ = handoffs.open_handoff(session, _question(session), "U0SUPPORT1", ["U0RAILEAD1"])
    return made


def test_the_windows_questions_come_with_their_verdict_and_mark(session: Session) -> None:
    start = now() - timedelta(days=7)
    wrong = _question(session, "A?", verdict="answered")
    _question(session, "B?")
    _question(session, "old?", asked_at=start - timedelta(seconds=1))
    _question(session, "other team?", team_id="T2")
    questions.rate(session, wrong, "U1", "helpful")
    questions.rate(session, wrong, "U2", "helpful")
    questions.rate(session, wrong, "U2", "wrong")
    found = questions.asked_between(session, TEAM, start, now() + timedelta(seconds=1))
    assert found == [Asked("A?", "answered", wrong=True), Asked("B?", "abstained", wrong=False)]


def test_abuse_26_a_question_that_touches_a_private_incident_is_in_no_list_and_no_queue(session: Session) -> None:
    private, public = _incident(session, private=True), _incident(session, private=False, declare_key="p")
    lifecycle.add_link(session, private.id, "channel", key="c", external_id="C0PRIVATE1", name="inc")
    assert questions.touches_private(session, TEAM, "C0PRIVATE1", "Which tier?")
    assert questions.touches_private(session, TEAM, "C1", f"What of inc {private.id}?")
    assert questions.touches_private(session, TEAM, "C1", f"What of INC-{private.id}?")
    assert not questions.touches_private(session, TEAM, "C1", f"What of INC-{public.id}?")
    withheld = _question(session, "What of it?", withheld=True)
    assert questions.asked_between(session, TEAM, now() - timedelta(days=1), now() + timedelta(seconds=1)) == []
    with pytest.raises(Conflict, match="handed to nobody"):
        handoffs.open_handoff(session, withheld, "U0SUPPORT1", [])


def test_abuse_26_asking_for_a_person_does_not_tell_which_number_is_a_private_incident(session: Session) -> None:
    private, public = _incident(session, private=True), _incident(session, private=False, declare_key="p")
    refusals = set()
    for number in (private.id, public.id, 4_321):
        text = f"What happened in INC-{number}?"
        row = _question(session, text, withheld=questions.touches_private(session, TEAM, "C1", text))
        with pytest.raises(Conflict) as refused:
            handoffs.open_handoff(session, row, "U0SUPPORT1", [])
        refusals.add(str(refused.value))
    assert len(refusals) == 1 and "private" not in refusals.pop()


@pytest.mark.parametrize(
    "text",
    [
        "Is “Merger memo read aloud” a SEV1?",
        "Somebody says the assistant read the secret merger memo to guests, what now?",
    ],
)
def test_abuse_26_a_question_that_repeats_a_private_report_is_withheld_and_no_gap(session: Session, text: str) -> None:
    row = _question(session, text)
    window = (now() - timedelta(days=1), now() + timedelta(seconds=1))
    assert not questions.touches_private(session, TEAM, "C1", text)
    assert questions.asked_between(session, TEAM, *window) == [Asked(text, row.verdict)]
    _incident(session, private=True)
    assert questions.touches_private(session, TEAM, "C1", text)
    assert questions.asked_between(session, TEAM, *window) == []
    assert not questions.touches_private(session, TEAM, "C1", "May an assistant read a memo aloud?")


def test_another_workspaces_question_is_not_found(session: Session) -> None:
    row = _question(session)
    with pytest.raises(NotFound):
        questions.get(session, row.id, "T2")


def test_a_question_waits_for_a_person_once(session: Session) -> None:
    row = _question(session)
    first, new = handoffs.open_handoff(session, row, "U0SUPPORT1", ["U1"])
    second, again = handoffs.open_handoff(session, row, "U0OTHER001", ["U2"])
    assert (new, again) == (True, False) and first.id == second.id and second.experts == ["U1"]


def test_one_expert_takes_it_and_only_that_one_answers(session: Session) -> None:
    entry = _entry(session)
    handoffs.take(entry, "U0RAILEAD1")
    handoffs.take(entry, "U0RAILEAD1")
    with pytest.raises(Conflict, match="<@U0RAILEAD1> was first"):
        handoffs.take(entry, "U0PRIVACY1")
    with pytest.raises(Conflict, match="<@U0RAILEAD1> was first"):
        handoffs.answer(entry, "Yes.", by="U0PRIVACY1")
    handoffs.take(entry, "U0PRIVACY1", over=True)
    handoffs.answer(entry, "Yes.", by="U0PRIVACY1")
    with pytest.raises(Conflict, match="has answered it already"):
        handoffs.answer(entry, "No.", by="U0PRIVACY1")
    session.flush()
    assert (entry.state, entry.answer, entry.taken_by) == ("answered", "Yes.", "U0PRIVACY1")


def test_the_author_of_an_entry_does_not_review_it(session: Session) -> None:
    entry = _entry(session)
    faq.propose(session, entry.id, TEAM, "Who approves?", "The policy owner approves.", author="U0RAILEAD1")
    with pytest.raises(Conflict, match="somebody else reviews it"):
        faq.publish(session, entry.id, TEAM, by="U0RAILEAD1")
    assert faq.sections(session, TEAM) == []
    faq.publish(session, entry.id, TEAM, by="U0PRIVACY1")
    session.flush()
    [section] = faq.sections(session, TEAM)
    assert section.address == f"faq.md#{section.line}-who-approves" and section.text == "The policy owner approves."
    with pytest.raises(Conflict, match="published already"):
        faq.publish(session, entry.id, TEAM, by="U0PRIVACY1")


@pytest.mark.parametrize(
    "text",
    [
        "As in INC-12, the policy owner approves.",
        "Ask <@U0RAILEAD1>.",
        "Ask @rai-lead.",
        "See #inc-12-merger.",
        "See https://wiki.example/x.",
        "Write to a.b@mail.example.",
        "It had read the SECRET merger memo aloud to seven visitors.",
    ],
)
def test_abuse_26_an_entry_that_names_somebody_or_repeats_a_private_report_is_refused_in_the_same_words(
    session: Session, text: str
) -> None:
    _incident(session, private=True)
    entry = _entry(session)
    for question, answer in (("Who approves?", text), (text, "The policy owner.")):
        with pytest.raises(BadInput, match=r"^An FAQ entry is for everybody: .* without the words of a report\.$"):
            faq.propose(session, entry.id, TEAM, question, answer, author="U0RAILEAD1")


def test_abuse_26_an_entry_is_checked_again_when_it_is_published(session: Session) -> None:
    entry = _entry(session)
    words = "The assistant read the secret merger memo aloud to visitors."
    faq.propose(session, entry.id, TEAM, "What happened?", words, author="U0RAILEAD1")
    _incident(session, private=True)
    with pytest.raises(BadInput):
        faq.publish(session, entry.id, TEAM, by="U0PRIVACY1")
