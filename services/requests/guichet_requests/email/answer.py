"""Agents' e-mails: to whom they go, what they start from, and what must not have been said meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from guichet_requests.contact.contact import email_key
from guichet_requests.email.email import Address
from guichet_requests.email.letter import QUOTED, THREAD, Language, Letter, quote, subject_of
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


class StaleReply(Refused):
    """Something was said that the agent had not seen: ``newer``, the oldest first."""

    def __init__(self, newer: Sequence[Item]) -> None:
        super().__init__("Something was said in the meantime.")
        self.newer = newer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an agent wants to send. Without ``subject`` it is the thread's; ``seen`` is the item they had seen last."""

    text: str
    subject: str | None = None
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
    """What an agent's e-mail starts from; ``last`` and ``all`` are the quoted history that they may add."""

    to: Address | None
    cc: tuple[Address, ...]
    subject: str
    last: str
    all: str
    mailbox: str | None


async def answer(outbox: Outbox, request_id: str, item_id: str, wanted: Answer, *, by: Author) -> Item:
    """Write to the customer. A repeat answers the first one.

    Raises:
        Unknown, IdTaken, Contended: as `submit`.
        ContactWithoutEmail: there is nobody to write to.
        StaleReply: somebody else said something after what the agent had seen.
        NeverSeen: what they have seen is on no timeline.
        FileElsewhere: a file is neither the request's, nor of one of its conversations, nor of a template.
    """
    seen = await seen_item(outbox, request_id, wanted.seen, "seen_timeline_id") if wanted.seen else None

    async def compose(request: Request, emails: Sequence[Item]) -> Letter:
        if seen is not None:
            said = await outbox.items.said(request.id, THREAD, after=seen)
            newer = [item for item in reversed(said) if item.said and item.author.id != by.id]
            if newer:
                raise StaleReply(newer)
        to = await _recipient(outbox, request, emails)
        if to is None:
            raise ContactWithoutEmail
        return Letter(
            to=(to,),
            cc=tuple(one for one in wanted.cc if email_key(one.email) != email_key(to.email)),
            subject=wanted.subject or subject_of(request.number, request.subject, emails, wanted.language),
            text=wanted.text,
            signature=wanted.signature,
            quoted=await _history(outbox, request, wanted.quote, wanted.language),
            attachments=(*wanted.attachments, *_of_this(request, wanted.files)),
            mailbox=wanted.mailbox or _mailbox(emails),
        )

    return await write(outbox, request_id, item_id, compose, author=by)


async def draft(outbox: Outbox, request_id: str, language: Language) -> Draft:
    """What an answer on the request starts from. Raises `Unknown`."""
    request = await get(outbox.requests, request_id)
    emails = await outbox.items.emails(request_id, THREAD)
    to = await _recipient(outbox, request, emails)
    return Draft(
        to=to,
        cc=_others(emails, to),
        subject=subject_of(request.number, request.subject, emails, language),
        last=await _history(outbox, request, "last", language),
        all=await _history(outbox, request, "all", language),
        mailbox=_mailbox(emails),
    )


async def _recipient(outbox: Outbox, request: Request, emails: Sequence[Item]) -> Address | None:
    """The contact, at the address that they wrote from last; while there is none, who wrote, or filled in a form."""
    last = _last_received(emails)
    wrote = last.email.sender if last and last.email else None
    if request.contact is None:
        visitor = request.visitor
        filled_in = Address(visitor.email, visitor.name or "") if visitor and visitor.email and request.awaits else None
        return wrote or filled_in
    copy = await outbox.contacts.resolve(request.contact.id)
    if wrote is not None and copy is not None and email_key(wrote.email) in copy.email_keys:
        return Address(wrote.email, request.contact.name)
    return Address(request.contact.email, request.contact.name) if request.contact.email else None


def _others(emails: Sequence[Item], to: Address | None) -> tuple[Address, ...]:
    """Who else was written to with the newest e-mail of the customer, but for ourselves."""
    last = _last_received(emails)
    if last is None or last.email is None:
        return ()
    left_out = {email_key(address) for address in last.email.ours} | ({email_key(to.email)} if to else set())
    named = {email_key(one.email): one for one in (*last.email.to, *last.email.cc)}
    return tuple(one for key, one in named.items() if key not in left_out)


def _last_received(emails: Sequence[Item]) -> Item | None:
    return next(
        (
            item
            for item in emails
            if item.direction == "inbound" and item.said and item.email and not item.email.other_sender
        ),
        None,
    )


def _mailbox(emails: Sequence[Item]) -> str | None:
    last = _last_received(emails)
    return last.email.mailbox if last and last.email else None


async def _history(outbox: Outbox, request: Request, wanted: Quote, language: Language) -> str:
    if wanted == "none":
        return ""
    said = [item for item in await outbox.items.said(request.id, QUOTED) if item.said]
    if wanted == "last":
        said = [item for item in said if item.direction == "inbound"][:1]
    return quote(said, language)


def _of_this(request: Request, files: Sequence[FileCopy]) -> tuple[Attachment, ...]:
    scopes = {f"request:{request.id}", *(f"conversation:{conversation.id}" for conversation in request.conversations)}
    for index, copy in enumerate(files):
        if copy.scope not in scopes and not copy.scope.startswith("template:"):
            raise FileElsewhere(index)
    return tuple(copy.file for copy in files)
