"""A network between one browser and the gateway, that a test can cut."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Network:
    """Carries TCP connections to ``port`` on this machine; ``cut`` breaks them and lets no new one through."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._up = True
        self._allowed: float = math.inf
        self._speaking = asyncio.Event()
        self._speaking.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.listens_on = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Network"]:
        """Carry connections until the context ends."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.listens_on = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection, and refuse new ones, until `mend`."""
        self._up = False
        for writer in self._writers:
            writer.transport.abort()

    def cut_after(self, sent: int) -> None:
        """Let the browser send so many more bytes, then `cut`."""
        self._allowed = sent

    def silence(self) -> None:
        """Let the connections that are open now die without a word; new ones work."""
        self._speaking.clear()
        self._speaking = asyncio.Event()
        self._speaking.set()

    def mend(self) -> None:
        """Let connections through again."""
        self._up = True
        self._allowed = math.inf

    def _count(self, sent: int) -> None:
        self._allowed -= sent
        if self._allowed < 0:
            self.cut()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._up:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        speaking = self._speaking
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._port)
        pair = {writer, upstream_writer}
        self._writers |= pair

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    await speaking.wait()
                    if source is reader:
                        self._count(len(data))
                    sink.write(data)
                    await sink.drain()
            sink.transport.abort()

        try:
            await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer))
        finally:
            self._writers -= pair
            for end in pair:
                end.transport.abort()
            self._tasks.discard(task)
