"""A stand-in for ClamAV's daemon: the same protocol over a real socket, one known virus."""

import asyncio
import struct

from guichet_local.ports import free_port

from . import samples


class FakeClamd:
    """Speaks ``INSTREAM`` and ``PING`` as clamd does; can be away and come back at the same address."""

    def __init__(self, stream_limit: int = 30_000_000) -> None:
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scanned = 0
        self._stream_limit = stream_limit
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readuntil(b"\0")
        if command == b"zPING\0":
            writer.write(b"PONG\0")
        elif command == b"zINSTREAM\0":
            writer.write(await self._verdict(reader) + b"\0")
        else:
            writer.write(b"UNKNOWN COMMAND\0")
        await writer.drain()
        writer.close()

    async def _verdict(self, reader: asyncio.StreamReader) -> bytes:
        data = bytearray()
        while length := struct.unpack(">I", await reader.readexactly(4))[0]:
            data += await reader.readexactly(length)
            if len(data) > self._stream_limit:
                return b"INSTREAM size limit exceeded. ERROR"
        self.scanned += 1
        return b"stream: Eicar-Test-Signature FOUND" if samples.EICAR in data else b"stream: OK"
