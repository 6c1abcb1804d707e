"""Lets go of what is kept of merged contacts only to part them again, once that is no longer possible."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from guichet_kit import tasks
from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.mongo import PyMongoError

from guichet_contacts.contact.contact import REVERSIBLE
from guichet_contacts.contact.store import ContactStore

SWEEP_SECONDS = 3600.0

log = get_logger(__name__)


async def fold_final_merges(contacts: ContactStore) -> int:
    """Forget who the contacts were whose merge is final; how many there were. Where they went is still known."""
    return await contacts.fold_merges(now() - REVERSIBLE)


@asynccontextmanager
async def folding_final_merges(contacts: ContactStore) -> AsyncIterator[None]:
    """Do so now, and once an hour, until the context ends."""

    async def repeat() -> None:
        while True:
            try:
                if folded := await fold_final_merges(contacts):
                    log.info("final_merges_folded", count=folded)
            except PyMongoError as error:
                log.warning("final_merges_wait", error=str(error)[:200])
            await asyncio.sleep(SWEEP_SECONDS)

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        await tasks.stop(task)
