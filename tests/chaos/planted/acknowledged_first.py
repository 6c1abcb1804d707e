"""Planted in `chat`: a message is acknowledged and shown half a second before it is written, whatever comes of that.

The argument is the service that is started, as for every file here.
"""

import asyncio
import contextlib
import runpy
import sys
from collections.abc import Sequence

from guichet_chat.conversation import Entry
from guichet_chat.documents import Place
from guichet_chat.store import Refused, Store

DELAY_SECONDS = 0.5

_write = Store.insert_entries
_writing: set[asyncio.Task[None]] = set()


async def insert_entries(self: Store, written: Sequence[tuple[Entry, Place]]) -> list[Refused | None]:
    """Say that it is written; then write."""

    async def later() -> None:
        await asyncio.sleep(DELAY_SECONDS)
        with contextlib.suppress(Exception):
            await _write(self, written)

    task = asyncio.create_task(later())
    _writing.add(task)
    task.add_done_callback(_writing.discard)
    return [None] * len(written)


if __name__ == "__main__":
    Store.insert_entries = insert_entries  # type: ignore[method-assign]
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
