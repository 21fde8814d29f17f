"""A closed incident becomes an exercise: people as roles, data replaced, ground truth kept."""

from collections.abc import Iterator

import pytest
from scenariokit import KNOWN
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from incidents import inventory, lifecycle
from incidents.clock import now
from incidents.db import make_engine, upgrade
from incidents.errors import Conflict
from incidents.inventory import SystemEntry
from incidents.lifecycle import Opening, Report
from incidents.models import Incident
from playbooks.imports.incident import from_incident
from playbooks.scenario import parse_scenario
from playbooks.scenario_check import check_text

ONCALL, LEAD = "U0ONCALL01", "U0RAILEAD1"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path_factory.mktemp('record') / 'record.db'}"
    upgrade(url)
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(shared: Engine) -> Iterator[Session]:
    with Session(shared, expire_on_commit=False) as open_session:
        yield open_session


def opened(session: Session, *, private: bool = False) -> Incident:
    entry = SystemEntry(id="order-helper", name="Order Helper", owner=LEAD, tier=2, regimes=("gdpr",))
    inventory.store(session, [entry])
    report = Report(
        team_id="T0SANDBOX1",
        reporter="U0SUPPORT1",
        description="Order Helper told anna@shop.example where order 5011799 goes.",
        system_id="order-helper",
        ongoing="yes",
        private=private,
        invited=[ONCALL],
    )
    opening = Opening("SEV2", "scope-unknown", "scope is unknown", "0" * 64)
    return lifecycle.open_incident(session, report, opening, key="declare:1")


def closed(session: Session, *, private: bool = False) -> Incident:
    incident = opened(session, private=private)
    lifecycle.assign(session, incident, "commander", LEAD, by=LEAD, key="a")
    lifecycle.acknowledge(session, incident, by=ONCALL, key="b")
    lifecycle.note(
        session, incident, f"<@{LEAD}> saw it twice, see https://logs.example/x and INC-7", by=ONCALL, key="c"
    )
    lifecycle.note(session, incident, "The cache is shared between customers.", by=ONCALL, key="d")
    lifecycle.mitigate(session, incident, by=ONCALL, key="e", at=now())
    lifecycle.resolve(
        session, incident, "A cache without the customer in its key.", by=LEAD, key="f", missing=[], anyway=True
    )
    return incident


def test_an_open_incident_is_refused_because_its_truth_is_not_known(session: Session) -> None:
    with pytest.raises(Conflict, match="resolved or closed"):
        from_incident(session, opened(session))


def test_names_addresses_numbers_and_links_are_replaced(session: Session) -> None:
    made = from_incident(session, closed(session), KNOWN)
    assert made.text is not None, made.refusals
    for gone in (
        ONCALL,
        LEAD,
        "U0SUPPORT1",
        "anna@",
        "5011799",
        "Order Helper",
        "order-helper",
        "logs.example",
        "INC-7",
    ):
        assert gone.lower() not in made.text.lower(), gone
    scenario = parse_scenario(made.text)
    assert "Incident commander saw it twice" in scenario.injects[1].text
    assert check_text(made.text, "made.yaml", KNOWN).faults == ()


def test_what_was_learned_becomes_injects_and_what_was_done_becomes_actions(session: Session) -> None:
    made = from_incident(session, closed(session), KNOWN)
    assert made.text is not None
    scenario = parse_scenario(made.text)
    assert [inject.id for inject in scenario.injects] == ["declared-1", "note-2", "note-3"]
    assert [action.do for action in scenario.actions] == ["assign", "acknowledge", "mitigated", "resolve"]
    assert scenario.truth.severity == "SEV2"
    assert "A cache without the customer in its key." in scenario.truth.cause
    assert scenario.tier == 2


def test_a_draft_from_a_private_incident_says_that_the_file_is_not_private(session: Session) -> None:
    assert any(
        "is private: the file is not" in line for line in from_incident(session, closed(session, private=True)).assumed
    )


def test_an_incident_with_nothing_but_its_report_makes_no_exercise(session: Session) -> None:
    incident = opened(session)
    lifecycle.mitigate(session, incident, by=ONCALL, key="e", at=now())
    lifecycle.resolve(session, incident, "Nothing found.", by=LEAD, key="f", missing=[], anyway=True)
    assert "nothing to send as injects" in from_incident(session, incident).refusals[0]
