"""Sending a conversation by e-mail, once all of it was heard of."""

import asyncio
from dataclasses import dataclass
from time import monotonic

from guichet_kit.clock import now

from guichet_requests.email.email import Address
from guichet_requests.email.letter import Language, Letter
from guichet_requests.email.usecases import Outbox, submit
from guichet_requests.erasure.store import ErasureStore
from guichet_requests.request import chat
from guichet_requests.request.request import Change, Request
from guichet_requests.request.usecases import Addition, add_item
from guichet_requests.timeline.item import Author, Event, Item
from guichet_requests.transcript.transcript import ENTRIES_MAX, compose, subject_of

PATIENCE_SECONDS = 3.0
"""How long the rest of the conversation is waited for: it comes by another queue, mostly at the same moment."""

_LOOK_EVERY_SECONDS = 0.1


class NotHeardYet(Exception):
    """The conversation was not heard of so far: what was asked for is to come again later."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A conversation up to ``last_seq``, wanted by e-mail. ``id``, a UUID, is the e-mail's.

    None is the address of the request's contact, or else of the visitor; and the language of the installation.
    """

    id: str
    conversation_id: str
    visitor_id: str
    visitor_email: str | None
    last_seq: int
    email: str | None
    language: Language | None
    by: Author


async def send(outbox: Outbox, erasures: ErasureStore, language: Language, wanted: Wanted) -> None:
    """Send what is wanted; where no address is known, the timeline says so. A repeat changes nothing.

    Raises:
        NotHeardYet: as the name says.
        Contended: too many others changed the request meanwhile.
    """
    request = await _heard(outbox, wanted)
    if await erasures.of_visitor(wanted.visitor_id) is not None:
        return
    email = wanted.email or (request.contact and request.contact.email) or wanted.visitor_email
    if email is None:
        await _tell(outbox, request, wanted)
        return
    first = max(1, wanted.last_seq - ENTRIES_MAX + 1)
    ids = [f"{wanted.conversation_id}:{seq}" for seq in range(first, wanted.last_seq + 1)]
    chosen = wanted.language or language
    letter = Letter(
        to=(Address(email),),
        subject=subject_of(request.number, chosen),
        text=compose(await outbox.items.several(ids), chosen),
        purpose="transcript",
    )
    await submit(outbox, request.id, wanted.id, letter, author=_author(wanted.by))


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
