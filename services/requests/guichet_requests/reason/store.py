"""Reasons in MongoDB; the only file that knows their field names."""

from dataclasses import asdict

from guichet_kit.mongo import Database, Document

from guichet_requests.catalogue.store import CatalogueStore
from guichet_requests.reason.reason import Label, Reason

ReasonStore = CatalogueStore[Reason]


def reason_store(database: Database) -> ReasonStore:
    """The collection ``reasons``."""
    return CatalogueStore(database, "reasons", _from_document, _to_document)


def _to_document(reason: Reason) -> Document:
    document = asdict(reason)
    del document["id"]
    return document


def _from_document(reason_id: str, document: Document) -> Reason:
    return Reason(id=reason_id, **document | {"label": Label(**document["label"])})
