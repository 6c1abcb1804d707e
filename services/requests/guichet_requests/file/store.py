"""Copies of files in MongoDB, and which of them may be sent; the only file that knows their field names."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

from guichet_contracts.attachments import File, Refusal
from guichet_contracts.claims import TEMPLATE
from guichet_kit.mongo import MAJORITY, Collection, Database, Document, IndexModel, create_indexes

from guichet_requests.errors import Refused
from guichet_requests.timeline.item import Attachment, FileState

PATIENCE_SECONDS = 2.0
"""How long a file that was uploaded just now is waited for."""

_LOOK_EVERY_SECONDS = 0.1


class FileNotKnownYet(Refused):
    """No copy of the file came: it does not exist, was refused, or was uploaded this moment."""

    def __init__(self) -> None:
        super().__init__("There is no such file, or it was uploaded just now: try again in a moment.")


class FileElsewhere(Refused):
    """The file was not uploaded for this. ``index`` counts from 0."""

    def __init__(self, index: int) -> None:
        super().__init__("was not uploaded for this")
        self.index = index


@dataclass(frozen=True, slots=True)
class FileCopy:
    """A file that passed every check, who uploaded it, and for what: ``conversation:<id>``, ``template:<id>`` …"""

    file: Attachment
    scope: str
    owner_id: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The end of a file's checks: it is ready, or refused for the reason that ``refusal`` names."""

    refusal: Refusal | None

    @property
    def state(self) -> FileState:
        """As items say it."""
        return "refused" if self.refusal else "ready"


class FileStore:
    """The collection ``files``: what ``attachments`` told. Of a refused file it is kept that it was."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["files"].with_options(read_concern=MAJORITY)

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(self.collection, [IndexModel("owner_id", name="owner")])

    async def keep(self, file: File, refusal: Refusal | None = None) -> None:
        """Keep a copy; a repeat changes nothing, and a refusal is the last word."""
        media_type = file.media_type or "application/octet-stream"
        copy = {"name": file.name, "media_type": media_type, "size": file.size}
        copy |= {"scope": file.scope, "owner_id": file.owner.id}
        refused = {"$set": {"refusal": refusal}} if refusal else {}
        await self.collection.update_one({"_id": file.id}, {"$setOnInsert": copy, **refused}, upsert=True)

    async def checked(self, file_id: str) -> Checked | None:
        """What the checks of the file came to; None while that is not known."""
        copy = await self.collection.find_one({"_id": file_id}, {"refusal": True})
        return None if copy is None else Checked(copy.get("refusal"))

    async def named(self, file_ids: Sequence[str]) -> tuple[FileCopy, ...]:
        """The files in the order of their ids, waited for a moment. Raises `FileNotKnownYet`."""
        until = monotonic() + PATIENCE_SECONDS
        while True:
            good: Document = {"_id": {"$in": list(file_ids)}, "refusal": None}
            found = {one["_id"]: one async for one in self.collection.find(good)}
            if len(found) == len(set(file_ids)):
                break
            if monotonic() > until:
                raise FileNotKnownYet
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
        return tuple(
            FileCopy(
                Attachment(file_id, found[file_id]["name"], found[file_id]["media_type"], found[file_id]["size"]),
                found[file_id]["scope"],
                found[file_id]["owner_id"],
            )
            for file_id in file_ids
        )

    async def forget(self, file_ids: Iterable[str], owner_ids: Iterable[str]) -> None:
        """Drop the copies of these files, and of those of these owners. Templates' files stay."""
        theirs: Document = {"$or": [{"_id": {"$in": [*file_ids]}}, {"owner_id": {"$in": [*owner_ids]}}]}
        await self.collection.delete_many(theirs | {"scope": {"$not": re.compile(f"^{TEMPLATE}")}})
