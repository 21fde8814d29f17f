"""The Jira client against a counterpart that checks what it is sent, over TLS, with real failures."""

import itertools
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from integrations.errors import OutsideServiceError
from integrations.jira import INDEX_LAG_SECONDS, Jira, Ticket, as_plain_text, label_of
from sandbox.counterparts import issues
from sandbox.counterparts.tls import Authority

KEY = "ticket:INC-7"


def ticket(jira: Jira, key: str = KEY, **changes: Any) -> Ticket:
    told: dict[str, Any] = {
        "summary": "INC-7 Support assistant shows other customers' addresses",
        "description": "Customers see each other's orders.",
        "link": "https://example.invalid/INC-7",
    }
    return jira.find_or_create(key=key, **{**told, **changes})


def test_a_ticket_is_created_in_two_calls(outside: Any, jira: Jira) -> None:
    made = ticket(jira)
    (issue,) = outside.jira.issues
    assert made == Ticket(key="RAI-1", url=f"{outside.jira_url}/browse/RAI-1")
    assert issue.labels == ["rai-incident", label_of(KEY)]
    assert issue.description.endswith("\n\nIncident: https://example.invalid/INC-7")
    assert outside.calls() == ["search", "issue.create"]


def test_the_same_key_finds_the_ticket_in_one_call(outside: Any, jira: Jira) -> None:
    first = ticket(jira)
    outside.faults.calls.clear()
    assert ticket(jira) == first
    assert outside.calls() == ["search"]


def test_of_two_tickets_with_one_label_the_older_is_taken(outside: Any, jira: Jira) -> None:
    first, second = ticket(jira), ticket(jira, key="ticket:INC-8")
    outside.jira.issues[1].labels = list(outside.jira.issues[0].labels)
    assert ticket(jira) == first != second


def test_another_key_makes_another_ticket(outside: Any, jira: Jira) -> None:
    assert ticket(jira) != ticket(jira, key="ticket:INC-8")
    assert len(outside.jira.issues) == 2


def test_another_client_finds_the_same_ticket(outside: Any, jira: Jira) -> None:
    other = Jira(outside.jira_url + "/", issues.USER, issues.TOKEN, issues.PROJECT, outside.authority.ca_file)
    assert ticket(jira) == ticket(other)


def test_a_known_ticket_is_found_although_the_index_lags(outside: Any, jira: Jira) -> None:
    outside.jira.index_lag = 3600
    first = ticket(jira)
    assert ticket(jira, known=first.key) == first
    assert len(outside.jira.issues) == 1


def test_a_known_ticket_that_was_deleted_is_made_anew(outside: Any, jira: Jira) -> None:
    assert ticket(jira, known="RAI-99").key == "RAI-1"


def test_a_known_ticket_of_another_key_is_not_taken(outside: Any, jira: Jira) -> None:
    other = ticket(jira, key="ticket:INC-8")
    assert ticket(jira, known=other.key) != other


def test_the_older_search_of_jira_server_is_found_out_once(outside: Any) -> None:
    jira = Jira(outside.old_jira_url, issues.USER, issues.TOKEN, issues.PROJECT, outside.authority.ca_file)
    first = ticket(jira)
    assert ticket(jira) == first
    assert ticket(jira, key="ticket:INC-8") != first
    assert outside.calls() == ["unknown", "search", "issue.create", "search", "search", "issue.create"]
    assert len(outside.old_jira.issues) == 2


def test_long_and_broken_text_is_made_to_fit(outside: Any, jira: Jira) -> None:
    ticket(jira, summary="two\nlines " + "x" * 400, description="{" * 40_000)
    (issue,) = outside.jira.issues
    assert issue.summary.startswith("two lines x")
    assert len(issue.summary) == 255
    assert len(issue.description) <= 32_767
    assert issue.description.endswith("Incident: https://example.invalid/INC-7")


def test_hostile_text_starts_no_markup_and_reads_as_written(outside: Any, jira: Jira) -> None:
    hostile = r"[~admin] !https://evil.invalid/x.png! {html}<b>{html} [Approve|https://evil.invalid] C:\[new] & \\ "
    ticket(jira, description=hostile)
    escaped = as_plain_text(hostile)
    assert all(before == "\\" for before, sign in itertools.pairwise(escaped) if sign in "{}[]!")
    assert outside.jira.panel()["issues"][0]["description"].startswith(hostile.strip())


def test_a_key_with_anything_in_it_is_a_valid_label(outside: Any, jira: Jira) -> None:
    key = 'a "quoted" key\nwith ä, %, \\ and ' + "x" * 500
    assert ticket(jira, key=key) == ticket(jira, key=key)


def test_status_and_category_are_read(jira: Jira) -> None:
    made = ticket(jira)
    state = jira.get(made)
    assert (state.ticket, state.status, state.done) == (made, "To Do", False)
    jira.transition(made, "done", "transition:1")
    state = jira.get(made)
    assert (state.status, state.done) == ("Done", True)


def test_a_transition_happens_once_per_key(outside: Any, jira: Jira) -> None:
    made = ticket(jira)
    outside.faults.calls.clear()
    jira.transition(made, "In Progress", "transition:1")
    jira.transition(made, "In Progress", "transition:1")
    assert outside.calls() == ["issue.get", "transitions.do", "issue.get"]


def test_a_late_second_run_does_not_undo_what_a_person_did_since(outside: Any, jira: Jira) -> None:
    made = ticket(jira)
    jira.transition(made, "In Progress", "transition:1")
    outside.jira.issues[0].status = issues.STATUSES[2]
    jira.transition(made, "In Progress", "transition:1")
    assert jira.get(made).status == "Done"


def test_an_impossible_status_names_what_is_possible(jira: Jira) -> None:
    made = ticket(jira)
    with pytest.raises(OutsideServiceError, match="it offers Done, In Progress, To Do") as caught:
        jira.transition(made, "Shipped", "transition:1")
    assert caught.value.permanent


def test_a_comment_is_written_once_per_key(outside: Any, jira: Jira) -> None:
    made = ticket(jira)
    jira.comment(made, "Rolled back.", "comment:1")
    jira.comment(made, "Rolled back.", "comment:1")
    jira.comment(made, "Verified!", "comment:2")
    assert [one["body"] for one in outside.jira.panel()["issues"][0]["comments"]] == ["Rolled back.", "Verified!"]


def test_a_lost_answer_to_a_create_waits_for_the_index_and_makes_no_second_ticket(outside: Any, jira: Jira) -> None:
    outside.faults.set({"lose_answer": {"service": "jira", "method": "issue.create", "times": 1}})
    with pytest.raises(OutsideServiceError) as caught:
        ticket(jira)
    assert (caught.value.maybe_done, caught.value.retry_after) == (True, INDEX_LAG_SECONDS)
    assert ticket(jira).key == "RAI-1"
    assert len(outside.jira.issues) == 1


def test_a_lost_answer_to_a_comment_does_not_write_it_twice(outside: Any, jira: Jira) -> None:
    made = ticket(jira)
    outside.faults.set({"lose_answer": {"service": "jira", "method": "comment.create", "times": 1}})
    with pytest.raises(OutsideServiceError) as caught:
        jira.comment(made, "Rolled back.", "comment:1")
    assert caught.value.maybe_done
    jira.comment(made, "Rolled back.", "comment:1")
    assert len(outside.jira.issues[0].comments) == 1


def test_a_lost_answer_to_a_question_did_nothing(outside: Any, jira: Jira) -> None:
    outside.faults.set({"drop": {"service": "jira", "method": "search", "times": 1}})
    with pytest.raises(OutsideServiceError) as caught:
        ticket(jira)
    assert not caught.value.maybe_done
    assert outside.jira.issues == []


def test_a_rate_limit_is_raised_at_once_with_its_pause(outside: Any, jira: Jira) -> None:
    outside.faults.set({"rate_limit": {"service": "jira", "method": "issue.create", "retry_after": 9, "times": 1}})
    started = time.monotonic()
    with pytest.raises(OutsideServiceError, match="wants 9 s of pause") as caught:
        ticket(jira)
    assert time.monotonic() - started < 1.0
    assert (caught.value.retry_after, caught.value.maybe_done, caught.value.permanent) == (9.0, False, False)
    assert outside.calls() == ["search", "issue.create"]


@pytest.mark.parametrize(("status", "maybe_done"), [(503, False), (500, True), (504, True)])
def test_trouble_at_jira_is_raised_at_once(outside: Any, jira: Jira, status: int, maybe_done: bool) -> None:
    outside.faults.set({"error": {"service": "jira", "method": "issue.create", "status": status, "times": 1}})
    started = time.monotonic()
    with pytest.raises(OutsideServiceError, match=f"answered {status}") as caught:
        ticket(jira)
    assert time.monotonic() - started < 1.0
    assert (caught.value.maybe_done, caught.value.permanent) == (maybe_done, False)


def test_a_redirect_is_not_followed(outside: Any, jira: Jira) -> None:
    outside.faults.set({"error": {"service": "jira", "method": "search", "status": 302, "times": 1}})
    with pytest.raises(OutsideServiceError, match="302"):
        ticket(jira)
    assert outside.calls() == ["search"]


def test_an_unknown_project_is_a_lasting_error_in_jiras_words(outside: Any) -> None:
    jira = Jira(outside.jira_url, issues.USER, issues.TOKEN, "NOPE", outside.authority.ca_file)
    with pytest.raises(OutsideServiceError, match="The value 'NOPE' does not exist for the field 'project'") as caught:
        ticket(jira)
    assert caught.value.permanent


def test_an_unknown_issue_type_is_a_lasting_error_in_jiras_words(jira: Jira) -> None:
    with pytest.raises(OutsideServiceError, match="Specify a valid issue type"):
        ticket(jira, issue_type="Epic")


def test_a_wrong_token_is_a_lasting_error_that_does_not_show_it(outside: Any) -> None:
    jira = Jira(outside.jira_url, issues.USER, "wrong-token", issues.PROJECT, outside.authority.ca_file)
    with pytest.raises(OutsideServiceError, match="does not accept our credentials") as caught:
        ticket(jira)
    assert caught.value.permanent
    assert "wrong-token" not in str(caught.value)
    assert outside.jira.issues == []


def test_check_says_who_and_where(jira: Jira) -> None:
    assert jira.check() == "signed in as rai-incident; tickets go to RAI (Responsible AI)."


def test_a_missing_ticket_is_a_lasting_error(jira: Jira) -> None:
    with pytest.raises(OutsideServiceError, match="nothing at /rest/api/2/issue/RAI-9") as caught:
        jira.get(Ticket("RAI-9", "https://example.invalid"))
    assert caught.value.permanent


def test_nobody_listening_means_nothing_was_done(outside: Any) -> None:
    jira = Jira("https://127.0.0.1:1", issues.USER, issues.TOKEN, issues.PROJECT, outside.authority.ca_file)
    with pytest.raises(OutsideServiceError, match="cannot be reached") as caught:
        ticket(jira)
    assert not caught.value.maybe_done


@pytest.mark.parametrize("other_authority", [True, False])
def test_a_certificate_of_another_authority_is_refused(outside: Any, tmp_path: Path, other_authority: bool) -> None:
    ca_file = Authority(tmp_path / "other").ca_file if other_authority else None
    jira = Jira(outside.jira_url, issues.USER, issues.TOKEN, issues.PROJECT, ca_file)
    with pytest.raises(OutsideServiceError, match="not signed by an authority we trust") as caught:
        ticket(jira)
    assert caught.value.permanent
    assert outside.jira.issues == []


def test_calls_are_logged_without_the_token(jira: Jira, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        ticket(jira)
    assert "Jira answered 201 to POST" in caplog.text
    assert "Basic " not in caplog.text
    assert issues.TOKEN not in caplog.text


def test_slow_libraries_are_imported_only_where_they_are_used() -> None:
    look = (
        "import sys, integrations.jira, integrations.pagerduty, sandbox.assistant;"
        "print(sorted({'jira', 'requests', 'pagerduty', 'httpx2', 'grpc', 'openfeature'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
