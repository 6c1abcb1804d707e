"""What the processes of people share: what they are told, and how they are run."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from .client import Records

TEXT = "bonjour, où en est ma commande de la semaine dernière ?"
FLUSH_SECONDS = 0.5


@dataclass(frozen=True)
class Told:
    """What one process of people is told; ``rate``: messages a second, of all of them."""

    gateway: str
    records: str
    count: int
    rate: float
    accounts: tuple[tuple[str, str], ...] = ()
    mail_inbound: str = ""


Main = Callable[[Told, Records, asyncio.Event, asyncio.Event], Awaitable[None]]


def source(number: int) -> str:
    """An address of the loopback for the client of that number: the gateway limits by address."""
    return f"127.0.2.{1 + number % 200}"


def run(main: Main) -> None:
    """Run ``main``; lines of the input say `go`, `quiet` and, when all shall be written down, `end`."""
    fields = json.loads(sys.argv[1])
    fields["accounts"] = tuple(tuple(account) for account in fields.get("accounts", ()))
    uvloop.run(_run(main, Told(**fields)))


async def _run(main: Main, told: Told) -> None:
    records = Records(Path(told.records))
    go, quiet = asyncio.Event(), asyncio.Event()
    working = asyncio.create_task(_work(main, told, records, go, quiet))
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    flushing = asyncio.create_task(_flush(records))
    while line := (await reader.readline()).strip():
        if line == b"go":
            go.set()
        elif line == b"quiet":
            quiet.set()
        elif line == b"end":
            break
    working.cancel()
    flushing.cancel()
    records.flush()
    os._exit(0)


async def _work(main: Main, told: Told, records: Records, go: asyncio.Event, quiet: asyncio.Event) -> None:
    try:
        await main(told, records, go, quiet)
    except Exception as error:  # written down: then the run proves nothing, and says so
        records.note("people", "failed", error=f"{type(error).__name__}: {error}")
        records.flush()
        raise


async def _flush(records: Records) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        records.flush()
