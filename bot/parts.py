"""The parts of one running bot, made once at start-up. Workflows and acts ask for them here."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.answering import OfficeHours
from bot.directory import Directory
from bot.engine import Durable
from bot.outside import Real, RealAnnouncer, RealAsker, RealLevers
from bot.policy import PolicyInForce
from bot.rehearsal import Rehearsal, rehearsal_of
from bot.settings import Settings
from bot.views.reach import Paging
from incidents.db import reading
from incidents.errors import Conflict
from incidents.inventory import SystemEntry
from incidents.models import Incident
from integrations.jira import Jira
from integrations.model import LanguageModel
from integrations.pagerduty import PagerDuty
from integrations.slack import Slack
from playbooks import running
from playbooks.library import Library
from playbooks.models import Exercise
from playbooks.programme import Rules
from playbooks.scenario import ScenarioLibrary
from runbooks.catalogue import Catalogue
from severity.clocks import Clocks
from severity.policy import Policy
from severity.tiers import Tree


@dataclass
class Parts:
    """What a workflow may use. An absent optional integration is None and is skipped."""

    settings: Settings
    db: Engine
    durable: Durable
    slack: Slack
    directory: Directory
    policy_in_force: PolicyInForce
    clocks: Clocks
    tiers: Tree
    catalogue: Catalogue
    playbooks: Library
    scenarios: ScenarioLibrary
    programme: Rules
    team_id: str
    bot_user: str
    workspace_url: str
    systems: tuple[SystemEntry, ...]
    pagerduty: PagerDuty | None
    jira: Jira | None
    model: LanguageModel | None
    office_hours: OfficeHours
    exercise_rooms: dict[str, str] = field(default_factory=dict)  # channel -> exercise, read again every second

    @property
    def policy(self) -> Policy:
        """The severity policy in force at this moment."""
        return self.policy_in_force.current

    def system(self, system_id: str) -> SystemEntry | None:
        """One system of the operator's file."""
        return next((system for system in self.systems if system.id == system_id), None)

    def target_entry(self, system_id: str, target_id: str) -> dict[str, Any]:
        """A rollback target's entry as the operator's file has it. Raises Conflict when it is not there any more."""
        system = self.system(system_id)
        for target in system.rollback_targets if system else []:
            if target.id == target_id:
                return target.model_dump(mode="json", by_alias=True)
        raise Conflict(
            f"The inventory has no rollback target {target_id} for this system any more. Nothing was changed."
        )

    def channel_url(self, channel_id: str) -> str:
        """The address of a channel in the browser."""
        return f"{self.workspace_url.rstrip('/')}/archives/{channel_id}"

    @cached_property
    def announce_channel(self) -> str | None:
        """The id of the channel that hears of every public incident; None when there is none of that name."""
        return self.slack.channel_named(self.settings.announce_channel.lstrip("#"))

    @cached_property
    def real(self) -> Real:
        """The outside of real incidents."""
        return Real(
            room=self.slack,
            pager=self.pagerduty,
            tracker=self.jira,
            announcer=RealAnnouncer(self.slack, lambda: self.announce_channel),
            levers=RealLevers(self.target_entry),
            asker=RealAsker(),
        )

    def paging(self, incident: Incident) -> Paging:
        """What becomes of a page of this incident, for the messages that speak of it."""
        if incident.kind != "real":
            return "rehearsed"
        return "none" if self.pagerduty is None else "real"

    def world(
        self, incident_id: int | None, channel: str | None = None, exercise_id: int | None = None
    ) -> Real | Rehearsal:
        """The outside of an incident; where none is known yet, of the exercise or of the channel somebody acted in.

        An incident that is not real never gets the real one, whatever else the record says of it.
        """
        with reading(self.db) as session:
            if incident_id is not None:
                return self.world_of(session, session.get_one(Incident, incident_id))
            exercise = session.get(Exercise, exercise_id) if exercise_id is not None else None
            if exercise is None or exercise.team_id != self.team_id:
                exercise = running.in_channel(session, self.team_id, channel or "")
            return rehearsal_of(session, exercise.id, self.db, self.slack) if exercise else self.real

    def world_of(self, session: Session, incident: Incident) -> Real | Rehearsal:
        """The outside of an incident that has been read already."""
        if incident.kind == "real":
            return self.real
        exercise = running.of_incident(session, incident.id)
        if exercise is None:
            raise Conflict(f"INC-{incident.id} is neither real nor of an exercise: nothing is done outside.")
        return rehearsal_of(session, exercise.id, self.db, self.slack)

    def rehearsal(self, exercise_id: int) -> Rehearsal:
        """The outside of an exercise."""
        with reading(self.db) as session:
            return rehearsal_of(session, exercise_id, self.db, self.slack)


_current: Parts | None = None


def use(parts: Parts) -> None:
    """Make these the process's parts."""
    global _current
    _current = parts


def parts() -> Parts:
    """The process's parts."""
    assert _current is not None, "the bot has not been started"
    return _current
