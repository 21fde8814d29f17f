"""The page's channel: the whole state as one person sees it, on connect and after every change."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.workspace import Json

DEBOUNCE_SECONDS: Final = 0.03
PAUSE_FACTOR: Final = 4  # a page may take a fifth of the process's time, however large the state has become


class Live:
    """Counts changes (`rev`) and pushes the state to every open page, at most once per debounce."""

    def __init__(self, state: Callable[[str], Json]) -> None:
        self.rev = 0
        self._state = state
        self._pages: set[asyncio.Event] = set()

    def changed(self) -> None:
        self.rev += 1
        for page in self._pages:
            page.set()

    async def serve(self, socket: WebSocket, me: str) -> None:
        """Send the state to one page until it leaves."""
        await socket.accept()
        changed = asyncio.Event()
        changed.set()
        self._pages.add(changed)
        spent = 0.0
        leaving = asyncio.create_task(_left(socket))
        try:
            while not leaving.done():
                waiting = asyncio.create_task(changed.wait())
                await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if leaving.done():
                    return
                await asyncio.sleep(max(DEBOUNCE_SECONDS, PAUSE_FACTOR * spent))
                changed.clear()
                start = time.perf_counter()
                await socket.send_json(self._state(me))
                spent = time.perf_counter() - start
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            self._pages.discard(changed)
            leaving.cancel()


async def _left(socket: WebSocket) -> None:
    """Ends when the page closes its side; whatever it sends is ignored."""
    try:
        while (await socket.receive())["type"] != "websocket.disconnect":
            continue
    except RuntimeError:
        return
