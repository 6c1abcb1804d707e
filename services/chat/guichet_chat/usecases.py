"""What can be done with visitors and conversations. State and event are saved in one write; the relay publishes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from guichet_kit import clock
from guichet_kit.ids import new_id
from guichet_kit.outbox import Relay, pending

from guichet_chat import events
from guichet_chat.conversation import (
    Author,
    ClosingStatus,
    Conversation,
    ConversationClosed,
    Draft,
    Entry,
    Identity,
    NoSuchConversation,
    Reader,
    Tail,
    Visitor,
    successor,
)
from guichet_chat.erasure import erase_again, erase_visitor, known_as_somebody
from guichet_chat.log.appending import Appended
from guichet_chat.log.committer import Committer
from guichet_chat.log.greeter import Greeter
from guichet_chat.log.known import Known
from guichet_chat.store import OpenConversationExists, Store
from guichet_chat.visitors import CustomerTaken
from guichet_chat.whole import whole

SILENT_KEPT = timedelta(days=31)
"""A visitor who was written down and says nothing is forgotten after so long; their token is good for less."""


class Chat:
    """The use cases of the service."""

    def __init__(
        self,
        store: Store,
        relay: Relay,
        committer: Committer,
        known: Known,
        *,
        now: Callable[[], datetime] = clock.now,
        renamed: Callable[[str], None] = lambda _visitor_id: None,
        erased: Callable[[str], None] = lambda _visitor_id: None,
    ) -> None:
        self._store, self._relay, self._committer, self._known, self._now = store, relay, committer, known, now
        self._greeter = Greeter(store)
        self.renamed = renamed
        """Called with the id of each visitor who is called otherwise from now on: others may know them by before."""
        self.erased = erased
        """Called with the id of each visitor who is forgotten, once they are."""

    async def meet(
        self,
        before: Visitor | None,
        site: str,
        name: str | None,
        email: str | None,
        identity: Identity | None = None,
    ) -> Visitor:
        """Whoever opens the widget; ``before`` is whom their token tells of.

        As `begin_session`; but of whom no site says who they are, and who has said nothing yet, nothing is written:
        what they tell of themselves is in their token, until `post_visitor_message`.
        """
        written = await self._store.visitor(before.id) if before else None
        if before is not None and not (written or before).may_go_on(site, identity):
            before = written = None
        if identity is None and written is None:
            return (before or Visitor(new_id(), site)).claiming(name, email)
        if before is not None and written is None:
            name, email = name or before.name, email or before.email
        return await self.begin_session(before.id if before else None, site, name, email, identity)

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
                    await self._store.save_visitor(visitor, silent_until=self._now() + SILENT_KEPT)
                    self._forget_name(visitor.id)
                elif identity is not None:
                    await self._store.keep_silent(visitor.id, self._now() + SILENT_KEPT)
            except CustomerTaken:
                continue  # another device was quicker
            if await erase_again(self._store, known_as_somebody([visitor])):
                self._forget_name(visitor.id)
                continue  # and begins anew, as somebody else
            return visitor

    async def erase(self, visitor_id: str, words: Sequence[str] = ()) -> None:
        """Forget who the visitor was, here and wherever else they are known.

        ``words``: how they are called elsewhere, as `guichet_kit.redact.word_traces` makes it.
        """
        await self._store.know_erased_words(visitor_id, words)
        await erase_visitor(self._store, visitor_id)
        self._forget_name(visitor_id)
        self.erased(visitor_id)

    async def let_go(self, conversation_ids: Sequence[str]) -> None:
        """Forget closed conversations whose request is older than what is kept. An open one stays. May be repeated."""
        for conversation_id in conversation_ids:
            found, tail = await self._store.conversation(conversation_id), await self._store.tail(conversation_id)
            if tail is not None and tail.kind == "closed":
                await self._store.mark_closed(conversation_id)  # where a crash prevented it
            if await self._store.drop_closed(conversation_id) and found is not None:
                self._known.forget(found)
                self._known.forget_tail(conversation_id)

    async def known_of(self, visitor_id: str) -> dict[str, Any] | None:
        """All that is known of the visitor, for their archive."""
        return await whole(self._store, visitor_id)

    async def erased_among(self, visitor_ids: Sequence[str]) -> set[str]:
        """Those of the visitors who were erased."""
        return await self._store.erased_among(visitor_ids)

    def _forget_name(self, visitor_id: str) -> None:
        self._known.forget_visitor(visitor_id)
        self.renamed(visitor_id)

    async def conversation(self, conversation_id: str, visitor_id: str | None = None) -> Conversation:
        """The conversation as it is; `NoSuchConversation` when there is none, or it is not that visitor's."""
        epoch = self._known.epoch
        found = await self._store.conversation(conversation_id)
        if found is not None:
            self._known.remember(found, epoch)
        return self._theirs(found, visitor_id)

    async def writing_in(self, conversation_id: str, visitor_id: str | None = None) -> Conversation:
        """The same for whoever writes in it, from memory where it is at hand: its read marks may be older ones."""
        found = self._known.conversation(conversation_id)
        return self._theirs(found, visitor_id) if found else await self.conversation(conversation_id, visitor_id)

    @staticmethod
    def _theirs(found: Conversation | None, visitor_id: str | None) -> Conversation:
        if found is None or (visitor_id is not None and found.visitor.id != visitor_id):
            raise NoSuchConversation
        return found

    async def latest_conversation(self, visitor_id: str) -> tuple[Conversation, Entry | None] | None:
        """The visitor's last opened conversation and the last entry of its log."""
        return await self._greeter.latest(visitor_id)

    async def newest_conversation(self, visitor_id: str) -> Conversation | None:
        """The visitor's last opened conversation, from memory where it is at hand."""
        return self._known.open_conversation(visitor_id) or await self._store.latest_conversation(visitor_id)

    async def open_conversations(self, visitor_ids: Sequence[str]) -> list[Conversation]:
        """The open conversations of these visitors."""
        return await self._store.open_conversations(visitor_ids)

    async def longer_than(self, cursors: Mapping[str, int]) -> set[str]:
        """Those of the conversations that have entries after the cursor."""
        return await self._store.longer_than(cursors)

    async def read_log(self, conversation_id: str, after_seq: int, limit: int) -> list[Entry]:
        """Up to ``limit`` entries after a cursor, in order."""
        return await self._store.entries_after(conversation_id, after_seq, limit)

    async def post_message(self, conversation: Conversation, draft: Draft) -> Appended:
        """Append a message to the conversation, once.

        Raises:
            ConversationClosed: it is closed, and this message is not in it.
            IdTaken: the id belongs to another author's message.
        """
        return await self._committer.append(conversation, draft)

    async def post_visitor_message(self, visitor_id: str, draft: Draft, told: Visitor | None = None) -> Appended:
        """Append a visitor's message to their open conversation; open one where there is none.

        ``told``: the visitor as their token tells of them, which is written down where nothing is.

        Raises:
            IdTaken: the id belongs to another author's message.
            NoSuchConversation: there is no such visitor.
        """
        while True:
            epoch = self._known.epoch
            conversation = self._known.open_conversation(visitor_id)
            if conversation is None:
                conversation = await self._store.open_conversation(visitor_id)
                if conversation is not None:
                    self._known.remember(conversation, epoch)
            if conversation is None:
                sent_before = await self._store.visitor_entry_by_client_id(visitor_id, draft.client_id)
                if sent_before is not None:
                    return Appended(await self.conversation(sent_before.conversation_id), sent_before, repeat=True)
                conversation = await self._open(visitor_id, told)
                if conversation is None:
                    continue  # another socket of the visitor was quicker
            try:
                return await self._committer.append(conversation, draft)
            except ConversationClosed:
                continue  # closed in between, and now marked so: the next round opens another

    async def close(self, conversation_id: str, by: Author, request_status: ClosingStatus) -> Appended:
        """Append the closing, which says what becomes of the request.

        Raises:
            NoSuchConversation: there is none of that id.
            ConversationClosed: somebody has closed it already.
        """
        conversation = await self.writing_in(conversation_id)
        draft = Draft(client_id=new_id(), author=by, kind="closed", request_status=request_status)
        closing = await self._committer.append(conversation, draft)
        await self._store.mark_closed(conversation_id)
        self._known.forget(conversation)
        return closing

    async def mark_read(self, conversation_id: str, reader: Reader, seq: int) -> bool:
        """Move the reader's mark to ``seq``, forward only and not past the log; whether it moved."""
        tail: Entry | Tail | None = self._known.tail(conversation_id)
        if tail is None or tail.seq < seq:
            tail = await self._store.tail(conversation_id)
        seq = min(seq, tail.seq if tail else 0)
        outbox = [pending(events.conversation_read(conversation_id, reader, seq))]
        moved = await self._store.advance_read(conversation_id, reader, seq, outbox)
        if moved:
            self._relay.offer(self._store.conversations, conversation_id, outbox)
        return moved

    async def _open(self, visitor_id: str, told: Visitor | None) -> Conversation | None:
        epoch = self._known.epoch
        visitor = await self._store.speaking(visitor_id, told)
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
        self._known.remember(conversation, epoch)
        self._known.advance(conversation.id, Tail(0, conversation.opened_at))
        return conversation
