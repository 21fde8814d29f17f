"""A run, step by step: what is next, who may leave what out, and two people pressing at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import clock, lifecycle, timeline
from incidents.db import reading, writing
from incidents.errors import BadInput, Conflict, NotAllowed, NotFound
from incidents.models import Incident
from runbooks import engine as run_engine
from runbooks import progress, templates
from runbooks.catalogue import Definition, parse
from runbooks.models import RunbookRun, RunbookStep

ONE, TWO = "U0ONCALL01", "U0RAILEAD1"


@pytest.fixture
def run_id(engine: sa.Engine, incident_id: int, small: Definition) -> int:
    with writing(engine) as session:
        return _start(session, incident_id, small, "press").id


def _start(session: Session, incident_id: int, definition: Definition, key: str) -> RunbookRun:
    return run_engine.start(session, session.get_one(Incident, incident_id), definition, by=ONE, key=key)


def _walk_to(session: Session, run_id: int, step_id: str) -> None:
    """Do the steps of the usual way until this one is open."""
    while step_id not in {step.step_id for step in progress.open_steps(session, run_id)}:
        step = progress.next_step(session, run_id)
        assert step is not None, f"{step_id} was never reached"
        if step.kind == "decide":
            run_engine.decide(session, run_id, step.step_id, by=ONE, choice="stopped")
        elif step.kind == "collect":
            run_engine.collect(session, run_id, step.step_id, by=ONE, kind="text", value="the exchange")
        else:
            run_engine.step_done(session, run_id, step.step_id, by=ONE, note="done")


def _texts(session: Session, incident_id: int) -> list[str]:
    return [entry.text for entry in timeline.entries(session, incident_id)]


def test_a_started_run_has_its_first_step_open_and_is_on_the_timeline(engine, incident_id, run_id):
    with reading(engine) as session:
        step = progress.next_step(session, run_id)
        assert step is not None
        assert (step.step_id, step.title, step.state) == ("save", "Save what was shown in INC-1", "open")
        assert progress.progress(session, run_id) == (0, 6)
        assert "Runbook started: A small runbook" in _texts(session, incident_id)


def test_the_same_key_starts_one_run(engine, incident_id, run_id, small):
    with writing(engine) as session:
        assert _start(session, incident_id, small, "press").id == run_id


def test_a_second_run_of_the_same_runbook_is_refused_naming_who_started_the_first(engine, incident_id, run_id, small):
    with writing(engine) as session, pytest.raises(Conflict, match=ONE):
        _start(session, incident_id, small, "another press")


def test_editing_the_file_never_changes_a_run(engine, incident_id, small, run_id):
    with writing(engine) as session:
        stored = session.get_one(RunbookRun, run_id)
        assert stored.definition == small.text
        assert parse(stored.definition) == small.runbook


def test_evidence_ends_a_collect_step_and_opens_the_next(engine, run_id):
    with writing(engine) as session:
        following = run_engine.collect(session, run_id, "save", by=ONE, kind="text", value="the exchange")
        assert following is not None
        assert following.step_id == "contain"
        saved = progress.outline(session, run_id)[0]
        assert [(item["kind"], item["value"], item["by"]) for item in saved.evidence] == [("text", "the exchange", ONE)]


def test_more_evidence_can_follow_before_a_step_is_done(engine, run_id):
    with writing(engine) as session:
        run_engine.collect(session, run_id, "save", by=ONE, kind="text", value="one", finish=False)
        run_engine.collect(session, run_id, "save", by=TWO, kind="link", value="https://traces.invalid/1", finish=False)
        following = run_engine.step_done(session, run_id, "save", by=ONE)
        assert following is not None
        assert following.step_id == "contain"
        assert len(progress.outline(session, run_id)[0].evidence) == 2


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [("file", "F1", "takes text or link"), ("text", "  ", "empty"), ("link", "javascript:alert(1)", "https")],
)
def test_evidence_that_breaks_a_rule_is_refused_with_the_rule(engine, run_id, kind, value, words):
    with writing(engine) as session, pytest.raises(BadInput, match=words):
        run_engine.collect(session, run_id, "save", by=ONE, kind=kind, value=value)


def test_a_collect_step_is_not_done_without_evidence(engine, run_id):
    with writing(engine) as session, pytest.raises(BadInput, match="saves evidence"):
        run_engine.step_done(session, run_id, "save", by=ONE)


def test_a_step_that_is_not_open_yet_answers_with_what_is_next(engine, run_id):
    with writing(engine) as session, pytest.raises(Conflict, match="Next is “Save what was shown in INC-1”"):
        run_engine.step_done(session, run_id, "tell", by=ONE)


def test_an_unknown_step_or_run_is_not_found(engine, run_id):
    with writing(engine) as session:
        with pytest.raises(NotFound):
            run_engine.step_done(session, run_id, "nonsense", by=ONE)
        with pytest.raises(NotFound):
            run_engine.step_done(session, 999, "save", by=ONE)


def test_a_second_press_says_who_was_first(engine, run_id):
    with writing(engine) as session:
        run_engine.collect(session, run_id, "save", by=ONE, kind="text", value="x")
    with writing(engine) as session, pytest.raises(Conflict, match=f"<@{ONE}> has done this step already"):
        run_engine.collect(session, run_id, "save", by=TWO, kind="text", value="y")


def test_of_eight_people_pressing_done_at_once_one_wins_and_the_others_are_told(engine, incident_id, run_id):
    def press(number: int) -> str:
        try:
            with writing(engine) as session:
                run_engine.collect(session, run_id, "save", by=f"U{number}", kind="text", value="x")
            return "won"
        except Conflict as told:
            return str(told)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(press, range(8)))
    assert answers.count("won") == 1
    winner = answers.index("won")
    assert all(f"<@U{winner}>" in answer for answer in answers if answer != "won")
    with reading(engine) as session:
        assert sum("Done: Save" in text for text in _texts(session, incident_id)) == 1
        assert [row.step_id for row in progress.rows(session, run_id)] == ["save", "contain"]


def test_two_people_ending_the_last_two_parallel_parts_at_once_open_the_next_step_once(engine, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "tell")

    def press(step_id: str) -> None:
        with writing(engine) as session:
            run_engine.step_done(session, run_id, step_id, by=ONE)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(press, ["tell", "count"]))
    with reading(engine) as session:
        assert [step.step_id for step in progress.open_steps(session, run_id)] == ["watch"]


def test_a_decision_opens_its_branch_and_a_loop_counts_its_visits(engine, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "still")
        following = run_engine.decide(session, run_id, "still", by=ONE, choice="still-happening")
        assert following is not None
        assert (following.step_id, following.visit) == ("contain", 2)
        assert progress.progress(session, run_id) == (3, 8)


def test_a_decision_takes_only_its_answers_and_cannot_be_left_out(engine, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "still")
        with pytest.raises(BadInput, match="still-happening, stopped"):
            run_engine.decide(session, run_id, "still", by=ONE, choice="maybe")
        with pytest.raises(BadInput, match="choose one"):
            run_engine.step_done(session, run_id, "still", by=ONE)
        with pytest.raises(NotAllowed, match="Choose the safer answer"):
            run_engine.step_skip(session, run_id, "still", by=ONE, reason="no time")


def test_a_step_that_must_not_be_skipped_is_not(engine, run_id):
    with writing(engine) as session, pytest.raises(NotAllowed, match="cannot be left out"):
        run_engine.step_skip(session, run_id, "save", by=ONE, reason="no time")


def test_a_step_only_the_commander_may_skip_waits_for_the_commander(engine, incident_id, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "contain")
        with pytest.raises(NotAllowed, match="nobody holds that role"):
            run_engine.step_skip(session, run_id, "contain", by=TWO, reason="contained at the edge")
        incident = session.get_one(Incident, incident_id)
        lifecycle.assign(session, incident, "commander", TWO, by=TWO, key="role")
        with pytest.raises(NotAllowed, match=f"<@{TWO}>"):
            run_engine.step_not_applicable(session, run_id, "contain", by=ONE, reason="contained at the edge")
        following = run_engine.step_not_applicable(session, run_id, "contain", by=TWO, reason="contained at the edge")
        assert following is not None
        assert following.step_id == "still"


def test_leaving_a_step_out_needs_a_reason(engine, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "tell")
        with pytest.raises(BadInput, match="reason"):
            run_engine.step_skip(session, run_id, "tell", by=ONE, reason=" \x00 ")


def test_a_failed_step_is_open_again_and_both_tries_are_on_the_record(engine, incident_id, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "count")
        run_engine.step_failed(session, run_id, "count", by=ONE, what="the log store is down")
        again = next(step for step in progress.open_steps(session, run_id) if step.step_id == "count")
        assert again.visit == 2
        assert "Failed: Count who is affected — the log store is down" in _texts(session, incident_id)


def test_a_failed_step_goes_where_its_runbook_says(engine, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "watch")
        following = run_engine.step_failed(session, run_id, "watch", by=ONE, what="it came back")
        assert following is not None
        assert following.step_id == "contain"


def test_a_rollback_done_by_hand_needs_words(engine, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "contain")
        with pytest.raises(BadInput, match="by hand"):
            run_engine.step_done(session, run_id, "contain", by=ONE)


def test_who_starts_a_step_owns_it_and_the_next_to_start_is_told(engine, run_id):
    with writing(engine) as session:
        assert run_engine.step_start(session, run_id, "save", by=ONE).assignee == ONE
        with pytest.raises(Conflict, match=f"<@{ONE}> started"):
            run_engine.step_start(session, run_id, "save", by=TWO)


def test_a_step_can_be_given_to_somebody_else(engine, incident_id, run_id):
    with writing(engine) as session:
        assert run_engine.step_assign(session, run_id, "save", by=ONE, user=TWO).assignee == TWO
        assert any(f"to <@{TWO}>" in text for text in _texts(session, incident_id))


def test_a_wait_ends_by_itself_when_its_time_is_over(engine, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "watch")
        assert run_engine.finish_waits(session, clock.now()) == []
        run_engine.finish_waits(session, clock.now() + timedelta(minutes=11))
        assert session.get_one(RunbookRun, run_id).state == "finished"


def test_a_wait_is_cut_short_only_with_a_word_why(engine, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "watch")
        with pytest.raises(BadInput, match="sooner"):
            run_engine.step_done(session, run_id, "watch", by=ONE)


def test_a_finished_run_counts_all_its_steps_and_says_so(engine, incident_id, run_id):
    with writing(engine) as session:
        _walk_to(session, run_id, "watch")
        assert run_engine.step_done(session, run_id, "watch", by=ONE, note="quiet") is None
        assert progress.progress(session, run_id) == (6, 6)
        assert progress.next_step(session, run_id) is None
        assert "Runbook finished: A small runbook" in _texts(session, incident_id)
        assert timeline.verify(session, incident_id) is None


def test_a_closed_incident_takes_no_more_steps(engine, incident_id, run_id, small):
    with writing(engine) as session:
        session.get_one(Incident, incident_id).status = "closed"
    with writing(engine) as session:
        with pytest.raises(Conflict, match="closed"):
            run_engine.collect(session, run_id, "save", by=ONE, kind="text", value="x")
        with pytest.raises(Conflict, match="closed"):
            _start(session, incident_id, small, "later")


def test_an_overdue_step_reminds_its_owner_once_then_the_commander_once(engine, incident_id, run_id):
    with writing(engine) as session:
        incident = session.get_one(Incident, incident_id)
        lifecycle.assign(session, incident, "commander", TWO, by=TWO, key="role")
        begun = clock.now()
        assert progress.overdue(session, begun) == []
        late = progress.overdue(session, begun + timedelta(minutes=16))  # SEV2: 15 minutes
        assert [(item.step.step_id, item.level, item.whom) for item in late] == [("save", "owner", ONE)]
        row_id = late[0].step.row_id
        assert row_id is not None
        assert run_engine.reminded(session, row_id, "owner")
        assert not run_engine.reminded(session, row_id, "owner")
        assert progress.overdue(session, begun + timedelta(minutes=16)) == []
        later = progress.overdue(session, begun + timedelta(minutes=31))
        assert [(item.level, item.whom) for item in later] == [("commander", TWO)]
        assert run_engine.reminded(session, row_id, "commander")
        assert progress.overdue(session, begun + timedelta(days=1)) == []


def test_an_overdue_step_of_a_private_incident_is_not_told_to_somebody_whom_only_the_inventory_names(
    engine, incident_id, run_id
):
    with writing(engine) as session:
        incident = session.get_one(Incident, incident_id)
        incident.private, incident.invited = True, ["U0SUPPORT1"]
        at = clock.now() + timedelta(minutes=16)
        assert [item.whom for item in progress.overdue(session, at)] == [None]
        lifecycle.assign(session, incident, "commander", TWO, by=TWO, key="role")
        assert [item.whom for item in progress.overdue(session, at)] == [TWO]
        incident.invited = ["U0SUPPORT1", ONE]
        assert [item.whom for item in progress.overdue(session, at)] == [ONE]


def test_the_severity_decides_how_long_a_step_may_take(engine, incident_id, small):
    with writing(engine) as session:
        session.get_one(Incident, incident_id).severity = "SEV0"
        run = _start(session, incident_id, small, "urgent")
        row = session.scalars(sa.select(RunbookStep).where(RunbookStep.run_id == run.id)).one()
        assert row.due_at - row.opened_at == timedelta(minutes=5)


def test_the_outline_shows_what_was_done_what_is_open_and_what_will_come(engine, run_id):
    with writing(engine) as session:
        run_engine.collect(session, run_id, "save", by=ONE, kind="text", value="x")
        states = [(step.step_id, step.state) for step in progress.outline(session, run_id)]
        assert states == [
            ("save", "done"),
            ("contain", "open"),
            ("still", "upcoming"),
            ("both", "upcoming"),
            ("tell", "upcoming"),
            ("count", "upcoming"),
            ("watch", "upcoming"),
        ]


def test_hostile_words_of_a_report_are_only_words_in_a_step(engine, incident_id):
    with writing(engine) as session:
        session.get_one(Incident, incident_id).title = "{{ 7 * 7 }} <!channel>"
        session.flush()
        context = progress.context_of(session, incident_id)
    assert templates.render("About {{ incident.title }}", context) == "About {{ 7 * 7 }} <!channel>"


def test_the_database_refuses_a_step_that_is_open_twice(engine, run_id):
    with writing(engine) as session:
        row = session.scalars(sa.select(RunbookStep).where(RunbookStep.run_id == run_id)).one()
        copy = {column.key: getattr(row, column.key) for column in RunbookStep.__table__.columns if column.key != "id"}
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as session:
        session.add(RunbookStep(**{**copy, "visit": 2}))
