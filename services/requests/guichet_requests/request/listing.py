"""Which requests a list shows, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from guichet_requests.request.request import Priority, Status
from guichet_requests.timeline.item import Channel

View = Literal["all", "open", "mine", "unassigned", "closed"]
Sort = Literal["-last_activity_at", "created_at", "-priority"]

OPEN: tuple[Status, ...] = ("new", "in_progress", "pending")
STATUSES: tuple[Status, ...] = (*OPEN, "closed")
PRIORITIES: tuple[Priority, ...] = ("low", "medium", "high")
CHANNELS: tuple[Channel, ...] = ("chat", "email", "web_form", "manual")

VIEW_STATUSES: Mapping[View, tuple[Status, ...]] = {
    "all": STATUSES,
    "open": OPEN,
    "mine": OPEN,
    "unassigned": OPEN,
    "closed": ("closed",),
}
"""A view of work shows what is still to be done: *mine* and *unassigned* are open requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list, as the agent ``viewer_id`` asks for it. Filters narrow the view; absent ones let everything through.

    ``automatic`` ones have nothing but what machines sent. Each of ``words`` must begin a word of the contact's or
    visitor's name or of the subject, or the number.
    """

    viewer_id: str
    view: View = "all"
    sort: Sort = "-last_activity_at"
    channel: Channel | None = None
    status: Status | None = None
    priority: Priority | None = None
    assignee_id: str | None = None
    reason_id: str | None = None
    contact_id: str | None = None
    automatic: bool | None = None
    words: tuple[str, ...] = ()

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The statuses that pass both the view and the filter."""
        return tuple(s for s in VIEW_STATUSES[self.view] if self.status in (None, s))

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that pass."""
        return (self.channel,) if self.channel else CHANNELS

    @property
    def priorities(self) -> tuple[Priority, ...]:
        """The priorities that pass."""
        return (self.priority,) if self.priority else PRIORITIES

    @property
    def holders(self) -> tuple[str | None, ...] | None:
        """Who may hold the request (None in it is nobody), or None when it does not matter."""
        by_view: Mapping[View, tuple[str | None, ...]] = {"mine": (self.viewer_id,), "unassigned": (None,)}
        passing = by_view.get(self.view)
        if self.assignee_id is None:
            return passing
        return (self.assignee_id,) if passing is None or self.assignee_id in passing else ()
