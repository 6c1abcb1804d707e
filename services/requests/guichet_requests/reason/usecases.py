"""What is particular about reasons: requests refer to them."""

from collections.abc import Mapping

from guichet_requests.catalogue import usecases as catalogue
from guichet_requests.errors import Refused
from guichet_requests.reason.reason import ReasonInUse
from guichet_requests.reason.store import ReasonStore
from guichet_requests.request.store import RequestStore


class NoSuchReason(Refused):
    """No reason that can be chosen has this id."""

    def __init__(self) -> None:
        super().__init__("is not an active reason")


async def names(store: ReasonStore, chosen_id: str | None, before_id: str | None = None) -> Mapping[str, str]:
    """How the timeline names the reason that is chosen, and the one before. Raises `NoSuchReason`."""
    reasons = {reason_id: await store.get(reason_id) for reason_id in (before_id, chosen_id) if reason_id}
    chosen = chosen_id and reasons[chosen_id]
    if chosen_id and chosen_id != before_id and not (chosen and chosen.active):
        raise NoSuchReason
    return {reason_id: reason.label.en for reason_id, reason in reasons.items() if reason}


async def remove(store: ReasonStore, requests: RequestStore, reason_id: str, expected: int | None) -> None:
    """Delete a reason that no request has. Raises `Unknown`, `StaleEntry`, `ReasonInUse`."""
    await catalogue.get(store, reason_id)
    if await requests.uses_reason(reason_id):
        raise ReasonInUse
    await catalogue.remove(store, reason_id, expected)
