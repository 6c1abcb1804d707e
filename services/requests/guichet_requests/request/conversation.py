"""A conversation of a request, as far as its log was heard of: in whatever order, however often."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from guichet_requests.request import spans
from guichet_requests.request.spans import Spans


@dataclass(frozen=True, slots=True)
class Conversation:
    """``heard`` are the entries heard of, ``unread`` the visitor's messages among them above the agents' mark."""

    id: str
    opened_at: datetime
    last_seq: int = 0
    read_seq: int = 0
    closed_seq: int | None = None
    heard: Spans = ()
    unread: Spans = ()

    @property
    def open(self) -> bool:
        """Whether its closing was not heard of yet."""
        return self.closed_seq is None

    @property
    def unread_count(self) -> int:
        """Messages of the visitor that no agent has seen."""
        return spans.count(self.unread)

    def has_heard(self, seq: int) -> bool:
        """Whether this entry was taken in before."""
        return spans.contains(self.heard, seq)

    def has_heard_up_to(self, seq: int) -> bool:
        """Whether every entry up to this one was taken in."""
        return bool(self.heard) and self.heard[0][0] == 1 and self.heard[0][1] >= seq

    def missing(self, last_seq: int = 0) -> Spans:
        """Of the entries up to ``last_seq``, and before those heard of: which were not heard of."""
        return spans.gaps(self.heard, max(self.last_seq, last_seq))

    def hear(self, seq: int) -> Self:
        """With one more entry."""
        return replace(self, heard=spans.add(self.heard, seq), last_seq=max(self.last_seq, seq))

    def hear_visitor(self, seq: int) -> Self:
        """With one more message of the visitor, unread unless the agents' mark has passed it."""
        unread = spans.add(self.unread, seq) if seq > self.read_seq else self.unread
        return replace(self.hear(seq), unread=unread)

    def read(self, seq: int) -> Self:
        """With the agents' mark at ``seq``; a mark never goes back."""
        mark = max(self.read_seq, seq)
        return replace(self, read_seq=mark, unread=spans.above(self.unread, mark))

    def close(self, seq: int) -> Self:
        """With its closing entry."""
        return replace(self.hear(seq), closed_seq=seq)
