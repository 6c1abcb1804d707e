"""A WebSocket client that costs little: the `websockets` library's protocol on a bare asyncio transport.

Its own client has a task, a queue and several wake-ups for each message; one process that loads two processors with
others must not pay for them.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

Message = dict[str, Any]
OPEN_SECONDS = 60.0
SUBPROTOCOL = "guichet.v1"


class NotOpened(ConnectionError):
    """The server did not take the socket; the text is its status, or the connection's end."""


class Socket(asyncio.Protocol):
    """One socket. ``on_frame`` is called with each frame that comes, in the loop; ``on_close`` when it ended."""

    def __init__(self, url: str, token: str | None, on_frame: Callable[["Socket", Message], None]) -> None:
        offered: Any = [SUBPROTOCOL, f"bearer.{token}"] if token else None
        self._protocol = ClientProtocol(parse_uri(url), subprotocols=offered, max_size=None)
        self._on_frame = on_frame
        self._transport: asyncio.Transport | None = None
        self.on_close: Callable[[Socket], None] | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self.label: Any = None

    @classmethod
    async def open(
        cls, url: str, token: str | None, on_frame: Callable[["Socket", Message], None], source: str = "127.0.0.1"
    ) -> "Socket":
        """Connect from the loopback address ``source``, and wait for the handshake. Raises `NotOpened`, OSError."""
        parts = urlsplit(url)
        socket = cls(url, token, on_frame)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                address = parts.hostname or "", parts.port or 80
                await loop.create_connection(lambda: socket, *address, local_addr=(source, 0))
                await socket.opened
        except BaseException:
            socket.end()
            raise
        return socket

    def send(self, message: Message) -> None:
        """Send one frame; nothing when the socket has ended, or the server has begun to close it."""
        if self._transport is not None and self._protocol.state is State.OPEN and not self.closed:
            self._protocol.send_text(json.dumps(message).encode())
            self._flush()

    def end(self) -> None:
        """Break the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Begin the handshake."""
        self._transport = transport
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Hand on what came, and answer pings."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                if event.opcode is Opcode.TEXT:
                    self._on_frame(self, json.loads(bytes(event.data)))
            elif isinstance(event, Response) and not self.opened.done():
                if event.status_code == 101:
                    self.opened.set_result(None)
                else:
                    self.opened.set_exception(NotOpened(f"status {event.status_code}"))
        self._flush()

    def eof_received(self) -> None:
        """The server has said its last."""
        self._protocol.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever wants to know."""
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(NotOpened(f"the connection ended: {exc}"))
            self.opened.exception()  # read, so that a caller who has left misses nothing
        if self.on_close is not None:
            self.on_close(self)

    def _flush(self) -> None:
        if self._transport is None:
            return
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
