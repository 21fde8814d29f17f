"""Words that private incidents' reports hold, so that what others read does not repeat them."""

import re

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents.models import Incident

SHARED_WORDS = 6
"""So many words in a row that a private incident's record holds too are no chance."""
TITLE_WORDS = 3
"""A title from this length on is recognised as a whole; a shorter one is what anybody might say."""

_WORD = re.compile(r"\w+")


def runs(text: str, length: int = SHARED_WORDS) -> set[tuple[str, ...]]:
    """Every `length` words in a row, in lower case."""
    words = [word.lower() for word in _WORD.findall(text)]
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


class PrivateReports:
    """The titles and descriptions of private incidents as they are now; None for `team_id` means every workspace."""

    def __init__(self, session: Session, team_id: str | None) -> None:
        query = sa.select(Incident.title, Incident.description).where(Incident.private)
        if team_id is not None:
            query = query.where(Incident.team_id == team_id)
        held = session.execute(query).all()
        self._runs = {run for row in held for part in row for run in runs(str(part))}
        titles = [_WORD.findall(title.lower()) for title, _ in held]
        self._titles = {tuple(words) for words in titles if len(words) >= TITLE_WORDS}

    def repeated_in(self, text: str) -> bool:
        """Whether a text holds a whole title, or many words in a row, of one of them."""
        return bool(self._runs & runs(text)) or any(title in runs(text, len(title)) for title in self._titles)
