"""Lines between the services and their servers, in the hands of the test; a process of its own.

Arguments: LISTEN=TARGET pairs of ports of the loopback. Each line of the input is `PORT MODE`:

- ``flow``: all is passed on;
- ``cut``: connections are broken and new ones refused, as when the server is gone;
- ``half``: connections are broken, new ones accepted and closed, as by a proxy whose server is gone;
- ``slow``: everything comes a fifth of a second later;
- ``hold``: nothing is passed on, connections stay, as when the network swallows everything.
"""

import asyncio
import os
import sys

import uvloop

SLOW_SECONDS = 0.2
CHUNK = 1 << 16


class Line:
    """One port that is passed on to another."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self._target = port, target
        self._mode = "flow"
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def be(self, mode: str) -> None:
        """Change how the line behaves."""
        self._mode = mode
        if mode == "hold":
            self._flowing.clear()
        else:
            self._flowing.set()
        if mode in ("cut", "half"):
            for end in list(self._ends):
                end.transport.abort()
        if mode == "cut" and self._server is not None:
            self._server.close()
            self._server = None
        elif mode != "cut" and self._server is None:
            self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "half":
            writer.close()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._ends |= ends
        try:
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        finally:
            self._ends -= ends

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK):
                if self._mode == "slow":
                    await asyncio.sleep(SLOW_SECONDS)
                await self._flowing.wait()
                if writer.is_closing():  # its other direction has ended meanwhile
                    return
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()


async def main() -> None:
    """Carry, and obey the input until it ends."""
    lines: dict[str, Line] = {}
    for pair in sys.argv[1:]:
        listen, _, target = pair.partition("=")
        lines[listen] = Line(int(listen), int(target))
        await lines[listen].be("flow")
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    os.write(1, b"ready\n")
    while command := (await reader.readline()).split():
        await lines[command[0].decode()].be(command[1].decode())
    # The transports of this loop would tell of themselves at the end.
    os._exit(0)


if __name__ == "__main__":
    uvloop.run(main())
