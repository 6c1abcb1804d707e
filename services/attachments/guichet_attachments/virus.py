"""ClamAV's daemon: ``INSTREAM`` over a socket (https://docs.clamav.net/manual/Usage/Scanning.html#clamd)."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from guichet_kit.outages import Away

SCAN_SECONDS = 60.0
_FOUND, _CLEAN = " FOUND", "stream: OK"


class ScannerUnavailable(Away):
    """No verdict: the daemon is away, too slow, or could not scan. Nothing is let through meanwhile."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``virus`` is the name of what was found; None when nothing was."""

    virus: str | None


class Scanner(Protocol):
    """Looks for viruses."""

    async def scan(self, chunks: AsyncIterator[bytes]) -> Verdict:
        """The verdict on the bytes; `ScannerUnavailable` when there is none."""

    async def ping(self) -> None:
        """Ask for a sign of life; `ScannerUnavailable` when there is none."""


class NoScanner:
    """Where no daemon is set, nothing is scanned."""

    async def scan(self, chunks: AsyncIterator[bytes]) -> Verdict:
        """Nothing was looked for."""
        return Verdict(None)

    async def ping(self) -> None:
        """There is nothing to be away."""


class Clamd:
    """A ``clamd`` at ``tcp://host:port`` or ``unix:///path``."""

    def __init__(self, address: str) -> None:
        self._address = urlsplit(address)

    async def scan(self, chunks: AsyncIterator[bytes]) -> Verdict:
        """As in `Scanner`. The daemon's ``StreamMaxLength`` must be above the largest file."""
        async with self._connected() as (reader, writer):
            writer.write(b"zINSTREAM\0")
            async for chunk in chunks:
                writer.write(struct.pack(">I", len(chunk)) + chunk)
                await writer.drain()
            writer.write(struct.pack(">I", 0))
            answer = await _answer(reader)
        if answer == _CLEAN:
            return Verdict(None)
        if answer.endswith(_FOUND):
            return Verdict(answer.removesuffix(_FOUND).removeprefix("stream: "))
        raise ScannerUnavailable(f"clamd said {answer!r}")

    async def ping(self) -> None:
        """As in `Scanner`."""
        async with self._connected() as (reader, writer):
            writer.write(b"zPING\0")
            answer = await _answer(reader)
        if answer != "PONG":
            raise ScannerUnavailable(f"clamd said {answer!r}")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            async with asyncio.timeout(SCAN_SECONDS):
                if self._address.scheme == "unix":
                    reader, writer = await asyncio.open_unix_connection(self._address.path)
                else:
                    reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
                try:
                    yield reader, writer
                finally:
                    writer.close()
        except (OSError, EOFError, TimeoutError) as error:
            raise ScannerUnavailable(f"clamd: {error!r}") from error


async def _answer(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\0"))[:-1].decode("utf-8", "replace")
