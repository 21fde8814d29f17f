"""The workflows that an act may start, by name."""

from collections.abc import Callable
from typing import Any

from bot.workflows.digest import post_digest, preview_digest
from bot.workflows.exercise import (
    deliver_inject,
    invite_to_exercise,
    open_exercise,
    report_exercise,
    show_choice,
    ticket_improvements,
)
from bot.workflows.exposure import fetch_exposure
from bot.workflows.postmortem import offer_postmortem
from bot.workflows.rephrase import reword
from bot.workflows.replay import replay
from bot.workflows.rollback import execute_rollback, plan_rollback, undo_rollback, verify_rollback
from bot.workflows.suggest import suggest

WORKFLOWS: dict[str, Callable[..., Any]] = {
    "plan_rollback": plan_rollback,
    "execute_rollback": execute_rollback,
    "undo_rollback": undo_rollback,
    "verify_rollback": verify_rollback,
    "replay": replay,
    "fetch_exposure": fetch_exposure,
    "post_digest": post_digest,
    "preview_digest": preview_digest,
    "offer_postmortem": offer_postmortem,
    "rephrase": reword,
    "suggest": suggest,
    "open_exercise": open_exercise,
    "invite_to_exercise": invite_to_exercise,
    "deliver_inject": deliver_inject,
    "show_choice": show_choice,
    "report_exercise": report_exercise,
    "ticket_improvements": ticket_improvements,
}
