"""What one visitor may hold: so many sockets on all replicas together, and so much said on those of this process.

A replica tells the others since when a visitor's sockets are open with it, as soon as the visitor has more than one of
them anywhere. So whichever has the oldest knows of all that are younger, and closes it when they are too many.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter

from guichet_kit.limits import Buckets

from guichet_chat.sockets.connection import BURST, RATE, TOO_MUCH, Connection

SOCKETS_EACH = 10
"""Sockets of one visitor; one more, and the oldest is closed."""

HEARD_SECONDS = 90.0
"""What another replica told and did not tell again in so long is forgotten: it may be gone."""

Tell = Callable[[str, Sequence[float]], None]


class Bounds:
    """The customers' sockets of this process. ``tell``: the other replicas, of a visitor's sockets, by `hear`."""

    def __init__(self, tell: Tell = lambda _visitor_id, _since: None, clock: Callable[[], float] = time.time) -> None:
        self.tell = tell
        self._clock = clock
        # A burst is still one where each socket was just opened.
        self._said = Buckets(RATE, BURST + SOCKETS_EACH)
        self._open: dict[str, dict[Connection, float]] = {}
        self._told: set[str] = set()
        self._elsewhere: dict[str, dict[str, tuple[tuple[float, ...], float]]] = {}

    def may_say(self, visitor_id: str) -> bool:
        """Whether the visitor may say one thing more now, on whichever socket; it counts."""
        return self._said.take(visitor_id)

    @contextmanager
    def kept(self, visitor_id: str, connection: Connection) -> Iterator[None]:
        """While this socket of the visitor is open."""
        mine = self._open.setdefault(visitor_id, {})
        mine[connection] = self._clock()
        self._close_oldest(visitor_id)
        self._tell(visitor_id)
        try:
            yield
        finally:
            if mine.pop(connection, None) is not None:
                self._tell(visitor_id)
            if not mine and self._open.get(visitor_id) is mine:
                del self._open[visitor_id]

    def hear(self, replica: str, visitor_id: str, since: Sequence[float]) -> None:
        """Another replica's sockets of the visitor: since when each is open, in seconds since 1970."""
        if since:
            self._elsewhere.setdefault(visitor_id, {})[replica] = tuple(since), self._clock() + HEARD_SECONDS
        elif visitor_id in self._elsewhere:
            self._elsewhere[visitor_id].pop(replica, None)
            if not self._elsewhere[visitor_id]:
                del self._elsewhere[visitor_id]
        if visitor_id in self._open:
            # Whoever tells of some for the first time has not heard of those here.
            unknown = bool(since) and visitor_id not in self._told
            if self._close_oldest(visitor_id) or unknown:
                self._tell(visitor_id)

    def tell_again(self) -> None:
        """Say once more what was told: somebody may not have heard it. What was not said again is forgotten."""
        now = self._clock()
        for visitor_id, told in list(self._elsewhere.items()):
            fresh = {replica: heard for replica, heard in told.items() if heard[1] > now}
            if fresh:
                self._elsewhere[visitor_id] = fresh
            else:
                del self._elsewhere[visitor_id]
        for visitor_id in list(self._told):
            self._tell(visitor_id)

    def _tell(self, visitor_id: str) -> None:
        """Most visitors have one socket, of which nobody needs to know."""
        mine = self._open.get(visitor_id, {})
        if visitor_id in self._told or len(mine) > 1 or visitor_id in self._elsewhere:
            (self._told.add if mine else self._told.discard)(visitor_id)
            self.tell(visitor_id, sorted(mine.values()))

    def _close_oldest(self, visitor_id: str) -> bool:
        """Close those of this process that are too many; whether there was one."""
        mine, now = self._open[visitor_id], self._clock()
        others = [at for heard, until in self._elsewhere.get(visitor_id, {}).values() if until > now for at in heard]
        too_many = len(mine) + len(others) - SOCKETS_EACH
        if too_many <= 0:
            return False
        oldest = sorted([*mine.values(), *others])[too_many - 1]
        gone = [connection for connection, at in sorted(mine.items(), key=itemgetter(1)) if at <= oldest][:too_many]
        for connection in gone:
            del mine[connection]
            connection.close(TOO_MUCH)
        return bool(gone)
