"""What the rest of Guichet hears of e-mails."""

from datetime import datetime
from typing import Any

from guichet_contracts import requests as contract
from guichet_kit import trace
from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_requests.email.email import Address
from guichet_requests.email.letter import Letter, Thread
from guichet_requests.request.request import Request
from guichet_requests.timeline.item import Author


def email_submitted(
    request: Request, item_id: str, letter: Letter, thread: Thread, message_id: str, author: Author, at: datetime
) -> contract.EmailSubmitted:
    """``requests.email.submitted.v1``"""
    writer = contract.EmailAuthor(id=author.id, name=author.name or "") if author.kind == "agent" else None
    email = contract.SubmittedEmail(
        request_id=request.id,
        request_number=request.number,
        item_id=item_id,
        mailbox=letter.mailbox,
        author=writer,
        to=_addresses(letter.to),
        cc=_addresses(letter.cc),
        bcc=_addresses(letter.bcc),
        subject=letter.subject,
        text=letter.whole,
        quoted_from=len(letter.whole) - len(letter.quoted) if letter.quoted else None,
        attachments=tuple(
            contract.EmailFile(id=file.id, name=file.name, media_type=file.media_type, size=file.size)
            for file in letter.attachments
        ),
        message_id=message_id,
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        signature=letter.signature is not None,
        automatic=letter.purpose not in ("reply", "forward"),
        submitted_at=at,
    )
    return contract.EmailSubmitted(data=contract.EmailSubmittedData(email=email), **_envelope(item_id))


def email_filed(email_id: str, request_id: str, version: int) -> contract.EmailFiled:
    """``requests.email.filed.v1``"""
    data = contract.EmailFiledData(email_id=email_id, request_id=request_id, version=version)
    return contract.EmailFiled(data=data, **_envelope(email_id))


def contact_wanted(request_id: str, email: str, name: str, received_at: datetime) -> contract.ContactWanted:
    """``requests.contact.wanted.v1``"""
    data = contract.ContactWantedData(request_id=request_id, email=email, name=name, received_at=received_at)
    return contract.ContactWanted(data=data, **_envelope(request_id))


def _envelope(subject: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "time": now(),
        "subject": subject,
        "correlationid": trace.correlation_id.get(),
        "causationid": trace.causation_id.get(),
    }


def _addresses(some: tuple[Address, ...]) -> tuple[contract.EmailAddress, ...]:
    return tuple(contract.EmailAddress(email=one.email, name=one.name) for one in some)
