"""How often an event was heard before it could be decided: patience is counted in hearings, not in the event's age.

An event may be old when it is heard for the first time: its publisher goes on while the broker is away. So a consumer
that waits for another event first counts how often it has put this one off.
"""

from contextvars import ContextVar

waits: ContextVar[int] = ContextVar("waits", default=0)
"""How often the event that is being handled was put off by `NotYet` before; 0 when it is heard for the first time."""


class NotYet(Exception):
    """Raised by a handler: the event cannot be decided before something else was heard. It comes again soon.

    It is not counted as a failure, and the same event may be put off as often as the handler likes.
    """
