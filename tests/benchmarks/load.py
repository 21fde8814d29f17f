"""A load generator in a process of its own: signed slash commands over keep-alive connections, loopback only.

`python -m tests.benchmarks.load PORT CHANNEL CLIENTS SECONDS [PER_SECOND]` prints one JSON object: how many were
acknowledged, how many refused, and each acknowledgement's milliseconds. With PER_SECOND the commands leave on a clock
of their own and are timed from when they should have left (open loop); without, a client sends when it has its answer.
"""

import asyncio
import json
import sys
import time
from secrets import token_hex
from urllib.parse import urlencode

from sandbox.delivery import signature


def request(port: int, channel: str) -> bytes:
    """One `/rai-incident note …` of the on-call engineer, new each time."""
    body = urlencode(
        {
            "command": "/rai-incident",
            "text": f"note Seen again at {token_hex(4)}",
            "channel_id": channel,
            "channel_name": "incident",
            "user_id": "U0ONCALL01",
            "user_name": "oncall",
            "team_id": "T0SANDBOX1",
            "api_app_id": "A0RAIBOT01",
            "trigger_id": f"{token_hex(6)}.{token_hex(8)}",
            "response_url": f"http://127.0.0.1:9/response/{token_hex(6)}",
        }
    ).encode()
    stamp = str(int(time.time()))
    head = (
        f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\nX-Slack-Request-Timestamp: {stamp}\r\n"
        f"X-Slack-Signature: {signature(stamp, body)}\r\n\r\n"
    )
    return head.encode() + body


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int, channel: str) -> None:
        self._port, self._channel = port, channel

    async def open(self) -> "Client":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def send(self) -> bool:
        """One command; whether it was acknowledged."""
        self._writer.write(request(self._port, self._channel))
        head = await self._reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                answer = await self._reader.readexactly(int(line.split(b":")[1]))
                return head.startswith(b"HTTP/1.1 200") and b"Nothing was saved" not in answer
        raise RuntimeError("an answer without a length")


async def closed_loop(clients: list[Client], seconds: float) -> tuple[list[float], int]:
    """Milliseconds of each acknowledgement, and the refusals."""
    taken: list[float] = []
    refused = 0
    end = time.perf_counter() + seconds

    async def one(client: Client) -> None:
        nonlocal refused
        while (began := time.perf_counter()) < end:
            refused += not await client.send()
            taken.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(one(client) for client in clients))
    return taken, refused


async def open_loop(clients: list[Client], seconds: float, per_second: float) -> tuple[list[float], int]:
    """The same at a fixed rate."""
    taken: list[float] = []
    refused = 0
    idle: asyncio.Queue[Client] = asyncio.Queue()
    for client in clients:
        idle.put_nowait(client)
    began = time.perf_counter()

    async def one(due: float) -> None:
        nonlocal refused
        client = await idle.get()
        refused += not await client.send()
        taken.append((time.perf_counter() - due) * 1000)
        idle.put_nowait(client)

    sending = []
    for number in range(int(seconds * per_second)):
        due = began + number / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        sending.append(asyncio.create_task(one(due)))
    await asyncio.gather(*sending)
    return taken, refused


async def main() -> None:
    """Run and print."""
    port, channel, clients, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    opened = [await Client(port, channel).open() for _ in range(clients)]
    began = time.perf_counter()
    if len(sys.argv) > 5:
        taken, refused = await open_loop(opened, seconds, float(sys.argv[5]))
    else:
        taken, refused = await closed_loop(opened, seconds)
    print(json.dumps({"seconds": time.perf_counter() - began, "refused": refused, "milliseconds": taken}))


if __name__ == "__main__":
    asyncio.run(main())
