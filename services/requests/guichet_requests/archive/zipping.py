"""A ZIP file that is made as it is sent: never more of it in memory than a chunk."""

import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import orjson

from guichet_requests.archive.others import Others
from guichet_requests.archive.person import Person


class _Pipe(io.RawIOBase):
    """Takes what a ZIP file writes, until somebody takes it out. It goes forward only."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        taken = bytes(data)  # type: ignore[call-overload]
        self._waiting += taken
        return len(taken)

    def taken(self) -> Iterator[bytes]:
        """What was written since, if anything was."""
        if self._waiting:
            yield bytes(self._waiting)
            self._waiting.clear()


async def zipped(person: Person, others: Others, authorization: str, at: datetime) -> AsyncIterator[bytes]:
    """The archive in chunks: ``person.json``, the files, and last ``missing.json``, of those that are gone.

    Raises `PartsAway` where a service goes away meanwhile: the answer breaks off, and is no whole ZIP file.
    """
    pipe, missing = _Pipe(), list[str]()
    stamp = (at.year, at.month, at.day, at.hour, at.minute, at.second)

    def described(name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, stamp)
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        return info

    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(described("person.json"), orjson.dumps(person.told, option=orjson.OPT_INDENT_2))
        for chunk in pipe.taken():
            yield chunk
        for part in person.parts:
            async with others.bytes_of(part.path, authorization) as chunks:
                if chunks is None:
                    missing.append(part.name)
                    continue
                with archive.open(described(part.name), "w", force_zip64=True) as entry:
                    async for chunk in chunks:
                        entry.write(chunk)
                        for made in pipe.taken():
                            yield made
            for made in pipe.taken():
                yield made
        archive.writestr(described("missing.json"), orjson.dumps(missing))
    for made in pipe.taken():
        yield made
