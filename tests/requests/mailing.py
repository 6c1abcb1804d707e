"""What mailer would tell of e-mails, for tests."""

from datetime import datetime
from typing import Any

from guichet_contracts import contacts as contacts_contract
from guichet_contracts import mailer
from guichet_contracts.attachments import (
    AttachmentRejected,
    AttachmentRejectedData,
    AttachmentStored,
    AttachmentStoredData,
    File,
    Owner,
    Refusal,
)
from guichet_contracts.mailer import Address, Email, Thread
from guichet_kit.clock import now
from guichet_kit.ids import new_id

from .conftest import NOON

ADA = "ada@example.org"
SUPPORT = "support@boutique.example"


def received(
    text: str = "Bonjour",
    sender: str | None = ADA,
    *,
    thread: Thread | None = None,
    at: datetime | None = None,
    email_id: str | None = None,
    **fields: Any,
) -> mailer.EmailReceived:
    """An e-mail to the desk."""
    at = at or now()
    email = Email(
        id=email_id or new_id(),
        message_id=f"{new_id()}@example.org",
        sender=Address(email=sender, name="Ada") if sender else None,
        **{"to": (Address(email=SUPPORT),), "ours": (SUPPORT,), "subject": "Lampe cassée"} | fields,
        received_at=at,
        text=text,
    )
    data = mailer.EmailReceivedData(email=email, thread=thread or Thread())
    return mailer.EmailReceived(id=new_id(), time=at, subject=email.id, data=data)


def answering(request_id: str, **fields: Any) -> Thread:
    """The thread of an e-mail to a request's signed address."""
    return Thread(request_id=request_id, by="reply_address", **fields)


def fate(request_id: str, item_id: str, state: mailer.DeliveryState, version: int) -> mailer.DeliveryChanged:
    """What became of a sent e-mail."""
    data = mailer.DeliveryChangedData(
        item_id=item_id, request_id=request_id, state=state, attempts=version, at=NOON, version=version
    )
    return mailer.DeliveryChanged(id=new_id(), time=NOON, subject=item_id, data=data)


def contact(
    contact_id: str = "ada", email: str | None = ADA, *, version: int = 1, others: tuple[str, ...] = ()
) -> contacts_contract.ContactChanged:
    """What contacts tells of Ada."""
    shown = contacts_contract.Contact(
        id=contact_id,
        name="Ada Lovelace",
        first_name="Ada",
        last_name="Lovelace",
        email=email,
        other_emails=others,
        created_at=NOON,
        updated_at=NOON,
        version=version,
    )
    data = contacts_contract.ContactChangedData(contact=shown)
    return contacts_contract.ContactChanged(id=new_id(), time=NOON, subject=contact_id, data=data)


def stored(file_id: str, scope: str = "visitor", owner_id: str = "mailer") -> AttachmentStored:
    """A file that passed every check."""
    file = _file(file_id, scope, owner_id)
    return AttachmentStored(id=new_id(), time=NOON, subject=file_id, data=AttachmentStoredData(attachment=file))


def rejected(file_id: str, reason: Refusal) -> AttachmentRejected:
    """A file that did not."""
    data = AttachmentRejectedData(attachment=_file(file_id), reason=reason)
    return AttachmentRejected(id=new_id(), time=NOON, subject=file_id, data=data)


def _file(file_id: str, scope: str = "visitor", owner_id: str = "mailer") -> File:
    return File(
        id=file_id,
        name=f"{file_id}.png",
        media_type="image/png",
        size=9,
        sha256="0" * 64,
        scope=scope,
        owner=Owner(kind="agent", id=owner_id),
        created_at=NOON,
    )
