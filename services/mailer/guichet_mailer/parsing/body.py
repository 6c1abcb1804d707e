"""The parts of a mail: which are its text, which its HTML, and which are files."""

import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from typing import Literal

from guichet_mailer.parsing import enclosed, headers, html
from guichet_mailer.parsing.charsets import decode
from guichet_mailer.parsing.mail import File, Invitation, Unreadable

PARTS_LIMIT = 1000
DEPTH_LIMIT = 100
TEXT_LIMIT = 512 << 10
"""Characters of text that are kept."""

_SIGNATURES = {"application/pkcs7-signature": "smime", "application/x-pkcs7-signature": "smime"}
_ENVELOPES = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_REPORTS = {"message/delivery-status", "message/global-delivery-status", "text/rfc822-headers"}


class _Raw(Compat32):
    """Headers as they stand there: the decoding is ours, for the library's loses 8-bit bytes."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


_PARSER = BytesParser(policy=_Raw())


def read_message(raw: bytes) -> Message:
    """The tree of parts; `Unreadable` where it is nested beyond what the interpreter bears."""
    try:
        return _PARSER.parsebytes(raw)
    except RecursionError:
        raise Unreadable("too_deep", "The mail's parts are nested too deep.") from None


@dataclass
class Shown:
    """Text and HTML of a part; an empty text and no HTML where it has none."""

    text: str = ""
    html: str | None = None

    def __bool__(self) -> bool:
        return bool(self.text or self.html)


@dataclass
class Content:
    """What the walk through the parts gathers."""

    files: list[File] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    invitation: Invitation | None = None
    signed: Literal["smime", "pgp"] | None = None
    encrypted: bool = False
    parts: int = 0

    def read(self, part: Message, depth: int = 0) -> Shown:
        """What the part shows; its files are gathered on the way."""
        self.parts += 1
        if self.parts > PARTS_LIMIT:
            raise Unreadable("too_many_parts", f"The mail has more than {PARTS_LIMIT} parts.")
        if depth > DEPTH_LIMIT:
            raise Unreadable("too_deep", f"The mail's parts are nested more than {DEPTH_LIMIT} deep.")
        kind = part.get_content_type()
        if kind.startswith("message/") and children(part):
            return self._message(part, kind)
        if children(part):
            shown = [self.read(child, depth + 1) for child in children(part)]
            return _alternative(shown) if kind == "multipart/alternative" else _joined(shown)
        return self._leaf(part, kind, depth)

    def _message(self, part: Message, kind: str) -> Shown:
        if kind in _REPORTS:
            return Shown()
        inner = children(part)[0]
        name = headers.text(inner, "subject")[:100]
        try:
            content = inner.as_bytes()
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            content = str(inner).encode("utf-8", "replace")
            self.notes.append("an enclosed mail could not be kept byte for byte")
        self.files.append(File(f"{name or 'message'}.eml", "message/rfc822", content))
        return Shown()

    def _leaf(self, part: Message, kind: str, depth: int) -> Shown:
        name, data = headers.filename(part), _bytes(part)
        disposition = str(part.get("content-disposition", "")).strip().lower()
        if kind in _SIGNATURES or kind == "application/pgp-signature":
            self.signed = "pgp" if kind.endswith("pgp-signature") else "smime"
            return Shown()
        if kind in ("application/pgp-encrypted", "multipart/encrypted"):
            self.encrypted = True
            return Shown()
        if kind in _ENVELOPES:
            return self._envelope(name, data, kind, depth)
        if kind in ("application/ms-tnef", "application/vnd.ms-tnef") or name.lower() == "winmail.dat":
            return self._winmail(name, data)
        if kind == "text/calendar":
            self.invitation = self.invitation or enclosed.invitation(decode(data, _charset(part)))
            self.files.append(File(name or "invitation.ics", kind, data))
            return Shown()
        if kind == "text/rfc822-headers" or kind in _REPORTS:
            return Shown()
        if kind.startswith("text/") and not disposition.startswith("attachment") and not (name and kind != "text/html"):
            return self._text(part, kind, data)
        content_id = str(part.get("content-id", "")).strip().strip("<>")[:200] or None
        inline = kind.startswith("image/") and (disposition.startswith("inline") or content_id is not None)
        if data or name:
            self.files.append(File(name or _default_name(kind, len(self.files) + 1), kind, data, content_id, inline))
        return Shown()

    def _text(self, part: Message, kind: str, data: bytes) -> Shown:
        text = decode(data, _charset(part)).replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > TEXT_LIMIT:
            self.notes.append(f"a text of {len(text)} characters was cut; the whole is in the raw mail")
            text = text[:TEXT_LIMIT]
        if kind == "text/html":
            return Shown("", text)
        if kind == "text/plain":
            if str(part.get_param("format", "")).lower() == "flowed":
                text = unflowed(text, str(part.get_param("delsp", "")).lower() == "yes")
            text, files = enclosed.uuencoded(text)
            self.files += files
            if (clear := enclosed.pgp_clear(text)) is not None:
                text, self.signed = clear, "pgp"
            self.encrypted = self.encrypted or text.lstrip().startswith("-----BEGIN PGP MESSAGE-----")
        return Shown(text.strip("\n"))

    def _envelope(self, name: str, data: bytes, kind: str, depth: int) -> Shown:
        content = enclosed.smime_content(data)
        if content is None:
            self.encrypted = True
            self.files.append(File(name or "smime.p7m", kind, data))
            return Shown()
        self.signed = "smime"
        return self.read(read_message(content), depth + 1)

    def _winmail(self, name: str, data: bytes) -> Shown:
        opened = enclosed.winmail(data)
        if opened is None:
            self.notes.append("a winmail.dat could not be opened; it is kept whole")
            self.files.append(File(name or "winmail.dat", "application/ms-tnef", data))
            return Shown()
        text, markup, files = opened
        self.files += files
        return Shown(text.replace("\r\n", "\n").strip(), markup or None)


def children(part: Message) -> list[Message]:
    """The parts within; none where there are no parts."""
    if not part.is_multipart():
        return []
    return [child for child in part.get_payload() if isinstance(child, Message)]


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(part: Message) -> str | None:
    try:
        value = part.get_param("charset")
    except (ValueError, TypeError, IndexError):
        return None
    return str(value[2]) if isinstance(value, tuple) else value


def _default_name(kind: str, number: int) -> str:
    return f"{kind.partition('/')[0]}-{number}.{re.sub(r'[^a-z0-9]', '', kind.partition('/')[2].lower())[:10] or 'bin'}"


def _alternative(shown: list[Shown]) -> Shown:
    """The plain one for reading and quoting, the richest one to show (RFC 2046, 5.1.4: the last is the best)."""
    text = next((one.text for one in shown if one.text), "")
    markup = next((one.html for one in reversed(shown) if one.html), None)
    return Shown(text, markup)


def _joined(shown: list[Shown]) -> Shown:
    shown = [one for one in shown if one]
    if not any(one.html for one in shown):
        return Shown("\n\n".join(one.text for one in shown))
    text = [one.text or html.to_text(html.clean(one.html or "")) for one in shown]
    return Shown("\n\n".join(text), "\n".join(one.html or html.from_text(one.text) for one in shown))


def unflowed(text: str, delsp: bool) -> str:
    """Lines joined where ``format=flowed`` says that they go on (RFC 3676, section 4)."""
    out: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        body = line[depth:]
        body = body[1:] if body.startswith(" ") else body  # space-stuffing
        is_signature = body in ("-- ", "--")
        flows = body.endswith(" ") and not is_signature
        shown = body[:-1] if flows and delsp else body
        if open_depth == depth and not is_signature:
            out[-1] += shown
        else:
            out.append((">" * depth + " " if depth else "") + shown)
        open_depth = depth if flows else None
    return "\n".join(out)
