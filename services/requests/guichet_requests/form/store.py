"""Forms in MongoDB; the only file that knows their field names."""

from dataclasses import asdict

from guichet_kit.mongo import Database, Document, DuplicateKeyError, IndexModel, create_indexes

from guichet_requests.catalogue.store import CatalogueStore
from guichet_requests.form.form import Field, Form, FormExists


class FormStore(CatalogueStore[Form]):
    """The collection ``forms``; each key is one form's."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "forms", _from_document, _to_document)

    async def prepare(self) -> None:
        """Create the indexes."""
        await super().prepare()
        await create_indexes(self._collection, [IndexModel("key", name="key", unique=True)])

    async def with_key(self, key: str) -> Form | None:
        """The form of that key that can be filled in now."""
        document = await self._collection.find_one({"key": key, "active": True})
        return self._read(document) if document else None

    async def insert(self, entry: Form) -> bool:
        """As in `CatalogueStore`. Raises `FormExists`."""
        inserted = await super().insert(entry)
        if not inserted and await self.get(entry.id) is None:
            raise FormExists
        return inserted

    async def replace(self, before: Form, after: Form) -> bool:
        """As in `CatalogueStore`. Raises `FormExists`."""
        try:
            return await super().replace(before, after)
        except DuplicateKeyError:
            raise FormExists from None


def _to_document(form: Form) -> Document:
    document = asdict(form)
    del document["id"]
    fields = [{**field, "options": list(field["options"])} for field in document["fields"]]
    return document | {"fields": fields, "origins": list(form.origins)}


def _from_document(form_id: str, document: Document) -> Form:
    fields = tuple(Field(**field | {"options": tuple(field["options"])}) for field in document["fields"])
    return Form(id=form_id, **document | {"fields": fields, "origins": tuple(document["origins"])})
