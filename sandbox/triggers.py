"""Trigger ids: the short-lived right to open a view, given to the bot with everything a person does.

Three seconds, one use (https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

LIFETIME_SECONDS: Final = 3.0
_REMEMBERED: Final = 10_000


@dataclass
class _Trigger:
    user: str
    issued: float
    used: bool = False


class Triggers:
    """Issues trigger ids and exchanges each of them once. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user: str) -> str:
        trigger_id = f"{len(self._issued) + 1}.{int(time.time())}.{token_hex(16)}"
        self._issued[trigger_id] = _Trigger(user, self._clock())
        while len(self._issued) > _REMEMBERED:
            del self._issued[next(iter(self._issued))]
        return trigger_id

    def fault(self, trigger_id: str) -> str | None:
        """Slack's code for why this trigger id opens nothing, or None when it does."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            return "invalid_trigger_id"
        if trigger.used:
            return "exchanged_trigger_id"
        if self._clock() - trigger.issued > LIFETIME_SECONDS:
            return "expired_trigger_id"
        return None

    def user(self, trigger_id: str) -> str:
        """The person it was issued for; only for a trigger without `fault`."""
        return self._issued[trigger_id].user

    def exchange(self, trigger_id: str) -> str:
        """Use it up, and return the person it was issued for."""
        self._issued[trigger_id].used = True
        return self.user(trigger_id)
