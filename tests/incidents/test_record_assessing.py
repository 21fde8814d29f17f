"""A machine proposes, a named person decides: proposing, confirming, overriding, and the second person."""

import pytest
from recordkit import LEAD, ONCALL, REPORTER, open_one
from sqlalchemy.orm import Session

from incidents import assessing, lifecycle, timeline
from incidents.assessing import Result
from incidents.errors import BadInput, Conflict
from incidents.models import Assessment, Incident


def _propose(
    session: Session, incident: Incident, severity: str = "SEV1", floor: str | None = "SEV1", key: str = "p"
) -> Assessment:
    result = Result(severity, "a-rule", "a reason", floor, materialised=True, policy_hash="f" * 64)
    answers = {"ongoing": "yes", "scope": "one_person"}
    return assessing.propose(session, incident, result, harm_classes=["H4"], answers=answers, by=ONCALL, key=key)


def test_a_proposal_changes_nothing_in_force(session: Session, incident: Incident) -> None:
    row = _propose(session, incident)
    assert (incident.severity, incident.severity_provisional, incident.harm_classes) == ("SEV2", True, [])
    assert (row.state, row.confirmed_by) == ("proposed", None)


def test_confirming_puts_the_answer_in_force_under_a_name_and_a_policy_hash(
    session: Session, incident: Incident
) -> None:
    row = _propose(session, incident)
    confirmation = assessing.confirm(session, incident, row.id, by=LEAD, key="c")
    assert confirmation == assessing.Confirmation("SEV2", "SEV1", waiting_for_second=False)
    assert confirmation.raised
    assert (incident.severity, incident.severity_provisional, incident.ongoing) == ("SEV1", False, "yes")
    assert incident.harm_classes == ["H4"]
    assert (row.state, row.confirmed_by) == ("confirmed", LEAD)
    entry = timeline.entries(session, incident.id)[-1]
    assert (entry.actor, entry.data["policy"], entry.data["before"]) == (LEAD, "f" * 64, "SEV2")


def test_confirming_twice_says_who_was_first(session: Session, incident: Incident) -> None:
    row = _propose(session, incident)
    assessing.confirm(session, incident, row.id, by=LEAD, key="c")
    with pytest.raises(Conflict, match=f"<@{LEAD}> confirmed this already"):
        assessing.confirm(session, incident, row.id, by=ONCALL, key="c2")


def test_newer_answers_replace_a_waiting_proposal(session: Session, incident: Incident) -> None:
    old = _propose(session, incident)
    new = _propose(session, incident, "SEV3", None, key="p2")
    with pytest.raises(Conflict, match="replaced by newer ones"):
        assessing.confirm(session, incident, old.id, by=LEAD, key="c")
    assert assessing.latest(session, incident.id, "proposed") is new


def test_a_confirmed_assessment_is_replaced_by_the_next_confirmed_one(session: Session, incident: Incident) -> None:
    first = _propose(session, incident)
    assessing.confirm(session, incident, first.id, by=LEAD, key="c")
    second = _propose(session, incident, "SEV3", None, key="p2")
    assert first.state == "confirmed", "in force until somebody decides"
    confirmation = assessing.confirm(session, incident, second.id, by=LEAD, key="c2")
    assert not confirmation.raised
    assert (first.state, second.state, incident.severity) == ("superseded", "confirmed", "SEV3")


def test_an_assessment_of_another_incident_is_refused(session: Session, incident: Incident) -> None:
    other = open_one(session, "declare:2")
    row = _propose(session, other)
    with pytest.raises(Conflict):
        assessing.confirm(session, incident, row.id, by=LEAD, key="c")
    assert (other.severity_provisional, incident.severity_provisional) == (True, True)


@pytest.mark.parametrize("reason", [None, "", "   "])
def test_an_override_needs_a_reason(session: Session, incident: Incident, reason: str | None) -> None:
    row = _propose(session, incident)
    with pytest.raises(BadInput, match="needs a reason") as refused:
        assessing.confirm(session, incident, row.id, by=LEAD, key="c", override="SEV0", reason=reason)
    assert refused.value.field == "reason"
    assert row.state == "proposed"


def test_an_override_to_the_worse_needs_no_second_person(session: Session, incident: Incident) -> None:
    row = _propose(session, incident)
    assessing.confirm(session, incident, row.id, by=LEAD, key="c", override="SEV0", reason="It is everywhere.")
    assert incident.severity == "SEV0"
    assert "SEV0 set instead of SEV1: It is everywhere." in timeline.entries(session, incident.id)[-1].text


def test_below_a_floor_nothing_is_in_force_until_a_second_person_agrees(session: Session, incident: Incident) -> None:
    row = _propose(session, incident)
    asked = assessing.confirm(session, incident, row.id, by=LEAD, key="c", override="SEV3", reason="A test account.")
    assert asked.waiting_for_second
    assert (incident.severity, incident.severity_provisional, row.state) == ("SEV2", True, "proposed")
    with pytest.raises(Conflict, match="somebody else has to agree"):
        assessing.second(session, incident, row.id, by=LEAD, key="s")
    agreed = assessing.second(session, incident, row.id, by=ONCALL, key="s")
    assert (agreed.after, incident.severity) == ("SEV3", "SEV3")
    assert (row.confirmed_by, row.second_by) == (LEAD, ONCALL)


def test_nobody_can_second_what_nobody_asked_for(session: Session, incident: Incident) -> None:
    row = _propose(session, incident)
    with pytest.raises(Conflict, match="Nobody has asked"):
        assessing.second(session, incident, row.id, by=ONCALL, key="s")


def test_confirming_the_policys_answer_while_an_override_waits_gives_the_policys_answer(
    session: Session, incident: Incident
) -> None:
    row = _propose(session, incident)
    assessing.confirm(session, incident, row.id, by=LEAD, key="c", override="SEV4", reason="Not so bad.")
    confirmation = assessing.confirm(session, incident, row.id, by=ONCALL, key="c2")
    assert confirmation.after == "SEV1"
    assert (incident.severity, row.override_reason, row.confirmed_by) == ("SEV1", None, ONCALL)


def test_what_waits_for_a_second_person_cannot_become_something_else(session: Session, incident: Incident) -> None:
    row = _propose(session, incident)
    assessing.confirm(session, incident, row.id, by=LEAD, key="c", override="SEV3", reason="A test account.")
    with pytest.raises(Conflict, match=f"<@{LEAD}> asked for SEV3 already"):
        assessing.confirm(session, incident, row.id, by=REPORTER, key="c2", override="SEV4", reason="Nothing.")
    assert (row.severity, row.confirmed_by) == ("SEV3", LEAD)


def test_nothing_is_assessed_on_a_resolved_incident(session: Session, incident: Incident) -> None:
    row = _propose(session, incident)
    lifecycle.mitigate(session, incident, by=ONCALL, key="m")
    lifecycle.resolve(session, incident, "done", by=ONCALL, key="r", missing=[], anyway=True)
    for attempt in (
        lambda: _propose(session, incident, key="p2"),
        lambda: assessing.confirm(session, incident, row.id, by=LEAD, key="c"),
        lambda: assessing.second(session, incident, row.id, by=REPORTER, key="s"),
    ):
        with pytest.raises(Conflict, match="is resolved"):
            attempt()
