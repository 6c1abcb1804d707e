"""Contacts that an import has brought and nobody sees yet: they hold their addresses, in the same unique index."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from guichet_kit.clock import now
from guichet_kit.mongo import ASCENDING, OperationFailure

from guichet_contacts.contact import events
from guichet_contacts.contact.contact import Contact, Details, State
from guichet_contacts.contact.documents import to_contact, to_document
from guichet_contacts.contact.fields import email_key
from guichet_contacts.contact.store import ContactStore

_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True)
class Staged:
    """One line of an import that is good: the contact that it would make."""

    line: int
    contact_id: str
    details: Details


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has an address: a contact, and the line that brought it, where it is of the same import."""

    contact_id: str
    line: int | None


class StagedContacts:
    """The staged contacts of all imports, in the collection of the others."""

    def __init__(self, contacts: ContactStore) -> None:
        self.contacts = contacts
        self._collection = contacts.collection

    async def stage(self, import_id: str, lines: Sequence[Staged]) -> dict[int, Holder]:
        """Write the contacts of some lines; those that could not be, by line, with the holder of their address."""
        moment = now()
        documents = [
            to_document(Contact(line.contact_id, moment, moment, line.details, version=0, state=State.STAGED))
            | {"import": {"id": import_id, "line": line.line}}
            for line in lines
        ]
        try:
            await self._collection.insert_many(documents, ordered=False)
        except OperationFailure as error:
            failures = (error.details or {}).get("writeErrors", [])
            if not failures or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
                raise
            # An id that is there already was staged by a worker that this one took over from, or that took over.
            failures = [failure for failure in failures if "_id" not in failure["keyPattern"]]
            return {line.line: await self._holder(import_id, line) for line in (lines[f["index"]] for f in failures)}
        return {}

    async def leave_erased(self, lines: Sequence[Staged], since: datetime) -> list[int]:
        """Forget those of the staged lines whose address was an erased person's at that moment still; which they are.

        Done after they are staged: the address was free only once that person was gone.
        """
        known = {line.details.email: line for line in lines if line.details.email}
        gone = [known[email] for email in await self.contacts.erased_among(known, since)]
        if gone:
            await self._collection.delete_many(
                {"_id": {"$in": [line.contact_id for line in gone]}, "state": str(State.STAGED)}
            )
        return sorted(line.line for line in gone)

    async def activate(self, import_id: str, limit: int) -> int:
        """Make up to ``limit`` of the import's contacts visible, each with its event; how many there were."""
        cursor = self._collection.find({"import.id": import_id}).sort("import.line", ASCENDING).limit(limit)
        staged = [to_contact(document) for document in await cursor.to_list(limit)]
        active = [replace(contact, state=State.ACTIVE, version=1) for contact in staged]
        await asyncio.gather(*(self.contacts.replace(contact, events.changed(contact)) for contact in active))
        return len(staged)

    async def count(self, import_id: str) -> int:
        """How many of the import's contacts are still staged."""
        return await self._collection.count_documents({"import.id": import_id})

    async def discard(self, import_id: str) -> None:
        """Forget the import's contacts that are still staged."""
        await self._collection.delete_many({"import.id": import_id})

    async def discard_leftovers(self, live: Iterable[str], age: timedelta) -> None:
        """Forget contacts staged longer ago than ``age`` by an import that does not go on."""
        await self._collection.delete_many(
            {"state": str(State.STAGED), "created_at": {"$lt": now() - age}, "import.id": {"$nin": list(live)}}
        )

    async def _holder(self, import_id: str, line: Staged) -> Holder:
        key = email_key(line.details.email or "")
        document = await self._collection.find_one({"email_keys": key}, projection={"import": True})
        if document is None:  # gone in this very moment: the line is refused all the same, and can be sent again
            return Holder("", None)
        imported = document.get("import")
        return Holder(document["_id"], imported["line"] if imported and imported["id"] == import_id else None)
