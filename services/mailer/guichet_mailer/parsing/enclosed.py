"""What is wrapped in other formats: uuencode, ``winmail.dat``, S/MIME, PGP."""

import binascii
import re
from collections.abc import Iterator

from tnefparse import TNEF  # type: ignore[import-untyped]

from guichet_mailer.parsing.charsets import decode
from guichet_mailer.parsing.mail import File

_UU_BEGIN = re.compile(r"begin [0-7]{3,4} (.{1,200})$")
_PGP = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]+: .*\n)*\n")
_OCTETS, _CONSTRUCTED = 0x04, 0x20
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DEPTH = 12


def uuencoded(text: str) -> tuple[str, list[File]]:
    """The text without its uuencoded files, and those (POSIX ``uuencode``). What does not decode stays text."""
    if "\nend" not in text:
        return text, []
    kept: list[str] = []
    files: list[File] = []
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        begun = _UU_BEGIN.match(lines[index])
        body = _uu_body(lines, index + 1) if begun else None
        if begun and body is not None:
            content, index = body
            files.append(File(begun[1].strip(), "application/octet-stream", content))
        else:
            kept.append(lines[index])
            index += 1
    return "\n".join(kept), files


def _uu_body(lines: list[str], index: int) -> tuple[bytes, int] | None:
    out: list[bytes] = []
    for at in range(index, len(lines)):
        line = lines[at].rstrip("\r")
        if line.strip() == "end":
            return b"".join(out), at + 1
        try:
            out.append(binascii.a2b_uu(line.encode("ascii")))
        except (binascii.Error, UnicodeEncodeError):
            return None
    return None


def winmail(data: bytes) -> tuple[str, str, list[File]] | None:
    """Text, HTML and files of a ``winmail.dat`` (MS-OXTNEF); None where it cannot be opened."""
    try:
        opened = TNEF(data, do_checksum=False)
        files = [
            File(str(one.long_filename()).strip("\x00"), "application/octet-stream", bytes(one.data))
            for one in opened.attachments
        ]
        text, markup = _plain(opened.body), _plain(opened.htmlbody)
    except Exception:  # noqa: BLE001  the library raises anything on damaged input; the caller keeps the file whole
        return None
    return (text, markup, files) if text or markup or files else None


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return decode(value).strip("\x00")
    return str(value or "").strip("\x00")


def pgp_clear(text: str) -> str | None:
    """The text within a PGP clear signature (RFC 9580, section 7); None where there is none."""
    begun = _PGP.search(text)
    if begun is None:
        return None
    end = text.find("\n-----BEGIN PGP SIGNATURE-----", begun.end())
    if end < 0:
        return None
    inner = "\n".join(line.removeprefix("- ") for line in text[begun.end() : end].split("\n"))
    _, _, after = text[end + 1 :].partition("-----END PGP SIGNATURE-----")
    return text[: begun.start()] + inner + after


def smime_content(data: bytes) -> bytes | None:
    """What an opaque S/MIME signature carries (RFC 8551, 3.5.2; CMS, RFC 5652, 5); None where it is something else."""
    at = data.find(_SIGNED_DATA, 0, 64)
    if at < 0:
        return None
    # ContentInfo, SignedData, EncapsulatedContentInfo: the first octet strings in there are the content.
    try:
        return b"".join(_octets(data, at + len(_SIGNED_DATA), len(data), 0)) or None
    except IndexError:
        return None


def _octets(data: bytes, at: int, end: int, depth: int) -> Iterator[bytes]:
    """The first run of octet strings in BER, also cut into pieces of unknown length (X.690, 8.7)."""
    found = False
    while at < end and depth < _DEPTH:
        tag, at = data[at], at + 1
        length, at = data[at], at + 1
        stop = end
        if length & 0x80 and length != 0x80:
            count = length & 0x7F
            stop = at + count + int.from_bytes(data[at : at + count], "big")
            at += count
        elif length != 0x80:
            stop = at + length
        stop = min(stop, end)
        if tag == 0:  # end of contents
            return
        if tag == _OCTETS:
            found = True
            yield data[at:stop]
        elif tag & _CONSTRUCTED and not found:
            inner = list(_octets(data, at, stop, depth + 1))
            yield from inner
            if inner:
                return
        elif found:
            return
        at = stop
