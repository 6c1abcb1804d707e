"""The line between a client and a server, in the hands of the test: it can be cut, held and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from yarl import URL


class Wire:
    """Passes bytes on between whoever connects to ``url`` and the server that ``target`` names."""

    def __init__(self, target: str) -> None:
        self._target = URL(target)
        self._port = 0
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._slams = False

    @property
    def url(self) -> str:
        """The server's address, by way of this wire."""
        return str(self._target.with_host("127.0.0.1").with_port(self._port))

    async def mend(self) -> None:
        """Take connections and pass everything on."""
        self._flowing.set()
        self._slams = False
        await self.open()

    async def open(self) -> None:
        """Take connections."""
        if self._server is None:
            self._server = await asyncio.start_server(self._join, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Break all connections and refuse new ones, as when the server dies."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in self._ends:
            end.transport.abort()

    def hold(self) -> None:
        """Leave connections as they are but pass nothing on, as when the network swallows everything."""
        self._flowing.clear()

    def slam(self) -> None:
        """Take new connections and close them at once, as a proxy does before a server that is not up."""
        self._slams = True

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._slams:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection(self._target.host, self._target.port)
        ends = {writer, far_writer}
        self._ends |= ends
        try:
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        finally:
            self._ends -= ends

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            writer.transport.abort()
        else:
            writer.close()


@asynccontextmanager
async def laid(target: str) -> AsyncIterator[Wire]:
    """A wire to ``target`` that passes everything on until it is cut or held."""
    wire = Wire(target)
    await wire.mend()
    try:
        yield wire
    finally:
        wire.cut()
