"""An open incident of one AI system, and a small runbook to run in it."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle
from incidents.clock import now
from incidents.db import writing
from incidents.models import Incident, System
from runbooks.catalogue import Definition, parse

REPORTER, ASKER, APPROVER = "U0SUPPORT1", "U0ONCALL01", "U0RAILEAD1"

SMALL = """
id: small
title: A small runbook
harm_classes: [H4]
enter_when: [personal data was shown to another person]
leave_when: It stopped, and that was checked.
sources: [{name: NIST AI 600-1, ref: "2.4"}]
urgency: {SEV0: 5, SEV1: 5, SEV2: 15, SEV3: 60, SEV4: 240}
steps:
  - id: save
    collect: Save what was shown in {{ incident.number }}
    accepts: [text, link]
    why: Evidence first.
    how: Paste the exchange.
    owner: on-call
    minutes: 5
    skip: never
    if_it_fails: {say: Describe it in words.}
  - id: contain
    rollback: Roll {{ system.name }} back
    targets: [model-version, kill-switch]
    why: Stop the harm.
    how: Make the plan.
    owner: on-call
    minutes: 10
    skip: commander
    if_it_fails: {say: Use the kill switch.}
  - id: still
    decide: Is it still happening?
    why: A rollback is only done when it works.
    how: Try the same words again.
    owner: on-call
    minutes: 5
    choices:
      - {choice: still-happening, say: "Yes, it still happens", goto: contain}
      - {choice: stopped, say: "No, it stopped", goto: both}
    if_it_fails: {say: Treat it as still happening., goto: contain}
  - id: both
    parallel: Tell and watch
    why: They do not depend on each other.
    how: Two people.
    owner: commander
    minutes: 10
    if_it_fails: {say: Do them one after the other.}
    steps:
      - id: tell
        notify: Tell privacy
        tell: [privacy]
        message: "{{ incident.number }}: personal data was shown."
        why: They decide about notices.
        how: Send it.
        owner: communications
        minutes: 5
        if_it_fails: {say: Call them.}
      - id: count
        do: Count who is affected
        why: Scope decides the severity.
        how: Query the logs.
        owner: on-call
        minutes: 5
        if_it_fails: {say: Assume all.}
  - id: watch
    wait: Watch for ten minutes
    why: It may come back.
    how: Look at the dashboard.
    owner: on-call
    minutes: 10
    if_it_fails: {say: Contain again., goto: contain}
"""


@pytest.fixture
def incident_id(engine: sa.Engine) -> int:
    with writing(engine) as session:
        return add_incident(session, "one").id


@pytest.fixture
def other_incident_id(engine: sa.Engine) -> int:
    with writing(engine) as session:
        return add_incident(session, "other").id


@pytest.fixture
def small() -> Definition:
    return Definition(parse(SMALL), SMALL, "small.yaml", shipped=False)


def add_incident(session: Session, key: str) -> Incident:
    if session.get(System, "support-assistant") is None:
        session.add(
            System(
                id="support-assistant",
                name="Support assistant",
                owner=APPROVER,
                tier=1,
                entry={"on_call": [ASKER], "surfaces": ["web chat"], "data_classes": ["orders"]},
                loaded_at=now(),
            )
        )
        session.flush()
    report = lifecycle.Report(
        team_id="T0SANDBOX1",
        reporter=REPORTER,
        description="The assistant showed another customer's address",
        system_id="support-assistant",
        ongoing="yes",
        private=False,
    )
    opening = lifecycle.Opening("SEV2", "scope-unknown", "scope is unknown", "0" * 64)
    return lifecycle.open_incident(session, report, opening, key=key)
