"""Headers: unfolded, decoded (RFC 2047, and what is sent instead), and read as addresses, ids and dates."""

import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from guichet_mailer.parsing.charsets import decode
from guichet_mailer.parsing.mail import Address

VALUE_LIMIT = 64 << 10
"""Characters of one header's value that are looked at."""

ADDRESSES_LIMIT = 200
"""Addresses of one header that are kept."""

_IDS_LIMIT = 100
_ID_LENGTH = 500
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_ID = re.compile(r"<([^<>\s]{1,500})>")
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]{1,64}@[^\s<>()\",;:@]{1,255}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def raw_values(mail: Message, name: str) -> Iterator[str]:
    """All values of the header, unfolded, undecoded; bytes beyond ASCII as surrogates."""
    for key, value in mail.raw_items():
        if key.lower() == name:
            yield re.sub(r"\r?\n|\r", "", str(value)[:VALUE_LIMIT])


def raw_value(mail: Message, name: str) -> str:
    """The first value that is not empty; the empty text where there is none."""
    return next((value for value in raw_values(mail, name) if value.strip()), "")


def text(mail: Message, name: str) -> str:
    """The first value as people read it."""
    return readable(raw_value(mail, name))


def readable(value: str) -> str:
    """Decode encoded words, also those in the wrong place, and 8-bit bytes. One line, without control characters."""
    out, end, run = [], 0, _Run()
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        charset, payload = match[1].partition("*")[0].lower(), _payload(match[2].lower(), match[3])  # RFC 2231, 5
        if run and not between.strip() and run.charset == charset:
            run.data += payload  # words next to each other are one text, and may share a character
        else:
            out.append(run.text())
            if between.strip() or not run:
                out.append(_eight_bit(between))
            run = _Run(charset, payload)
        end = match.end()
    out += [run.text(), _eight_bit(value[end:])]
    return " ".join(_CONTROL.sub("", "".join(out).replace("\n", " ").replace("\r", " ")).split())


class _Run:
    def __init__(self, charset: str = "", data: bytes = b"") -> None:
        self.charset, self.data = charset, data

    def __bool__(self) -> bool:
        return bool(self.charset)

    def text(self) -> str:
        return decode(self.data, self.charset) if self.data else ""


def _payload(encoding: str, data: str) -> bytes:
    raw = data.encode("utf-8", "surrogateescape")
    if encoding == "q":
        return quopri.decodestring(raw.replace(b"_", b" "), header=False)
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw.rstrip(b"=")) % 4))
    except binascii.Error:
        return raw


def _eight_bit(value: str) -> str:
    return decode(value.encode("utf-8", "surrogateescape"))


def addresses(mail: Message, *names: str) -> tuple[Address, ...]:
    """The addresses of these headers, each once, `ADDRESSES_LIMIT` at most. Groups (RFC 5322, 3.4) are opened."""
    values = [value for name in names for value in raw_values(mail, name)]
    found: dict[str, Address] = {}
    try:
        pairs = getaddresses(values)
    except RecursionError:  # thousands of open brackets
        pairs = [("", email) for value in values for email in _ADDRESS.findall(value)]
    for name, email in pairs:
        address = address_of(name, email)
        if address and address.email not in found:
            found[address.email] = address
        if len(found) >= ADDRESSES_LIMIT:
            break
    return tuple(found.values())


def address_of(name: str, email: str) -> Address | None:
    """The address, where it is one: a local part, an ``@`` and a domain."""
    email = _CONTROL.sub("", readable(email)).strip(" <>\"'")
    local, at, domain = email.rpartition("@")
    if not (local and at and domain) or " " in email or len(email) > 320:
        return None
    return Address(f"{local}@{domain.lower()}", readable(name)[:200].strip("\"' "))


def message_ids(values: Iterable[str]) -> tuple[str, ...]:
    """The ids in these values, without angle brackets, each once; the last ones where there are too many."""
    found: dict[str, None] = {}
    for value in values:
        ids = _ID.findall(value) or [word.strip("<>,;") for word in value.split() if "@" in word]
        found |= dict.fromkeys(_eight_bit(one)[:_ID_LENGTH] for one in ids)
    return tuple(found)[-_IDS_LIMIT:]


def date(mail: Message) -> datetime | None:
    """When the mail says that it was written; None where it does not say so in a readable way."""
    for value in raw_values(mail, "date"):
        try:
            moment = parsedate_to_datetime(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def filename(part: Message) -> str:
    """The name of a file, by RFC 2231, or by encoded words where programs put those; empty where there is none."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        try:
            value = part.get_param(parameter, header=header, unquote=True)
        except (ValueError, TypeError, IndexError):
            continue
        if isinstance(value, tuple):
            charset, _, data = value
            return readable(decode(data.encode("latin-1", "replace"), charset))
        if isinstance(value, str) and value.strip():
            return readable(re.sub(r"[\r\n]", "", value))
    return ""
