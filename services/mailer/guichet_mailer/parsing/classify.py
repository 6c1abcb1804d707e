"""What kind of mail it is: from a person, or from a machine that must not be answered."""

import re
from email.message import Message

from flufl.bounce import all_failures

from guichet_mailer.parsing import headers
from guichet_mailer.parsing.body import children
from guichet_mailer.parsing.mail import Address, Bounce, Fate, Kind, Recipient

HOPS_LIMIT = 50
"""``Received`` headers of a mail that goes in circles (RFC 5321, 6.3, wants at least 100 where nothing else tells)."""

LOOP_HEADER = "x-guichet-delivery"
"""Stands on all mail that Guichet sends: a mail that comes with it is our own, come back."""

_FATES: dict[str, Fate] = {
    "failed": "failed",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}
_DAEMONS = re.compile(r"(?:mailer-daemon|mail-daemon|mdaemon|postmaster|bounces?|double-bounce)(?:[+=-].*)?", re.I)
_RETURNED_ID = re.compile(rb"^message-id:\s*<([^<>\s]{1,500})>", re.IGNORECASE | re.MULTILINE)
_AUTO_SUBJECT = re.compile(
    r"(?:out of (?:the )?office|automatic reply|auto(?:matic)?[ -]?re(?:ply|sponse)|réponse automatique"
    r"|absen(?:ce|t) du|message d['’]absence|automatische antwort|abwesenheits"
    r"|respuesta automática|risposta automatica)",
    re.IGNORECASE,
)


def classify(mail: Message, raw: bytes, sender: Address | None, null_sender: bool) -> tuple[Kind, str, Bounce | None]:
    """The kind, why, and what a bounce reports. ``null_sender``: the envelope was from ``<>``."""
    if headers.raw_value(mail, LOOP_HEADER):
        return "loop", "it carries the mark of mail that this desk sent", None
    hops = sum(1 for _ in headers.raw_values(mail, "received"))
    if hops > HOPS_LIMIT:
        return "loop", f"it went through {hops} servers", None
    null_sender = null_sender or headers.raw_value(mail, "return-path").strip() == "<>"
    if bounce := _bounce(mail, raw, sender, null_sender):
        return "bounce", "it reports on mail that was sent", bounce
    if why := _auto_reply(mail):
        return "auto_reply", why, None
    if why := _bulk(mail):
        return "bulk", why, None
    if null_sender:
        return "auto_reply", "it has no return address", None
    return "message", "", None


def _auto_reply(mail: Message) -> str:
    """By RFC 3834, section 5, and what older programs say instead."""
    value = headers.raw_value(mail, "auto-submitted").strip().lower()
    if value and not value.startswith("no"):
        return f"Auto-Submitted: {value[:60]}"
    for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply"):
        if headers.raw_value(mail, name):
            return name
    precedence = headers.raw_value(mail, "precedence").strip().lower()
    if precedence in ("auto_reply", "auto-reply"):
        return f"Precedence: {precedence}"
    if _AUTO_SUBJECT.search(headers.text(mail, "subject")[:200]):
        return "its subject says so"
    suppress = headers.raw_value(mail, "x-auto-response-suppress").lower()
    # Exchange puts it on its answers; people's mail through Exchange may name single kinds.
    if "all" in suppress and not headers.raw_value(mail, "list-id"):
        return "X-Auto-Response-Suppress: All"
    return ""


def _bulk(mail: Message) -> str:
    for name in ("list-id", "list-unsubscribe", "list-post", "feedback-id"):
        if headers.raw_value(mail, name):
            return name.title()
    precedence = headers.raw_value(mail, "precedence").strip().lower()
    return f"Precedence: {precedence}" if precedence in ("bulk", "list", "junk") else ""


def _bounce(mail: Message, raw: bytes, sender: Address | None, null_sender: bool) -> Bounce | None:
    recipients = _status_report(mail)
    if not recipients and _may_be_odd_bounce(mail, sender, null_sender):
        recipients = _odd(mail)
    if not recipients:
        return None
    # The report ends with the mail, or its headers; odd ones quote it in their text.
    header_end = re.search(rb"\r?\n\r?\n", raw)
    returned = _RETURNED_ID.findall(raw, header_end.end() if header_end else 0)
    ids = dict.fromkeys(one.decode("utf-8", "replace") for one in returned)
    ids |= dict.fromkeys(headers.message_ids([*headers.raw_values(mail, "in-reply-to")]))
    ids |= dict.fromkeys(headers.message_ids([*headers.raw_values(mail, "references")]))
    return Bounce(tuple(recipients), tuple(ids))


def _status_report(mail: Message) -> list[Recipient]:
    """The fields of each recipient in ``message/delivery-status`` (RFC 3464, 2.3)."""
    found = []
    for part in mail.walk():
        if part.get_content_type() not in ("message/delivery-status", "message/global-delivery-status"):
            continue
        for block in children(part):
            fate = _FATES.get(headers.raw_value(block, "action").strip().lower())
            address = headers.raw_value(block, "original-recipient") or headers.raw_value(block, "final-recipient")
            email = address.rpartition(";")[2].strip(" <>")
            if fate and email:
                status = headers.raw_value(block, "status").strip().partition(" ")[0][:20]
                diagnostic = headers.text(block, "diagnostic-code").partition(";")[2].strip()[:500]
                found.append(Recipient(email, fate, status, diagnostic))
    return found


def _may_be_odd_bounce(mail: Message, sender: Address | None, null_sender: bool) -> bool:
    local = sender.email.partition("@")[0] if sender else ""
    return bool(null_sender and not _auto_reply(mail)) or bool(_DAEMONS.fullmatch(local))


def _odd(mail: Message) -> list[Recipient]:
    try:
        passing, lasting = all_failures(mail)
    except Exception:  # noqa: BLE001  the library's detectors raise anything on odd input: then it is not such a bounce
        return []
    fates: list[tuple[frozenset[bytes], Fate]] = [(frozenset(passing), "delayed"), (frozenset(lasting), "failed")]
    return [Recipient(one.decode("utf-8", "replace"), fate) for some, fate in fates for one in sorted(some)]
