"""The inventory of AI systems: `systems.yaml`, checked, and its rows in the record."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from incidents.clock import now
from incidents.db import insert_once
from incidents.models import System, TierDecision
from severity.clocks import load_clocks
from severity.errors import ContentError
from severity.loading import StrictModel, check_shape, read_yaml

NO_REGIME = "none"  # somebody has looked, and no regime applies


REHEARSAL = "rehearsal"  # kind of the rollback targets that only an exercise has: they move nothing


class RollbackTarget(BaseModel):
    """One thing that can be put back. What else an entry needs depends on its kind; the adapter checks that."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    id: str = Field(min_length=1, max_length=80)
    kind: str
    title: str = Field(min_length=1, max_length=75)
    # What people will notice, in the operator's words: the line under the title where a target is chosen.
    does: str | None = Field(default=None, min_length=1, max_length=75)
    action_class: Literal["routine", "disruptive", "critical"] = Field(alias="class", default="disruptive")


class Ask(StrictModel):
    """How to ask a system at its `endpoint` as a user would, for the replay of failing prompts.

    In `body` the texts `{prompt}` and `{session}` are filled in; `reply` and `harmful` are places in the JSON answer,
    such as `choices.0.message.content`. `harmful` is for a system that says itself whether it did harm.
    """

    path: str = Field(default="", pattern=r"^(/[\w./~-]*)?$")
    method: Literal["POST", "PUT"] = "POST"
    body: dict[str, Any]
    reply: str = Field(min_length=1, max_length=200)
    harmful: str | None = None
    token_env: str | None = None
    allow_private: bool = False
    ca_file: str | None = None

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if "{prompt}" not in str(self.body):
            raise ValueError("body holds no {prompt}, so nothing would be asked")
        return self


class ExposureSource(StrictModel):
    """Where a system's requests are counted: a Prometheus query that gives one number, the requests of the 24 hours
    before the time asked for, such as `sum(increase(requests_total[1d]))`. It is asked once a day, for whole UTC days.

    `token_env` names the environment variable with a bearer token. `allow_private` is the operator's explicit word that
    the address is inside.
    """

    prometheus: str = Field(pattern=r"^https?://")
    query: str = Field(min_length=1, max_length=2000)
    token_env: str | None = Field(default=None, pattern=r"^[A-Z_][A-Z0-9_]*$")
    allow_private: bool = False


class SystemEntry(StrictModel):
    """One AI system of the inventory."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$")
    name: str = Field(min_length=1, max_length=75)
    owner: str
    tier: int | None = Field(default=None, ge=0, le=3)
    tiered_at: date | None = None
    surfaces: tuple[str, ...] = ()
    data_classes: tuple[str, ...] = ()
    regimes: tuple[str, ...] = ()
    on_call_service: str | None = None
    on_call: tuple[str, ...] = ()
    endpoint: str | None = None
    ask: Ask | None = None
    exposure: ExposureSource | None = None
    runbooks: tuple[str, ...] = ()
    rollback_targets: tuple[RollbackTarget, ...] = ()


class Inventory(StrictModel):
    """The whole of `systems.yaml`."""

    systems: list[SystemEntry]


def load(path: Path) -> list[SystemEntry]:
    """Read `systems.yaml`; none where it is absent. Raises ContentError naming file, line, key and reason."""
    if not path.exists():
        return []
    document = read_yaml(path)
    systems = check_shape(document, Inventory).systems
    ids = [system.id for system in systems]
    faults = [
        document.fault(("systems", index, "id"), f"{name} stands twice")
        for index, name in enumerate(ids)
        if name in ids[:index]
    ]
    for index, system in enumerate(systems):
        for place, regime in enumerate(system.regimes):
            # A misspelt regime would silence its clocks, and nobody would notice until a deadline had passed.
            if regime not in known_regimes():
                reason = f"{regime!r} is no regime. Known: {', '.join(sorted(known_regimes()))}"
                faults.append(document.fault(("systems", index, "regimes", place), reason))
        if system.ask is not None and system.endpoint is None:
            faults.append(document.fault(("systems", index, "ask"), "stands without an endpoint"))
        if system.tiered_at is not None and system.tier is None:
            faults.append(document.fault(("systems", index, "tiered_at"), "stands without a tier"))
    if faults:
        raise ContentError(faults)
    return systems


@cache
def known_regimes() -> frozenset[str]:
    """What a system may list under `regimes`: those that the clocks know, and `none`."""
    return frozenset({*load_clocks().regimes, NO_REGIME})


def store(session: Session, systems: list[SystemEntry]) -> None:
    """Write the inventory into the record. Systems that left the file stay, for old incidents.

    A tier that was decided here stands until the file carries one of the same day or later.
    """
    for system in systems:
        decided = _decided_after(session, system)
        if decided is not None:
            system = system.model_copy(update={"tier": decided.tier, "tiered_at": decided.decided_at.date()})
        row: dict[str, Any] = {
            "name": system.name,
            "owner": system.owner,
            "tier": system.tier,
            "entry": system.model_dump(mode="json", by_alias=True),
            "loaded_at": now(),
        }
        insert_once(session, System, id=system.id, **row)  # replicas load the same file at the same moment
        session.execute(sa.update(System).where(System.id == system.id).values(row))


def store_fictional(session: Session, systems: list[SystemEntry]) -> None:
    """Write the systems of an exercise into the record, where only its own incident finds them."""
    for system in systems:
        entry = system.model_dump(mode="json", by_alias=True)
        session.add(
            System(
                id=system.id,
                name=system.name,
                owner=system.owner,
                tier=system.tier,
                entry=entry,
                fictional=True,
                loaded_at=now(),
            )
        )
    session.flush()


def find(session: Session, system_id: str | None, *, fictional: bool | None = None) -> SystemEntry | None:
    """One system as last loaded; where `fictional` is said, only one that belongs to an exercise, or only one that
    does not."""
    row = session.get(System, system_id) if system_id else None
    if row is None or (fictional is not None and row.fictional is not fictional):
        return None
    session.info.setdefault(System, set()).add(row)  # held, or the session would forget it and read it again
    return SystemEntry.model_validate(row.entry)


def every(session: Session) -> list[SystemEntry]:
    """All systems as last loaded, by name; those of exercises are none."""
    rows = session.scalars(sa.select(System).where(System.fictional.is_(False)).order_by(System.name)).all()
    return [SystemEntry.model_validate(row.entry) for row in rows]


def newest_decision(session: Session, system_id: str) -> TierDecision | None:
    """The newest tier decision about a system."""
    query = sa.select(TierDecision).where(TierDecision.system_id == system_id).order_by(TierDecision.id.desc()).limit(1)
    return session.scalars(query).first()


def _decided_after(session: Session, system: SystemEntry) -> TierDecision | None:
    """The newest tier decision about a system, where the file does not know it yet."""
    newest = newest_decision(session, system.id)
    if newest is None or (system.tiered_at is not None and system.tiered_at >= newest.decided_at.date()):
        return None
    return newest
