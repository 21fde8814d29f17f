"""Who may see and do what. On doubt the answer is no."""

from typing import Any

import pytest
from recordkit import LEAD, ONCALL, REPORTER, TEAM

from incidents.access import Action, Person, check, visible_to
from incidents.errors import NotAllowed, NotFound
from incidents.models import Incident

RESPONDER = Person(ONCALL, TEAM, responder=True)
COLLEAGUE = Person("U0COLLEAG1", TEAM)
GUEST = Person("U0GUEST001", TEAM, full_member=False, responder=True)
FOREIGN = Person(ONCALL, "T0ELSEWHERE", responder=True)
UNREAD = Person("U0COLLEAG1", TEAM, responder=None)


def _incident(**changed: Any) -> Incident:
    values: dict[str, Any] = {
        "id": 7,
        "kind": "real",
        "team_id": TEAM,
        "reporter": REPORTER,
        "private": False,
        "invited": [REPORTER],
    }
    return Incident(**{**values, **changed})


@pytest.mark.parametrize("action", list(Action))
def test_abuse_15_a_guest_may_do_nothing_even_as_a_responder(action: Action) -> None:
    with pytest.raises(NotAllowed, match="Only full members"):
        check(action, GUEST, _incident(), {GUEST.user_id})


@pytest.mark.parametrize("action", [Action.READ, Action.NOTE, Action.RESPOND])
def test_abuse_16_another_workspaces_incident_is_refused_as_if_it_were_not_there(action: Action) -> None:
    with pytest.raises(NotFound, match="There is no incident INC-7, or it is not yours to see"):
        check(action, FOREIGN, _incident(), {FOREIGN.user_id})


def test_every_full_member_may_declare_and_read_a_public_incident() -> None:
    check(Action.DECLARE, COLLEAGUE)
    check(Action.READ, COLLEAGUE, _incident())


@pytest.mark.parametrize("action", [Action.NOTE, Action.RESPOND])
def test_somebody_who_is_no_responder_may_not_act(action: Action) -> None:
    with pytest.raises(NotAllowed, match="Only responders"):
        check(action, COLLEAGUE, _incident())


def test_the_reporter_may_add_notes_and_no_more() -> None:
    reporter = Person(REPORTER, TEAM)
    check(Action.NOTE, reporter, _incident())
    with pytest.raises(NotAllowed):
        check(Action.RESPOND, reporter, _incident())


def test_whoever_holds_a_role_may_respond() -> None:
    check(Action.RESPOND, COLLEAGUE, _incident(), {COLLEAGUE.user_id})


def test_abuse_09_when_slack_does_not_say_who_responds_nobody_is_let_through() -> None:
    with pytest.raises(NotAllowed, match="Slack did not say who the responders are"):
        check(Action.RESPOND, UNREAD, _incident())


@pytest.mark.parametrize("person", [RESPONDER, COLLEAGUE, UNREAD])
@pytest.mark.parametrize("action", [Action.READ, Action.NOTE, Action.RESPOND])
def test_a_private_incident_is_not_there_for_those_outside_it(action: Action, person: Person) -> None:
    with pytest.raises(NotFound, match="There is no incident INC-7, or it is not yours to see"):
        check(action, person, _incident(private=True))


def test_a_private_incident_is_seen_by_the_invited_and_by_holders_of_its_roles() -> None:
    incident = _incident(private=True, invited=[REPORTER, ONCALL])
    assert visible_to(incident, RESPONDER, ())
    assert visible_to(incident, Person(LEAD, TEAM), {LEAD})
    assert not visible_to(incident, Person(LEAD, TEAM), ())
    assert not visible_to(incident, GUEST, {GUEST.user_id})


def test_an_exercise_is_there_for_its_own_people_only() -> None:
    rehearsed = _incident(kind="exercise", invited=[REPORTER, COLLEAGUE.user_id])
    check(Action.READ, COLLEAGUE, rehearsed)
    with pytest.raises(NotFound):
        check(Action.READ, RESPONDER, rehearsed)
