"""One socket: a bounded queue, one writer, and a slow client that is dropped instead of waited for."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from fastapi import WebSocket, WebSocketDisconnect
from guichet_kit.limits import TokenBucket
from prometheus_client import Counter, Gauge

QUEUE_FRAMES = 512
SEND_SECONDS = 15.0
"""A client that takes nothing for so long is gone, or too slow to serve."""

RATE, BURST = 20.0, 100.0

PROTOCOL = "guichet.v1"
BAD_TOKEN, BAD_ORIGIN, TOO_MUCH, TRY_AGAIN = 4401, 4403, 4429, 1013

sockets = Gauge("guichet_chat_sockets", "Open sockets", ["kind"])
dropped = Counter("guichet_chat_slow_clients_total", "Sockets closed because the client was too slow", ["kind"])


class Gone(Exception):
    """The client is not there any more."""


class Connection:
    """An accepted socket of one kind of client (``customer`` or ``agent``)."""

    def __init__(self, socket: WebSocket, kind: str, expires_at: int) -> None:
        self.kind = kind
        self._socket = socket
        self._expires_in = max(0.0, expires_at - time.time())
        self._queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_FRAMES)
        self._close_code: int | None = None
        self._closing = asyncio.Event()
        self._bucket = TokenBucket(RATE, BURST)

    def offer(self, frame: str) -> bool:
        """Queue a frame without waiting; a client whose queue is full is dropped. False when it will not get it."""
        if self._closing.is_set():
            return False
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self._drop_slow()
            return False
        return True

    async def send(self, frame: str) -> None:
        """Queue a frame, and wait for room as long as the client takes any; `Gone` when it does not."""
        if self._closing.is_set():
            raise Gone
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._queue.put(frame)
        except TimeoutError:
            self._drop_slow()
            raise Gone from None

    def close(self, code: int) -> None:
        """Close soon, with what is queued left unsent."""
        if not self._closing.is_set():
            self._close_code = code
            self._closing.set()

    async def frames(self) -> AsyncIterator[str | bytes | None]:
        """What the client says, until it leaves, is closed, or says too much. Runs the writer meanwhile."""
        sockets.labels(self.kind).inc()
        writer = asyncio.create_task(self._write())
        closer = asyncio.create_task(self._close_in_time())
        try:
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect" or self._closing.is_set():
                    return
                if not self._bucket.take():
                    self.close(TOO_MUCH)
                    await closer
                    return
                text = message.get("text")
                yield text if text is not None else message.get("bytes")
        finally:
            sockets.labels(self.kind).dec()
            self._closing.set()
            for task in (writer, closer):
                task.cancel()
            await asyncio.gather(writer, closer, return_exceptions=True)

    async def _write(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
            while True:
                frame = await self._queue.get()
                try:
                    async with asyncio.timeout(SEND_SECONDS):
                        await self._socket.send_text(frame)
                except TimeoutError:
                    self._drop_slow()
                    return

    async def _close_in_time(self) -> None:
        """Close when asked to, or when the token ends."""
        try:
            async with asyncio.timeout(self._expires_in):
                await self._closing.wait()
        except TimeoutError:
            self._close_code = BAD_TOKEN
            self._closing.set()
        if self._close_code is not None:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
                async with asyncio.timeout(SEND_SECONDS):
                    await self._socket.close(self._close_code)

    def _drop_slow(self) -> None:
        if not self._closing.is_set():
            dropped.labels(self.kind).inc()
        self.close(TRY_AGAIN)
