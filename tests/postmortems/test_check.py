"""What is stopped before it is published. Each fault names its sentence."""

import pytest
from sqlalchemy.orm import Session
from storykit import COMMANDER, PEOPLE, TARGETS, declare

from incidents import timeline
from incidents.models import Incident
from postmortems.blame import blames
from postmortems.check import Fault, check
from postmortems.draft import draft
from postmortems.record import Record, gather


@pytest.fixture
def record(session: Session, story: Incident) -> Record:
    return gather(session, story, targets=TARGETS, people=PEOPLE)


def faults_of(sentence: str, record: Record) -> list[Fault]:
    """The faults of a good draft with one sentence added to its summary."""
    body = draft(record).body.replace("\n## Impact\n", f"\n{sentence}\n\n## Impact\n")
    found = check(body, record)
    assert all(fault.sentence in sentence for fault in found)
    return found


def test_abuse_25_a_draft_with_a_false_citation_or_number_is_stopped_with_the_sentence_named(
    session: Session, record: Record
) -> None:
    other = declare(session, "A second incident of the same team.")
    for sentence, kind in (
        ("The cache was shared between tenants [T99].", "citation"),
        ("The same person reported it [INC-2/T1].", "citation"),
        ("The milestone of the other incident says so [M900].", "citation"),
        (f"It repeats {other.number}.", "foreign_incident"),
        ("It reached 4,711 customers [T1].", "number"),
        ("It lasted 3 h [M5].", "number"),
        ("It began at 2026-03-02 01:00 UTC [M5].", "number"),
        ("Hundreds of people saw it.", "number"),
        ("The model was v7.", "number"),
    ):
        found = faults_of(sentence, record)
        assert [fault.kind for fault in found] == [kind], sentence
        assert found[0].sentence == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "It was mitigated 21 min 30 s after detection [M1] [M6].",
        "TTM was 21.5 minutes [M6].",
        "The harm lasted 1 h 6 min 30 s [M5] [M6].",
        "It reached 14 customers [T15].",
        "Fourteen is what the logs say: 14.",
        "At 03:21 UTC the model `v1` served again [T13].",
        "The commander acknowledged within 120 s [M4].",
        "The guardrail failed to stop the output [T1].",
        "An evaluation should have caught it.",
        "1. The cache had no tenant in its key.",
        "As the record says, “14 customers, counted in the logs” [T15].",
        "See <https://sandbox.slack.com/archives/C0SUPPORT1/p1772420400000100> [T1].",
    ],
)
def test_a_sentence_that_follows_from_the_record_passes(sentence: str, record: Record) -> None:
    assert faults_of(sentence, record) == []


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("TTM was 2 min [M6].", "number"),  # that is the TTA
        ("It was fixed in 2 weeks.", "number"),
        ("About twenty customers were affected.", "number"),
        ("It was 97% of all requests.", "number"),
        ("The owner said “we knew about it” [T5].", "quote"),
        ("The rule was `lenient` [A1].", "quote"),
        ("See https://evil.example/x for more.", "link"),
        ("See [the log](https://evil.example).", "link"),
        ("![chart](https://evil.example/?d=14)", "link"),
        ("It went on <!channel>.", "link"),
        ("The commander failed to look at the dashboard.", "blame"),
        ("The engineer should have noticed it earlier.", "blame"),
        ("Robin forgot to set the flag.", "blame"),
        ("It was human error.", "blame"),
        (f"It was {COMMANDER} who deployed it.", "person"),
        ("Write to a.b@mail.example for the log.", "personal_data"),
    ],
)
def test_a_sentence_that_does_not_is_stopped(sentence: str, kind: str, record: Record) -> None:
    assert kind in {fault.kind for fault in faults_of(sentence, record)}


@pytest.mark.parametrize("text", ["card 4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "+49 30 901820"])
def test_personal_data_is_stopped_with_its_kind(text: str, record: Record) -> None:
    assert "personal_data" in {fault.kind for fault in faults_of(f"The output held {text}.", record)}


def test_a_name_is_allowed_in_the_timeline_table_only(record: Record) -> None:
    record = Record(**{**vars(record), "people": {COMMANDER: "Zoe Example"}})
    assert check(draft(record).body, record) == []
    assert [fault.kind for fault in faults_of("Zoe Example led the response.", record)] == ["person"]


def test_a_changed_timeline_row_is_stopped(record: Record) -> None:
    body = draft(record).body.replace("| The old model serves. |", "| The old model served at once. |")
    assert [fault.kind for fault in check(body, record)] == ["timeline"]


def test_a_changed_quote_is_stopped_even_by_one_word(record: Record) -> None:
    body = draft(record).body.replace("Resolution: “The cache key holds", "Resolution: “The cache key held")
    assert "quote" in {fault.kind for fault in check(body, record)}


def test_a_draft_stays_valid_when_the_record_grows(session: Session, story: Incident, record: Record) -> None:
    body = draft(record).body
    timeline.append(session, story.id, "note", COMMANDER, "A later note with the number 77.")
    assert check(body, gather(session, story, targets=TARGETS, people=PEOPLE)) == []


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["x", "<a", "[", "a ", "1,", "“", "`", "should ", "9 min ", "a@", "http"])
def test_a_huge_line_is_checked_in_reasonable_time(piece: str, record: Record) -> None:
    check(piece * (100_000 // len(piece)), record)


def test_a_fault_reads_as_a_sentence_with_its_line(record: Record) -> None:
    body = f"{draft(record).body}\nIt reached 4,711 customers.\n"
    (fault,) = check(body, record)
    assert str(fault) == (
        f"Line {len(body.splitlines())}: 4,711 does not stand in the record."
        " The sentence: “It reached 4,711 customers.”"
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "The alert failed to fire.",
        "The new filter should have been in place before the release.",
        "The test suite ignored the second tenant.",
        "The commander acknowledged it and the rollback was verified.",
        "Nobody is named here.",
    ],
)
def test_describing_a_system_is_no_blame(sentence: str) -> None:
    assert blames(sentence) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "The on-call engineer ignored the alert.",
        "They should have tested it.",
        "Whoever deployed it was careless.",
        "The vendor is to blame.",
        "Someone neglected to renew the key.",
        "The engineer who owned the filter failed to enable it.",
    ],
)
def test_judging_a_person_is_blame(sentence: str) -> None:
    assert blames(sentence) is not None
