"""The live edge inside one process: which sockets show which conversation, and how far each has come.

Every live entry is a hint. In order, it is shown; ahead of the socket's cursor, the gap is read from the log first;
behind it, it is dropped. So each socket shows each entry once, in order, whichever way the news came. A gap, once there
or suspected, stays open until a reading has succeeded.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES

from guichet_chat.conversation import Conversation, Entry
from guichet_chat.sockets.connection import BAD_TOKEN, RESTART, Connection, Gone
from guichet_chat.sockets.frames import entry_frame

PAGE = 200
LOOK_AT = 1000
"""Conversations of one query that asks which of them have more than is shown."""

LEAVE_GROUPS, LEAVE_AT_LEAST, LEAVE_PAUSE_SECONDS = 40, 10, 0.1
"""A process that ends closes its sockets in so many groups at most, and so many at a time at least."""

_PARALLEL_READS = 16
_RETRY_SECONDS = 1.0
_NOT_THERE_YET = 5

log = get_logger(__name__)


class Logs(Protocol):
    """What the hub reads."""

    async def read_log(self, conversation_id: str, after_seq: int, limit: int) -> list[Entry]:
        """Up to ``limit`` entries after a cursor, in order."""

    async def longer_than(self, cursors: Mapping[str, int]) -> set[str]:
        """Those of the conversations that have entries after the cursor."""

    async def open_conversations(self, visitor_ids: Sequence[str]) -> list[Conversation]:
        """The open conversations of these visitors."""

    async def erased_among(self, visitor_ids: Sequence[str]) -> set[str]:
        """Those of the visitors who were erased."""


class Feed:
    """One socket's view of one conversation: shows every entry after its cursor, once, in order."""

    __slots__ = ("_again", "_heard", "_hub", "_reading", "_trying", "connection", "conversation_id", "cursor")

    def __init__(self, hub: "Hub", connection: Connection, conversation_id: str, cursor: int) -> None:
        self.connection = connection
        self.conversation_id = conversation_id
        self.cursor = cursor
        self._hub = hub
        self._heard = cursor
        self._again = False
        self._reading = asyncio.Lock()
        self._trying: asyncio.Task[None] | None = None

    def hint(self, seq: int, frame: str | None = None) -> None:
        """Entry ``seq`` exists; ``frame`` shows it, where the news carried it."""
        if seq <= self.cursor:
            return
        self._heard = max(self._heard, seq)
        if frame is not None and seq == self.cursor + 1 and not self._reading.locked():
            if self.connection.offer(frame):
                self.cursor = seq
        else:
            self.suspect()

    def suspect(self) -> None:
        """Something may be missing here: read until a reading that begins from now on has succeeded."""
        self._again = True
        if self._trying is None:
            self._trying = asyncio.create_task(self._read_until_whole())

    async def catch_up(self) -> None:
        """Show what the log holds after the cursor. Raises `Gone`, or one of ``OUTAGES``."""
        async with self._reading:
            while True:
                entries = await self._hub.read_log(self.conversation_id, self.cursor, PAGE)
                for entry in entries:
                    await self.connection.send(entry_frame(entry))
                    self.cursor = entry.seq
                if len(entries) < PAGE:
                    return

    async def rewind(self, after_seq: int) -> None:
        """Show everything after ``after_seq``, again where it was shown before."""
        async with self._reading:
            self.cursor = after_seq
            self._heard = max(self._heard, after_seq)
        try:
            await self.catch_up()
        except OUTAGES:
            self.suspect()  # it is shown as soon as it can be, whatever becomes of the asking
            raise

    def stop(self) -> None:
        """Read no more."""
        if self._trying is not None:
            self._trying.cancel()

    async def _read_until_whole(self) -> None:
        tries = 0
        try:
            while self._again or self.cursor < self._heard:
                self._again = False
                try:
                    await self.catch_up()
                except OUTAGES as error:
                    self._again = True
                    log.warning("catch_up_delayed", conversation_id=self.conversation_id, error=str(error)[:200])
                else:
                    if self.cursor >= self._heard:
                        continue
                    # The news was quicker than the log here, which lasts for a moment.
                    tries += 1
                    if tries == _NOT_THERE_YET:
                        log.warning("entry_not_found", conversation_id=self.conversation_id, seq=self._heard)
                        self._heard = self.cursor
                        return
                await asyncio.sleep(_RETRY_SECONDS)
        except Gone:
            return
        finally:
            self._trying = None


class Member:
    """A connection and its feeds."""

    __slots__ = ("__weakref__", "connection", "early", "feeds", "newest_opened_at", "visitor_id")

    def __init__(self, connection: Connection, visitor_id: str | None = None) -> None:
        self.connection = connection
        self.visitor_id = visitor_id
        self.feeds: dict[str, Feed] = {}
        self.newest_opened_at: datetime | None = None
        """When the newest conversation that this customer was told of was opened."""
        self.early: dict[str, tuple[datetime, int]] | None = {} if visitor_id is not None else None
        """Conversations that were heard of before the customer was greeted: when opened, and how far they go."""


class Hub:
    """All sockets of this process."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._parallel = asyncio.Semaphore(_PARALLEL_READS)
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

    @property
    def visitor_ids(self) -> list[str]:
        """The visitors who have a socket here."""
        return [*self._customers]

    def end(self, visitor_id: str) -> None:
        """Close the visitor's sockets: their token is good no more."""
        for member in tuple(self._customers.get(visitor_id, ())):
            member.connection.close(BAD_TOKEN)

    def follow(self, member: Member, conversation_id: str, cursor: int) -> Feed:
        """The member's feed of the conversation; a new one begins after ``cursor``."""
        feed = member.feeds.get(conversation_id)
        if feed is None:
            feed = Feed(self, member.connection, conversation_id, cursor)
            member.feeds[conversation_id] = feed
            self._feeds[conversation_id].add(feed)
        return feed

    def unfollow(self, member: Member, conversation_id: str) -> None:
        """Show no more of the conversation."""
        feed = member.feeds.pop(conversation_id, None)
        if feed is not None:
            feed.stop()
            _discard(self._feeds, conversation_id, feed)

    async def end_erased(self) -> None:
        """Close the sockets of visitors who were erased while nobody told us. Raises one of ``OUTAGES``."""
        visitor_ids = self.visitor_ids
        for start in range(0, len(visitor_ids), LOOK_AT):
            for visitor_id in await self._logs.erased_among(visitor_ids[start : start + LOOK_AT]):
                self.end(visitor_id)

    def shows(self, conversation_id: str, visitor_id: str) -> bool:
        """Whether a socket of this process may show the conversation."""
        return conversation_id in self._feeds or visitor_id in self._customers

    def hint(
        self, conversation_id: str, visitor_id: str, opened_at: datetime, seq: int, frame: str | None = None
    ) -> None:  # fmt: skip
        """Entry ``seq`` exists: tell whoever shows the conversation, and the visitor's sockets if it is new."""
        self._opened(conversation_id, visitor_id, opened_at, seq)
        for feed in tuple(self._feeds.get(conversation_id, ())):
            feed.hint(seq, frame)

    def _opened(self, conversation_id: str, visitor_id: str, opened_at: datetime, seq: int = 0) -> None:
        for member in tuple(self._customers.get(visitor_id, ())):
            if member.early is not None:
                _, before = member.early.get(conversation_id, (opened_at, 0))
                member.early[conversation_id] = opened_at, max(before, seq)
            else:
                self._follow_newer(member, conversation_id, opened_at)

    def greeted(self, member: Member) -> None:
        """From now on the customer is shown what comes, and what came since the log was read for the greeting."""
        early, member.early = member.early or {}, None
        for conversation_id, (opened_at, seq) in early.items():
            self._follow_newer(member, conversation_id, opened_at)
            feed = member.feeds.get(conversation_id)
            if feed is not None and seq:
                feed.hint(seq)
            elif feed is not None:
                feed.suspect()

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

    async def read_log(self, conversation_id: str, after_seq: int, limit: int) -> list[Entry]:
        """The log, read by a bounded number at once."""
        async with self._parallel:
            return await self._logs.read_log(conversation_id, after_seq, limit)

    async def look(self) -> None:
        """Look in the database whether any socket lacks something, whatever was heard; what it lacks is read.

        Raises one of ``OUTAGES``: then not everything was looked at.
        """
        for some in _chunks(self._customers, LOOK_AT):
            for conversation in await self._logs.open_conversations(some):
                self._opened(conversation.id, conversation.visitor.id, conversation.opened_at)
        for some in _chunks(self._feeds, LOOK_AT):
            cursors = {
                conversation_id: min(feed.cursor for feed in feeds)
                for conversation_id in some
                if (feeds := self._feeds.get(conversation_id))
            }
            for conversation_id in await self._logs.longer_than(cursors):
                for feed in tuple(self._feeds.get(conversation_id, ())):
                    feed.suspect()

    async def take_leave(self) -> None:
        """Close every socket with 1012, some at a time, so that the clients come back spread over some seconds."""
        leaving = [*self._agents, *(member for members in self._customers.values() for member in members)]
        group = max(LEAVE_AT_LEAST, -(-len(leaving) // LEAVE_GROUPS))
        for some in _chunks(leaving, group):
            for member in some:
                member.connection.close(RESTART)
            await asyncio.sleep(LEAVE_PAUSE_SECONDS)


K = TypeVar("K")
V = TypeVar("V")


def _chunks(keys: Iterable[K], size: int) -> Iterator[list[K]]:
    everything = iter(list(keys))
    while some := list(islice(everything, size)):
        yield some


def _discard(index: dict[K, set[V]], key: K, value: V) -> None:
    """Take ``value`` out of the index, and the key with its last one."""
    values = index.get(key)
    if values is not None:
        values.discard(value)
        if not values:
            del index[key]
