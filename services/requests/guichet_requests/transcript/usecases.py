"""Sending a conversation by e-mail, once all of it was heard of, and only to whom its words may go."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from uuid import UUID, uuid5

from guichet_kit.clock import now
from guichet_kit.tokens import InvalidToken, Tokens

from guichet_requests.contact.contact import email_key
from guichet_requests.email.email import Address
from guichet_requests.email.letter import Language, Letter
from guichet_requests.email.usecases import Outbox, submit
from guichet_requests.errors import Refused
from guichet_requests.guard import Guard, Person
from guichet_requests.request import chat
from guichet_requests.request.request import Change, Request
from guichet_requests.request.usecases import Addition, add_item
from guichet_requests.timeline.item import Author, Event, Item
from guichet_requests.transcript.proof import LINK_SECONDS, PATH, Claim, letter_of
from guichet_requests.transcript.store import ProofStore
from guichet_requests.transcript.transcript import ENTRIES_MAX, compose, subject_of

PATIENCE_SECONDS = 3.0
"""How long the rest of the conversation is waited for: it comes by another queue, mostly at the same moment."""

_LOOK_EVERY_SECONDS = 0.1


class NotHeardYet(Exception):
    """The conversation was not heard of so far: what was asked for is to come again later."""


class LinkNotValid(Refused):
    """The link is not ours, or too old."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What sending works with. ``language`` is the installation's; ``links`` signs, ``public_url`` begins the links."""

    outbox: Outbox
    guard: Guard
    proofs: ProofStore
    links: Tokens
    public_url: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A conversation up to ``last_seq``, wanted by e-mail. ``id``, a UUID, is the e-mail's.

    None is the address of the request's contact, or else of the visitor; and the language of the installation.
    ``vouched``: the visitor's site says that ``visitor_email`` is theirs. ``proven``: whoever reads mail to ``email``
    wants it.
    """

    id: str
    conversation_id: str
    visitor_id: str
    visitor_email: str | None
    last_seq: int
    email: str | None
    language: Language | None
    by: Author
    vouched: bool = False
    proven: bool = False


async def send(desk: Desk, wanted: Wanted) -> None:
    """Send what is wanted, or the mail that asks first; where no address is known, the timeline says so.

    The words go at once only to an address that an agent chose, that the visitor's site vouches for, or that was
    proven: any other may be a stranger's, to whom the visitor would write in our name. A repeat changes nothing.

    Raises:
        NotHeardYet: the conversation was not heard of yet.
        Contended: too many others changed the request meanwhile.
    """
    outbox = desk.outbox
    request = await _heard(outbox, wanted)
    visitor = Person(visitor_ids=frozenset({wanted.visitor_id}))
    if await desk.guard.erased(visitor):
        await desk.proofs.forget(wanted.visitor_id)
        return
    email = wanted.email or (request.contact and request.contact.email) or wanted.visitor_email
    if email is None:
        await _tell(outbox, request, wanted)
        return
    language = wanted.language or desk.language
    if not await _may_have_it(desk, request, wanted, email):
        claim = Claim(wanted.id, wanted.conversation_id, wanted.visitor_id, wanted.last_seq, email, language)
        await _ask(desk, request, claim)
        await desk.guard.look_again(_asked_for(wanted, request))
        return
    first = max(1, wanted.last_seq - ENTRIES_MAX + 1)
    ids = [f"{wanted.conversation_id}:{seq}" for seq in range(first, wanted.last_seq + 1)]
    letter = Letter(
        to=(Address(email),),
        subject=subject_of(request.number, language),
        text=compose(await outbox.items.several(ids), language),
        purpose="transcript",
    )
    await submit(outbox, request.id, wanted.id, letter, author=_author(wanted.by))
    await desk.guard.look_again(_asked_for(wanted, request))


async def prove(desk: Desk, token: str) -> None:
    """Somebody who reads mail to the address wants the conversation: send it. A repeat changes nothing.

    Raises `LinkNotValid`, and as `send`.
    """
    try:
        claims = desk.links.verify(token)
    except InvalidToken:
        raise LinkNotValid("The link is not valid any more.") from None
    claim = Claim.of(claims.subject, claims.extra)
    if await desk.guard.erased(Person(visitor_ids=frozenset({claim.visitor_id}))):
        raise LinkNotValid("The link is not valid any more.")
    await desk.proofs.add(claim.visitor_id, claim.email, now())
    wanted = Wanted(
        id=claim.id,
        conversation_id=claim.conversation_id,
        visitor_id=claim.visitor_id,
        visitor_email=None,
        last_seq=claim.last_seq,
        email=claim.email,
        language=claim.language,
        by=Author("visitor", claim.visitor_id, None),
        proven=True,
    )
    try:
        await send(desk, wanted)
    except NotHeardYet:
        # The request was moved or removed since.
        raise LinkNotValid("The link is not valid any more.") from None


async def _may_have_it(desk: Desk, request: Request, wanted: Wanted, email: str) -> bool:
    key = email_key(email)
    if wanted.proven or (wanted.vouched and wanted.visitor_email and key == email_key(wanted.visitor_email)):
        return True
    if wanted.by.kind == "agent" and (wanted.email or request.contact):
        return True  # an agent named it, or said who the customer is; what a visitor claims an agent cannot know
    return await desk.proofs.has(wanted.visitor_id, email)


def _asked_for(wanted: Wanted, request: Request) -> Person:
    """Whose conversation it is, as the guard asks: as they were known when it was composed."""
    known = [one for one in (request.visitor, request.contact) if one]
    return Person(
        contact_ids=frozenset({request.contact.id} if request.contact else ()),
        visitor_ids=frozenset({wanted.visitor_id}),
        item_ids=frozenset({wanted.id}),
        names=frozenset(one.name for one in known if one.name),
        addresses=frozenset(one.email for one in known if one.email),
    )


async def _ask(desk: Desk, request: Request, claim: Claim) -> None:
    token = desk.links.issue(claim.visitor_id, LINK_SECONDS, **claim.signed_as())
    letter = letter_of(claim, request.number, f"{desk.public_url}{PATH}#{token}")
    item_id = str(uuid5(UUID(claim.id), "proof"))
    await submit(desk.outbox, request.id, item_id, letter, author=Author("system", "requests", None))


async def _heard(outbox: Outbox, wanted: Wanted) -> Request:
    until = monotonic() + PATIENCE_SECONDS
    while True:
        request = await outbox.requests.holding(wanted.conversation_id)
        conversation = request and chat.find(request, wanted.conversation_id)
        if request and conversation and conversation.has_heard_up_to(wanted.last_seq):
            return request
        if monotonic() > until:
            raise NotHeardYet(f"conversation {wanted.conversation_id} up to {wanted.last_seq}")
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _tell(outbox: Outbox, request: Request, wanted: Wanted) -> None:
    item = Item(
        id=wanted.id,
        request_id=request.id,
        at=now(),
        kind="event",
        channel=request.channel,
        direction="internal",
        author=wanted.by,
        text="The conversation could not be sent by e-mail: no address is known",
        event=Event("transcript_without_address"),
    )

    async def decide(request: Request) -> Addition:
        return Change(request, (item,)), ()

    await add_item(outbox.requests, outbox.items, request.id, wanted.id, decide, by=wanted.by)


def _author(by: Author) -> Author:
    """Whose e-mail it is: an agent's who had it sent, else nobody's."""
    return by if by.kind == "agent" else Author("system", "requests", None)
