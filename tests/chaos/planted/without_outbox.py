"""Planted in `chat` and `requests`: what cannot be published at once is forgotten, and so is what a dead process left.

That the log is compared with the timelines from time to time is taken out too: it would make good what is missing.
"""

import contextlib
import runpy
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from guichet_chat.log.dead import DeadWriters
from guichet_chat.log.healing import Healing
from guichet_chat.log.store import Untold
from guichet_chat.log.telling import Teller
from guichet_kit import outbox
from guichet_kit.broker import PublishFailed
from guichet_kit.outbox import OutboxRelay

_publish, _tell = OutboxRelay._publish, Teller.tell


async def tell(self: Teller, events: Mapping[int, Mapping[str, Any]]) -> list[int]:
    """Publish once."""
    with contextlib.suppress(Exception):
        await _tell(self, events)
    return []


async def tell_for(self: DeadWriters, dead: Untold) -> int:
    """Nothing of what a dead one left."""
    await self._writers.forget(dead)
    return 0


async def publish(self: OutboxRelay, documents: Sequence[Any]) -> list[Any]:
    """Publish once."""
    try:
        return list(await _publish(self, documents))
    except PublishFailed:
        await outbox._take_out(documents)
        return []


async def nothing(*_: Any) -> None:
    """Do nothing."""


if __name__ == "__main__":
    Teller.tell = tell  # type: ignore[method-assign]
    DeadWriters.tell_for = tell_for  # type: ignore[method-assign]
    Healing.tell = nothing  # type: ignore[assignment, method-assign]
    Healing.tell_again = nothing  # type: ignore[assignment, method-assign]
    OutboxRelay._publish = publish  # type: ignore[method-assign]
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
