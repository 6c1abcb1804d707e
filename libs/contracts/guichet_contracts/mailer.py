"""Events of ``mailer``. An e-mail's and a delivery's id is the natural key; each event is sufficient by itself."""

from typing import Literal

from guichet_contracts.event import Event, Model, Time
from guichet_contracts.forgetting import PersonForgottenData

EmailKind = Literal["message", "bounce", "auto_reply", "bulk", "loop"]
DeliveryState = Literal["queued", "sending", "sent", "failed", "bounced", "uncertain"]
ThreadedBy = Literal["reply_address", "in_reply_to", "references", "bounce"]


class Address(Model):
    """An address; ``name`` is empty where none was given."""

    email: str
    name: str = ""


class Attachment(Model):
    """A file of the e-mail. ``size`` in bytes.

    ``state``: ``ready`` in ``attachments`` under ``id``, ``checking`` there, or ``refused`` by it, for ``detail``.
    ``inline`` ones are shown by the HTML, as ``cid:`` and their ``content_id``. ``title`` is the subject of an enclosed
    mail.
    """

    id: str
    name: str
    media_type: str
    size: int
    state: Literal["ready", "checking", "refused"]
    detail: str | None = None
    content_id: str | None = None
    inline: bool = False
    title: str | None = None


class Thread(Model):
    """Where the e-mail belongs, as far as its headers prove, and why.

    ``request_id`` is None where nothing proves one; then ``follows`` may still name received e-mails that it answers or
    that name the same mails, the nearest first: their request is its request. ``forged_reply_address``: it was sent to
    a reply address whose signature is not ours. Whether the sender belongs to the request is for ``requests`` to say.
    """

    request_id: str | None = None
    by: ThreadedBy | None = None
    follows: tuple[str, ...] = ()
    forged_reply_address: bool = False


class BouncedRecipient(Model):
    """What a report says of one address; ``status`` as in RFC 3463."""

    email: str
    fate: Literal["failed", "delayed", "delivered"]
    status: str = ""
    diagnostic: str = ""


class Bounce(Model):
    """A report on an e-mail that was sent; ``item_id`` is that e-mail's, where it is one of ours.

    ``feedback_type`` is that of RFC 5965 (``abuse``, ``fraud``, ``not-spam`` …) where a recipient complained about the
    e-mail; None where the report is on its delivery.
    """

    item_id: str | None = None
    recipients: tuple[BouncedRecipient, ...] = ()
    feedback_type: str | None = None


class Invitation(Model):
    """A calendar invitation (RFC 5545); ``start`` and ``end`` as they stand there.

    ``starts_at`` and ``ends_at`` are the same as moments, None where they cannot be known: on a whole day, or at a time
    without a zone. ``zone`` is the zone's name as the invitation has it (``America/New_York``, ``UTC``), empty where it
    names none. ``all_day``: it is about days, without a time.
    """

    method: str
    summary: str
    start: str
    end: str
    location: str
    organizer: str
    starts_at: Time | None = None
    ends_at: Time | None = None
    zone: str = ""
    all_day: bool = False


class Authentication(Model):
    """What a mail server that the operator trusts found out about the sender (RFC 8601), where it looked.

    ``verdict`` judges the address in From: ``pass``: it is genuine, ``fail``: it is forged, ``none``: nobody checked.
    """

    server: str
    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    verdict: Literal["pass", "fail", "none"] = "none"


class Email(Model):
    """A received e-mail. ``html`` is clean; remote images have ``remote:`` before their address.

    ``ours``: those of ``sender``, ``reply_to``, ``to`` and ``cc`` that are mailboxes'. ``text`` and ``html`` are what
    is new, ``text_signature``, ``text_quoted`` and ``html_quoted`` what is folded below.
    ``kind`` other than ``message`` was sent by a machine, for the reason ``why``, and must not be answered by one.

    ``automatic_reason`` says the same as a stable word, None for a ``message``. Strong: ``auto_submitted``,
    ``precedence`` (of an automatic reply), ``auto_reply_header``, ``two_signs``, ``receipt`` (RFC 8098),
    ``delivery_report``, ``daemon``, ``abuse_report``, ``loop``. Weak, so that it yields to a known contact:
    ``list`` (a mailing list), ``bulk`` (another mass mailing). ``raw_from``: the header From as it stands there, where
    no address was found in it.
    ``sent_at``: the mail's own date. ``forwarded_from``: who wrote the mail that is forwarded in the text.
    ``answer_by_machine``: False where no automatic mail may answer it, though a person may have written it (it has no
    return path, or says so by ``X-Auto-Response-Suppress``). ``authentication``: None where no trusted server said
    anything of the sender.
    """

    id: str
    mailbox: str | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    ours: tuple[str, ...] = ()
    subject: str = ""
    sent_at: Time | None = None
    received_at: Time
    text: str = ""
    text_signature: str = ""
    text_quoted: str = ""
    html: str | None = None
    html_quoted: str = ""
    attachments: tuple[Attachment, ...] = ()
    kind: EmailKind = "message"
    why: str = ""
    automatic_reason: str | None = None
    raw_from: str | None = None
    forwarded_from: Address | None = None
    answer_by_machine: bool = True
    bounce: Bounce | None = None
    invitation: Invitation | None = None
    signed: Literal["smime", "pgp"] | None = None
    encrypted: bool = False
    notes: tuple[str, ...] = ()
    authentication: Authentication | None = None


class EmailReceivedData(Model):
    email: Email
    thread: Thread


class EmailRepeatedData(Model):
    """The e-mail ``email_id`` came again, as ``repeat_id``: the same date, author, words and Message-ID."""

    email_id: str
    repeat_id: str
    received_at: Time


class DeliveryChangedData(Model):
    """The fate of the e-mail of timeline item ``item_id``; a greater ``version`` is newer. ``detail``: in words."""

    item_id: str
    request_id: str
    state: DeliveryState
    detail: str | None = None
    attempts: int
    next_attempt_at: Time | None = None
    at: Time
    version: int


class EmailReceived(Event[EmailReceivedData]):
    """An e-mail came in, was stored and read."""

    source: Literal["guichet/mailer"] = "guichet/mailer"
    type: Literal["mailer.email.received.v1"] = "mailer.email.received.v1"


class EmailRepeated(Event[EmailRepeatedData]):
    """An e-mail that was received before came once more, by another way or in other bytes; it is not told again."""

    source: Literal["guichet/mailer"] = "guichet/mailer"
    type: Literal["mailer.email.repeated.v1"] = "mailer.email.repeated.v1"


class DeliveryChanged(Event[DeliveryChangedData]):
    """An e-mail on its way out came into another state, or was tried again."""

    source: Literal["guichet/mailer"] = "guichet/mailer"
    type: Literal["mailer.delivery.changed.v1"] = "mailer.delivery.changed.v1"


class PersonForgotten(Event[PersonForgottenData]):
    """A person is forgotten here. It may be told several times of one erasure, which more was found for."""

    source: Literal["guichet/mailer"] = "guichet/mailer"
    type: Literal["mailer.person.forgotten.v1"] = "mailer.person.forgotten.v1"
