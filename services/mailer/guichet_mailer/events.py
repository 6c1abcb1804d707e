"""What happened to mail, as the events of `guichet_contracts.mailer`."""

from collections.abc import Sequence
from typing import Any

from guichet_contracts import mailer as contract
from guichet_kit import trace
from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_mailer.inbound.received import Received
from guichet_mailer.outbound.delivery import Delivery, State
from guichet_mailer.parsing import Address, Authentication, Mail


def _envelope(subject: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "time": now(),
        "subject": subject,
        "correlationid": trace.correlation_id.get(),
        "causationid": trace.causation_id.get(),
    }


def delivery_changed(delivery: Delivery) -> contract.DeliveryChanged:
    """The event of the delivery's having come into its state."""
    data = contract.DeliveryChangedData(
        item_id=delivery.id,
        request_id=delivery.email.request_id,
        state=delivery.state.value,
        detail=delivery.detail,
        attempts=delivery.attempts,
        next_attempt_at=delivery.due_at if delivery.state is State.QUEUED else None,
        at=delivery.at,
        version=delivery.version,
    )
    return contract.DeliveryChanged(data=data, **_envelope(delivery.id))


def email_received(
    received: Received,
    mailbox: str | None,
    mail: Mail,
    thread: contract.Thread,
    attachments: Sequence[contract.Attachment],
    bounced_item: str | None,
    ours: Sequence[str],
    proven: Authentication | None = None,
) -> contract.EmailReceived:
    """The event of a mail's having been read."""
    email = contract.Email(
        id=received.id,
        mailbox=mailbox,
        message_id=mail.message_id,
        references=(mail.references or mail.in_reply_to)[-20:],  # RFC 5322, 3.6.4: what an answer is to name
        sender=_address(mail.sender) if mail.sender else None,
        reply_to=_addresses(mail.reply_to),
        to=_addresses(mail.to),
        cc=_addresses(mail.cc),
        ours=tuple(ours),
        subject=mail.subject,
        sent_at=mail.date,
        received_at=received.received_at,
        text=mail.text,
        text_signature=mail.text_signature,
        text_quoted=mail.text_quoted,
        html=mail.html,
        html_quoted=mail.html_quoted,
        attachments=tuple(attachments),
        kind=mail.kind,
        why=mail.why,
        automatic_reason=mail.reason,
        raw_from=mail.raw_from,
        forwarded_from=_address(mail.forwarded_from) if mail.forwarded_from else None,
        answer_by_machine=mail.answer_by_machine,
        bounce=_bounce(mail, bounced_item),
        invitation=contract.Invitation.model_validate(mail.invitation, from_attributes=True)
        if mail.invitation
        else None,
        signed=mail.signed,
        encrypted=mail.encrypted,
        notes=mail.notes,
        authentication=contract.Authentication.model_validate(proven, from_attributes=True) if proven else None,
    )
    data = contract.EmailReceivedData(email=email, thread=thread)
    return contract.EmailReceived(data=data, **_envelope(received.id))


def email_repeated(repeat: Received, first_id: str) -> contract.EmailRepeated:
    """The event of a mail's having come again."""
    data = contract.EmailRepeatedData(email_id=first_id, repeat_id=repeat.id, received_at=repeat.received_at)
    return contract.EmailRepeated(data=data, **_envelope(first_id))


def _bounce(mail: Mail, item_id: str | None) -> contract.Bounce | None:
    if mail.bounce is None:
        return None
    recipients = [contract.BouncedRecipient.model_validate(one, from_attributes=True) for one in mail.bounce.recipients]
    return contract.Bounce(item_id=item_id, recipients=tuple(recipients), feedback_type=mail.feedback_type)


def _address(one: Address) -> contract.Address:
    return contract.Address(email=one.email, name=one.name)


def _addresses(some: Sequence[Address]) -> tuple[contract.Address, ...]:
    return tuple(_address(one) for one in some)
