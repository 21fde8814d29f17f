"""Answers to a draft's open questions. They go onto the timeline, so the next draft cites them like any other fact."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from sqlalchemy.orm import Session

from incidents import timeline
from incidents.errors import BadInput
from incidents.lifecycle import check_text
from incidents.models import Incident


@dataclass(frozen=True)
class Question:
    """What a postmortem must answer, and who could know."""

    id: str
    ask: str
    who: str


@cache
def questions() -> Mapping[str, Question]:
    """The questions of `questions.yaml`, by id."""
    raw = yaml.safe_load((Path(__file__).parent / "questions.yaml").read_text(encoding="utf-8"))
    return {name: Question(name, value["ask"], value["who"]) for name, value in raw.items()}


def answer(session: Session, incident: Incident, question: str, text: str, *, by: str, key: str) -> bool:
    """Put an answer onto the timeline, once per `key`. False when this key answered already.

    Works on resolved and closed incidents: a postmortem is written then. Raises BadInput for an unknown question and
    for an empty or too long text.
    """
    if question not in questions():
        raise BadInput("question", f"{question[:40]} is not a question. Known: {', '.join(questions())}.")
    entry = timeline.append(
        session, incident.id, "answer", by, check_text("answer", text), key=key, data={"answers": question}
    )
    return entry is not None
