"""Group commit: what is to be appended at one moment, to however many conversations, is one write.

A batch has one entry of a conversation, and none while another of it is on its way: in an unordered batch a refused
entry would leave its number empty for ever when the one behind it was taken, and a sender's order could turn round.
At most two batches are on their way. Where nothing is, nothing waits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from guichet_kit import clock, trace
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES
from prometheus_client import Counter, Histogram

from guichet_chat.conversation import Conversation, ConversationClosed, Draft, Entry, Tail, next_entry
from guichet_chat.documents import Place
from guichet_chat.erasure import erase_again, known_as_somebody
from guichet_chat.events import Trace
from guichet_chat.log.appending import Appended, Attempt, Lane, Wish, answer, fail, repeat_of
from guichet_chat.log.known import Known
from guichet_chat.log.outbox import Numbers
from guichet_chat.store import ClientIdTaken, Refused, SeqTaken, Store, Unknown

MOST = 200
"""Entries of one batch."""

ON_THEIR_WAY = 2
PACE_SECONDS = 0.008
"""Under load, when a batch had company, the next one begins so long after it at the earliest, to have company too."""

_PARALLEL_READS = 16

appended = Counter("guichet_chat_entries_appended_total", "Entries appended to conversations", ["kind"])
contended = Counter("guichet_chat_append_contended_total", "Appends that another writer was quicker than")
batches = Histogram("guichet_chat_append_batch", "Entries of one write", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 200))
uncertain = Counter("guichet_chat_append_unknown_total", "Appends of which the database did not tell what became")

log = get_logger(__name__)


class Committer:
    """Appends to the logs. One for each process."""

    def __init__(self, store: Store, numbers: Numbers, known: Known, now: Callable[[], datetime] = clock.now) -> None:
        self._store, self._numbers, self._known, self._now = store, numbers, known, now
        self.shown: Callable[[Conversation, Entry], None] = lambda _conversation, _entry: None
        """Called with each entry that was appended here, after whoever wrote it had its answer."""
        self._lanes: dict[str, Lane] = {}
        self._ready: dict[str, Lane] = {}
        self._flying = 0
        self._may_begin = 0.0
        self._pump_at: asyncio.TimerHandle | asyncio.Handle | None = None
        self._reads = asyncio.Semaphore(_PARALLEL_READS)
        self._tasks: set[asyncio.Task[None]] = set()

    async def append(self, conversation: Conversation, draft: Draft) -> Appended:
        """Append, once; returns when the entry is on the disk of a majority.

        Raises:
            ConversationClosed: it is closed, and this is not in it.
            IdTaken: the id belongs to another author's message.
            PyMongoError: one of ``OUTAGES``. The entry may be there all the same, or be there soon.
        """
        wish = Wish(conversation, draft, asyncio.get_running_loop().create_future(), Trace.current())
        lane = self._lanes.setdefault(conversation.id, Lane())
        lane.waiting.append(wish)
        if not lane.busy:
            self._prepare(conversation.id, lane)
        return await wish.done

    async def settled(self) -> None:
        """Returns when nothing is on its way or waits."""
        while self._lanes or self._tasks:  # noqa: ASYNC110  asked once, when the process ends
            await asyncio.sleep(0.01)

    # Lanes

    def _prepare(self, conversation_id: str, lane: Lane) -> None:
        """Let the next of the lane take part in a batch, once it is known where the log ends."""
        while lane.waiting and lane.waiting[0].done.done():
            lane.waiting.popleft()  # whoever wanted it has left
        if not lane.waiting:
            del self._lanes[conversation_id]
            return
        lane.busy = True
        if self._known.tail(conversation_id) is None:
            self._start(self._alone(conversation_id, lane, self._read_tail))
        else:
            self._ready[conversation_id] = lane
            self._pump_soon()

    async def _alone(self, conversation_id: str, lane: Lane, step: Callable[[str, Lane], Awaitable[None]]) -> None:
        """A step for one lane, whose failure is its next one's."""
        try:
            async with self._reads:
                await step(conversation_id, lane)
        except Exception as error:  # noqa: BLE001  told to whoever waits for it
            fail(lane.waiting.popleft(), error)
            self._prepare(conversation_id, lane)

    async def _read_tail(self, conversation_id: str, lane: Lane) -> None:
        tail = await self._store.tail(conversation_id)
        self._known.advance(conversation_id, tail or Tail(0, lane.waiting[0].conversation.opened_at))
        self._ready[conversation_id] = lane
        self._pump_soon()

    async def _refused_as_closed(self, conversation_id: str, lane: Lane) -> None:
        wish = lane.waiting[0]
        await self._store.mark_closed(conversation_id)
        self._known.forget(wish.conversation)
        entry = await self._store.entry_by_client_id(conversation_id, wish.draft.client_id)
        if entry is None:
            raise ConversationClosed
        answer(wish, repeat_of(wish, entry, wish.conversation))
        lane.waiting.popleft()
        self._prepare(conversation_id, lane)

    # Batches

    def _pump_soon(self) -> None:
        # What comes within one turn of the loop goes together.
        if self._pump_at is None and self._flying < ON_THEIR_WAY:
            loop = asyncio.get_running_loop()
            pause = self._may_begin - loop.time()
            self._pump_at = loop.call_later(pause, self._pump) if pause > 0 else loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_at = None
        batch = self._next_batch()
        if batch:
            self._flying += 1
            batches.observe(len(batch))
            # After a batch that had no company the next one goes whenever it comes.
            self._may_begin = asyncio.get_running_loop().time() + PACE_SECONDS if len(batch) > 1 else 0.0
            self._start(self._commit(batch))
        if self._ready:
            self._pump_soon()

    def _next_batch(self) -> list[Attempt]:
        batch: list[Attempt] = []
        while self._ready and len(batch) < MOST:
            conversation_id = next(iter(self._ready))
            lane = self._ready.pop(conversation_id)
            wish = lane.waiting[0]
            tail = self._known.tail(conversation_id)
            if tail is None:  # forgotten meanwhile
                self._prepare(conversation_id, lane)
                continue
            try:
                entry = next_entry(wish.conversation, tail if tail.seq else None, wish.draft, self._now())
            except ConversationClosed:
                self._start(self._alone(conversation_id, lane, self._refused_as_closed))
                continue
            batch.append(Attempt(wish, entry, self._numbers.take()))
        return batch

    async def _commit(self, batch: list[Attempt]) -> None:
        outcomes: list[Refused | None] | None = None
        try:
            outcomes = await self._write(batch)
        finally:
            self._flying -= 1
            if self._ready:
                self._pump_soon()
        if outcomes is not None:
            await self._settle(batch, outcomes)

    async def _write(self, batch: list[Attempt]) -> list[Refused | None] | None:
        """What became of each; None when whoever waits was told already."""
        try:
            await self._numbers.ready()
        except Exception as error:  # noqa: BLE001  told to whoever waits for it
            self._fail_all(batch, error, self._numbers.void)  # nothing was sent
            return None
        try:
            return await self._store.insert_entries([(attempt.entry, attempt.place) for attempt in batch])
        except Exception as error:  # noqa: BLE001  as above
            if len(batch) == 1 or isinstance(error, OUTAGES):
                self._fail_all(batch, error, self._numbers.unknown)
                return None
        # One of them cannot be written at all. Alone, each is told apart; what is there already is a repeat.
        for attempt in batch:
            self._numbers.unknown(attempt.place)
            attempt.place = self._numbers.take()
            await self._commit_one(attempt)
        return None

    async def _commit_one(self, attempt: Attempt) -> None:
        try:
            outcomes = await self._store.insert_entries([(attempt.entry, attempt.place)])
        except Exception as error:  # noqa: BLE001  as above
            self._fail_all([attempt], error, self._numbers.unknown)
        else:
            await self._settle([attempt], outcomes)

    def _fail_all(self, batch: list[Attempt], error: Exception, became: Callable[[Place], None]) -> None:
        for attempt in batch:
            became(attempt.place)
            conversation_id, lane = self._lane(attempt)
            self._known.forget_tail(conversation_id)
            fail(lane.waiting.popleft(), error)
            self._prepare(conversation_id, lane)

    async def _settle(self, batch: list[Attempt], outcomes: list[Refused | None]) -> None:
        written = []
        for attempt, outcome in zip(batch, outcomes, strict=True):
            conversation_id, lane = self._lane(attempt)
            match outcome:
                case None:
                    self._known.advance(conversation_id, attempt.entry)
                    lane.waiting.popleft()
                    self._prepare(conversation_id, lane)
                    written.append(attempt)
                case SeqTaken():
                    # It stays the first of its lane, so the sender's order stays too.
                    contended.inc()
                    self._numbers.void(attempt.place)
                    self._known.forget_tail(conversation_id)
                    self._prepare(conversation_id, lane)
                case ClientIdTaken():
                    self._numbers.void(attempt.place)
                    self._start(self._alone(conversation_id, lane, self._taken_before))
                case Unknown():
                    uncertain.inc()
                    self._known.forget_tail(conversation_id)
                    self._start(self._look_again(attempt, outcome.cause))
        if written:
            await self._finish(written)

    async def _finish(self, written: list[Attempt]) -> None:
        """Tell whoever waits, unless who the visitor is was to be forgotten while it was written down."""
        try:
            again = await erase_again(self._store, known_as_somebody(a.wish.conversation.visitor for a in written))
        except Exception as error:  # noqa: BLE001  told to whoever waits for it
            for attempt in written:
                self._numbers.unknown(attempt.place)
                fail(attempt.wish, error)
            return
        for attempt in written:
            appended.labels(attempt.entry.kind).inc()
            if attempt.entry.visitor_id in again:
                self._start(self._finish_erased(attempt))
            else:
                self._done(attempt, attempt.wish.conversation, attempt.entry)

    async def _finish_erased(self, attempt: Attempt) -> None:
        conversation_id = attempt.entry.conversation_id
        self._known.forget(attempt.wish.conversation)
        try:
            conversation = await self._store.conversation(conversation_id)
            rewritten = await self._store.entries_after(conversation_id, attempt.entry.seq - 1, 1)
        except OUTAGES as error:
            self._numbers.unknown(attempt.place)
            fail(attempt.wish, error)
        else:
            self._done(attempt, conversation or attempt.wish.conversation, rewritten[0])

    def _done(self, attempt: Attempt, conversation: Conversation, entry: Entry) -> None:
        self._numbers.written(attempt.place, conversation, entry, attempt.wish.trace)
        answer(attempt.wish, Appended(conversation, entry))
        # After the answer, which is on its way to whoever waits.
        with trace.joined(attempt.wish.trace.traceparent):
            asyncio.get_running_loop().call_soon(self.shown, conversation, entry)

    async def _taken_before(self, conversation_id: str, lane: Lane) -> None:
        """The id is in the log already: find the entry that it became."""
        wish = lane.waiting[0]
        entry = await self._store.entry_by_client_id(conversation_id, wish.draft.client_id)
        if entry is None and wish.draft.author.kind == "visitor":
            entry = await self._store.visitor_entry_by_client_id(wish.conversation.visitor.id, wish.draft.client_id)
        if entry is not None:
            about = wish.conversation
            if entry.conversation_id != conversation_id:
                about = await self._store.conversation(entry.conversation_id) or about
            answer(wish, repeat_of(wish, entry, about))
            lane.waiting.popleft()
        else:
            self._known.forget_tail(conversation_id)
        self._prepare(conversation_id, lane)

    async def _look_again(self, attempt: Attempt, cause: Exception) -> None:
        """The database did not tell what became of the entry: read it back, once that waits for its durability."""
        conversation_id, lane = self._lane(attempt)
        wish, found = attempt.wish, None
        try:
            async with self._reads:
                found = await self._store.entry_by_client_id(conversation_id, wish.draft.client_id)
        except OUTAGES as error:
            log.warning("append_unknown", conversation_id=conversation_id, error=str(error)[:200])
        except Exception as error:  # noqa: BLE001  told to whoever waits for it
            cause = error
        lane.waiting.popleft()
        if found is not None and found.seq == attempt.entry.seq:
            self._known.advance(conversation_id, found)
            attempt.entry = found
            await self._finish([attempt])
        else:
            # It may still come: whoever publishes goes on looking for it.
            self._numbers.unknown(attempt.place)
            if found is not None:
                answer(wish, repeat_of(wish, found, wish.conversation))
            else:
                fail(wish, cause)
        self._prepare(conversation_id, lane)

    def _lane(self, attempt: Attempt) -> tuple[str, Lane]:
        conversation_id = attempt.wish.conversation.id
        return conversation_id, self._lanes[conversation_id]

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
