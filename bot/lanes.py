"""Saved items become running workflows here: declarations at once, everything else a few at a time.

Without this a burst of notes would start a thread each, and they would take the processor from the acknowledgements and
from the one declaration among them. What waits here waits in the inbox as well, so that a crash loses nothing.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from bot.inbox import Item

LANES = 8
BURST = 50  # items in hand: from here on only BURST_LANES work, and acknowledging comes first
BURST_LANES = 2
URGENT_LANES = 16
PATIENCE = 2.0  # seconds a lane waits for its item: one that waits out somebody's outage must not hold up the others
log = logging.getLogger("rai.lanes")


class Lanes:
    """`start` begins an item's workflow and answers its future, or None where it runs already."""

    def __init__(self, start: Callable[[Item], "Future[Any] | None"]) -> None:
        self._start = start
        self._usual = ThreadPoolExecutor(LANES, thread_name_prefix="lane")
        self._urgent = ThreadPoolExecutor(URGENT_LANES, thread_name_prefix="urgent")
        self._burst = threading.Semaphore(BURST_LANES)
        self._in_hand: set[str] = set()
        self._lock = threading.Lock()

    def take(self, item: Item) -> None:
        """Start the item's workflow when its turn comes; an item in hand already is left alone."""
        with self._lock:
            if item.key in self._in_hand:
                return
            self._in_hand.add(item.key)
        (self._urgent if item.kind == "declare" else self._usual).submit(self._run, item)

    def stop(self) -> None:
        """End; what has not been started is started from the inbox next time."""
        for pool in (self._usual, self._urgent):
            pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, item: Item) -> None:
        try:
            if item.kind == "declare":
                self._start(item)
            else:
                with self._burst if len(self._in_hand) > BURST else contextlib.nullcontext():
                    running = self._start(item)
                    if running is not None:
                        wait([running], PATIENCE)
        except Exception:
            log.exception("a workflow could not be started; the sweep will try again")
        finally:
            with self._lock:
                self._in_hand.discard(item.key)
