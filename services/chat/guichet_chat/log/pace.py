"""When the next batch may begin: at once while little is written, after a moment under load, to have more in it.

A batch costs MongoDB nearly the same whether it holds one entry or ten, and a moment's wait is less than what waiting
for a busy database costs.
"""

from collections import deque

PACE_SECONDS = 0.008
"""Under load the next batch begins so long after the one before at the earliest."""

BUSY_ENTRIES, BUSY_SECONDS = 3, 0.05
"""Load is as many entries in that time; below it nothing waits."""


class Pace:
    """Times, in seconds of whatever clock, at which batches begin."""

    def __init__(self) -> None:
        self._lately: deque[float] = deque()
        self.next_at = 0.0
        """When the next batch may begin."""

    def begin(self, size: int, moment: float) -> None:
        """A batch of that size begins now."""
        lately = self._lately
        lately.extend([moment] * size)
        while lately and lately[0] < moment - BUSY_SECONDS:
            lately.popleft()
        self.next_at = moment + PACE_SECONDS if len(lately) >= BUSY_ENTRIES else 0.0
