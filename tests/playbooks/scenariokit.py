"""A small sound scenario to break, and what the other rooms know."""

from pathlib import Path

import pytest

from playbooks.scenario_check import Known
from runbooks.catalogue import load_catalogue
from severity.clocks import load_clocks
from severity.policy import load_policy

SHARED = Path(__file__).parents[3] / "shared/data"
KNOWN = Known(
    runbooks=frozenset(load_catalogue().definitions),
    clocks=frozenset(clock.id for clock in load_clocks()),
    policy=load_policy(),
)

SOUND = """\
id: small
title: A small scenario
minutes: 30
short: {minutes: 10, injects: [first, second], actions: [declare], at: {first: 0, second: 5}}
harm_classes: [H4]
tier: 1
objectives: [{id: respond, text: Respond in time., capability: Response}]
roles: [{id: commander, title: Commander, why: Decides.}]
systems: [{id: bot, name: Bot, owner: me, runbooks: [personal-data-in-outputs], rollback_targets: [{id: model, kind: mlflow, title: M}]}]
background: A shop.
opening: A report.
injects:
  - id: first
    at: 0
    persona: {name: Customer, kind: customer}
    to: commander
    text: It shows my address.
    expects: [declare]
    options: [{id: act, label: Act, next: third}, {id: wait, label: Wait}]
  - id: second
    at: 10
    persona: {name: Monitor, kind: monitor}
    text: It goes on.
    expects: [contain]
    then: [{if: {action: contain, missed: true}, inject: fourth}]
  - id: third
    persona: {name: Engineer, kind: engineer}
    text: You acted.
  - id: fourth
    persona: {name: Reporter, kind: journalist}
    text: You did not.
actions:
  - {id: declare, text: Declare it., by: commander, do: declare, within: 5, after: first, objective: respond}
  - {id: contain, text: Contain it., by: commander, do: rollback, within: 10, after: second, objective: respond}
facilitator: Be kind.
truth:
  cause: A cache.
  severity: SEV1
  facts: {materialisation: event, ongoing: "yes", scope: many, personal_data: others, minors: none, rights_law: "no"}
  clocks: [eu-gdpr-33]
  containment: Off.
"""  # noqa: E501 - the systems stand on one line, so that the lines of the faults stay countable


def case_studies() -> list[Path]:
    """The ATLAS case studies of the public data; the test skips, saying so, where they are absent."""
    found = sorted((SHARED / "atlas/case-studies").glob("*.yaml"))
    if not found:
        pytest.skip("the ATLAS case studies are not in ../shared/data/atlas")
    return found
