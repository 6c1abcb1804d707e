"""The program that looks into one file: what it is, whether it is more than that, and a preview of an image.

libmagic and Pillow parse what strangers made, so they run here: in a process of its own, without secrets in its
environment, that limits its memory, time and files before it reads the first byte. The file is standard input; the
preview, if there is one, goes to the descriptor that the first argument names; the finding is one line of JSON on
standard output. See `examine` for the side that starts it.
"""

import json
import mmap
import os
import re
import resource
import struct
import sys
import zipfile
import zlib
from typing import BinaryIO

from guichet_attachments.mediatypes import EXTENSIONS, PREVIEWED, is_zipped

MEMORY_BYTES = 768 << 20
CPU_SECONDS = 10
PREVIEW_BYTES = 2 << 20
MAX_PIXELS = 64_000_000
PREVIEW_EDGE = 640
"""The longer edge of a preview, in pixels."""

_HEAD = 1 << 20
# Each is long enough not to turn up by chance in 25 MB of compressed pixels.
_MARKUP = re.compile(rb"<(?:script|html|head|body|iframe|object|embed)[\s/>]|<!doctype\s|<\?php\s", re.IGNORECASE)
_MACROS = re.compile(r"vbaProject\.bin$|^Basic/|^Scripts/", re.IGNORECASE)
# RFC 5545, 3.4 and RFC 5322, 2.2: libmagic knows neither after a byte order mark or an uncommon first field.
_CALENDAR = re.compile(rb"(?:\xef\xbb\xbf)?\s*BEGIN:VCALENDAR\s", re.IGNORECASE)
_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]*:|[ \t]")
_MAIL_FIELDS = frozenset({b"to", b"date", b"subject", b"received", b"message-id", b"mime-version"})
_UNPACKED_BYTES = 500 << 20
_FORMATS = {"image/gif": "GIF", "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


class Refused(Exception):
    """The file is not let in; ``why`` is ``type_not_allowed`` or ``too_large``."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(detail)
        self.why, self.detail = why, detail


def confine() -> None:
    """Give up what looking into one file does not take."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (PREVIEW_BYTES, PREVIEW_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def media_type_of(file: BinaryIO) -> str:
    """The type of the content, by libmagic, but for what it takes for any text."""
    import magic

    file.seek(0)
    head = file.read(_HEAD)
    if _CALENDAR.match(head):
        return "text/calendar"
    if is_mail(head):
        return "message/rfc822"
    return str(magic.Magic(mime=True).from_buffer(head))


def is_mail(head: bytes) -> bool:
    """Whether a file that begins so has, up to its first empty line, the header of a mail and nothing else."""
    header = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    fields = [_FIELD.match(line) for line in header.splitlines()]
    if not all(fields):
        return False
    named = {field[1].lower() for field in fields if field and field[1]}
    return b"from" in named and not named.isdisjoint(_MAIL_FIELDS)


def check_package(file: BinaryIO) -> None:
    """Refuse office files that carry macros, or unpack to far more than they are."""
    try:
        with zipfile.ZipFile(file) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Refused("type_not_allowed", "The document is damaged.") from error
    if any(_MACROS.search(entry.filename) for entry in entries):
        raise Refused("type_not_allowed", "Documents with macros are not accepted.")
    if sum(entry.file_size for entry in entries) > _UNPACKED_BYTES:
        raise Refused("too_large", "The document unpacks to more than is accepted.")


def check_image(file: BinaryIO, media_type: str) -> None:
    """Refuse an image that is something else as well: a page, an archive, a document."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if b"%PDF-" in data[:1024] or _MARKUP.search(data) or zipfile.is_zipfile(file):
            raise Refused("type_not_allowed", "The image holds something that is not an image.")
        if media_type == "image/png" and _end_of_png(data) != len(data):
            raise Refused("type_not_allowed", "The image is cut, or followed by something else.")
        # RIFF, as of the WebP container specification: the size counts neither itself nor the four letters before it.
        if media_type == "image/webp" and int.from_bytes(data[4:8], "little") + 8 != len(data):
            raise Refused("type_not_allowed", "The image is cut, or followed by something else.")


def _end_of_png(data: mmap.mmap) -> int:
    """Where the ``IEND`` chunk ends (PNG specification, 5.3): length, type, data, checksum; -1 where there is none."""
    at = 8
    while at + 12 <= len(data):
        kind, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        if kind == b"IEND":
            return end
        at = end
    return -1


def write_preview(file: BinaryIO, media_type: str, target: BinaryIO) -> None:
    """Decode the image, which proves that it is one, and write it small, as WebP, without its metadata."""
    import warnings

    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    file.seek(0)
    try:
        with Image.open(file, formats=[_FORMATS[media_type]]) as image:
            image.draft("RGB", (PREVIEW_EDGE, PREVIEW_EDGE))
            image.load()
            small = ImageOps.exif_transpose(image)
            small.thumbnail((PREVIEW_EDGE, PREVIEW_EDGE))
            small = small.convert("RGBA" if small.has_transparency_data else "RGB")
            small.save(target, "WEBP", quality=80)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise Refused("too_large", f"The image has more than {MAX_PIXELS // 1_000_000} million pixels.") from None
    except (OSError, SyntaxError, ValueError, LookupError, EOFError, struct.error, zlib.error) as error:
        # All that Pillow's readers are known to raise on damaged files.
        raise Refused("type_not_allowed", "The image is damaged.") from error


def check(file: BinaryIO, media_type: str, preview: BinaryIO) -> None:
    """Refuse what is not accepted; write the preview of an image that is."""
    if media_type not in EXTENSIONS:
        raise Refused("type_not_allowed", "Files of this type are not accepted.")
    if is_zipped(media_type):
        check_package(file)
    if media_type.startswith("image/"):
        check_image(file, media_type)
    if media_type in PREVIEWED:
        write_preview(file, media_type, preview)


def main() -> None:
    """Examine standard input."""
    confine()
    with os.fdopen(0, "rb") as file, os.fdopen(int(sys.argv[1]), "wb") as preview:
        media_type = media_type_of(file)
        finding: dict[str, object] = {"media_type": media_type, "has_preview": media_type in PREVIEWED}
        try:
            check(file, media_type, preview)
        except Refused as refused:
            finding |= {"has_preview": False, "refusal": refused.why, "detail": refused.detail}
    sys.stdout.write(json.dumps(finding))


if __name__ == "__main__":
    main()
