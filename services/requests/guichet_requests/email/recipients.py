"""To whom an agent's e-mail goes, unless they say otherwise. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guichet_requests.contact.contact import ContactCopy, email_key
from guichet_requests.email.email import Address, Email
from guichet_requests.email.people import addressed, answered, writer
from guichet_requests.request.request import Request
from guichet_requests.timeline.item import Item


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom an answer is written to, and who gets a copy. ``to`` is None where there is nobody to write to."""

    to: Address | None
    cc: tuple[Address, ...] = ()


def recipients(request: Request, contact: ContactCopy | None, emails: Sequence[Item]) -> Recipients:
    """Those of an answer on the request, whose newest e-mails are ``emails``.

    It goes to the contact, at the address that they wrote from last or that they want to be answered at; while there is
    none, to whoever wrote or filled in a form. Whoever else wrote last gets a copy, and so does everybody whom that
    e-mail was written to. Whom an agent wrote to behind the customer's back, by a forwarded mail or a blind copy, is
    answered alone.
    """
    last = last_received(emails)
    if last is None:
        return Recipients(_of_request(request))
    replies, others = answered(last), addressed(last)
    if not replies:
        return _distinct(_of_request(request), others)
    wrote = writer(last) or replies[0]
    if email_key(wrote.email) in _hidden(emails):
        return _distinct(replies[0], (*replies[1:], *others))
    if request.contact is None:
        return _distinct(replies[0], (*replies[1:], *others))
    theirs = contact.email_keys if contact else ()
    if email_key(wrote.email) in theirs:
        first = replies[0]
        # Where they want to be answered at another address, that is somebody's own name or nobody's.
        name = request.contact.name if email_key(first.email) in theirs else first.name
        return _distinct(Address(first.email, name), (*replies[1:], *others))
    return _distinct(_of_request(request) or replies[0], (*replies, *others))


def last_received(emails: Sequence[Item]) -> Email | None:
    """The e-mail that an answer answers: a person's, but no stranger's; where there is none, what a machine sent."""
    known = [item for item in emails if item.direction == "inbound" and item.email and not item.email.other_sender]
    last = next((item for item in known if item.said), known[0] if known else None)
    return last.email if last else None


def _of_request(request: Request) -> Address | None:
    if request.contact is not None:
        return Address(request.contact.email, request.contact.name) if request.contact.email else None
    visitor = request.visitor
    return Address(visitor.email, visitor.name or "") if visitor and visitor.email and request.awaits else None


def _hidden(emails: Sequence[Item]) -> set[str]:
    """Whom agents wrote to, and the customer does not know of."""
    hidden: set[str] = set()
    shown: set[str] = set()
    for email in (item.email for item in emails if item.email):
        (hidden if email.purpose == "forward" else shown).update(_keys((*email.to, *email.cc)))
        hidden.update(_keys(email.bcc))
    return hidden - shown


def _distinct(to: Address | None, cc: Iterable[Address]) -> Recipients:
    taken = set(_keys((to,))) if to else set()
    copies = {email_key(one.email): one for one in reversed([*cc]) if email_key(one.email) not in taken}
    return Recipients(to, tuple(reversed(copies.values())))


def _keys(some: Iterable[Address]) -> list[str]:
    return [email_key(one.email) for one in some]
