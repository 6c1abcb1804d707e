"""An HTTP client that costs little: one connection, one answer after the other. For loads, not for the world."""

import asyncio
import json
from typing import Any


class Client:
    """A connection to a port of the loopback that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self._reader, self._writer = reader, writer
        self._head = f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n".encode()

    @classmethod
    async def open(cls, port: int, token: str, source: str) -> "Client":
        """Connect from the loopback address ``source``. Raises OSError."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        return cls(reader, writer, token)

    async def get(self, path: str) -> int:
        """Ask, read the whole answer, and tell its status."""
        self._writer.write(b"GET " + path.encode() + b" " + self._head + b"\r\n")
        return (await self._answer())[0]

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post JSON; the answer's JSON."""
        content = json.dumps(body).encode()
        about = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        self._writer.write(b"POST " + path.encode() + b" " + self._head + about + content)
        answer: dict[str, Any] = json.loads((await self._answer())[1])
        return answer

    async def _answer(self) -> tuple[int, bytes]:
        content = b""
        head = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = head.lower().split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines if line)
        if headers.get(b"transfer-encoding") == b"chunked":
            while size := int(await self._reader.readline(), 16):
                content += (await self._reader.readexactly(size + 2))[:-2]
            await self._reader.readline()
        else:
            content = await self._reader.readexactly(int(headers[b"content-length"]))
        return int(first.split(b" ")[1]), content

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()
