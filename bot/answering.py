"""Office hours as one running bot knows them: the organisation's pages, its rules in force, and its reviewed FAQ.

Asking reads memory only. `refresh`, once a second, picks up what changed on disk or in the record.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from bot.duty import Schedule
from incidents import faq
from incidents.access import Person
from severity.officehours.answer import Answer, Context, ask
from severity.officehours.corpus import SHIPPED, Corpus
from severity.officehours.gitcommit import commit_of
from severity.officehours.glossary import load_glossary
from severity.officehours.search import Index
from severity.officehours.sections import EVERYONE, Section
from severity.officehours.semantic import load_meaning

log = logging.getLogger("rai.officehours")
RESPONDERS = "responders"
"""The audience of a page that only responders may be shown, besides `everyone`. Any other is shown to nobody here."""

Rules = tuple[str, Callable[[], tuple[Section, ...]]]
"""What is in force (a hash), and how it reads as sections."""


class OfficeHours:
    """One organisation's corpus and search. Safe to use from several threads. Raises ContentError for a bad folder."""

    def __init__(self, team_id: str, folders: Sequence[Path], schedule: Schedule, rules: Callable[[], Rules]) -> None:
        self.team_id = team_id
        self.schedule = schedule
        self.channels: frozenset[str] = frozenset()  # ids of the office-hours channels
        self.queue_channel: str | None = None
        folders = tuple(folders) or (SHIPPED,)
        self._corpus = Corpus(folders, organisation=team_id, commit_of=commit_of)
        self._glossary = load_glossary(*(f / "glossary.yaml" for f in folders if (f / "glossary.yaml").is_file()))
        self._rules = rules
        self._rules_hash = ""
        self._rule_sections: tuple[Section, ...] = ()
        self._faq_version: tuple[object, ...] = ()
        self._faq: tuple[Section, ...] = ()
        self._index: Index | None = None  # made for the first question: it needs numpy, and starting must not
        self._lock = threading.Lock()
        self._said: tuple[object, ...] = ()
        self._say_faults()

    @property
    def sections(self) -> tuple[Section, ...]:
        """Everything that can be cited now."""
        return (*self._corpus.sections, *self._rule_sections, *self._faq)

    def refresh(self, session: Session) -> bool:
        """Take up what changed since the last look; True when an answer may differ now."""
        if not self._lock.acquire(blocking=False):
            return False  # a question is being answered; a second later is soon enough
        try:
            return self._refresh(session)
        finally:
            self._lock.release()

    def _refresh(self, session: Session) -> bool:
        changed = self._corpus.refresh()
        self._say_faults()
        found = faq.version(session, self.team_id)
        if found != self._faq_version:
            self._faq, self._faq_version, changed = tuple(faq.sections(session, self.team_id)), found, True
        in_force, read = self._rules()
        if in_force != self._rules_hash:
            self._rule_sections, self._rules_hash, changed = read(), in_force, True
        if changed and self._index is not None:
            self._index.update(self.sections)
            self._index.view()  # so that the next asker does not wait for it
        return changed

    def ask(self, session: Session, question: str, context: Context | None, who: Person, *, public: bool) -> Answer:
        """Answer from what the asker may read; where everybody reads along, from what everybody may read."""

        def may_read(audience: str) -> bool:
            return audience == EVERYONE or (audience == RESPONDERS and who.responder is True and not public)

        with self._lock:
            if self._index is None:
                import bm25s

                # Making an index is no news, and it logs every time.
                logging.getLogger(bm25s.__name__).setLevel(logging.WARNING)
                self._refresh(session)
                self._index = Index(self.sections, self._glossary, load_meaning())
            return ask(self._index, question, context, may_read=may_read)

    def _say_faults(self) -> None:
        if self._corpus.faults != self._said:
            self._said = self._corpus.faults
            for fault in self._corpus.faults:
                log.error("a handbook page was refused: %s", fault)
