"""The inventory of AI systems: `systems.yaml`, checked, and its rows in the record."""

from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from incidents.clock import now
from incidents.models import System
from severity.errors import ContentError
from severity.loading import StrictModel, check_shape, read_yaml


class RollbackTarget(BaseModel):
    """One thing that can be put back. What else an entry needs depends on its kind; the adapter checks that."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    id: str = Field(min_length=1, max_length=80)
    kind: str
    title: str = Field(min_length=1, max_length=75)
    action_class: Literal["routine", "disruptive", "critical"] = Field(alias="class", default="disruptive")


class SystemEntry(StrictModel):
    """One AI system of the inventory."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$")
    name: str = Field(min_length=1, max_length=75)
    owner: str
    tier: int | None = Field(default=None, ge=0, le=3)
    surfaces: tuple[str, ...] = ()
    data_classes: tuple[str, ...] = ()
    regimes: tuple[str, ...] = ()
    on_call_service: str | None = None
    on_call: tuple[str, ...] = ()
    endpoint: str | None = None
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
    twice = [
        document.fault(("systems", index, "id"), f"{name} stands twice")
        for index, name in enumerate(ids)
        if name in ids[:index]
    ]
    if twice:
        raise ContentError(twice)
    return systems


def store(session: Session, systems: list[SystemEntry]) -> None:
    """Write the inventory into the record. Systems that left the file stay, for old incidents."""
    for system in systems:
        entry: dict[str, Any] = system.model_dump(mode="json", by_alias=True)
        row = session.get(System, system.id)
        if row is None:
            row = System(id=system.id)
            session.add(row)
        row.name, row.owner, row.tier, row.entry, row.loaded_at = system.name, system.owner, system.tier, entry, now()
    session.flush()


def find(session: Session, system_id: str | None) -> SystemEntry | None:
    """One system as last loaded."""
    row = session.get(System, system_id) if system_id else None
    return SystemEntry.model_validate(row.entry) if row else None


def every(session: Session) -> list[SystemEntry]:
    """All systems as last loaded, by name."""
    rows = session.scalars(sa.select(System).order_by(System.name)).all()
    return [SystemEntry.model_validate(row.entry) for row in rows]
