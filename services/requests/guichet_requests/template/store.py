"""Templates in MongoDB; the only file that knows their field names."""

from dataclasses import asdict

from guichet_kit.mongo import Database, Document

from guichet_requests.catalogue.store import CatalogueStore
from guichet_requests.template.template import Template
from guichet_requests.timeline.item import Attachment

TemplateStore = CatalogueStore[Template]


def template_store(database: Database) -> TemplateStore:
    """The collection ``templates``."""
    return CatalogueStore(database, "templates", _from_document, _to_document)


def _to_document(template: Template) -> Document:
    document = asdict(template) | {"attachments": [asdict(file) for file in template.attachments]}
    del document["id"]
    return document


def _from_document(template_id: str, document: Document) -> Template:
    files = tuple(Attachment(**file) for file in document["attachments"])
    return Template(id=template_id, **document | {"attachments": files})
