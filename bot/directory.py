"""Who is who: people and responders as Slack says, remembered for a short while. On doubt, nobody is a responder."""

import logging
import threading
import time
from typing import Any

from incidents.access import Person
from integrations.errors import OutsideServiceError
from integrations.slack import Slack

PEOPLE_SECONDS = 300.0
MEMBER_SECONDS = 24 * 3600.0
GROUP_SECONDS = 30.0
log = logging.getLogger("rai.directory")


class Directory:
    """People by id and the members of two groups, responders and admins. Safe to use from several threads."""

    def __init__(self, slack: Slack, team_id: str, responders: str, admins: str) -> None:
        self._slack = slack
        self._team_id = team_id
        self._responders = responders
        self._admins = admins
        self._people: dict[str, tuple[float, dict[str, Any]]] = {}
        self._members: dict[str, tuple[float, frozenset[str]]] = {}
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Read everybody once, so that the first command at 3 a.m. waits for nothing. A failure only costs that."""
        self.responders()
        try:
            for user in self._slack.people():
                self._people[str(user["id"])] = (time.monotonic(), user)
        except OutsideServiceError as error:
            log.warning("the directory could not be read ahead: %s", error)

    def responders(self, *, fresh: bool = False) -> frozenset[str] | None:
        """The responders' ids, at most 30 s old; None when Slack did not say (then nobody is let through)."""
        return self._group(self._responders, fresh)

    def admins(self, *, fresh: bool = False) -> frozenset[str] | None:
        """Who may change the policy, in the same way."""
        return self._group(self._admins, fresh)

    def _group(self, handle: str, fresh: bool) -> frozenset[str] | None:
        with self._lock:
            read_at, members = self._members.get(handle, (0.0, frozenset()))
            if not fresh and handle in self._members and time.monotonic() - read_at < GROUP_SECONDS:
                return members
            try:
                members = frozenset(self._slack.group_members(handle))
            except OutsideServiceError:
                self._members.pop(handle, None)
                return None
            self._members[handle] = (time.monotonic(), members)
            return members

    def member(self, user: str, team_id: str) -> Person:
        """The person as far as declaring needs it: a full member or not, as known within a day, so that a report at
        3 a.m. waits for no answer of Slack. Whether they are a responder is left open."""
        described = self._describe(user, fresh=False, within=MEMBER_SECONDS)
        return Person(user, team_id, self.name(user), self._full_member(described, team_id), responder=None)

    def person(self, user: str, team_id: str, *, fresh: bool = False) -> Person:
        """The person of a signed payload. Unknown, guest, bot, deactivated or foreign: not a full member."""
        described = self._describe(user, fresh=fresh)
        members = self.responders(fresh=fresh)
        return Person(
            user_id=user,
            team_id=team_id,
            name=self.name(user),
            full_member=self._full_member(described, team_id),
            responder=None if members is None else user in members,
        )

    def name(self, user: str) -> str:
        """The name shown for a person; their id where Slack has not told us."""
        known = self._people.get(user)
        if known is None:
            return user
        profile = known[1].get("profile") or {}
        return str(profile.get("display_name") or profile.get("real_name") or known[1].get("name") or user)

    def zone(self, user: str) -> str:
        """The time zone somebody has set in Slack; UTC where it does not say."""
        return str((self._describe(user, fresh=False) or {}).get("tz") or "UTC")

    def human(self, user: str) -> str | None:
        """What tells two accounts of one human: the e-mail address Slack verified; None where it does not say."""
        described = self._describe(user, fresh=False) or {}
        email = (described.get("profile") or {}).get("email")
        return str(email) if email else None

    def _full_member(self, described: dict[str, Any] | None, team_id: str) -> bool:
        return (
            described is not None
            and team_id == self._team_id
            and described.get("team_id", self._team_id) == self._team_id
            and not any(
                described.get(flag)
                for flag in ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
            )
        )

    def _describe(self, user: str, *, fresh: bool, within: float = PEOPLE_SECONDS) -> dict[str, Any] | None:
        known = self._people.get(user)
        if known is not None and not fresh and time.monotonic() - known[0] < within:
            return known[1]
        try:
            described = self._slack.person(user)
        except OutsideServiceError:
            # A few minutes old beats nobody, except where the caller must be sure.
            return known[1] if known is not None and not fresh else None
        self._people[user] = (time.monotonic(), described)
        return described
