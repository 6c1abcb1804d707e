"""Where a received e-mail is: one decision at a time, each kept. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from guichet_requests.contact.contact import ContactCopy, email_key
from guichet_requests.email.email import Email, OtherRequest, Placed, PlacedBy, WrittenBy
from guichet_requests.email.people import addressed, answered, writer
from guichet_requests.errors import Refused
from guichet_requests.request.request import Request
from guichet_requests.timeline.item import Author


class NotMovable(Refused):
    """Only received e-mails go to another request."""

    def __init__(self) -> None:
        super().__init__("Only an e-mail that was received can be moved.")


class NotReceived(Refused):
    """Only of received e-mails it is in question who wrote them."""

    def __init__(self) -> None:
        super().__init__("Only of an e-mail that was received it can be said who wrote it.")


@dataclass(frozen=True, slots=True)
class Place:
    """A request that an e-mail was put on, why, and by which agent (None: by itself).

    ``written_by`` is what the agent ``judged_by`` said of it, by this decision or before.
    """

    request_id: str
    placed: Placed
    at: datetime
    by: Author | None = None
    written_by: WrittenBy | None = None
    judged_by: str | None = None


@dataclass(frozen=True, slots=True)
class Filing:
    """An e-mail's places, in the order of the decisions; the last one counts."""

    email_id: str
    places: tuple[Place, ...]

    @property
    def version(self) -> int:
        """How many decisions there were."""
        return len(self.places)

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.places[-1]

    @property
    def own_request_id(self) -> str:
        """The request that the next decision may make for it: the same each time it is taken."""
        return own_request_id(self.email_id, self.version + 1)

    def began_own(self, left_id: str) -> bool:
        """Whether the last decision took it from that request to one of its own."""
        made = own_request_id(self.email_id, self.version)
        return self.version > 1 and self.places[-2].request_id == left_id and self.place.request_id == made

    def moved(self, request_id: str, left: OtherRequest, by: Author, at: datetime) -> "Filing":
        """With one more decision: an agent's."""
        forged = self.place.placed.forged_reply_address
        placed = Placed(by="moved", forged_reply_address=forged, from_request=left, moved_by=by.name)
        place = replace(self.place, request_id=request_id, placed=placed, at=at, by=by)
        return replace(self, places=(*self.places, place))

    def judged(self, written_by: WrittenBy, by: Author, at: datetime) -> "Filing":
        """With one more decision, an agent's: it stays where it is, and was written by a person, or was not."""
        place = replace(self.place, at=at, by=by, written_by=written_by, judged_by=by.name)
        return replace(self, places=(*self.places, place))

    def left(self, index: int) -> str | None:
        """The request that the decision ``index`` took the e-mail from; None where it stayed."""
        before = self.places[index - 1].request_id
        return before if before != self.places[index].request_id else None


def own_request_id(email_id: str, version: int) -> str:
    """The id of the request that an e-mail begins by its decision ``version``."""
    return str(uuid5(UUID(email_id), f"request {version}"))


def file(
    email_id: str, named: Request | None, by: PlacedBy, *, forged: bool, wakes: bool, at: datetime, reopen: timedelta
) -> Filing:
    """The first decision: on the request that its headers name, unless that is over; else on one of its own.

    A request is over for what would wake it when it was closed longer than ``reopen`` ago; zero: as soon as it is.
    """
    closed_at = named.closed_at if named and wakes else None
    over = closed_at is not None and (not reopen or at - closed_at > reopen)
    if named is not None and not over:
        return Filing(email_id, (Place(named.id, Placed(by=by, forged_reply_address=forged), at),))
    other = OtherRequest(named.id, named.number) if named else None
    placed = Placed(by="new_request", forged_reply_address=forged, from_request=other)
    return Filing(email_id, (Place(own_request_id(email_id, 1), placed, at),))


def is_strange(email: Email, request: Request, contact: ContactCopy | None, others: list[Email]) -> bool:
    """Whether the sender is nobody whom the request knows: by its contact, its visitor, or its other e-mails.

    A stranger's e-mail makes nobody known. A report on our own mail comes from whatever machine could not deliver it.
    """
    if email.kind == "bounce":
        return False
    wrote = writer(email)
    if wrote is None or email.forged:
        return True
    known = set(contact.email_keys) if contact else set()
    addresses = [request.contact.email if request.contact else None, request.visitor.email if request.visitor else None]
    for other in others:
        if not other.other_sender:
            people = (*answered(other), *addressed(other), *other.bcc, *((other.sender,) if other.sender else ()))
            addresses += [one.email for one in people]
    return email_key(wrote.email) not in known | {email_key(address) for address in addresses if address}
