"""An e-mail as bytes (RFC 5322, 2045–2047, 2231)."""

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, UniqueAddressHeader, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import dkim  # type: ignore[import-untyped]
from guichet_contracts.requests import EmailAddress, EmailFile, SubmittedEmail

from guichet_mailer.mailbox import Mailbox
from guichet_mailer.outbound.markup import as_html
from guichet_mailer.parsing.classify import LOOP_HEADER

_REFERENCES = 20
_REPLY_PREFIX = re.compile(r"^(?:(?:re|aw|sv|tr|fw|fwd|wg|réf?)\s?:\s*)+", re.IGNORECASE)
_SIGNATURE = re.compile(r"^-- $", re.MULTILINE)
_FILETIME_EPOCH = 116_444_736_000_000_000
_SIGNED = (b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references", b"reply-to")
_SIGNED_BODY = (b"mime-version", b"content-type")


class Unsendable(Exception):
    """No server could take it: an address is not one, or needs what mail servers do not agree on."""


class _Ids(UnstructuredHeader):
    """Message-IDs, one a line: the library would tear long ones to pieces as encoded words."""

    name: str

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: " + "\r\n ".join(str(self).split()) + "\r\n"


class _Words(UnstructuredHeader):
    """A text, in encoded words (RFC 2047) where it takes them: the library's own folding loses spaces between two."""

    name: str

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """As it was written, also where it looks like an encoded word."""
        super().parse(value, kwds)
        kwds["decoded"] = value

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {_encoded(str(self), len(self.name) + 2)}\r\n"


class _Addresses(UniqueAddressHeader):
    """Addresses, one a line, their names likewise."""

    name: str
    addresses: tuple[Address, ...]

    def fold(self, *, policy: Any) -> str:
        lines = [_named(one, len(self.name) + 2) for one in self.addresses]
        return f"{self.name}: " + ",\r\n ".join(lines) + "\r\n"


def _named(one: Address, before: int) -> str:
    name = one.display_name
    if not name:
        return one.addr_spec
    if _PLAIN.fullmatch(name) and len(name) < _LINE:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        written = name if _ATOMS.fullmatch(name) else f'"{quoted}"'
    else:
        written = str(Header(name, "utf-8", maxlinelen=_LINE, header_name="x" * before).encode(linesep="\r\n"))
    separator = "\r\n " if len(written.rpartition("\n")[2]) + len(one.addr_spec) > _LINE - before else " "
    return f"{written}{separator}<{one.addr_spec}>"


def _encoded(text: str, before: int) -> str:
    plain = _PLAIN.fullmatch(text) and len(text) < _LINE - before
    return (
        text if plain else str(Header(text, "utf-8", maxlinelen=_LINE, header_name="x" * before).encode(linesep="\r\n"))
    )


_LINE = 76
_PLAIN = re.compile(r"(?:(?!=\?)[ -~])*")
"""ASCII that nobody takes for an encoded word."""

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_REGISTRY = HeaderRegistry()
for _name in ("message-id", "in-reply-to", "references"):
    _REGISTRY.map_to_type(_name, _Ids)  # type: ignore[arg-type]  # a part of such a class
for _name in ("subject", "thread-topic"):
    _REGISTRY.map_to_type(_name, _Words)  # type: ignore[arg-type]
for _name in ("from", "to", "cc", "reply-to"):
    _REGISTRY.map_to_type(_name, _Addresses)  # type: ignore[arg-type]
_POLICY = SMTP.clone(header_factory=_REGISTRY)


def compose(
    email: SubmittedEmail, mailbox: Mailbox, reply_to: str, files: Sequence[tuple[EmailFile, bytes]], date: datetime
) -> bytes:
    """The whole mail, ready for a server; signed where the mailbox has a key (RFC 6376).

    Raises:
        Unsendable: an address cannot be written into it.
    """
    mail = EmailMessage(policy=_POLICY)
    writer = email.author.name if email.author else ""
    mail["From"] = _address(EmailAddress(email=mailbox.address, name=" – ".join(filter(None, (writer, mailbox.name)))))
    mail["To"] = [_address(one) for one in email.to]
    if email.cc:
        mail["Cc"] = [_address(one) for one in email.cc]
    mail["Reply-To"] = _address(EmailAddress(email=email.reply_to or reply_to, name=mailbox.name))
    mail["Subject"] = subject = _line(email.subject)
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{_line(email.message_id)}>"
    if email.in_reply_to:
        mail["In-Reply-To"] = f"<{_line(email.in_reply_to)}>"
    references = list(dict.fromkeys([*email.references, *([email.in_reply_to] if email.in_reply_to else [])]))
    if references:
        kept = references if len(references) <= _REFERENCES else [references[0], *references[1 - _REFERENCES :]]
        mail["References"] = " ".join(f"<{_line(one)}>" for one in kept)
    mail["Thread-Topic"] = _line(email.thread_topic or _REPLY_PREFIX.sub("", subject))
    mail["Thread-Index"] = email.thread_index or thread_index(email.request_id)
    mail[LOOP_HEADER.title()] = email.item_id
    if email.automatic:
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834, 5
        mail["X-Auto-Response-Suppress"] = "All"
    unsigned = email.html is not None or not email.signature
    text = email.text if unsigned else with_signature(email.text, mailbox.signature, email.quoted_from)
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(email.html or as_html(text), subtype="html", cte="quoted-printable")
    for file, content in files:
        kind, _, subtype = file.media_type.partition("/")
        whole = subtype and kind not in ("message", "multipart")  # those must not be encoded, so not as themselves
        kind, subtype = (kind, subtype) if whole else ("application", "octet-stream")
        # A text without a charset counts as ASCII (RFC 2046, 4.1.2).
        charset = {"charset": "utf-8"} if kind == "text" and _is_utf8(content) else None
        mail.add_attachment(content, maintype=kind, subtype=subtype, filename=_line(file.name), params=charset)
    return _signed(mail.as_bytes(), mailbox)


def thread_index(request_id: str) -> str:
    """The head of Outlook's ``Thread-Index`` (MS-OXOMSG, 2.2.1.3), the same for all mails of a request."""
    identity = UUID(request_id)
    milliseconds = identity.int >> 80  # of UUIDv7; of another kind it is any number, and as good
    filetime = (milliseconds * 10_000 + _FILETIME_EPOCH) & ((1 << 64) - 1)
    return base64.b64encode(b"\x01" + filetime.to_bytes(8, "big")[1:6] + identity.bytes).decode()


def with_signature(text: str, signature: str, quoted_from: int | None = None) -> str:
    """The text with the mailbox's signature, above what it quotes; as it is where it has one of its own.

    What is quoted begins where the event says: what merely looks quoted is the writer's own words.
    """
    own, quoted = (text, "") if quoted_from is None else (text[:quoted_from], text[quoted_from:])
    if not signature or _SIGNATURE.search(own):
        return text
    return "\n\n".join(part for part in (own.rstrip(), f"-- \n{signature}", quoted) if part)


def ascii_address(email: str) -> str:
    """The address with its domain in ASCII (IDNA); `Unsendable` where the rest is not."""
    local, at, domain = email.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
        local.encode("ascii")
    except UnicodeError:
        raise Unsendable(f"{email}: mail servers do not agree on such an address") from None
    if not (local and at and domain) or re.search(r"[\s<>,;]", local + domain):
        raise Unsendable(f"{email}: not an address")
    return f"{local}@{domain}"


def _address(one: EmailAddress) -> Address:
    local, _, domain = ascii_address(one.email).rpartition("@")
    return Address(_line(one.name), local, domain)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _line(text: str) -> str:
    return " ".join(text.split())


def _signed(mail: bytes, mailbox: Mailbox) -> bytes:
    if mailbox.dkim_selector is None or mailbox.dkim_key_file is None:
        return mail
    signature: bytes = dkim.sign(
        mail,
        mailbox.dkim_selector.encode(),
        mailbox.domain.encode(),
        Path(mailbox.dkim_key_file).read_bytes(),
        include_headers=[*_SIGNED, *_SIGNED_BODY],
    )
    return signature + mail


def now_for_date() -> datetime:
    """The present, as ``Date`` has it: to the second."""
    return datetime.now(UTC).replace(microsecond=0)
