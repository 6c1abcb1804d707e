"""What the supervisor runs: a program, how to know that it is ready, how to end it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

Probe = Callable[[], Awaitable[bool]]

PROBE_SECONDS = 2.0


@dataclass(frozen=True)
class Program:
    """One process of the system.

    `ready` is asked again and again until it says yes; `prepare` runs before each start and writes what the
    program reads; `litter` are files outside its folder that it leaves behind. Programs of a higher `layer` are
    stopped before those of a lower one. Times are in seconds.
    """

    name: str
    command: Sequence[str]
    ready: Probe
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    prepare: Callable[[], None] | None = None
    ready_seconds: float = 90.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    layer: int = 1
    litter: Sequence[Path] = ()


def accepts(port: int) -> Probe:
    """A probe: something accepts connections on this port of the loopback."""

    async def probe() -> bool:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
        return True

    return probe


def answers(port: int, path: str) -> Probe:
    """A probe: an HTTP GET of `path` is answered with 200."""

    async def probe() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            status_line = await reader.readline()
        finally:
            writer.close()
            await writer.wait_closed()
        return b" 200 " in status_line

    return probe


async def is_ready(probe: Probe) -> bool:
    """Asks a probe once; not reachable and not in time both mean no."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(PROBE_SECONDS):
            return await probe()
    return False
