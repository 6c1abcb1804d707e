"""A form with one file (``multipart/form-data``, RFC 7578), read as a stream into a file on disk that has no name."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from guichet_kit.problems import Invalid, Problem, TooLarge
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from guichet_attachments import names

_FIELD_BYTES = 1024
_PARTS = 16
_BLOCK = 256 << 10


class UploadCut(Problem):
    """The body ended before the form did (400)."""

    code = "upload_cut"


class Empty(Invalid):
    """The file has no bytes (422)."""

    code = "empty_file"


def too_large(limit: int) -> TooLarge:
    """The refusal of a file of more than ``limit`` bytes."""
    return TooLarge(f"The file is larger than {limit} bytes.", limit=limit)


@dataclass(frozen=True, slots=True)
class Upload:
    """A received form. ``size`` in bytes; ``file`` is closed by the one who asked for it."""

    name: str
    size: int
    sha256: str
    file: BinaryIO
    fields: dict[str, str]


@asynccontextmanager
async def received(content_type: str, body: AsyncIterator[bytes], limit: int) -> AsyncIterator[Upload]:
    """The form in ``body``, whose file may have ``limit`` bytes. What was written is gone when the context ends.

    Raises:
        TooLarge: as soon as the file passes the limit; the rest is not read.
        UploadCut: the body ended, or the connection, before the form did.
        Invalid: not such a form, or no file in it.
        Empty: a file without a byte.
    """
    with tempfile.TemporaryFile() as file:
        try:
            form = _Form(_boundary(content_type), file, limit)
            async for chunk in body:
                await form.feed(chunk)
        except ClientDisconnect:
            raise UploadCut("The upload was cut.") from None
        # Headers in a character set that is none, or not of the one they name, are ValueError and LookupError.
        except (FormParserError, ValueError, LookupError):
            raise Invalid.of("body", "is not a well-formed multipart/form-data form") from None
        yield await form.finished()


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Invalid.of("body", "must be multipart/form-data")
    return options[b"boundary"]


@dataclass
class _Part:
    """The part that is being read: its headers, then its data."""

    headers: dict[bytes, bytearray] = field(default_factory=dict)
    header: bytearray = field(default_factory=bytearray)
    name: str = ""
    filename: bytes | None = None
    value: bytearray = field(default_factory=bytearray)


class _Form:
    """Follows the parser's callbacks; the file's bytes go to disk in blocks, on a thread."""

    def __init__(self, boundary: bytes, file: BinaryIO, limit: int) -> None:
        self._file, self._limit = file, limit
        self._part = _Part()
        self._parts = 0
        self._ended = False
        self._fields: dict[str, str] = {}
        self._filename: bytes | None = None
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._block = bytearray()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_done,
                "on_headers_finished": self._headers_done,
                "on_part_data": self._data,
                "on_part_end": self._part_done,
                "on_end": self._end,
            },
        )

    async def feed(self, chunk: bytes) -> None:
        """Parse some of the body."""
        self._parser.write(chunk)
        if len(self._block) >= _BLOCK:
            await self._flush()

    async def finished(self) -> Upload:
        """What was received, when the body has ended."""
        if not self._ended:
            raise UploadCut("The upload was cut: the form has no end.")
        if self._filename is None:
            raise Invalid.of("file", "is required")
        if self._size == 0:
            raise Empty("The file is empty.", errors=[{"field": "file", "message": "is empty"}])
        await self._flush()
        await asyncio.to_thread(self._file.flush)
        name = names.clean(names.from_form(self._filename))
        return Upload(name, self._size, self._sha256.hexdigest(), self._file, self._fields)

    async def _flush(self) -> None:
        block, self._block = self._block, bytearray()
        await asyncio.to_thread(self._keep, block)

    def _keep(self, block: bytearray) -> None:
        self._sha256.update(block)
        self._file.write(block)

    def _begin(self) -> None:
        self._part = _Part()
        self._parts += 1
        if self._parts > _PARTS:
            raise Invalid.of("body", f"has more than {_PARTS} parts")

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end].lower()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.headers.setdefault(bytes(self._part.header), bytearray()).extend(data[start:end])

    def _header_done(self) -> None:
        self._part.header = bytearray()

    def _headers_done(self) -> None:
        _, options = parse_options_header(bytes(self._part.headers.get(b"content-disposition", b"")))
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part.name != "file":
            return
        if self._filename is not None:
            raise Invalid.of("file", "must be one file")
        self._filename = self._part.filename = options.get(b"filename", b"")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.filename is None:
            self._part.value += data[start:end]
            if len(self._part.value) > _FIELD_BYTES:
                raise Invalid.of(self._part.name[:40] or "body", f"is longer than {_FIELD_BYTES} bytes")
            return
        self._size += end - start
        if self._size > self._limit:
            raise too_large(self._limit)
        self._block += data[start:end]

    def _part_done(self) -> None:
        if self._part.filename is None:
            self._fields[self._part.name] = self._part.value.decode("utf-8", "replace")

    def _end(self) -> None:
        self._ended = True
