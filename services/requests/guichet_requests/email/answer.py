"""Agents' e-mails: to whom they go, what they start from, and what must not have been said meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from guichet_contracts.claims import TEMPLATE, conversation_scope, request_scope

from guichet_requests.contact.contact import email_key
from guichet_requests.email.email import Address
from guichet_requests.email.letter import QUOTED, THREAD, Language, Letter, handing_on, quote, subject_of
from guichet_requests.email.recipients import Recipients, last_received, recipients
from guichet_requests.email.usecases import Outbox, seen_item, write
from guichet_requests.errors import Refused
from guichet_requests.file.store import FileCopy, FileElsewhere
from guichet_requests.request.request import Request
from guichet_requests.request.usecases import get
from guichet_requests.timeline.item import Attachment, Author, Item

Quote = Literal["none", "last", "all"]


class ContactWithoutEmail(Refused):
    """There is nobody to send it to."""

    def __init__(self) -> None:
        super().__init__("The request has no contact with an e-mail address.")


class NotForwardable(Refused):
    """What shall be handed on is no e-mail of this request."""

    def __init__(self) -> None:
        super().__init__("is no e-mail of this request")


class StaleReply(Refused):
    """Something was said that the agent had not seen: ``newer``, the oldest first."""

    def __init__(self, newer: Sequence[Item]) -> None:
        super().__init__("Something was said in the meantime.")
        self.newer = newer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an agent wants to send. ``seen`` is the item they had seen last.

    Without ``to`` it goes to whom the draft says, without ``subject`` it has the thread's. ``forward`` is an e-mail of
    the request that is handed on, with its files: that wants a ``to``.
    """

    text: str
    subject: str | None = None
    to: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    forward: str | None = None
    cc: tuple[Address, ...] = ()
    files: tuple[FileCopy, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    quote: Quote = "none"
    signature: str | None = ""
    language: Language = "fr"
    mailbox: str | None = None
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What an agent's e-mail starts from; ``last`` and ``all`` are the quoted history that they may add.

    ``attachments`` are the files of the e-mail that is handed on: they go along.
    """

    to: Address | None
    cc: tuple[Address, ...]
    subject: str
    last: str
    all: str
    mailbox: str | None
    attachments: tuple[Attachment, ...] = ()


async def answer(outbox: Outbox, request_id: str, item_id: str, wanted: Answer, *, by: Author) -> Item:
    """Write to the customer. A repeat answers the first one.

    Raises:
        Unknown, IdTaken, Contended: as `submit`.
        ContactWithoutEmail: there is nobody to write to.
        StaleReply: somebody else said something after what the agent had seen.
        NeverSeen: what they have seen is on no timeline.
        NotForwardable: what shall be handed on is no e-mail of the request.
        FileElsewhere: a file is neither the request's, nor of one of its conversations, nor of a template.
    """
    seen = await seen_item(outbox, request_id, wanted.seen, "seen_timeline_id") if wanted.seen else None

    given = await _forwarded(outbox, request_id, wanted.forward) if wanted.forward else None

    async def compose(request: Request, emails: Sequence[Item]) -> Letter:
        if seen is not None and given is None:
            said = await outbox.items.said(request.id, THREAD, after=seen)
            newer = [item for item in reversed(said) if item.said and item.author.id != by.id]
            if newer:
                raise StaleReply(newer)
        proposed = await _recipients(outbox, request, emails)
        to, cc, bcc = _chosen(wanted, proposed)
        if not to:
            raise ContactWithoutEmail
        letter = Letter(
            to=to,
            cc=cc,
            bcc=bcc,
            subject=wanted.subject or subject_of(request.number, request.subject, emails, wanted.language),
            text=wanted.text,
            signature=wanted.signature,
            attachments=(*wanted.attachments, *_of_this(request, wanted.files)),
            mailbox=wanted.mailbox or _mailbox(emails),
        )
        if given is None:
            return replace(letter, quoted=await _history(outbox, request, wanted.quote, wanted.language))
        return handing_on(letter, given, wanted.language, subject=wanted.subject)

    return await write(outbox, request_id, item_id, compose, author=by)


async def draft(outbox: Outbox, request_id: str, language: Language, forward: str | None = None) -> Draft:
    """What an answer on the request starts from, or an e-mail that hands one of its e-mails on, which is to nobody yet.

    Raises `Unknown`, `NotForwardable`.
    """
    request = await get(outbox.requests, request_id)
    emails = await outbox.items.emails(request_id, THREAD)
    if forward is not None:
        given = await _forwarded(outbox, request_id, forward)
        letter = handing_on(Letter(to=(), subject="", text=""), given, language)
        return Draft(None, (), letter.subject, letter.quoted, letter.quoted, _mailbox(emails), letter.attachments)
    proposed = await _recipients(outbox, request, emails)
    return Draft(
        to=proposed.to,
        cc=proposed.cc,
        subject=subject_of(request.number, request.subject, emails, language),
        last=await _history(outbox, request, "last", language),
        all=await _history(outbox, request, "all", language),
        mailbox=_mailbox(emails),
    )


async def _recipients(outbox: Outbox, request: Request, emails: Sequence[Item]) -> Recipients:
    contact = await outbox.contacts.resolve(request.contact.id) if request.contact else None
    return recipients(request, contact, emails)


async def _forwarded(outbox: Outbox, request_id: str, item_id: str) -> Item:
    await get(outbox.requests, request_id)
    item = await outbox.items.get(item_id)
    if item is None or item.email is None or item.request_id != request_id:
        raise NotForwardable
    return item


def _chosen(wanted: Answer, proposed: Recipients) -> tuple[tuple[Address, ...], ...]:
    """To, Cc and Bcc as the agent wants them: everybody once, where they stand first, by the names that are known."""
    known = {email_key(one.email): one for one in (*proposed.cc, *((proposed.to,) if proposed.to else ()))}
    to = wanted.to or ((proposed.to,) if proposed.to else ())
    taken: set[str] = set()
    fields = []
    for people in (to, wanted.cc, wanted.bcc):
        distinct = {email_key(one.email): one for one in people if email_key(one.email) not in taken}
        taken |= distinct.keys()
        fields.append(tuple(one if one.name else known.get(key, one) for key, one in distinct.items()))
    return tuple(fields)


def _mailbox(emails: Sequence[Item]) -> str | None:
    last = last_received(emails)
    return last.mailbox if last else None


async def _history(outbox: Outbox, request: Request, wanted: Quote, language: Language) -> str:
    if wanted == "none":
        return ""
    said = [item for item in await outbox.items.said(request.id, QUOTED) if item.said and not _is_forward(item)]
    if wanted == "last":
        said = [item for item in said if item.direction == "inbound"][:1]
    return quote(said, language)


def _is_forward(item: Item) -> bool:
    return item.email is not None and item.email.purpose == "forward"


def _of_this(request: Request, files: Sequence[FileCopy]) -> tuple[Attachment, ...]:
    scopes = {request_scope(request.id), *(conversation_scope(one.id) for one in request.conversations)}
    for index, copy in enumerate(files):
        if copy.scope not in scopes and not copy.scope.startswith(TEMPLATE):
            raise FileElsewhere(index)
    return tuple(copy.file for copy in files)
