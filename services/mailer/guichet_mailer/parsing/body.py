"""The parts of a mail: which are its text, which its HTML, and which are files."""

import mimetypes
import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Literal

from guichet_mailer.parsing import calendars, enclosed, headers, html
from guichet_mailer.parsing.charsets import decode
from guichet_mailer.parsing.mail import File, Invitation, Unreadable
from guichet_mailer.parsing.source import charset_of, children, enclosed_source, guessed_parts, media_type, read_message
from guichet_mailer.parsing.source import content as _bytes

PARTS_LIMIT = 1000
DEPTH_LIMIT = 100
TEXT_LIMIT = 512 << 10
"""Characters of text that are kept."""

_SIGNATURES = {"application/pkcs7-signature": "smime", "application/x-pkcs7-signature": "smime"}
_ENVELOPES = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_REPORTS = {
    *("message/delivery-status", "message/global-delivery-status", "text/rfc822-headers", "message/feedback-report"),
    *("message/disposition-notification", "message/global-disposition-notification", "message/global-headers"),
}
# What `mimetypes` does not know, or knows by an ending that few use.
_ENDINGS = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/msword": "doc",
    "application/rtf": "rtf",
    "application/octet-stream": "bin",
    "application/x-zip-compressed": "zip",
    "application/x-pdf": "pdf",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/avif": "avif",
    "image/webp": "webp",
    "image/jpg": "jpg",
    "image/jpeg": "jpg",
    "image/pjpeg": "jpg",
    "image/tiff": "tif",
    "message/rfc822": "eml",
    "text/calendar": "ics",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/x-vcard": "vcf",
    "text/vcard": "vcf",
    "video/3gpp": "3gp",
    "video/quicktime": "mov",
    "video/webm": "webm",
}


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
    only_text: Message | None = None

    def read(self, part: Message, depth: int = 0) -> Shown:
        """What the part shows; its files are gathered on the way."""
        if not depth:
            self.only_text = _only_text(part)
        self.parts += 1
        if self.parts > PARTS_LIMIT:
            raise Unreadable("too_many_parts", f"The mail has more than {PARTS_LIMIT} parts.")
        if depth > DEPTH_LIMIT:
            raise Unreadable("too_deep", f"The mail's parts are nested more than {DEPTH_LIMIT} deep.")
        kind = media_type(part)
        if kind.startswith("message/") and children(part):
            return self._message(part, kind)
        if children(part):
            shown = [self.read(child, depth + 1) for child in children(part)]
            return _alternative(shown) if kind == "multipart/alternative" else _joined(shown)
        return self._leaf(part, kind, depth)

    def _message(self, part: Message, kind: str) -> Shown:
        if kind in _REPORTS:
            return Shown()
        try:
            data = enclosed_source(part)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            data = str(children(part)[0]).encode("utf-8", "replace")
            self.notes.append("an enclosed mail could not be kept byte for byte")
        head = re.split(rb"\r?\n\r?\n", data[: 256 << 10], maxsplit=1)[0]
        title = headers.text(read_message(head + b"\r\n\r\n"), "subject")[:200]
        name = headers.filename(part) or f"{title[:100] or 'message'}.eml"
        self.files.append(File(name, "message/rfc822", data, title=title or None))
        return Shown()

    def _leaf(self, part: Message, kind: str, depth: int) -> Shown:
        name, data = headers.filename(part), _bytes(part)
        disposition = str(part.get("content-disposition", "")).strip().lower()
        if kind.startswith("multipart/"):
            return self._without_parts(part, data, depth)
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
            self.invitation = self.invitation or calendars.invitation(decode(data, charset_of(part)))
            self.files.append(File(name or "invitation.ics", kind, data))
            return Shown()
        if kind == "text/rfc822-headers" or kind in _REPORTS:
            return Shown()
        named = name and kind != "text/html" and part is not self.only_text
        if kind.startswith("text/") and not disposition.startswith("attachment") and not named:
            return self._text(part, kind, data)
        content_id = headers.text(part, "content-id").strip().strip("<>")[:200] or None
        inline = kind.startswith("image/") and (disposition.startswith("inline") or content_id is not None)
        if data or name:
            self.files.append(File(name or _default_name(kind, len(self.files) + 1), kind, data, content_id, inline))
        return Shown()

    def _without_parts(self, part: Message, data: bytes, depth: int) -> Shown:
        """A multipart whose boundary never comes: the parts that are there all the same, else its text."""
        if again := guessed_parts(part):
            return _joined([self.read(child, depth + 1) for child in children(again)])
        text = decode(data, charset_of(part)).strip("\r\n")
        kind = "text/html" if re.search(r"<(?:html|body|div|p|br|table|span)\b", text, re.IGNORECASE) else "text/plain"
        return self._text(part, kind, data) if text.strip() else Shown()

    def _text(self, part: Message, kind: str, data: bytes) -> Shown:
        text = decode(data, charset_of(part)).replace("\r\n", "\n").replace("\r", "\n")
        if kind == "text/html":
            text, files, left_out = html.pasted(text, len(self.files))
            self.files += files
            if left_out:
                self.notes.append(f"{left_out} pasted pictures were left out")
            return Shown("", text)
        if len(text) > TEXT_LIMIT:
            self.notes.append(f"a text of {len(text)} characters was cut; the whole is in the raw mail")
            text = text[:TEXT_LIMIT]
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


def _only_text(mail: Message) -> Message | None:
    """A text with a name that is no attachment, where the mail has no other text: it is the body."""
    found: list[Message] = []
    for number, part in enumerate(mail.walk()):
        if number > PARTS_LIMIT:
            return None
        attached = str(part.get("content-disposition", "")).strip().lower().startswith("attachment")
        if media_type(part) in ("text/plain", "text/html") and not attached and not children(part):
            if media_type(part) == "text/html" or not headers.filename(part):
                return None
            found.append(part)
    return found[0] if found else None


def _default_name(kind: str, number: int) -> str:
    ending = _ENDINGS.get(kind) or (mimetypes.guess_extension(kind) or "").lstrip(".")
    ending = ending or re.sub(r"[^a-z0-9]", "", kind.partition("/")[2].removeprefix("x-"))[:10] or "bin"
    return f"{kind.partition('/')[0]}-{number}.{ending}"


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
