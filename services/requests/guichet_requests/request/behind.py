"""How far timelines are behind the logs of ``chat``, as a metric."""

import time
from collections.abc import Iterable

from guichet_kit.clock import now
from prometheus_client import Gauge

from guichet_requests.timeline.item import Item

LATELY_SECONDS = 30.0
"""What came onto a timeline longer ago says nothing of the present."""

seconds = Gauge(
    "guichet_requests_timeline_behind_seconds",
    "Age of the oldest entry that came onto a timeline last, or of one that is missing there",
)


class Behind:
    """What was seen of it last."""

    def __init__(self) -> None:
        self._taken_in, self._at = 0.0, -LATELY_SECONDS
        self.missing = 0.0
        """For how long entries have been missing, in seconds; 0 when none is."""

    def taken_in(self, items: Iterable[Item]) -> None:
        """These came onto timelines just now, in one piece of work."""
        moments = [item.at for item in items if item.seq is not None]
        if moments:
            # Its time is another machine's: never a negative one.
            self._taken_in, self._at = max(0.0, (now() - min(moments)).total_seconds()), time.monotonic()

    def seconds(self) -> float:
        """How far behind they are now."""
        lately = time.monotonic() - self._at < LATELY_SECONDS
        return max(self.missing, self._taken_in if lately else 0.0)


behind = Behind()
seconds.set_function(lambda: behind.seconds())
