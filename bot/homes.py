"""App Homes kept current: whoever opened theirs lately sees what changed without opening it again.

In memory, because a home is a view of the record and not part of it: after a restart, or on another replica, it is made
anew when it is next opened.
"""

import hashlib
import json
import logging
import threading
import time
from dataclasses import dataclass

import sqlalchemy as sa

from bot.home_facts import home_facts
from bot.parts import Parts
from bot.views.blocks import Block
from bot.views.home import home_view
from incidents.clock import now
from incidents.db import reading
from incidents.models import TimelineEntry
from incidents.subscriptions import DigestSubscription
from integrations.errors import OutsideServiceError
from playbooks.models import Exercise, ExerciseRating

EVERY = 3  # seconds between looks
AT_ONCE = 5  # homes shown in one look: 100 a minute, which is what Slack allows an app (views.publish, tier 4)
RECENT = 12 * 3600.0  # seconds for which a home that was opened is kept current
ANYWAY = 300.0  # seconds after which a home is looked at though nothing was written: time alone makes things late
State = tuple[int, ...]
log = logging.getLogger("rai.homes")


@dataclass
class _Shown:
    """What one person was shown last. Times are of the monotonic clock; `state` is how far the record was then."""

    team_id: str
    opened: float
    looked: float = 0.0
    state: State = ()
    digest: str = ""


class Homes:
    """The homes of this process. Safe to use from several threads."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._shown: dict[str, _Shown] = {}
        self._lock = threading.Lock()

    def open(self, user: str, team_id: str) -> None:
        """Somebody opened their home: show it as the record stands."""
        shown = _Shown(team_id, opened=time.monotonic())
        with self._lock:
            self._shown[user] = shown
        self._show(user, shown, self._state())

    def look(self) -> None:
        """Show the homes that have changed, those that waited longest first."""
        at = time.monotonic()
        with self._lock:
            self._shown = {user: shown for user, shown in self._shown.items() if at - shown.opened < RECENT}
            known = list(self._shown.items())
        if not known:
            return
        state = self._state()
        due = [pair for pair in known if pair[1].state != state or at - pair[1].looked > ANYWAY]
        for user, shown in sorted(due, key=lambda pair: pair[1].looked)[:AT_ONCE]:
            self._show(user, shown, state)

    def _show(self, user: str, shown: _Shown, state: State) -> None:
        view = self._view(user, shown.team_id)
        digest = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
        try:
            if digest != shown.digest:
                self._parts.slack.call("views.publish", user_id=user, view=view)
        except OutsideServiceError as error:
            log.warning("a home could not be shown, it is tried again: %s", error)
            return
        shown.digest, shown.state, shown.looked = digest, state, time.monotonic()

    def _view(self, user: str, team_id: str) -> Block:
        who = self._parts.directory.person(user, team_id)
        with reading(self._parts.db) as session:
            return home_view(home_facts(session, self._parts, who, now()))

    def _state(self) -> State:
        """How far the record is: what homes show changes only with one of these."""
        query = sa.select(
            sa.select(sa.func.coalesce(sa.func.max(TimelineEntry.id), 0)).scalar_subquery(),
            sa.select(sa.func.coalesce(sa.func.sum(DigestSubscription.revision), 0)).scalar_subquery(),
            sa.select(sa.func.coalesce(sa.func.sum(Exercise.revision + 1), 0)).scalar_subquery(),
            sa.select(sa.func.count(ExerciseRating.confirmed)).scalar_subquery(),
        )
        with reading(self._parts.db) as session:
            return tuple(session.execute(query).one())
