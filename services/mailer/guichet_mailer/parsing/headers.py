"""Headers: unfolded, decoded (RFC 2047, and what is sent instead), and read as addresses, ids and dates."""

import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

from guichet_mailer.parsing.charsets import decode
from guichet_mailer.parsing.mail import Address
from guichet_mailer.parsing.source import Part

VALUE_LIMIT = 64 << 10
"""Characters of one header's value that are looked at."""

ADDRESSES_LIMIT = 200
"""Addresses of one header that are kept."""

_IDS_LIMIT = 100
_SURE_LETTERS = 4
_ID_LENGTH = 500
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_ID = re.compile(r"<([^<>\s]{1,500})>")
_BARE = re.compile(r"(?:\"[^\"@<>]{1,64}\"|[^\s<>()\[\]\",;:@]{1,64})@[^\s<>()\[\]\",;:@'/|&=?!*]{1,255}")
_TWO_GLUED = re.compile(
    r"([^\s<>()\[\]\",;:@]{1,64}@[^\s<>()\[\]\",;:@]{1,200}?\.(?:com|net|org|info|biz|eu|fr|de|be|ch|at|nl|lu|es|it|pt|pl|"
    r"cz|co\.uk|uk|ie|se|dk|ca|us|example))(?=[^\s<>()\[\]\",;:@.]{1,64}[^\s<>()\[\]\",;:@]{0,64}@)"
)
"""An address that another follows without anything between them."""

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_NAME_IN_QUOTES = re.compile(r"^'([^']{1,100})'(?=\s|$)")
_TOKEN = re.compile(
    r"\"(?:[^\"\\]|\\.)*\"(?:@[^\s<>,;\"]+)?|\((?:[^()\\]|\\.)*\)|<[^<>]*>|[,;:]|=\?[^?\s]*\?[bBqQ]\?[^?]*\?=|[^\"(<>,;:=]+|.",
    re.DOTALL,
)
_MAILTO = re.compile(r"\bmailto:", re.IGNORECASE)
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
    return readable(raw_value(mail, name), _charset(mail))


def _charset(part: Message) -> str | None:
    return part.charset if isinstance(part, Part) else None


def readable(value: str, charset: str | None = None) -> str:
    """Decode encoded words, also those in the wrong place, and 8-bit bytes. One line, without control characters.

    ``charset``: what raw bytes are in, where they are not in UTF-8.
    """
    out, end, run = [], 0, _Run()
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        named, payload = match[1].partition("*")[0].lower(), _payload(match[2].lower(), match[3])  # RFC 2231, 5
        if run and not between.strip() and run.charset == named:
            run.data += payload  # words next to each other are one text, and may share a character
        else:
            out.append(run.text())
            if between.strip() or not run:
                out.append(_eight_bit(between, charset))
            run = _Run(named, payload)
        end = match.end()
    out += [run.text(), _eight_bit(value[end:], charset)]
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


def _eight_bit(value: str, charset: str | None = None) -> str:
    if value.isascii():
        return decode(value.encode(), charset) if "\x1b" in value or "~{" in value else value
    data = value.encode("utf-8", "surrogateescape")
    try:
        as_utf8 = data.decode("utf-8")
    except UnicodeDecodeError:
        return decode(data, charset)
    # Two bytes that are UTF-8 by chance are letters that nobody mixes with those of the mail's own charset.
    return decode(data, charset) if len(as_utf8) < _SURE_LETTERS else as_utf8


def addresses(mail: Message, *names: str) -> tuple[Address, ...]:
    """The addresses of these headers, each once, `ADDRESSES_LIMIT` at most. Groups (RFC 5322, 3.4) are opened.

    Also those that are written wrong: without brackets, without a comma between them, with an open quote.
    """
    found: dict[str, Address] = {}
    for name in names:
        for value in raw_values(mail, name):
            for address in _in_value(value, _charset(mail)):
                found.setdefault(address.email, address)
                if len(found) >= ADDRESSES_LIMIT:
                    return tuple(found.values())
    return tuple(found.values())


def _in_value(value: str, charset: str | None) -> Iterator[Address]:
    found = False
    for address in _elements(value, charset):
        found = True
        yield address
    decoded = readable(value, charset)
    if not found and decoded != value:  # the whole of it is an encoded word
        yield from _elements(decoded, None)


def _elements(value: str, charset: str | None) -> Iterator[Address]:
    """Pieces are gathered until an address in brackets, or the end of an element, closes them."""
    words, comment = "", ""
    for piece in [*_TOKEN.findall(_MAILTO.sub("", value)), ","]:
        if piece.startswith("<") and piece.endswith(">") and len(piece) > 1:
            within = piece[1:-1].rpartition(":")[2]
            address = address_of(words, within, charset) or address_of(words, "".join(within.split()), charset)
            if address:
                yield address
                words, comment = "", ""
            else:
                # An address that is none is not mended: the header is shown as it stands.
                words += " " if re.search(r"@[^@]*[,;]", piece) else f" {piece}"
        elif piece in (",", ";"):
            bare = list(_bare(words, comment, charset))
            yield from bare
            # A name may have a comma of its own: "Martin, Lea <lea@example.net>".
            words = "" if bare or piece == ";" or not words.strip() else f"{words}, "
            comment = ""
        elif piece == ":":
            words = ""
        elif piece.startswith("(") and piece.endswith(")"):
            comment = piece[1:-1]
        else:
            words += piece


def _bare(words: str, comment: str, charset: str | None) -> Iterator[Address]:
    """Addresses without brackets; the words before one are its name."""
    end = 0
    words = _TWO_GLUED.sub(r"\1 ", words)
    for match in _BARE.finditer(words):
        name = words[end : match.start()].strip(" \t\"'<[-") or comment
        if address := address_of(name, match[0].lstrip("/|&=?!*"), charset):
            yield address
        end = match.end()


def address_of(name: str, email: str, charset: str | None = None) -> Address | None:
    """The address, where it is one: a local part, an ``@`` and a domain."""
    email = _INVISIBLE.sub("", _CONTROL.sub("", readable(email, charset))).strip(" <>'")
    local, at, domain = email.rpartition("@")
    quoted = len(local) > 2 and local.startswith('"') and local.endswith('"') and '"' not in local[1:-1]
    if not quoted:
        local, domain = local.strip('"'), domain.strip('".,')
    if (
        not (local and at and domain)
        or re.search(r"[\s,;]", domain)
        or len(email) > 320
        or (not quoted and re.search(r"[\s\"@]", local))
    ):
        return None
    name = _NAME_IN_QUOTES.sub(r"\1", re.sub(r"\\(.)", r"\1", readable(name, charset)).strip())
    return Address(f"{local}@{domain.lower()}", name[:200].strip("\"',;<> "))


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
            return readable(decode(_octets(data), charset or _charset(part)))
        if isinstance(value, str) and value.strip():
            return readable(re.sub(r"[\r\n]", "", value), _charset(part))
    return ""


def _octets(data: str) -> bytes:
    """The bytes that the library holds as one character each; raw ones are surrogates there."""
    try:
        return data.encode("latin-1")
    except UnicodeEncodeError:
        return data.encode("utf-8", "surrogateescape")
