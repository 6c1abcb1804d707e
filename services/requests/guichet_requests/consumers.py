"""What ``requests`` hears of ``chat``, ``contacts``, ``mailer`` and ``attachments``."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from weakref import WeakValueDictionary

from faststream.rabbit import RabbitBroker
from guichet_contracts import chat as contract
from guichet_contracts import contacts as contacts_contract
from guichet_contracts import mailer as mailer_contract
from guichet_contracts.attachments import AttachmentRejected, AttachmentStored
from guichet_contracts.attachments import PersonForgotten as AttachmentsForgot
from guichet_contracts.subscriptions import (
    REQUESTS_AUDIT,
    REQUESTS_CONTACTS,
    REQUESTS_CONVERSATIONS,
    REQUESTS_ERASURES,
    REQUESTS_FILES,
    REQUESTS_MAIL,
    REQUESTS_TRANSCRIPTS,
)
from guichet_kit.broker import durable_subscriber
from pydantic import Field

from guichet_requests.audit.audit import Actor, AuditEntry
from guichet_requests.audit.store import AuditStore
from guichet_requests.contact import usecases as contact_usecases
from guichet_requests.contact.contact import ContactCopy
from guichet_requests.email import heard
from guichet_requests.email.inbound import take_in_email, take_in_fate, take_in_file, take_in_repeat
from guichet_requests.email.settling import Mailroom
from guichet_requests.erasure import usecases as erasure_usecases
from guichet_requests.erasure.usecases import Everywhere
from guichet_requests.request import hearing
from guichet_requests.request.batch import Heard, News, Read
from guichet_requests.request.chat import Closing, Entry, Message, Opening
from guichet_requests.request.missing import MissingStore, hear_of_tails
from guichet_requests.request.request import Visitor
from guichet_requests.request.store import RequestStore
from guichet_requests.timeline.item import Attachment, Author
from guichet_requests.transcript.usecases import Wanted

PREFETCH = 300
"""Messages of conversations that wait here while a batch is at work: they make up the next one."""

PACE_SECONDS = 0.1
"""From one batch of them to the next. A timeline is that much later than it could be under load, and one write holds
several entries of a busy conversation."""

FileEvent = Annotated[AttachmentStored | AttachmentRejected, Field(discriminator="type")]
ContactEvent = Annotated[
    contacts_contract.ContactChanged
    | contacts_contract.ContactMerged
    | contacts_contract.ContactUnmerged
    | contacts_contract.ContactErased,
    Field(discriminator="type"),
]
MailEvent = Annotated[
    mailer_contract.EmailReceived | mailer_contract.EmailRepeated | mailer_contract.DeliveryChanged,
    Field(discriminator="type"),
]


ForgottenEvent = Annotated[
    contract.PersonForgotten | mailer_contract.PersonForgotten | AttachmentsForgot, Field(discriminator="type")
]


@dataclass(frozen=True, slots=True)
class Stores:
    """Where what is heard goes."""

    everywhere: Everywhere
    missing: MissingStore
    audit: AuditStore

    @property
    def requests(self) -> RequestStore:
        """The requests."""
        return self.everywhere.requests


def subscribe(
    broker: RabbitBroker, stores: Stores, room: Mailroom, send_transcript: Callable[[Wanted], Awaitable[None]]
) -> None:
    """Hear all queues of ``requests``."""
    # What this process hears of one conversation at once waits here, instead of losing races in the database.
    heard_now: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @durable_subscriber(
        broker,
        REQUESTS_CONVERSATIONS,
        batch=partial(take_in_batch, stores),
        prefetch=PREFETCH,
        pace=PACE_SECONDS,
    )
    async def on_conversation(event: contract.ConversationEvent) -> None:
        async with heard_now.setdefault(event.subject, asyncio.Lock()):
            await take_in(stores, event)

    @durable_subscriber(broker, REQUESTS_CONTACTS)
    async def on_contact(event: ContactEvent) -> None:
        await take_in_contact(stores, event)

    @durable_subscriber(broker, REQUESTS_ERASURES)
    async def on_forgotten(event: ForgottenEvent) -> None:
        service = event.source.removeprefix("guichet/")
        await stores.everywhere.erasures.done(event.data.contact_id, service, event.time)

    @durable_subscriber(broker, REQUESTS_AUDIT)
    async def on_audit(event: contacts_contract.AuditRecorded) -> None:
        await stores.audit.add([audit_entry(event)])

    @durable_subscriber(broker, REQUESTS_MAIL)
    async def on_mail(event: MailEvent) -> None:
        await take_in_mail(room, event)

    @durable_subscriber(broker, REQUESTS_FILES)
    async def on_file(event: FileEvent) -> None:
        await take_in_checked(room, event)

    @durable_subscriber(broker, REQUESTS_TRANSCRIPTS)
    async def on_transcript(event: contract.TranscriptRequested) -> None:
        await send_transcript(wanted_transcript(event.data))


def audit_entry(event: contacts_contract.AuditRecorded) -> AuditEntry:
    """What another service tells of who did what there; told again, it is the same entry."""
    data = event.data
    actor = Actor(data.actor.kind, data.actor.id, data.actor.name, data.address)
    return AuditEntry(
        id=event.id, at=event.time, action=data.action, actor=actor, subject_id=data.subject_id, detail=data.detail
    )


async def take_in_checked(room: Mailroom, event: FileEvent) -> None:
    """Take in what the checks of a file came to."""
    refusal = event.data.reason if isinstance(event, AttachmentRejected) else None
    await take_in_file(room, event.data.attachment, refusal)


def wanted_transcript(data: contract.TranscriptRequestedData) -> Wanted:
    """What somebody wants by e-mail."""
    about = data.conversation
    return Wanted(
        id=data.id,
        conversation_id=about.id,
        visitor_id=about.visitor.id,
        visitor_email=about.visitor.email,
        last_seq=data.last_seq,
        email=data.email,
        language=data.language,
        by=_author(data.by),
        vouched=about.visitor.verified,
    )


async def take_in_mail(room: Mailroom, event: MailEvent) -> None:
    """Take in an e-mail, or the fate of one, in whatever order and however often it comes."""
    match event:
        case mailer_contract.EmailReceived(data=data):
            await take_in_email(room, heard.item_of(data.email), data.thread)
        case mailer_contract.EmailRepeated(data=data):
            await take_in_repeat(room, data.email_id, data.repeat_id, data.received_at)
        case mailer_contract.DeliveryChanged(data=data):
            await take_in_fate(room, data.request_id, data.item_id, heard.delivery_of(data))


async def take_in_contact(stores: Stores, event: ContactEvent) -> None:
    """Take in what happened to a contact, in whatever order and however often it comes."""
    requests, contacts = stores.requests, stores.everywhere.contacts
    match event:
        case contacts_contract.ContactChanged(data=data):
            await contact_usecases.keep(requests, contacts, _copy(data.contact))
        case contacts_contract.ContactMerged(data=data):
            into = _copy(data.contact)
            await contact_usecases.merge(requests, contacts, data.merged_id, data.merged_version, into)
        case contacts_contract.ContactUnmerged(data=data):
            await contact_usecases.keep(requests, contacts, _copy(data.contact), _copy(data.parted_from))
        case contacts_contract.ContactErased(data=data):
            order = erasure_usecases.Order(
                contact_id=data.contact_id,
                version=data.version,
                merged_ids=data.merged_ids,
                visitor_ids=data.visitor_ids,
                traces=data.traces,
                at=data.erased_at or event.time,
            )
            await erasure_usecases.erase(stores.everywhere, order)


def _copy(contact: contacts_contract.Contact) -> ContactCopy:
    return ContactCopy(
        id=contact.id,
        version=contact.version,
        name=contact.name,
        first_name=contact.first_name,
        email=contact.email,
        other_emails=contact.other_emails,
        phone=contact.phone,
    )


async def take_in_batch(stores: Stores, events: Sequence[contract.ConversationEvent]) -> Collection[int]:
    """Take in what entries and read marks can be with a few commands; the positions of the events that are left."""
    news: dict[int, News] = {}
    left: list[int] = []
    for index, event in enumerate(events):
        match event:
            case contract.MessagePosted():
                about = event.data.conversation
                news[index] = Heard(_opening(about), _message(about, event.data.entry))
            case contract.ConversationClosed():
                about = event.data.conversation
                news[index] = Heard(_opening(about), _closing(about.id, event.data.closing))
            case contract.ConversationRead():
                if event.data.reader == "agent":
                    news[index] = Read(event.data.conversation_id, event.data.seq)
            case _:
                left.append(index)
    indexes = list(news)
    places = await erasure_usecases.take_in_batch(stores.everywhere, list(news.values()))
    return [*left, *(indexes[place] for place in places)]


async def take_in(stores: Stores, event: contract.ConversationEvent) -> None:
    """Take in one event, in whatever order and however often it comes."""

    async def entry_of(about: contract.Conversation, entry: Entry) -> None:
        await erasure_usecases.take_in_entry(stores.everywhere, _opening(about), entry)

    match event:
        case contract.MessagePosted():
            about, message = event.data.conversation, event.data.entry
            await entry_of(about, _message(about, message))
        case contract.ConversationClosed():
            about = event.data.conversation
            await entry_of(about, _closing(about.id, event.data.closing))
        case contract.ConversationRead():
            if event.data.reader == "agent":
                await hearing.mark_read(stores.requests, event.data.conversation_id, event.data.seq)
        case contract.LogAdvanced(data=data):
            tails = {tail.id: tail.last_seq for tail in data.conversations}
            await hear_of_tails(stores.requests, stores.missing, tails)
        case contract.ConversationOpened():
            # Each entry tells of its conversation; one without any is no request yet.
            pass


def _opening(about: contract.Conversation) -> Opening:
    visitor = Visitor(about.visitor.id, about.visitor.name, about.visitor.email, about.visitor.verified)
    follows = _closing(about.follows.conversation_id, about.follows) if about.follows else None
    return Opening(about.id, visitor, about.opened_at, follows)


def _message(about: contract.Conversation, message: contract.Message) -> Message:
    files = tuple(Attachment(file.id, file.name, file.media_type, file.size) for file in message.attachments)
    return Message(about.id, message.seq, message.at, _author(message.author), message.text, files)


def _closing(conversation_id: str, closing: contract.Closing) -> Closing:
    return Closing(conversation_id, closing.seq, closing.at, _author(closing.by), closing.request_status)


def _author(author: contract.Author) -> Author:
    return Author(author.kind, author.id, author.name)
