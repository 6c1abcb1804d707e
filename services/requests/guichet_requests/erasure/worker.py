"""Goes on with erasures that did not come to their end, whatever stopped them: none stays half done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from guichet_kit import tasks
from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES

from guichet_requests.erasure.usecases import Everywhere, complete

IDLE = timedelta(minutes=1)
"""An erasure that nobody has gone on with for so long has stopped."""

LOOK_SECONDS = 20.0
LOOKED_AFTER = timedelta(hours=1)
"""For so long an erasure that is over is looked after."""

log = get_logger(__name__)


async def resume(everywhere: Everywhere, idle: timedelta = IDLE) -> int:
    """Bring the erasures that have stopped to their end; how many there were. One that fails keeps no other waiting."""
    resumed = 0
    while erasure := await everywhere.erasures.claim_unfinished(idle):
        resumed += 1
        try:
            await complete(everywhere, erasure)
        except OUTAGES:
            raise
        except Exception:  # it is tried again when it has been idle for as long once more
            log.exception("erasure_not_finished", contact_id=erasure.contact_id)
        else:
            log.info("erasure_resumed", contact_id=erasure.contact_id)
    return resumed


async def look_after(everywhere: Everywhere, since: timedelta = LOOKED_AFTER) -> int:
    """Bring erasures to their end once more whose contact is on a request again; how many there were.

    An agent's link that was written while the contact was erased looks again by itself, unless its process died.
    """
    again = 0
    for erasure in await everywhere.erasures.finished_since(now() - since):
        if [one async for one in everywhere.requests.of_person(erasure.contact_ids, ())]:
            again += 1
            await complete(everywhere, erasure)
    return again


@asynccontextmanager
async def resuming(everywhere: Everywhere) -> AsyncIterator[None]:
    """Do so again and again, until the context ends."""

    async def repeat() -> None:
        while True:
            try:
                await resume(everywhere)
                await look_after(everywhere)
            except OUTAGES as error:
                log.warning("erasures_wait", error=str(error)[:200])
            except Exception:  # it goes on whatever happens
                log.exception("erasures_wait")
            await asyncio.sleep(LOOK_SECONDS)

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        await tasks.stop(task)
