"""What this process remembers of the conversations that are written just now, so that it need not ask again.

It is a hint. The unique indexes decide: a tail that is behind costs a second try. One that is ahead would leave a gap,
so a tail comes only from what is durable.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from guichet_chat.conversation import Conversation, Entry, Tail

MOST = 20_000
"""Conversations that are remembered; the one that was not used for the longest time is forgotten first."""

GOOD_SECONDS = 60.0
"""A copy of a conversation, which others change, is read again after so long, whatever was heard."""

K = TypeVar("K")
V = TypeVar("V")


class _Recent(Generic[K, V]):
    def __init__(self, most: int) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()
        self._most = most

    def get(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def drop(self, key: K) -> None:
        self._values.pop(key, None)

    def clear(self) -> None:
        self._values.clear()


class Known:
    """Conversations, whose is open, and where their logs end."""

    def __init__(
        self,
        most: int = MOST,
        clock: Callable[[], float] = time.monotonic,
        heard: Callable[[], bool] = lambda: True,
    ) -> None:
        self._clock, self._heard = clock, heard
        self._conversations: _Recent[str, tuple[Conversation, float]] = _Recent(most)
        self._open: _Recent[str, str] = _Recent(most)
        self._tails: _Recent[str, Tail] = _Recent(most)
        self.epoch = 0
        """Moves whenever something is forgotten: what was read before then may be what was to be forgotten."""

    def conversation(self, conversation_id: str) -> Conversation | None:
        """The conversation, where a good copy is at hand: none is while others' changes are not heard."""
        found = self._conversations.get(conversation_id) if self._heard() else None
        return found[0] if found is not None and found[1] > self._clock() else None

    def open_conversation(self, visitor_id: str) -> Conversation | None:
        """The visitor's open conversation, where a good copy is at hand. Its log may hold the closing."""
        conversation_id = self._open.get(visitor_id)
        return None if conversation_id is None else self.conversation(conversation_id)

    def remember(self, conversation: Conversation, epoch: int) -> None:
        """Keep a conversation that was read when the epoch was ``epoch``."""
        if epoch != self.epoch or not self._heard():
            return
        self._conversations.put(conversation.id, (conversation, self._clock() + GOOD_SECONDS))
        if conversation.state == "open":
            self._open.put(conversation.visitor.id, conversation.id)

    def tail(self, conversation_id: str) -> Tail | None:
        """Where the log ended when it was last heard of."""
        return self._tails.get(conversation_id)

    def advance(self, conversation_id: str, tail: Entry | Tail) -> None:
        """A durable entry was seen: the log goes as far as that at least."""
        before = self._tails.get(conversation_id)
        if before is None or before.seq <= tail.seq:
            self._tails.put(conversation_id, Tail(tail.seq, tail.at, tail.kind))

    def hear(self, conversation_id: str, tail: Tail) -> None:
        """The same for an entry that somebody else wrote: it matters only where this process writes too."""
        if self._tails.get(conversation_id) is not None:
            self.advance(conversation_id, tail)

    def forget_tail(self, conversation_id: str) -> None:
        """The tail was wrong."""
        self._tails.drop(conversation_id)

    def forget(self, conversation: Conversation) -> None:
        """The conversation is closed, or not what it was."""
        self.epoch += 1
        self._conversations.drop(conversation.id)
        self._open.drop(conversation.visitor.id)

    def forget_visitor(self, visitor_id: str) -> None:
        """What the visitor is called has changed."""
        self.epoch += 1
        conversation_id = self._open.get(visitor_id)
        self._open.drop(visitor_id)
        if conversation_id is not None:
            self._conversations.drop(conversation_id)

    def clear(self) -> None:
        """Forget everything: a server was away, and anything may have happened."""
        self.epoch += 1
        for remembered in (self._conversations, self._open, self._tails):
            remembered.clear()
