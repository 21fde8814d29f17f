"""Which kinds of target exist: those we ship, and third parties' by entry point."""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, cast

from integrations.rollback.base import Target, TargetError

GROUP = "rai_incident.rollback_targets"

Maker = Callable[[Mapping[str, Any]], Target]

# Module and maker in it, imported when a target of the kind is built, so that the start stays light.
SHIPPED: dict[str, str] = {
    "github": "github:from_entry",
    "gitfile": "gitfile:ConfigurationFile.from_entry",
    "gitlab": "gitlab:from_entry",
    "kubernetes": "kubernetes:Deployment.from_entry",
    "launchdarkly": "launchdarkly:LaunchDarklyFlag.from_entry",
    "mlflow": "mlflow:RegistryAlias.from_entry",
    "openfeature": "openfeature:FlagFile.from_entry",
    "unleash": "unleash:UnleashFlag.from_entry",
    "webhook": "webhook:Webhook.from_entry",
}


def names() -> list[str]:
    """All kinds that `build_target` knows, sorted."""
    return sorted({*SHIPPED, *(point.name for point in entry_points(group=GROUP))})


def build_target(entry: Mapping[str, Any]) -> Target:
    """The target described by one `rollback_targets` entry of the operator's systems.yaml.

    The entry must come from the operator's file, never from Slack, a runbook or the database: it holds addresses.
    A shipped kind wins over a third party's of the same name. Raises TargetError for an unknown kind or a bad field.
    """
    kind = str(entry.get("kind", ""))
    if kind in SHIPPED:
        return _shipped(kind)(entry)
    for point in entry_points(group=GROUP, name=kind):
        maker: Maker = point.load()
        return maker(entry)
    raise TargetError(f"Rollback target {entry.get('id', '?')}: kind {kind!r} is unknown. Known: {', '.join(names())}.")


def _shipped(kind: str) -> Maker:
    module, _, path = SHIPPED[kind].partition(":")
    found: Any = import_module(f"integrations.rollback.{module}")
    for name in path.split("."):
        found = getattr(found, name)
    return cast(Maker, found)
