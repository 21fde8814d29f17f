"""The bot's command line with a clock that a file moves: `python warp.py FILE serve …`. FILE holds seconds from now.

Time is the one thing that is faked. It runs ten thousand times as fast here, so the sweep of the timers looks ten times
as often.
"""

import contextlib
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from bot import serve
from bot.cli import main
from incidents import clock

LOOK_EVERY = 0.02  # seconds


def follow(file: Path) -> None:
    """Keep the clock where the file says."""
    while True:
        with contextlib.suppress(OSError, ValueError):
            clock._offset = timedelta(seconds=float(file.read_text(encoding="ascii")))
        time.sleep(LOOK_EVERY)


if __name__ == "__main__":
    moved = Path(sys.argv.pop(1))
    clock._offset = timedelta(seconds=float(moved.read_text(encoding="ascii")))
    threading.Thread(target=follow, args=(moved,), name="clock", daemon=True).start()
    serve.SWEEP_EVERY = 0.1
    main()
