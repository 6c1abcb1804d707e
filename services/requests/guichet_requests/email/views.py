"""How e-mails look on a timeline over HTTP."""

from collections.abc import Sequence
from typing import Any, Literal

from guichet_kit.clock import WireTime
from pydantic import BaseModel, ConfigDict, Field

from guichet_requests.email.email import (
    Address,
    Delivery,
    DeliveryState,
    Email,
    Kind,
    Placed,
    PlacedBy,
    Purpose,
    WrittenBy,
)


def of_some() -> Any:
    """A field that is left out where it says nothing."""
    return Field(default=None, exclude_if=lambda value: value is None)


def of_any() -> Any:
    """A list that is left out where nothing is in it."""
    return Field(default=[], exclude_if=lambda value: not value)


class AddressView(BaseModel):
    """An address; ``name`` is empty where none was given."""

    model_config = ConfigDict(from_attributes=True)

    email: str
    name: str


class OtherRequestView(BaseModel):
    """Another request."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    number: int


class PlacedView(BaseModel):
    """Why a received e-mail is here."""

    by: PlacedBy
    forged_reply_address: bool
    from_request: OtherRequestView | None = of_some()
    moved_by: str | None = of_some()

    @classmethod
    def of(cls, placed: Placed) -> "PlacedView":
        """As it is shown."""
        other = placed.from_request
        return cls(
            by=placed.by,
            forged_reply_address=placed.forged_reply_address,
            from_request=OtherRequestView.model_validate(other) if other else None,
            moved_by=placed.moved_by,
        )


class BouncedRecipientView(BaseModel):
    """What a report says of one address."""

    model_config = ConfigDict(from_attributes=True)

    email: str
    fate: str
    status: str
    diagnostic: str


class BounceView(BaseModel):
    """A report on an e-mail that was sent."""

    recipients: list[BouncedRecipientView]


class InvitationView(BaseModel):
    """A calendar invitation; times as they stand there."""

    model_config = ConfigDict(from_attributes=True)

    method: str
    summary: str
    start: str
    end: str
    location: str
    organizer: str
    starts_at: WireTime | None
    ends_at: WireTime | None
    zone: str
    all_day: bool


class AuthenticationView(BaseModel):
    """What the mail server found out about the sender; ``fail``: the address was forged."""

    model_config = ConfigDict(from_attributes=True)

    server: str
    spf: str | None
    dkim: str | None
    dmarc: str | None
    verdict: Literal["pass", "fail", "none"]


class EmailView(BaseModel):
    """An e-mail; the item's text and HTML are what is new in it, what is named here is folded below."""

    subject: str
    from_: AddressView | None
    raw_from: str | None = of_some()
    reply_to: list[AddressView] = of_any()
    to: list[AddressView]
    cc: list[AddressView]
    bcc: list[AddressView] = of_any()
    forwarded_from: AddressView | None = of_some()
    sent_at: WireTime | None = of_some()
    mailbox: str | None
    message_id: str | None
    kind: Kind
    why: str
    reason: str | None = of_some()
    written_by: WrittenBy | None = of_some()
    judged_by: str | None = of_some()
    complaint: str | None = of_some()
    text_signature: str
    text_quoted: str
    html_quoted: str
    placed: PlacedView | None
    other_sender: bool
    signed: str | None
    encrypted: bool
    notes: list[str]
    bounce: BounceView | None
    invitation: InvitationView | None
    automatic: bool
    purpose: Purpose | None = of_some()
    authentication: AuthenticationView | None = of_some()

    model_config = {"alias_generator": lambda name: name.rstrip("_"), "populate_by_name": True}

    @classmethod
    def of(cls, email: Email) -> "EmailView":
        """The e-mail as it is shown."""
        bounced = email.bounce
        return cls(
            subject=email.subject,
            from_=AddressView.model_validate(email.sender) if email.sender else None,
            raw_from=email.raw_from,
            reply_to=_people(email.reply_to),
            to=_people(email.to),
            cc=_people(email.cc),
            bcc=_people(email.bcc),
            forwarded_from=AddressView.model_validate(email.forwarded_from) if email.forwarded_from else None,
            sent_at=email.sent_at,
            mailbox=email.mailbox,
            message_id=email.message_id,
            kind=email.kind,
            why=email.why,
            reason=email.reason,
            written_by=email.written_by,
            judged_by=email.judged_by,
            complaint=email.complaint,
            text_signature=email.text_signature,
            text_quoted=email.text_quoted,
            html_quoted=email.html_quoted,
            placed=PlacedView.of(email.placed) if email.placed else None,
            other_sender=email.other_sender,
            signed=email.signed,
            encrypted=email.encrypted,
            notes=list(email.notes),
            bounce=BounceView(recipients=[BouncedRecipientView.model_validate(one) for one in bounced])
            if bounced is not None
            else None,
            invitation=InvitationView.model_validate(email.invitation) if email.invitation else None,
            automatic=email.automatic,
            purpose=email.purpose,
            authentication=AuthenticationView.model_validate(email.authentication) if email.authentication else None,
        )


def _people(some: Sequence[Address]) -> list[AddressView]:
    return [AddressView.model_validate(one) for one in some]


class DeliveryView(BaseModel):
    """What became of an e-mail that was sent; ``detail`` in words."""

    state: DeliveryState
    detail: str | None
    attempts: int
    next_attempt_at: WireTime | None
    at: WireTime

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryView":
        """As it is shown."""
        return cls(
            state=delivery.state,
            detail=delivery.detail,
            attempts=delivery.attempts,
            next_attempt_at=delivery.next_attempt_at,
            at=delivery.at,
        )
