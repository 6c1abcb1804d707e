"""The log is the truth, an event is a hint: how far logs go is told every minute, and what was not heard once more."""

import asyncio
import time

from guichet_kit.broker import PublishFailed
from guichet_kit.logs import get_logger
from prometheus_client import Counter

from guichet_chat.conversation import Conversation, Entry
from guichet_chat.events import log_advanced
from guichet_chat.log.telling import Publisher, Teller
from guichet_chat.store import Store

EVERY_SECONDS = 60.0
LATELY_SECONDS = 600.0
TAILS = 500
"""Conversations of one event."""

PAGE = 100

wanted = Counter("guichet_chat_entries_wanted_total", "Entries that somebody asked to be told again")

log = get_logger(__name__)


class Healing:
    """Tells how far the logs go that this process wrote lately, and what somebody lacks."""

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self._store, self._publisher = store, publisher
        self._teller = Teller(store, publisher)
        self._written: dict[str, tuple[int, float]] = {}

    def appended(self, conversation: Conversation, entry: Entry) -> None:
        """The entry is one that this process wrote."""
        self._written[conversation.id] = (entry.seq, time.monotonic())

    async def tell_for_ever(self) -> None:
        """Tell every minute; a failure is made good by the next time."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.tell()
            except PublishFailed as error:
                log.info("tails_not_told", error=str(error)[:200])
            except Exception:  # it goes on whatever happens
                log.exception("tails_not_told")

    async def tell(self) -> None:
        """Tell now; raises `PublishFailed`."""
        since = time.monotonic() - LATELY_SECONDS
        self._written = {key: written for key, written in self._written.items() if written[1] > since}
        tails = [(conversation_id, seq) for conversation_id, (seq, _) in self._written.items()]
        for start in range(0, len(tails), TAILS):
            await self._publisher.publish_batch([log_advanced(tails[start : start + TAILS])])

    async def tell_again(self, conversation_id: str, after_seq: int, up_to_seq: int | None = None) -> None:
        """Publish again what the log holds after ``after_seq``, up to ``up_to_seq`` or to its end.

        Raises `PublishFailed`, or one of ``OUTAGES``.
        """
        conversation = await self._store.conversation(conversation_id)
        while conversation is not None:
            page = PAGE if up_to_seq is None else min(PAGE, up_to_seq - after_seq)
            entries = await self._store.entries_after(conversation_id, after_seq, page) if page > 0 else []
            if not entries:
                return
            wanted.inc(len(entries))
            await self._teller.tell_again(conversation, entries)
            after_seq = entries[-1].seq
