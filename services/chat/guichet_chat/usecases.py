"""What can be done with visitors and conversations. State and event are saved in one write; the relay publishes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakValueDictionary

from guichet_kit import clock
from guichet_kit.ids import new_id
from guichet_kit.outbox import Relay, pending
from prometheus_client import Counter

from guichet_chat import events
from guichet_chat.conversation import (
    Author,
    ClosingStatus,
    Conversation,
    ConversationClosed,
    Draft,
    Entry,
    Identity,
    IdTaken,
    NoSuchConversation,
    Reader,
    Visitor,
    next_entry,
    successor,
)
from guichet_chat.erasure import erase_visitor
from guichet_chat.store import ClientIdTaken, CustomerTaken, OpenConversationExists, SeqTaken, Store

appended = Counter("guichet_chat_entries_appended_total", "Entries appended to conversations", ["kind"])
contended = Counter("guichet_chat_append_contended_total", "Appends that another writer was quicker than")


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry that is durable. ``repeat``: it was already there."""

    conversation: Conversation
    entry: Entry
    repeat: bool = False


class Chat:
    """The use cases of the service."""

    def __init__(self, store: Store, relay: Relay, now: Callable[[], datetime] = clock.now) -> None:
        self._store, self._relay, self._now = store, relay, now
        # Writers of this process wait for each other here instead of losing races in the database.
        self._writing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def begin_session(
        self,
        visitor_id: str | None,
        site: str,
        name: str | None,
        email: str | None,
        identity: Identity | None = None,
    ) -> Visitor:
        """The visitor that ``visitor_id`` names, or a new one; what they say of themselves is added to what is known.

        A visitor whom the site identifies is the one whom it identified so before, on whatever device. The first time,
        it is the visitor of ``visitor_id``, who thereby keeps the conversation begun before signing in.
        """
        while True:
            known = await self._store.visitor(visitor_id) if visitor_id else None
            if known is not None and not known.may_go_on(site, identity):
                visitor_id = known = None
            if identity is not None:
                known = await self._store.customer(site, identity.customer_id) or known
            visitor = (known or Visitor(visitor_id or new_id(), site)).claiming(name, email)
            if identity is not None:
                visitor = visitor.identified(identity)
            try:
                if visitor != known:
                    await self._store.save_visitor(visitor)
            except CustomerTaken:
                continue  # another device was quicker
            if await self._erased_meanwhile(visitor):
                continue  # and begins anew, as somebody else
            return visitor

    async def conversation(self, conversation_id: str, visitor_id: str | None = None) -> Conversation:
        """The conversation; `NoSuchConversation` when there is none, or it is not that visitor's."""
        found = await self._store.conversation(conversation_id)
        if found is None or (visitor_id is not None and found.visitor.id != visitor_id):
            raise NoSuchConversation
        return found

    async def latest_conversation(self, visitor_id: str) -> tuple[Conversation, Entry | None] | None:
        """The visitor's last opened conversation and the last entry of its log."""
        found = await self._store.latest_conversation(visitor_id)
        return None if found is None else (found, await self._store.tail(found.id))

    async def read_log(self, conversation_id: str, after_seq: int, limit: int) -> list[Entry]:
        """Up to ``limit`` entries after a cursor, in order."""
        return await self._store.entries_after(conversation_id, after_seq, limit)

    async def post_message(self, conversation: Conversation, draft: Draft) -> Appended:
        """Append a message to the conversation, once.

        Raises:
            ConversationClosed: it is closed, and this message is not in it.
            IdTaken: the id belongs to another author's message.
        """
        return await self._append(conversation, draft)

    async def post_visitor_message(self, visitor_id: str, draft: Draft) -> Appended:
        """Append a visitor's message to their open conversation; open one where there is none.

        Raises:
            IdTaken: the id belongs to another author's message.
            NoSuchConversation: there is no such visitor.
        """
        while True:
            conversation = await self._store.open_conversation(visitor_id)
            if conversation is None:
                sent_before = await self._store.visitor_entry_by_client_id(visitor_id, draft.client_id)
                if sent_before is not None:
                    return Appended(await self.conversation(sent_before.conversation_id), sent_before, repeat=True)
                conversation = await self._open(visitor_id)
                if conversation is None:
                    continue  # another socket of the visitor was quicker
            try:
                return await self._append(conversation, draft)
            except ConversationClosed:
                continue  # closed in between, and now marked so: the next round opens another

    async def close(self, conversation_id: str, by: Author, request_status: ClosingStatus) -> Appended:
        """Append the closing, which says what becomes of the request.

        Raises:
            NoSuchConversation: there is none of that id.
            ConversationClosed: somebody has closed it already.
        """
        conversation = await self.conversation(conversation_id)
        draft = Draft(client_id=new_id(), author=by, kind="closed", request_status=request_status)
        closing = await self._append(conversation, draft)
        await self._store.mark_closed(conversation_id)
        return closing

    async def mark_read(self, conversation_id: str, reader: Reader, seq: int) -> bool:
        """Move the reader's mark to ``seq``, forward only and not past the log; whether it moved."""
        tail = await self._store.tail(conversation_id)
        seq = min(seq, tail.seq if tail else 0)
        outbox = [pending(events.conversation_read(conversation_id, reader, seq))]
        moved = await self._store.advance_read(conversation_id, reader, seq, outbox)
        if moved:
            self._relay.offer(self._store.conversations, conversation_id, outbox)
        return moved

    async def _open(self, visitor_id: str) -> Conversation | None:
        visitor = await self._store.visitor(visitor_id)
        if visitor is None:
            raise NoSuchConversation
        previous = await self._store.latest_conversation(visitor_id)
        closing = await self._store.tail(previous.id) if previous else None
        conversation = successor(new_id(), visitor, previous, closing, self._now())
        outbox = [pending(events.conversation_opened(conversation))]
        try:
            await self._store.insert_conversation(conversation, outbox)
        except OpenConversationExists:
            return None
        self._relay.offer(self._store.conversations, conversation.id, outbox)
        return conversation

    async def _append(self, conversation: Conversation, draft: Draft) -> Appended:
        lock = self._writing.setdefault(conversation.id, asyncio.Lock())
        async with lock:
            while True:
                tail = await self._store.tail(conversation.id)
                try:
                    entry = next_entry(conversation, tail, draft, self._now())
                except ConversationClosed:
                    await self._store.mark_closed(conversation.id)
                    sent_before = await self._store.entry_by_client_id(conversation.id, draft.client_id)
                    if sent_before is None:
                        raise
                    return await self._repeat(draft, sent_before)
                outbox = [pending(events.entry_appended(conversation, entry))]
                try:
                    await self._store.insert_entry(entry, outbox)
                except SeqTaken:
                    contended.inc()
                    continue
                except ClientIdTaken:
                    sent_before = await self._store.entry_by_client_id(
                        conversation.id, draft.client_id
                    ) or await self._store.visitor_entry_by_client_id(conversation.visitor.id, draft.client_id)
                    if sent_before is None:
                        continue
                    return await self._repeat(draft, sent_before)
                appended.labels(entry.kind).inc()
                if await self._erased_meanwhile(conversation.visitor):
                    # The event, now without the person, is left to the relay's sweep.
                    rewritten = await self._store.entries_after(conversation.id, entry.seq - 1, 1)
                    return Appended(await self.conversation(conversation.id), rewritten[0])
                self._relay.offer(self._store.entries, f"{entry.conversation_id}:{entry.seq}", outbox)
                return Appended(conversation, entry)

    async def _erased_meanwhile(self, visitor: Visitor) -> bool:
        """Whether who the visitor is was to be forgotten while it was written down; then it is erased again."""
        if visitor.name is None and visitor.email is None:
            return False
        known = await self._store.visitor(visitor.id)
        if known is None or not known.erased:
            return False
        await erase_visitor(self._store, visitor.id, visitor)
        return True

    async def _repeat(self, draft: Draft, entry: Entry) -> Appended:
        if (entry.author.kind, entry.author.id) != (draft.author.kind, draft.author.id):
            raise IdTaken
        return Appended(await self.conversation(entry.conversation_id), entry, repeat=True)
