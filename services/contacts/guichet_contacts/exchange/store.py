"""Imports in MongoDB: the job, its file while it is needed, and the lease of whoever works on it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import (
    ASCENDING,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    ReturnDocument,
    create_indexes,
)
from guichet_kit.retention import Due, due_in

from guichet_contacts.exchange.job import LIVE, Failure, ImportJob, LineError, State

LEASE = timedelta(seconds=20)
UPLOAD_TIME = timedelta(hours=1)
"""Chunks older than this, of no import that goes on, are what an upload or a crash left behind."""

_CHUNK_BYTES = 4 << 20
_LIVE_STATES = sorted(str(state) for state in LIVE)


class LeaseLost(Exception):
    """Another process works on the import now."""


@dataclass(frozen=True, slots=True)
class KeptUpdate:
    """What a line changes of the contact that has its address."""

    line: int
    contact_id: str
    fields: Mapping[str, str]


class ImportStore:
    """The collections ``imports`` and ``import_chunks``, for one worker, which ``worker_id`` names."""

    def __init__(self, database: Database) -> None:
        self._jobs, self._chunks = database["imports"], database["import_chunks"]
        self._updates = database["import_updates"]
        self.worker_id = new_id()

    async def ensure_indexes(self) -> None:
        """Make the indexes that are missing."""
        await create_indexes(
            self._jobs, [IndexModel([("state", ASCENDING), ("created_at", ASCENDING)], name="waiting")]
        )
        await create_indexes(self._chunks, [IndexModel([("file_id", ASCENDING), ("number", ASCENDING)], name="file")])
        await create_indexes(
            self._updates, [IndexModel([("import_id", ASCENDING), ("line", ASCENDING)], name="import")]
        )

    async def insert(self, job: ImportJob) -> ImportJob:
        """Write a new import; the one that is there where its id was used before."""
        try:
            await self._jobs.insert_one(_to_document(job))
        except DuplicateKeyError:
            return await self.find(job.id) or job
        return job

    async def find(self, job_id: str) -> ImportJob | None:
        """The import of this id."""
        document = await self._jobs.find_one({"_id": job_id})
        return _to_job(document) if document else None

    async def claim(self) -> ImportJob | None:
        """The oldest import that goes on and that nobody works on; it is this worker's for ``LEASE``."""
        moment = now()
        document = await self._jobs.find_one_and_update(
            {
                "state": {"$in": _LIVE_STATES},
                "$or": [{"lease_until": {"$exists": False}}, {"lease_until": {"$lt": moment}}],
            },
            {"$set": {"worker": self.worker_id, "lease_until": moment + LEASE}},
            sort=[("created_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return _to_job(document) if document else None

    async def save(self, job: ImportJob) -> ImportJob:
        """Write how far the import is, and keep it for ``LEASE`` more.

        Raises:
            LeaseLost: it is not this worker's any more.
        """
        fields = {field: value for field, value in _to_document(job).items() if field != "_id"}
        result = await self._jobs.update_one(
            {"_id": job.id, "worker": self.worker_id}, {"$set": fields | {"lease_until": now() + LEASE}}
        )
        if not result.matched_count:
            raise LeaseLost
        return job

    async def release(self, job: ImportJob) -> None:
        """Let another worker go on at once; what this one is still writing, as it was cancelled, comes too late."""
        await self._jobs.update_one(
            {"_id": job.id, "worker": self.worker_id}, {"$unset": {"lease_until": "", "worker": ""}}
        )

    async def live_ids(self) -> list[str]:
        """The ids of the imports that go on."""
        cursor = self._jobs.find({"state": {"$in": _LIVE_STATES}}, projection={"_id": True})
        return [document["_id"] for document in await cursor.to_list(None)]

    async def keep_file(self, chunks: AsyncIterator[bytes]) -> str:
        """Keep an uploaded file; the id under which it can be read."""
        file_id, number, waiting = new_id(), 0, bytearray()
        async for chunk in chunks:
            waiting += chunk
            while len(waiting) >= _CHUNK_BYTES:
                await self._keep_chunk(file_id, number, bytes(waiting[:_CHUNK_BYTES]))
                del waiting[:_CHUNK_BYTES]
                number += 1
        await self._keep_chunk(file_id, number, bytes(waiting))
        return file_id

    async def read_file(self, file_id: str) -> bytes:
        """A kept file, whole."""
        cursor = self._chunks.find({"file_id": file_id}).sort("number", ASCENDING)
        return b"".join([document["data"] for document in await cursor.to_list(None)])

    async def drop_file(self, file_id: str) -> None:
        """Forget a kept file."""
        await self._chunks.delete_many({"file_id": file_id})

    async def drop_leftovers(self) -> None:
        """Forget the files of uploads that broke off and of imports that ended without tidying up."""
        cursor = self._jobs.find({"state": {"$in": _LIVE_STATES}}, projection={"file_id": True})
        needed = [document["file_id"] for document in await cursor.to_list(None)]
        await self._chunks.delete_many({"at": {"$lt": now() - UPLOAD_TIME}, "file_id": {"$nin": needed}})
        await self._updates.delete_many(
            {"at": {"$lt": now() - UPLOAD_TIME}, "import_id": {"$nin": await self.live_ids()}}
        )

    async def ended_before(self, moment: datetime) -> Due:
        """How many imports had ended by then, and when the first of them did."""
        return await due_in(self._jobs, _ended(moment), "finished_at")

    async def drop_ended(self, moment: datetime) -> int:
        """Forget the reports of imports that had ended by then; how many there were."""
        return (await self._jobs.delete_many(_ended(moment))).deleted_count

    async def keep_update(self, job_id: str, line: int, contact_id: str, fields: Mapping[str, str]) -> None:
        """Keep what a line changes of a contact until the import is decided; the same line again is the same."""
        document = {"import_id": job_id, "line": line, "contact_id": contact_id, "fields": dict(fields), "at": now()}
        await self._updates.replace_one({"_id": f"{job_id} {line}"}, document, upsert=True)

    async def kept_updates(self, job_id: str, limit: int) -> list[KeptUpdate]:
        """The first of the import's changes that are not made yet, by line."""
        cursor = self._updates.find({"import_id": job_id}).sort("line", ASCENDING).limit(limit)
        documents = await cursor.to_list(limit)
        return [KeptUpdate(found["line"], found["contact_id"], found["fields"]) for found in documents]

    async def count_updates(self, job_id: str) -> int:
        """How many of the import's changes are not made yet."""
        return await self._updates.count_documents({"import_id": job_id})

    async def drop_update(self, job_id: str, line: int) -> None:
        """Forget a change that is made."""
        await self._updates.delete_one({"_id": f"{job_id} {line}"})

    async def drop_updates(self, job_id: str) -> None:
        """Forget all changes of an import."""
        await self._updates.delete_many({"import_id": job_id})

    async def _keep_chunk(self, file_id: str, number: int, data: bytes) -> None:
        await self._chunks.insert_one({"file_id": file_id, "number": number, "data": data, "at": now()})


def _ended(before: datetime) -> Document:
    return {"state": {"$nin": _LIVE_STATES}, "finished_at": {"$lt": before}}


def _to_document(job: ImportJob) -> Document:
    document = asdict(job)
    document["_id"] = document.pop("id")
    return document | {"state": str(job.state)}


def _to_job(document: Document) -> ImportJob:
    fields = {name: document[name] for name in ImportJob.__dataclass_fields__ if name != "id" and name in document}
    failure = document["failure"]
    fields |= {
        "state": State(document["state"]),
        "errors": tuple(LineError(**error) for error in document["errors"]),
        "failure": Failure(**failure) if failure else None,
        "mapping": tuple(document["mapping"]) if document.get("mapping") is not None else None,
        "left_out": tuple(document.get("left_out", ())),
    }
    return ImportJob(id=document["_id"], **fields)
