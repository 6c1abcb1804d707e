"""The bytes of a mail, mended where programs write its headers wrong, and the tree of its parts."""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32

from guichet_mailer.parsing.charsets import decode
from guichet_mailer.parsing.mail import Unreadable

_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|received|return-path|reply-to|in-reply-to|"
    rb"references)[ \t]*:",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(rb"boundary\*?=[ \t]*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_TYPED = re.compile(rb"content-(?:type|disposition)[ \t]*:", re.IGNORECASE)
_PARAMETER = re.compile(rb"[ \t]*[A-Za-z0-9*_-]{1,40}[ \t]*=")
_TYPE_THEN_PARAMETER = re.compile(
    rb"(content-type[ \t]*:[ \t]*[^\s;/]+/[^\s;]+|content-disposition[ \t]*:[ \t]*[^\s;=]+)[ "
    rb"\t]+(?=[A-Za-z0-9*_-]{1,40}=)",
    re.IGNORECASE,
)
_NAMED = re.compile(rb"([!-9;-~]+)[ \t]+:")
_WRITTEN_AS = {
    **dict.fromkeys(("html", "htm", "text/htm", "html/text", "text-html"), "text/html"),
    **dict.fromkeys(("plain", "plain/text", "text/txt", "text/text", "text/ascii", "text-plain"), "text/plain"),
}
"""Media types that are none, and what programs mean by them."""

_ENCODINGS = ("base64", "quoted-printable")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_MBOX = (b"From ", b">From ")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_HEADERS_LIMIT = 256 << 10
_BOUNDARIES_LIMIT = 200
_GUESSED = re.compile(rb"^--([^\s-][^\r\n]{0,200}?)[ \t]*\r?\n(?=content-)", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")


class Part(Message):
    """A part of a mail. ``charset``: what its raw headers beyond ASCII are in, where they are not in UTF-8."""

    charset: str | None = None


class _Raw(Compat32):
    """Headers as they stand there: the decoding is ours, for the library's loses 8-bit bytes."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


_PARSER = BytesParser(_class=Part, policy=_Raw())


def read_message(raw: bytes) -> Message:
    """The tree of parts; `Unreadable` where it is nested beyond what the interpreter bears."""
    try:
        mail = _PARSER.parsebytes(_mended(raw))
        charset = _charset_of_all(mail)
        for part in mail.walk():
            if isinstance(part, Part):
                part.charset = charset
    except RecursionError:
        raise Unreadable("too_deep", "The mail's parts are nested too deep.") from None
    return mail


def _charset_of_all(mail: Message) -> str | None:
    """The first charset that the mail names: programs that leave headers unencoded write them in that one, too."""
    for number, part in enumerate(mail.walk()):
        if named := charset_of(part):
            return named
        if number > 50:
            break
    return None


def charset_of(part: Message) -> str | None:
    """The charset that the part names."""
    try:
        value = part.get_param("charset")
    except (ValueError, TypeError, IndexError):
        return None
    return str(value[2]) if isinstance(value, tuple) else value


def media_type(part: Message) -> str:
    """The media type, always ``token/token``; what only begins like one counts as that."""
    named = str(part.get("content-type") or "").strip()
    if not named:
        return part.get_content_type()
    if meant := _WRITTEN_AS.get(re.split(r"[\s;,]", named.lower(), maxsplit=1)[0]):
        return meant
    found = _TYPE.match(named)
    if found:
        return found[0].lower()
    has_name = part.get_param("name") or part.get("content-disposition")
    return "application/octet-stream" if has_name else "text/plain"


def children(part: Message) -> list[Message]:
    """The parts within; none where there are no parts."""
    if not part.is_multipart():
        return []
    return [child for child in part.get_payload() if isinstance(child, Message)]


def content(part: Message) -> bytes:
    """The bytes of a part without parts, decoded from base64 and the like; as they are where it says so falsely."""
    said = str(part.get("content-transfer-encoding") or "")
    meant = said.lower().replace("_", "-").strip(" \t\r\n\"';,.").split(" ", 1)[0].rstrip(";")
    if meant in _ENCODINGS and meant != said.lower():
        part.replace_header("content-transfer-encoding", meant)
    if meant == "base64" and _is_plain(part):
        part.replace_header("content-transfer-encoding", "8bit")
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _is_plain(part: Message) -> bool:
    """Whether a text that calls itself base64 begins with words."""
    payload = part.get_payload()
    if not isinstance(payload, str) or not media_type(part).startswith("text/"):
        return False
    first = payload.lstrip()[:200].partition("\n")[0].encode("utf-8", "surrogateescape")
    return len(_NOT_BASE64.findall(first)) + first.strip().count(b" ") > len(first) // 20 + 1


def decoded(part: Message) -> str:
    """The text of a part without parts."""
    return decode(content(part), charset_of(part))


def enclosed_source(part: Message) -> bytes:
    """The mail, or the fields, that a part encloses, as they stand there; base64 and the like are undone.

    RFC 2046, 5.2.1, forbids to encode an enclosed mail; programs do, and RFC 6532 allows it for some.
    """
    inner = children(part)
    if not inner:
        return content(part)
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if encoding not in ("base64", "quoted-printable"):
        return b"\n".join(one.as_bytes() for one in inner)
    whole = Message()
    whole["Content-Transfer-Encoding"] = encoding
    whole.set_payload(b"\n".join(one.as_bytes() for one in inner).decode("ascii", "surrogateescape").lstrip("\n"))
    result = content(whole)
    # It says base64, and is not.
    return result if re.match(rb"\s*[!-9;-~]+[ \t]*:", result) else b"\n".join(one.as_bytes() for one in inner)


def guessed_parts(part: Message) -> Message | None:
    """The parts of a multipart whose boundary never comes, by the one that stands there instead."""
    body = part.get_payload(decode=True)
    raw = body if isinstance(body, bytes) else b""
    found = _GUESSED.search(raw)
    if found is None:
        return None
    head = b'Content-Type: multipart/mixed; boundary="' + found[1].replace(b'"', b"") + b'"\r\n\r\n'
    again = _PARSER.parsebytes(head + raw)
    return again if children(again) else None


def _mended(raw: bytes) -> bytes:
    """Without lines among the headers that are none, and with the semicolons that are missing."""
    end = _end_of_headers(raw, 0)
    found = (one[0] or one[1] for one in _BOUNDARY.findall(raw))
    boundaries = [one for one, _ in zip(dict.fromkeys(found), range(_BOUNDARIES_LIMIT), strict=False)]
    out, at = [_headers(raw[:end])], end
    if boundaries:
        marks = b"|".join(re.escape(one) for one in boundaries)
        for mark in re.finditer(rb"^--(?:" + marks + rb")[ \t]*\r?\n", raw[end:], re.MULTILINE):
            begin = end + mark.end()
            if begin < at:
                continue
            stop = _end_of_headers(raw, begin)
            out += [raw[at:begin], _headers(raw[begin:stop])]
            at = stop
    out.append(raw[at:])
    return b"".join(out)


def _end_of_headers(raw: bytes, begin: int) -> int:
    """Where the blank line after the headers begins; the beginning where there is none near."""
    blank = re.compile(rb"^\r?\n", re.MULTILINE)
    found = blank.search(raw, begin, begin + _HEADERS_LIMIT)
    return found.start() if found else begin


def _headers(block: bytes) -> bytes:
    lines = [_known_by_name(line) for line in _LINE.findall(block) if line]
    if not lines or not any(_HEADER.match(line) for line in lines):
        return block
    return b"".join(_with_semicolons(list(_only_headers(lines))))


def _known_by_name(line: bytes) -> bytes:
    """Without the spaces before the colon of a known header: the library takes such a line for the body."""
    return _NAMED.sub(rb"\1:", line, count=1) if _KNOWN.match(line) else line


def _only_headers(lines: list[bytes]) -> Iterator[bytes]:
    """Lines that are headers. One that is not is left out where known headers, and nothing else, come after it."""
    last_odd = max((at for at, line in enumerate(lines) if not _is_header(line, at)), default=-1)
    rest = lines[last_odd + 1 :]
    if last_odd < 0 or not any(_KNOWN.match(line) for line in rest):
        yield from lines
        return
    skipping = False
    for at, line in enumerate(lines):
        if _HEADER.match(line) or (at == 0 and line.startswith(_MBOX)):
            skipping = False
        elif not line.startswith((b" ", b"\t")):
            skipping = True
        if not skipping:
            yield line


def _is_header(line: bytes, at: int) -> bool:
    """Also the first line of an mbox file."""
    return line.startswith((b" ", b"\t")) or bool(_HEADER.match(line)) or (at == 0 and line.startswith(_MBOX))


def _with_semicolons(lines: list[bytes]) -> Iterator[bytes]:
    typed, quotes = False, 0
    for at, line in enumerate(lines):
        if not line.startswith((b" ", b"\t")):
            typed, quotes = bool(_TYPED.match(line)), 0
        following = lines[at + 1] if at + 1 < len(lines) else b""
        if typed:
            line = _TYPE_THEN_PARAMETER.sub(rb"\1; ", line)
            bare = line.rstrip()
            quotes += bare.count(b'"')
            open_quote = quotes % 2
            if open_quote and not following.startswith((b" ", b"\t")):
                line = bare + b'"' + line[len(bare) :]
            if (
                following.startswith((b" ", b"\t"))
                and _PARAMETER.match(following)
                and not open_quote
                and not bare.endswith((b";", b":"))
            ):
                line = bare + b";" + line[len(bare) :]
        yield line
