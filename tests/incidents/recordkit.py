"""An incident to work on, opened as a report would open it."""

from typing import Any

from sqlalchemy.orm import Session

from incidents import lifecycle
from incidents.lifecycle import Opening, Report
from incidents.models import Incident

TEAM, REPORTER, ONCALL, LEAD = "T0SANDBOX1", "U0SUPPORT1", "U0ONCALL01", "U0RAILEAD1"


def open_one(session: Session, key: str = "declare:1", **changed: Any) -> Incident:
    """Open one incident; `changed` replaces fields of the report."""
    report: dict[str, Any] = {
        "team_id": TEAM,
        "reporter": REPORTER,
        "description": "It showed a customer somebody else's order.",
        "system_id": None,
        "ongoing": "not_sure",
        "private": False,
        "invited": [ONCALL],
    }
    opening = Opening("SEV2", "scope-unknown", "scope is unknown", "0" * 64)
    return lifecycle.open_incident(session, Report(**{**report, **changed}), opening, key=key)
