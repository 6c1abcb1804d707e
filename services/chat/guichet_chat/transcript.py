"""Transcripts: conversations that are to be sent by e-mail, which ``requests`` writes and sends.

With ``store.py`` the only file that knows the fields of the documents: a conversation remembers who wanted it so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from guichet_kit import clock
from guichet_kit.limits import network_of
from guichet_kit.mongo import Document
from guichet_kit.outbox import Relay, pending
from guichet_kit.quotas import Quotas
from guichet_kit.work import Work

from guichet_chat import events
from guichet_chat.conversation import Conversation, IdTaken, Wanted
from guichet_chat.store import Store

PER_VISITOR, WINDOW = 3, timedelta(hours=1)
"""Transcripts that a visitor gets in that time: an address that they name may be anybody's."""

CROWDS = ("address", "site", "installation")
"""Who may be many people, none of whom is to be refused for what the others do."""


class NothingSaid(Exception):
    """The conversation is still empty."""


class TooManyTranscripts(Exception):
    """The visitor, or the address, had enough of them; ``retry_after`` in seconds.

    Where only a crowd had, ``challenge`` is what to do for another one.
    """

    def __init__(self, retry_after: int, challenge: Mapping[str, object] | None = None) -> None:
        super().__init__(retry_after)
        self.retry_after, self.challenge = retry_after, challenge


@dataclass(frozen=True, slots=True)
class Asker:
    """Where a visitor asks from, and the work that they did for it: a challenge and the number that answers it."""

    address: str
    work: tuple[str, int] | None = None


class Transcripts:
    """What can be done with them."""

    def __init__(
        self, store: Store, relay: Relay, quotas: Quotas, work: Work, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._store, self._relay, self._quotas, self._work, self._now = store, relay, quotas, work, now

    async def request(self, conversation: Conversation, wanted: Wanted, asker: Asker | None = None) -> None:
        """Have the conversation, as far as it goes now, sent by e-mail. A repeat with the same id changes nothing.

        Raises:
            IdTaken: the id is of another person's.
            NothingSaid: there is no entry yet.
            TooManyTranscripts: the visitor is over a limit.
        """
        counted = asker is None
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
            if asker is not None and not counted:
                await self._count(conversation, wanted.email, asker)
                counted = True
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

    async def _count(self, conversation: Conversation, email: str | None, asker: Asker) -> None:
        at = self._now()
        subjects = {
            "recipient": (email or conversation.visitor.email or "").strip().casefold(),
            "address": network_of(asker.address),
            "site": conversation.visitor.site,
            "installation": "",
        }
        over = await self._quotas.take(subjects, at, CROWDS if await self._has_worked(asker) else ())
        if not over:
            return
        challenge = None
        if all(one.kind in CROWDS for one in over):
            hardest = max(over, key=lambda one: one.tried / one.most)
            challenge = self._work.challenge(hardest.tried, hardest.most)
        raise TooManyTranscripts(over[0].retry_after, challenge)

    async def _has_worked(self, asker: Asker) -> bool:
        done = self._work.done(*asker.work) if asker.work else None
        return done is not None and await self._quotas.once(done.id, done.until)
