"""Keeping and bringing back one service's database and bucket: a backup of our own, through the driver and the SDK.

A database is read as it was at one moment of the cluster's clock (read concern ``snapshot`` with ``atClusterTime``,
https://www.mongodb.com/docs/manual/reference/read-concern-snapshot/), so several databases read with the same moment
are consistent with each other. Objects are copied after it: whatever a document of that moment names was stored
before the document said so, and no object is ever changed under its name.

Each collection is one file of BSON documents, the form that ``mongodump --gzip`` writes, so that MongoDB's own
``mongorestore`` reads it too.
"""

import gzip
import hashlib
import struct
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from pymongo.write_concern import WriteConcern

from guichet_kit.objects import ObjectMissing, ObjectStore

BATCH = 500
"""Documents read, or written, at a time."""

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_SUFFIX = ".bson.gz"
_LENGTH = struct.Struct("<i")
_TOO_OLD = 239  # SnapshotTooOld


class ArchiveError(Exception):
    """The backup cannot be made, or is not to be trusted; the text says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One collection: its name, how many documents it has, and the SHA-256 of all of them in the order of ``_id``."""

    name: str
    documents: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Copied:
    """The objects of a bucket: how many, their bytes, and the SHA-256 of each by its name."""

    objects: int
    bytes: int
    sha256: dict[str, str]


class Archive:
    """One database, for backup and restore. PyMongo's own driver, whichever the service uses."""

    def __init__(self, url: str, database: str) -> None:
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, appname="guichet-backup")
        durable = WriteConcern("majority", j=True, wtimeout=60_000)
        self._database = self._client.get_database(database, write_concern=durable)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def clock(self) -> str:
        """The present moment of the cluster's clock, as ``dump`` takes it."""
        answer = await self._client.admin.command("hello")
        moment = cast("Timestamp", answer["operationTime"])
        return f"{moment.time}.{moment.inc}"

    async def collections(self) -> list[str]:
        """The names of the collections that hold documents of ours, sorted."""
        found = await self._database.list_collection_names(filter={"type": "collection"})
        return sorted(name for name in found if not name.startswith("system."))

    async def is_empty(self) -> bool:
        """Whether there is no document in any collection."""
        for name in await self.collections():
            if await self._database[name].find_one({}, projection=["_id"]) is not None:
                return False
        return True

    async def dump(self, folder: Path, at: str) -> list[Part]:
        """Write every collection as it was ``at`` that moment into ``folder``, which must be there.

        Raises `ArchiveError` where the server no longer has the history of the moment: it keeps
        ``minSnapshotHistoryWindowInSeconds`` of it (300 where nothing else is set).
        """
        parts = []
        for name in await self.collections():
            try:
                parts.append(await self._dump_one(name, folder / f"{name}{_SUFFIX}", _moment(at)))
            except OperationFailure as failure:
                if failure.code == _TOO_OLD:
                    raise ArchiveError(
                        f"{name} took longer to read than MongoDB keeps its history: raise the server parameter "
                        "minSnapshotHistoryWindowInSeconds and begin again"
                    ) from None
                raise
        return parts

    async def _dump_one(self, name: str, file: Path, at: Timestamp) -> Part:
        digest, count = hashlib.sha256(), 0
        with file.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as out:
            async for document in self._at(name, at):
                out.write(document)
                digest.update(document)
                count += 1
        return Part(name, count, digest.hexdigest())

    async def _at(self, name: str, at: Timestamp | None) -> AsyncIterator[bytes]:
        """The documents' bytes in the order of ``_id``, as they were at that moment, or are now."""
        command: dict[str, Any] = {"find": name, "sort": {"_id": 1}, "batchSize": BATCH}
        command["readConcern"] = {"level": "snapshot", "atClusterTime": at} if at else {"level": "majority"}
        batch = "firstBatch"
        while command:
            # By command, because a cursor takes no moment, and decodes what is to be kept as it is.
            answer: Any = await self._database.command(command, codec_options=_RAW)
            for document in answer["cursor"][batch]:
                yield document.raw
            cursor, batch = answer["cursor"]["id"], "nextBatch"
            command = {"getMore": cursor, "collection": name, "batchSize": BATCH} if cursor else {}

    async def load(self, folder: Path, parts: Sequence[Part]) -> None:
        """Write the documents of ``folder`` into the database, which must be empty, and compare what is then there.

        Raises `ArchiveError` where the database has documents, or what was written differs.
        """
        if not await self.is_empty():
            raise ArchiveError(f"the database {self._database.name} is not empty: restore into an empty one")
        for name in await self.collections():
            # It may have indexes, and one that forgets what has expired would do so while we compare.
            await self._database.drop_collection(name)
        for part in parts:
            collection = self._database.get_collection(part.name, codec_options=_RAW)
            for batch in _batches(folder / f"{part.name}{_SUFFIX}"):
                await collection.insert_many([RawBSONDocument(document) for document in batch])
        for part in parts:
            if await self.fingerprint(part.name) != part:
                raise ArchiveError(f"{part.name} differs from the backup after it was written")

    async def fingerprint(self, name: str) -> Part:
        """What the collection holds now."""
        digest, count = hashlib.sha256(), 0
        async for document in self._at(name, None):
            digest.update(document)
            count += 1
        return Part(name, count, digest.hexdigest())


async def copy_out(store: ObjectStore, folder: Path) -> Copied:
    """Write every object of the bucket into ``folder``. One that is removed meanwhile is left out."""
    hashes, total = {}, 0
    async for name in names(store):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        try:
            async with store.open(name) as chunks:
                with file.open("wb") as out:
                    async for chunk in chunks:
                        digest.update(chunk)
                        total += out.write(chunk)
        except ObjectMissing:
            file.unlink(missing_ok=True)
            continue
        hashes[name] = digest.hexdigest()
    return Copied(len(hashes), total, hashes)


async def copy_in(store: ObjectStore, folder: Path, copied: Copied) -> None:
    """Put every object of ``folder`` into the bucket, which must be empty, and compare what is then there.

    Raises `ArchiveError` as `Archive.load` does.
    """
    await store.ensure_bucket()
    if [name async for name in names(store)]:
        raise ArchiveError(f"the bucket {store.bucket} is not empty: restore into an empty one")
    for name in copied.sha256:
        file = _inside(folder, name)
        with file.open("rb") as data:
            await store.put(name, data, file.stat().st_size, "application/octet-stream")
    for name, sha256 in copied.sha256.items():
        digest = hashlib.sha256()
        async with store.open(name) as chunks:
            async for chunk in chunks:
                digest.update(chunk)
        if digest.hexdigest() != sha256:
            raise ArchiveError(f"the object {name} differs from the backup after it was written")


async def names(store: ObjectStore) -> AsyncIterator[str]:
    """The names of all objects in the bucket."""
    after = ""
    while page := await store.page(after):
        for listed in page:
            yield listed.name
        after = page[-1].name


def _moment(text: str) -> Timestamp:
    seconds, _, increment = text.partition(".")
    if not (seconds.isdecimal() and increment.isdecimal()):
        raise ArchiveError(f"{text!r} is not a moment of the cluster's clock, such as 1790000000.1")
    return Timestamp(int(seconds), int(increment))


def _inside(folder: Path, name: str) -> Path:
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise ArchiveError(f"the object name {name!r} leads out of the backup")
    return file


def verify_objects(folder: Path, copied: Copied) -> None:
    """Raise `ArchiveError` unless every object in ``folder`` is there and whole."""
    for name, sha256 in copied.sha256.items():
        file = _inside(folder, name)
        if not file.is_file():
            raise ArchiveError(f"the backup lacks the object {name}")
        with file.open("rb") as data:
            if hashlib.file_digest(data, "sha256").hexdigest() != sha256:
                raise ArchiveError(f"the object {name} is damaged in the backup")


def verify_documents(folder: Path, parts: Sequence[Part]) -> None:
    """Raise `ArchiveError` unless every collection in ``folder`` is there and whole."""
    for part in parts:
        _verify(folder, part)


def _verify(folder: Path, part: Part) -> None:
    digest, count = hashlib.sha256(), 0
    try:
        for batch in _batches(folder / f"{part.name}{_SUFFIX}"):
            for document in batch:
                digest.update(document)
                count += 1
    except FileNotFoundError:
        raise ArchiveError(f"the backup lacks the collection {part.name}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(f"the collection {part.name} is damaged in the backup: {error}") from None
    if (count, digest.hexdigest()) != (part.documents, part.sha256):
        raise ArchiveError(f"the collection {part.name} is damaged in the backup")


def _batches(file: Path) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    with gzip.open(file, "rb") as data:
        while (document := _document(data)) is not None:
            batch.append(document)
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _document(data: gzip.GzipFile) -> bytes | None:
    head = data.read(_LENGTH.size)
    if not head:
        return None
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    rest = data.read(max(length - _LENGTH.size, 0))
    if len(rest) != length - _LENGTH.size:
        raise EOFError("it ends within a document")
    return head + rest
