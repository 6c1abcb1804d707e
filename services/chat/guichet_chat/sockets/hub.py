"""The live edge inside one process: which sockets show which conversation, and how far each has come.

Every live entry is a hint. In order, it is shown; ahead of the socket's cursor, the gap is read from the log first;
behind it, it is dropped. So each socket shows each entry once, in order, whichever way the news came.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TypeVar

from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES

from guichet_chat.conversation import Entry
from guichet_chat.sockets.connection import Connection, Gone
from guichet_chat.sockets.frames import entry_frame

PAGE = 200
_PARALLEL_READS = 16
_RETRY_SECONDS = 1.0

ReadLog = Callable[[str, int, int], Awaitable[list[Entry]]]

log = get_logger(__name__)


class Feed:
    """One socket's view of one conversation: shows every entry after its cursor, once, in order."""

    def __init__(self, connection: Connection, conversation_id: str, cursor: int, read_log: ReadLog) -> None:
        self.connection = connection
        self.conversation_id = conversation_id
        self.cursor = cursor
        self._read_log = read_log
        self._heard = cursor
        self._reading = asyncio.Lock()
        self._catching_up: asyncio.Task[None] | None = None

    def hint(self, seq: int, frame: str | None = None) -> None:
        """Entry ``seq`` exists; ``frame`` shows it, where the news carried it."""
        if seq <= self.cursor:
            return
        self._heard = max(self._heard, seq)
        if frame is not None and seq == self.cursor + 1 and not self._reading.locked():
            if self.connection.offer(frame):
                self.cursor = seq
        elif self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.create_task(self._catch_up_soon())

    async def catch_up(self) -> None:
        """Show what the log holds after the cursor. Raises `Gone`, or one of ``OUTAGES``."""
        async with self._reading:
            while True:
                entries = await self._read_log(self.conversation_id, self.cursor, PAGE)
                for entry in entries:
                    await self.connection.send(entry_frame(entry))
                    self.cursor = entry.seq
                if len(entries) < PAGE and self.cursor >= self._heard:
                    return
                if not entries:
                    # The news came before the write was readable here; the next hint or catch-up shows it.
                    self._heard = self.cursor
                    return

    async def rewind(self, after_seq: int) -> None:
        """Show everything after ``after_seq``, again where it was shown before."""
        async with self._reading:
            self.cursor = after_seq
            self._heard = max(self._heard, after_seq)
        await self.catch_up()

    def stop(self) -> None:
        """Read no more."""
        if self._catching_up is not None:
            self._catching_up.cancel()

    async def _catch_up_soon(self) -> None:
        while True:
            try:
                await self.catch_up()
            except Gone:
                return
            except OUTAGES as error:
                log.warning("catch_up_delayed", conversation_id=self.conversation_id, error=str(error)[:200])
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return


class Member:
    """A connection and its feeds."""

    def __init__(self, connection: Connection, visitor_id: str | None = None) -> None:
        self.connection = connection
        self.visitor_id = visitor_id
        self.feeds: dict[str, Feed] = {}
        self.newest_opened_at: datetime | None = None
        """When the newest conversation that this customer was told of was opened."""
        self.early: dict[str, datetime] | None = {} if visitor_id is not None else None
        """Conversations, and when they were opened, that were heard of before the customer was greeted."""


class Hub:
    """All sockets of this process."""

    def __init__(self, read_log: ReadLog) -> None:
        self._read_log = read_log
        self._feeds: dict[str, set[Feed]] = defaultdict(set)
        self._customers: dict[str, set[Member]] = defaultdict(set)
        self._agents: set[Member] = set()

    def join(self, member: Member) -> None:
        """Hear of what concerns this member, from now on."""
        if member.visitor_id is not None:
            self._customers[member.visitor_id].add(member)
        else:
            self._agents.add(member)

    def leave(self, member: Member) -> None:
        """Forget the member."""
        for conversation_id in list(member.feeds):
            self.unfollow(member, conversation_id)
        self._agents.discard(member)
        if member.visitor_id is not None:
            _discard(self._customers, member.visitor_id, member)

    def follow(self, member: Member, conversation_id: str, cursor: int) -> Feed:
        """The member's feed of the conversation; a new one begins after ``cursor``."""
        feed = member.feeds.get(conversation_id)
        if feed is None:
            feed = Feed(member.connection, conversation_id, cursor, self._read_log)
            member.feeds[conversation_id] = feed
            self._feeds[conversation_id].add(feed)
        return feed

    def unfollow(self, member: Member, conversation_id: str) -> None:
        """Show no more of the conversation."""
        feed = member.feeds.pop(conversation_id, None)
        if feed is not None:
            feed.stop()
            _discard(self._feeds, conversation_id, feed)

    def hint(
        self, conversation_id: str, visitor_id: str, opened_at: datetime, seq: int, frame: str | None = None
    ) -> None:  # fmt: skip
        """Entry ``seq`` exists: tell whoever shows the conversation, and the visitor's sockets if it is new."""
        for member in tuple(self._customers.get(visitor_id, ())):
            if member.early is not None:
                member.early[conversation_id] = opened_at
            else:
                self._follow_newer(member, conversation_id, opened_at)
        for feed in tuple(self._feeds.get(conversation_id, ())):
            feed.hint(seq, frame)

    def greeted(self, member: Member) -> None:
        """From now on the customer is shown what comes; so is what came meanwhile in a newer conversation."""
        early, member.early = member.early or {}, None
        for conversation_id, opened_at in early.items():
            self._follow_newer(member, conversation_id, opened_at)

    def _follow_newer(self, member: Member, conversation_id: str, opened_at: datetime) -> None:
        newest = member.newest_opened_at
        if conversation_id not in member.feeds and (newest is None or opened_at > newest):
            member.newest_opened_at = opened_at
            self.follow(member, conversation_id, 0)

    def to_conversation(
        self, conversation_id: str, visitor_id: str | None, frame: str, *, but: Connection | None = None
    ) -> None:  # fmt: skip
        """A passing sign (typing, read) for everybody in the conversation."""
        members: set[Connection] = {feed.connection for feed in self._feeds.get(conversation_id, ())}
        if visitor_id is not None:
            members |= {member.connection for member in self._customers.get(visitor_id, ())}
        for connection in members:
            if connection is not but:
                connection.offer(frame)

    def to_agents(self, frame: str) -> None:
        """A frame for every agent."""
        for member in tuple(self._agents):
            member.connection.offer(frame)

    async def catch_up_all(self) -> None:
        """Show on every socket what the log holds after its cursor: the live edge may have missed something."""
        limit = asyncio.Semaphore(_PARALLEL_READS)

        async def one(feed: Feed) -> None:
            async with limit:
                try:
                    await feed.catch_up()
                except Gone:
                    return

        await asyncio.gather(*(one(feed) for feed in self._everything()))

    def close_all(self, code: int) -> None:
        """Close every socket."""
        for member in [*self._agents, *(m for members in self._customers.values() for m in members)]:
            member.connection.close(code)

    def _everything(self) -> Iterable[Feed]:
        return [feed for feeds in self._feeds.values() for feed in feeds]


K = TypeVar("K")
V = TypeVar("V")


def _discard(index: dict[K, set[V]], key: K, value: V) -> None:
    """Take ``value`` out of the index, and the key with its last one."""
    values = index.get(key)
    if values is not None:
        values.discard(value)
        if not values:
            del index[key]
