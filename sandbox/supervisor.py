"""The bot's process: start it, kill it, keep what it said, know when it is ready."""

import asyncio
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import aiohttp

TAIL_LINES: Final = 40
_KEPT_LINES: Final = 400


class NotReady(Exception):
    """The bot did not become ready; the message ends with what it last said."""


class Supervisor:
    """Runs `command` with `env`. Nothing is restarted by itself: a crash stays visible until somebody starts it."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], port: int, on_change: Callable[[], None]
    ) -> None:
        self.started_at: float | None = None
        self.starts = 0
        self.log: deque[str] = deque(maxlen=_KEPT_LINES)
        self._command = [part.replace("{port}", str(port)) for part in command]
        self._env = dict(env)
        self._port = port
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._killed = False

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None and not self._killed

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.running else None

    def panel(self) -> dict[str, Any]:
        """The process's part of the page's state."""
        return {
            "running": self.running,
            "pid": self.pid,
            "started_at": self.started_at,
            "restarts": max(self.starts - 1, 0),
            "log_tail": list(self.log)[-TAIL_LINES:],
        }

    async def start(self) -> None:
        """Start the process unless it runs, or there is no command."""
        if self.running or not self._command:
            return
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._killed = False
        self.starts += 1
        self.started_at = time.time()
        self._reader = asyncio.create_task(self._read(self._process))
        self._on_change()

    def kill(self) -> None:
        """SIGKILL, to the process and its children, as a machine that loses power would."""
        if self._process is not None and self.running:
            self._kill_group(self._process.pid)
            self._killed = True

    async def stop(self) -> None:
        """Ask it to end, insist after five seconds, and wait until it has."""
        if self._process is not None and self.running:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), timeout=5)
            except TimeoutError:
                self.kill()
        if self._process is not None:
            self._kill_group(self._process.pid)
        await self.ended()

    async def ended(self) -> None:
        """Wait until the process is gone and its last words are read."""
        if self._reader is not None:
            await self._reader

    async def ready(self, deadline_seconds: float) -> None:
        """Wait until `/readyz` answers 200. Raises NotReady when it does not in time, or the process ends."""
        end = time.monotonic() + deadline_seconds
        url = f"http://127.0.0.1:{self._port}/readyz"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as http:
            while time.monotonic() < end and (self.running or not self._command):
                try:
                    async with http.get(url) as response:
                        if response.status == 200:
                            return
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(0.02)
        state = f"not ready after {deadline_seconds:g} s" if self.running else "ended"
        raise NotReady(f"the bot's process is {state}; it last said:\n" + "\n".join(list(self.log)[-TAIL_LINES:]))

    @staticmethod
    def _kill_group(leader: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await _line(process.stdout):
            self.log.append(line.decode("utf-8", "replace").rstrip())
            self._on_change()
        code = await process.wait()
        self.log.append(f"[the process ended: {_ending(code)}]")
        self._on_change()


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; one that is too long for the reader's buffer is passed over."""
    while True:
        try:
            return await stream.readline()
        except ValueError:
            continue


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
