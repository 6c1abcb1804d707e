"""Who says that they are the person who is to be erased, and is not known to be: whoever erases decides."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from guichet_requests.contact.contact import email_key
from guichet_requests.contact.store import ContactStore
from guichet_requests.request.request import Request
from guichet_requests.request.store import RequestStore


@dataclass(frozen=True, slots=True)
class Claim:
    """A visitor who gave an address of the contact in a chat that no agent linked to it, and where they did."""

    visitor_id: str
    name: str | None
    email: str
    request_ids: tuple[str, ...]
    numbers: tuple[int, ...]
    last_activity_at: datetime


async def claims_of(requests: RequestStore, contacts: ContactStore, contact_id: str) -> list[Claim]:
    """The visitors who claim an address of the contact, whoever wrote last first."""
    contact_ids = await contacts.standing_for(contact_id)
    copies = [copy for one in contact_ids if (copy := await contacts.get(one))]
    addresses = {email for copy in copies for email in (copy.email, *copy.other_emails) if email}
    keys = {email_key(address) for address in addresses}
    theirs = {*await requests.visitors_of(contact_ids)}
    of_visitor: defaultdict[str, list[Request]] = defaultdict(list)
    for request in await requests.claiming(addresses):
        visitor = request.visitor
        if visitor is not None and visitor.email and email_key(visitor.email) in keys and visitor.id not in theirs:
            of_visitor[visitor.id].append(request)
    claims = [_claim(visitor_id, found) for visitor_id, found in of_visitor.items()]
    return sorted(claims, key=lambda claim: claim.last_activity_at, reverse=True)


def _claim(visitor_id: str, found: list[Request]) -> Claim:
    newest = max(found, key=lambda request: request.last_activity_at)
    visitor = newest.visitor
    return Claim(
        visitor_id,
        visitor.name if visitor else None,
        (visitor.email if visitor else None) or "",
        tuple(request.id for request in found),
        tuple(request.number for request in found),
        newest.last_activity_at,
    )
