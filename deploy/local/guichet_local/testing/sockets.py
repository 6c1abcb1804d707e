"""Clients of the live sockets, for tests: they speak the protocol, and remember every frame."""

import asyncio
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
WAIT_SECONDS = 10.0


class SocketClient:
    """One socket. ``frames`` holds all that came, in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.frames: list[Frame] = []
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, url: str, token: str, origin: str | None = None) -> "SocketClient":
        """Connect to ``url`` (http or ws) with ``token`` in the subprotocol."""
        connection = await connect(
            url.replace("http", "ws", 1),
            subprotocols=["guichet.v1", f"bearer.{token}"],  # type: ignore[list-item]
            origin=origin,  # type: ignore[arg-type]
            compression=None,
            max_size=None,
            proxy=None,
        )
        return cls(connection)

    async def send(self, frame_type: str, **fields: Any) -> None:
        """Send one frame."""
        await self.send_raw(json.dumps({"type": frame_type, **fields}))

    async def send_raw(self, data: str | bytes) -> None:
        """Send text or bytes as they are."""
        await self._connection.send(data)

    async def send_pieces(self, pieces: Sequence[str]) -> None:
        """Send one message in several pieces (RFC 6455, section 5.4)."""
        await self._connection.send(pieces)

    async def post(self, text: str, **fields: Any) -> str:
        """Post a message without waiting; returns its id."""
        client_id = str(fields.pop("id", None) or uuid.uuid4())
        await self.send("message.post", id=client_id, text=text, **fields)
        return client_id

    async def wait(self, matches: Callable[[Frame], bool], seconds: float = WAIT_SECONDS) -> Frame:
        """The first frame, past or to come, that matches."""
        async with asyncio.timeout(seconds):
            while True:
                self._news.clear()
                for frame in self.frames:
                    if matches(frame):
                        return frame
                if self._reader.done():
                    raise ConnectionError(f"closed ({self.close_code}) before the frame came: {self.frames[-3:]}")
                await self._news.wait()

    async def frame(self, frame_type: str, seconds: float = WAIT_SECONDS, **fields: Any) -> Frame:
        """The first frame of this type with these fields."""
        return await self.wait(
            lambda f: f["type"] == frame_type and all(f.get(k) == v for k, v in fields.items()), seconds
        )

    async def count(self, frame_type: str, count: int, seconds: float = WAIT_SECONDS) -> list[Frame]:
        """The frames of this type, once at least ``count`` of them came."""
        await self.wait(lambda _: len(self.of(frame_type)) >= count, seconds)
        return self.of(frame_type)

    async def entries(self, count: int, seconds: float = WAIT_SECONDS) -> list[Frame]:
        """The entries that came, once there are ``count`` of them."""
        return await self.count("entry", count, seconds)

    def shown(self) -> list[Frame]:
        """The entries that came so far, in the order they came in."""
        return self.of("entry")

    def of(self, frame_type: str) -> list[Frame]:
        """The frames of this type that came so far."""
        return [frame for frame in self.frames if frame["type"] == frame_type]

    async def closed(self, seconds: float = WAIT_SECONDS) -> int | None:
        """Wait until the server closes the socket; the code."""
        async with asyncio.timeout(seconds):
            await self._connection.wait_closed()
        return self.close_code

    @property
    def close_code(self) -> int | None:
        """The code that the socket was closed with, or None."""
        return self._connection.close_code

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server chose."""
        return self._connection.subprotocol

    async def close(self) -> None:
        """Close the socket."""
        await self._connection.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                self.frames.append(json.loads(text))
                self._news.set()
        except ConnectionClosed:
            pass
        finally:
            self._news.set()
