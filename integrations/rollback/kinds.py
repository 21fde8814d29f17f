"""Which kinds of target exist: those we ship, and third parties' by entry point."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

from integrations.rollback.base import Target, TargetError
from integrations.rollback.openfeature import FlagFile

GROUP = "rai_incident.rollback_targets"

Maker = Callable[[Mapping[str, Any]], Target]

SHIPPED: dict[str, Maker] = {"openfeature": FlagFile.from_entry}


def names() -> list[str]:
    """All kinds that `build_target` knows, sorted."""
    return sorted(SHIPPED | {point.name: None for point in entry_points(group=GROUP)})


def build_target(entry: Mapping[str, Any]) -> Target:
    """The target described by one `rollback_targets` entry of the operator's systems.yaml.

    The entry must come from the operator's file, never from Slack, a runbook or the database: it holds addresses.
    A shipped kind wins over a third party's of the same name. Raises TargetError for an unknown kind or a bad field.
    """
    kind = str(entry.get("kind", ""))
    if kind in SHIPPED:
        return SHIPPED[kind](entry)
    for point in entry_points(group=GROUP, name=kind):
        maker: Maker = point.load()
        return maker(entry)
    raise TargetError(f"Rollback target {entry.get('id', '?')}: kind {kind!r} is unknown. Known: {', '.join(names())}.")
