"""Waiting for something to become true, with a deadline and words for when it does not."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

R = TypeVar("R")
PATIENCE: Final = 20.0  # seconds; only a machine under load comes near it
_LOOK_EVERY: Final = 0.02


class Unmet(Exception):
    """What was waited for did not come: what was expected, and what was there instead."""

    def __init__(self, expected: str, seen: object) -> None:
        super().__init__(f"expected {expected}; saw {seen}")
        self.expected = expected
        self.seen = seen


async def until(
    look: Callable[[], R | None],
    expected: str,
    seen: Callable[[], object] = lambda: "nothing",
    within: float = PATIENCE,
) -> R:
    """The first answer of `look` that is true, at most `within` seconds from now; else Unmet."""
    end = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Unmet(f"{expected} within {within:g} s", seen())
        await asyncio.sleep(_LOOK_EVERY)


def check(holds: object, expected: str, seen: object) -> None:
    """Raise Unmet unless it holds."""
    if not holds:
        raise Unmet(expected, seen)
