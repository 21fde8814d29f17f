"""What an authority's form asks, filled from the record: nothing is inferred, every gap is named."""

from datetime import UTC, datetime

import pytest
from recordkit import LEAD, ONCALL, open_one
from sqlalchemy.orm import Session

from incidents import assessing, clocks, inventory, lifecycle, reporting
from incidents.inventory import SystemEntry
from incidents.models import Incident
from severity.clocks import load_clocks
from severity.forms import Filled, load_forms
from severity.policy import load_policy
from severity.taxonomy import harm_classes

BOOK, POLICY = load_clocks(), load_policy()
AWARE = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def filled(session: Session, incident: Incident, form: str) -> Filled:
    return load_forms().fill(form, reporting.form_record(session, incident, BOOK, POLICY))


def values(form: Filled) -> dict[str, object]:
    return {field.id: field.value for field in form.fields}


@pytest.fixture
def told(session: Session) -> Incident:
    """An incident with a confirmed answer, stamps, and a report that was sent."""
    inventory.store(session, [SystemEntry(id="support-bot", name="Support bot", owner=LEAD, regimes=("gdpr",))])
    incident = open_one(session, "declare:told", system_id="support-bot", ongoing="yes")
    result = assessing.Result("SEV2", "data-exposed", "personal data was shown", None, True, "0" * 64)
    row = assessing.propose(
        session, incident, result, harm_classes=["H4"], answers={"scope": "few"}, by=ONCALL, key="a"
    )
    assessing.confirm(session, incident, row.id, by=LEAD, key="c")
    [clock] = clocks.propose_for(session, incident, BOOK, regimes=["gdpr"], answers=row.answers, at=AWARE)
    clocks.start(session, incident, BOOK, clock.id, stamps={"awareness": AWARE}, by=LEAD, key="s")
    clocks.stamp(session, incident, BOOK, "causal_link_suspected", AWARE, by=LEAD, key="l")
    clocks.mark_submitted(session, incident, BOOK, clock.id, "initial", at=AWARE, by=LEAD, key="sent")
    return incident


def test_the_oecd_form_has_29_criteria_and_names_the_mandatory_gaps(session: Session, told: Incident) -> None:
    form = filled(session, told, "oecd")
    assert len(form.fields) == 29
    assert values(form)["1"] == "It showed a customer somebody else's order."
    assert values(form)["8"] == "Support bot (support-bot)"
    assert values(form)["11"] == [harm_classes()["H4"].title]
    assert {gap.title for gap in form.mandatory_gaps} == {
        "How the AI system relates to the incident",
        "Submitter",
        "Severity",
    }


def test_our_severity_is_never_converted_into_the_oecds(session: Session, told: Incident) -> None:
    assert values(filled(session, told, "oecd"))["10"] is None


def test_the_article_73_report_carries_awareness_causal_link_and_other_notices(
    session: Session, told: Incident
) -> None:
    form = values(filled(session, told, "aia-73"))
    assert form["aware-at"] == AWARE.isoformat()
    assert form["causal-link"] == ["A causal link to the AI system is suspected: since 2026-11-02 08:00 UTC"]
    assert "GDPR, personal-data breach, notification" in str(form["other-notices"])
    assert form["still-going-on"] == "yes"
    assert form["affected-count"] == "A few, and we can name them"
    assert form["authority"] is None
    assert form["limb"] is None


def test_what_nobody_knows_is_a_gap_and_not_an_answer(session: Session) -> None:
    incident = open_one(session, "declare:bare")
    form = values(filled(session, incident, "aia-73"))
    for gap in ("aware-at", "occurred-at", "still-going-on", "system", "causal-link", "system-altered"):
        assert not form[gap], gap


def test_what_was_done_is_listed_with_its_time(session: Session, told: Incident) -> None:
    lifecycle.mitigate(session, told, by=ONCALL, key="m")
    done = values(filled(session, told, "oecd"))["27"]
    assert isinstance(done, list)
    assert "Mitigated: the harm has stopped" in done[-1]
