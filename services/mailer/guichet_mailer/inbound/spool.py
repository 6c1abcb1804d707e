"""A mail on its way in: in memory while it is small, then in a file that nobody else sees."""

import hashlib
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import BinaryIO, Self, cast

IN_MEMORY = 128 << 10
"""Bytes of a mail that are held in memory; most mails have fewer."""


class Spool:
    """The bytes so far, how many they are, and their hash. It is gone when its context ends."""

    def __init__(self, content: bytes = b"") -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed by the context
        self._hash = hashlib.sha256()
        self.size = 0
        self.write(content)

    def write(self, chunk: bytes) -> None:
        """Add to the end."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def discard(self) -> None:
        """Forget the bytes; the size stays."""
        self._file.close()

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal digits."""
        return self._hash.hexdigest()

    @property
    def is_on_disk(self) -> bool:
        """Whether the bytes are in a file."""
        return bool(getattr(self._file, "_rolled", False))

    def opened(self) -> BinaryIO:
        """The bytes, from the first one."""
        self._file.seek(0)
        return cast("BinaryIO", self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()
