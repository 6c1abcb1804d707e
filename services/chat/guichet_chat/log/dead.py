"""What processes left untold that ended: any other tells it."""

import asyncio
from datetime import timedelta

from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES
from guichet_kit.outages import Away

from guichet_chat.events import entry_event
from guichet_chat.log.store import Untold, WriterStore
from guichet_chat.log.telling import Teller, told

SWEEP_SECONDS = 5.0
LOOK_AGAIN = timedelta(minutes=1)
FORGET_AFTER = timedelta(hours=1)
"""What a process sent before it ended may arrive for a while after."""

_PAGE = 100
_MAY_PASS: tuple[type[Exception], ...] = (*OUTAGES, Away)

log = get_logger(__name__)


class DeadWriters:
    """Tells what dead processes wrote and did not tell."""

    def __init__(self, writers: WriterStore, teller: Teller, lease: timedelta) -> None:
        self._writers, self._teller, self._lease = writers, teller, lease

    async def tell_for_ever(self) -> None:
        """Look every few seconds for processes whose time is over."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                while (dead := await self._writers.claim_dead(now(), self._lease)) is not None:
                    await self.tell_for(dead)
            except _MAY_PASS as error:
                log.warning("dead_writers_not_told_for", error=str(error)[:200])
            except Exception:  # it goes on whatever happens
                log.exception("dead_writers_not_told_for")

    async def tell_for(self, dead: Untold) -> int:
        """Tell what a dead process left; how much it was. Raises one of ``OUTAGES``, or `PublishFailed`."""
        count, mark, kept = 0, dead.told, False
        found = await self._writers.written_at(dead.writer, dead.gaps) if dead.gaps else []
        gaps = set(dead.gaps)
        while True:
            if found:
                found = await self._teller.checked(found)
                left = await self._teller.tell({one.number: entry_event(one.conversation, one.entry) for one in found})
                gaps.difference_update(one.number for one in found if one.number not in left)
                count += len(found) - len(left)
                kept = kept or bool(left)
            found = await self._writers.written_after(dead.writer, mark, _PAGE)
            if not found:
                break
            last = found[-1].number
            gaps.update(range(mark + 1, last + 1))
            mark = last
        told.labels("for_a_dead_process").inc(count)
        if count:
            log.info("told_for_a_dead_process", writer=dead.writer, count=count)
        if now() - dead.until > FORGET_AFTER and not kept:
            await self._writers.forget(dead)
        else:
            await self._writers.looked_at(dead.writer, mark, sorted(gaps), now() + LOOK_AGAIN)
        return count
