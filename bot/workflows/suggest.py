"""The language model reads a report after the incident is open: page and room never wait for it."""

from typing import Any

from dbos import DBOS
from sqlalchemy.orm import Session

from bot.acts import on_timer
from bot.effects import Effect, Start
from bot.language_model import ask
from bot.parts import parts
from incidents import opening
from incidents.db import reading
from incidents.models import Incident, Timer
from integrations.redact import redact
from severity.suggest_model import suggest_with_model


@on_timer(opening.MODEL_TIMER)
def read_report(session: Session, timer: Timer, incident: Incident) -> list[Effect]:
    """The incident is open: let the model read its report, in a workflow of its own."""
    return [Start("suggest", f"suggest:{incident.id}", (incident.id,))]


@DBOS.workflow(name="suggest")
def suggest(incident_id: int) -> None:
    """One call, then its checked suggestions beside those that the words alone gave."""
    found = DBOS.run_step({"name": "ask the model"}, _ask, incident_id)
    parts().durable.transact("suggested", _save, incident_id, found)


def _ask(incident_id: int) -> dict[str, Any]:
    with reading(parts().db) as session:
        incident = session.get_one(Incident, incident_id)
        report, words = redact(incident.description), incident.suggestion
    return suggest_with_model(parts().policy, report, words, ask).to_json()


def _save(session: Session, incident_id: int, found: dict[str, Any]) -> None:
    model = parts().model
    opening.add_model_suggestion(session, incident_id, found, model=model.name if model else "none")
