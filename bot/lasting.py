"""What a process loads at its start and keeps until its end."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """Look for no garbage while this runs, and never again among what it made.

    Modules, views and content are some 400,000 objects: going through them took a fifth of the start, and later held
    up an acknowledgement now and then.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
