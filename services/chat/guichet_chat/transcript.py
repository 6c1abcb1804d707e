"""Transcripts: conversations that are to be sent by e-mail, which ``requests`` writes and sends.

With ``store.py`` the only file that knows the fields of the documents: a conversation remembers who wanted it so.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from guichet_kit import clock
from guichet_kit.mongo import Document
from guichet_kit.outbox import Relay, pending

from guichet_chat import events
from guichet_chat.conversation import Conversation, IdTaken, Wanted
from guichet_chat.store import Store

PER_VISITOR, WINDOW = 3, timedelta(hours=1)
"""Transcripts that a visitor gets in that time: an address that they name may be anybody's."""


class NothingSaid(Exception):
    """The conversation is still empty."""


class TooManyTranscripts(Exception):
    """The visitor had enough of them; ``retry_after`` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class Transcripts:
    """What can be done with them."""

    def __init__(self, store: Store, relay: Relay, now: Callable[[], datetime] = clock.now) -> None:
        self._store, self._relay, self._now = store, relay, now

    async def request(self, conversation: Conversation, wanted: Wanted) -> None:
        """Have the conversation, as far as it goes now, sent by e-mail. A repeat with the same id changes nothing.

        Raises:
            IdTaken: the id is of another person's.
            NothingSaid: there is no entry yet.
            TooManyTranscripts: the visitor is over the limit.
        """
        tail = await self._store.tail(conversation.id)
        if tail is None:
            raise NothingSaid
        while True:
            # Each look finds what was asked for meanwhile, so that the limit holds for calls at the same moment, too.
            before = await self._asked_for(conversation.id)
            same = next((one for one in before if one["id"] == wanted.id), None)
            if same is not None:
                if same["by"] != wanted.by.id:
                    raise IdTaken
                return
            if wanted.by.kind == "visitor":
                await self._limit(wanted.by.id)
            outbox = [pending(events.transcript_requested(conversation, tail.seq, wanted))]
            added: Document = {"id": wanted.id, "by": wanted.by.id, "at": self._now()}
            result = await self._store.conversations.update_one(
                {"_id": conversation.id, f"transcripts.{len(before)}": {"$exists": False}},
                {"$push": {"transcripts": added, "outbox": {"$each": outbox}}},
            )
            if result.matched_count:
                self._relay.offer(self._store.conversations, conversation.id, outbox)
                return

    async def _asked_for(self, conversation_id: str) -> list[Document]:
        found = await self._store.conversations.find_one({"_id": conversation_id}, {"transcripts": True})
        return found.get("transcripts", []) if found else []

    async def _limit(self, visitor_id: str) -> None:
        since = self._now() - WINDOW
        recent: Document = {"visitor.id": visitor_id, "transcripts.at": {"$gt": since}}
        conversations = await self._store.conversations.find(recent, {"transcripts": True}).to_list(None)
        times = sorted(
            one["at"] for each in conversations for one in each["transcripts"]
            if one["by"] == visitor_id and one["at"] > since
        )  # fmt: skip
        if len(times) >= PER_VISITOR:
            raise TooManyTranscripts(int((times[-PER_VISITOR] - since).total_seconds()) + 1)
