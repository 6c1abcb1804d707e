"""What ``mailer`` tells, in the words of requests."""

from dataclasses import fields
from typing import TypeVar

from guichet_contracts import mailer as contract
from guichet_contracts.event import Model
from guichet_kit.blank import is_blank

from guichet_requests.email.email import Address, Authentication, BouncedRecipient, Delivery, Email, Invitation
from guichet_requests.email.people import writer
from guichet_requests.timeline.item import Attachment, Author, Item

T = TypeVar("T")


def item_of(received: contract.Email) -> Item:
    """The received e-mail as a timeline item, on no request yet."""
    email = _email(received)
    wrote = writer(email) or email.sender
    return Item(
        id=received.id,
        request_id="",
        at=received.received_at,
        kind="email",
        channel="email",
        direction="inbound",
        author=Author("contact", "", (wrote.name or wrote.email) if wrote else received.raw_from or None),
        text=received.text,
        html=received.html,
        attachments=tuple(_known(Attachment, file) for file in received.attachments),
        email=email,
    )


def _email(received: contract.Email) -> Email:
    return Email(
        subject=received.subject,
        sender=_address(received.sender),
        raw_from=received.raw_from,
        reply_to=_addresses(received.reply_to),
        to=_addresses(received.to),
        cc=_addresses(received.cc),
        ours=received.ours,
        mailbox=received.mailbox,
        message_id=received.message_id,
        references=received.references,
        kind=received.kind,
        why=received.why,
        reason=received.automatic_reason,
        sent_at=received.sent_at,
        forwarded_from=_address(received.forwarded_from),
        complaint=received.bounce.feedback_type if received.bounce else None,
        text_signature=received.text_signature,
        text_quoted=received.text_quoted,
        html_quoted=received.html_quoted,
        signed=received.signed,
        encrypted=received.encrypted,
        notes=received.notes,
        bounce=_recipients(received.bounce) if received.bounce else None,
        invitation=_known(Invitation, received.invitation) if received.invitation else None,
        authentication=_known(Authentication, received.authentication) if received.authentication else None,
    )


def delivery_of(changed: contract.DeliveryChangedData) -> Delivery:
    """The fate of a sent e-mail."""
    return Delivery(
        state=changed.state,
        at=changed.at,
        detail=changed.detail,
        attempts=changed.attempts,
        next_attempt_at=changed.next_attempt_at,
        version=changed.version,
    )


def _known(kind: type[T], told: Model) -> T:
    """What was told, without the fields that a newer publisher added."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in told.model_dump().items() if name in names})


def _address(one: contract.Address | None) -> Address | None:
    return _person(one) if one else None


def _addresses(some: tuple[contract.Address, ...]) -> tuple[Address, ...]:
    return tuple(map(_person, some))


def _person(one: contract.Address) -> Address:
    return Address(one.email, "" if is_blank(one.name) else one.name)


def _recipients(bounce: contract.Bounce) -> tuple[BouncedRecipient, ...]:
    return tuple(_known(BouncedRecipient, one) for one in bounce.recipients)
