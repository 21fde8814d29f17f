"""The rollback targets of a system, looked at without touching them: what each does, and whether it can be used."""

from bot.views.levers import Lever
from incidents.inventory import REHEARSAL, RollbackTarget, SystemEntry
from integrations.rollback.base import TargetError
from integrations.rollback.kinds import build_target


def levers_of(system: SystemEntry) -> list[Lever]:
    """In the inventory's order. Asks no network, so a form can open with them."""
    return [_lever(target) for target in system.rollback_targets]


def _lever(target: RollbackTarget) -> Lever:
    if target.kind == REHEARSAL:
        does = target.does or "Moves in the exercise only; nothing outside changes."
        return Lever(target.id, target.title, does, target.action_class)
    try:
        described = build_target(target.model_dump(mode="json", by_alias=True)).describe()
    except TargetError as error:
        return Lever(target.id, target.title, "", target.action_class, str(error))
    return Lever(target.id, target.title, target.does or described.what_it_does, target.action_class)
