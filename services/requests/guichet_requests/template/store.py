"""Templates in MongoDB; the only file that knows their field names."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import ClassVar

from guichet_kit import outbox
from guichet_kit.mongo import Database, Document, DuplicateKeyError, create_indexes
from guichet_kit.outbox import OUTBOX_INDEX, Relay

from guichet_requests.catalogue.store import CatalogueStore
from guichet_requests.template.events import template_changed
from guichet_requests.template.template import Template
from guichet_requests.timeline.item import Attachment

COLLECTION = "templates"


class TemplateStore(CatalogueStore[Template]):
    """The collection ``templates``. Each write tells which files the template names, in the same document.

    Of a deleted one the id stays, and the version: it carries its last event, and its id is not taken again.
    """

    _present: ClassVar[Document] = {"deleted": {"$exists": False}}

    def __init__(self, database: Database, relay: Relay) -> None:
        super().__init__(database, COLLECTION, _from_document, _to_document)
        self._relay = relay

    async def prepare(self) -> None:
        """Create the indexes."""
        await super().prepare()
        await create_indexes(self._collection, [OUTBOX_INDEX])

    async def insert(self, entry: Template) -> bool:
        """As in `CatalogueStore`; False also for the id of a deleted one."""
        told = _telling(entry.id, entry.version, entry.attachments)
        try:
            await self._collection.insert_one({"_id": entry.id, **_to_document(entry), "outbox": told})
        except DuplicateKeyError:
            return False
        self._relay.offer(self._collection, entry.id, told)
        return True

    async def replace(self, before: Template, after: Template) -> bool:
        """As in `CatalogueStore`."""
        told = _telling(after.id, after.version, after.attachments)
        return await self._write(before, {"$set": _to_document(after)}, told)

    async def delete(self, entry: Template) -> bool:
        """As in `CatalogueStore`."""
        version = entry.version + 1
        gone = {name: "" for name in _to_document(entry) if name != "version"}
        change = {"$set": {"deleted": True, "version": version}, "$unset": gone}
        return await self._write(entry, change, _telling(entry.id, version, ()))

    async def _write(self, before: Template, change: Document, told: list[Document]) -> bool:
        present = {"_id": before.id, "version": before.version, **self._present}
        result = await self._collection.update_one(present, change | {"$push": {"outbox": {"$each": told}}})
        if result.matched_count:
            self._relay.offer(self._collection, before.id, told)
        return bool(result.matched_count)


def _telling(template_id: str, version: int, files: Sequence[Attachment]) -> list[Document]:
    return [outbox.pending(template_changed(template_id, version, [file.id for file in files]))]


def _to_document(template: Template) -> Document:
    document = asdict(template) | {"attachments": [asdict(file) for file in template.attachments]}
    del document["id"]
    return document


def _from_document(template_id: str, document: Document) -> Template:
    fields = {name: value for name, value in document.items() if name in Template.__dataclass_fields__}
    files = tuple(Attachment(**file) for file in document["attachments"])
    return Template(id=template_id, **fields | {"attachments": files})
