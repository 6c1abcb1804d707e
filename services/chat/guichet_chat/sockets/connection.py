"""One socket: what waits for it is bounded, and a slow client is dropped instead of waited for.

An idle one costs as little as can be: no task of its own besides the server's, which waits for the client's next frame.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from guichet_kit.limits import TokenBucket
from prometheus_client import Counter, Gauge

QUEUE_FRAMES = 512
SEND_SECONDS = 15.0
"""A client that takes nothing for so long is gone, or too slow to serve."""

RATE, BURST = 20.0, 100.0

PROTOCOL = "guichet.v1"
BAD_TOKEN, BAD_ORIGIN, TOO_MUCH, TRY_AGAIN, RESTART = 4401, 4403, 4429, 1013, 1012

sockets = Gauge("guichet_chat_sockets", "Open sockets", ["kind"])
dropped = Counter("guichet_chat_slow_clients_total", "Sockets closed because the client was too slow", ["kind"])

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
"""The two ends of an ASGI socket (https://asgi.readthedocs.io/en/latest/specs/www.html#websocket)."""

Text = str | bytes | None


class Gone(Exception):
    """The client is not there any more."""


class Connection:
    """An accepted socket of one kind of client (``customer`` or ``agent``)."""

    __slots__ = (
        "_closed", "_closer", "_expiry", "_may_say", "_receive", "_room", "_send", "_waiting", "_writer", "kind"
    )  # fmt: skip

    def __init__(
        self, receive: Receive, send: Send, kind: str, expires_at: int, may_say: Callable[[], bool] | None = None
    ) -> None:  # fmt: skip
        """``may_say``: whether the client may say one thing more now; by default it has a bucket of its own."""
        self.kind = kind
        self._receive, self._send = receive, send
        self._waiting: deque[str] = deque()
        self._room: asyncio.Event | None = None
        self._writer: asyncio.Task[None] | None = None
        self._closer: asyncio.Task[None] | None = None
        self._closed = False
        self._may_say = may_say or TokenBucket(RATE, BURST).take
        expires_in = max(0.0, expires_at - time.time())
        self._expiry = asyncio.get_running_loop().call_later(expires_in, self.close, BAD_TOKEN)

    def offer(self, frame: str) -> bool:
        """Send a frame without waiting; a client for whom too many wait is dropped. False when it will not get it."""
        if self._closed:
            return False
        if len(self._waiting) >= QUEUE_FRAMES:
            self._drop_slow()
            return False
        self._waiting.append(frame)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return True

    async def send(self, frame: str) -> None:
        """Send a frame, and wait for room as long as the client takes any; `Gone` when it does not."""
        if len(self._waiting) >= QUEUE_FRAMES and not self._closed:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    while len(self._waiting) >= QUEUE_FRAMES and not self._closed:
                        self._room = self._room or asyncio.Event()
                        self._room.clear()
                        await self._room.wait()
            except TimeoutError:
                self._drop_slow()
        if not self.offer(frame):
            raise Gone

    def close(self, code: int) -> None:
        """Close, with what waits left unsent."""
        if not self._closed:
            self._end()
            self._closer = asyncio.create_task(self._close(code))

    async def converse(self, handle: Callable[[Text], Awaitable[None]]) -> None:
        """Handle what the client says, until it leaves, is closed, or says too much."""
        open_ones = sockets.labels(self.kind)
        open_ones.inc()
        try:
            while True:
                message = await self._receive()
                if message["type"] == "websocket.disconnect" or self._closed:
                    return
                if not self._may_say():
                    self.close(TOO_MUCH)
                    return
                text = message.get("text")
                await handle(text if text is not None else message.get("bytes"))
        except Gone:
            return
        finally:
            open_ones.dec()
            await self.ended()

    async def ended(self) -> None:
        """The conversation is over: nothing is sent any more, but for the reason of a closing."""
        self._end()
        for task in (self._writer, self._closer):
            if task is self._writer and task is not None:
                task.cancel()
            if task is not None:
                await asyncio.wait({task})

    def _end(self) -> None:
        self._closed = True
        self._expiry.cancel()
        if self._room is not None:
            self._room.set()

    async def _write(self) -> None:
        try:
            while self._waiting and not self._closed:
                frame = self._waiting.popleft()
                if self._room is not None:
                    self._room.set()
                async with asyncio.timeout(SEND_SECONDS):
                    await self._send({"type": "websocket.send", "text": frame})
        except TimeoutError:
            self._drop_slow()
        except (RuntimeError, OSError):
            self._end()  # the client has left; the server tells the conversation so
        finally:
            self._writer = None

    async def _close(self, code: int) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send({"type": "websocket.close", "code": code, "reason": ""})
        except (TimeoutError, RuntimeError, OSError):
            return

    def _drop_slow(self) -> None:
        if not self._closed:
            dropped.labels(self.kind).inc()
        self.close(TRY_AGAIN)
