"""What is particular about templates: they carry files, and are filled for a request."""

from collections.abc import Mapping, Sequence
from typing import Any

from guichet_requests.catalogue import usecases as catalogue
from guichet_requests.contact.store import ContactStore
from guichet_requests.request import usecases as requests
from guichet_requests.request.store import RequestStore
from guichet_requests.template.store import TemplateStore
from guichet_requests.template.template import Rendered, Template, render
from guichet_requests.timeline.item import Attachment, Author


async def edit(
    store: TemplateStore,
    template_id: str,
    changes: Mapping[str, Any],
    staying: Sequence[str] | None,
    added: Sequence[Attachment],
    expected: int | None,
) -> Template:
    """Set the fields in ``changes``; of the files keep those ``staying`` (None: all).

    Raises `Unknown`, `StaleEntry`.
    """
    before = await catalogue.get(store, template_id)
    kept = [file for file in before.attachments if staying is None or file.id in staying]
    files = tuple({file.id: file for file in (*kept, *added)}.values())
    version = before.version if expected is None else expected
    return await catalogue.edit(store, template_id, {**changes, "attachments": files}, version)


async def fill(
    templates: TemplateStore,
    requests_store: RequestStore,
    contacts: ContactStore,
    template_id: str,
    request_id: str,
    by: Author,
) -> Rendered:
    """The template's text for the request, as the agent ``by`` would send it. Raises `Unknown`."""
    template = await catalogue.get(templates, template_id)
    request = await requests.get(requests_store, request_id)
    contact = await contacts.get(request.contact.id) if request.contact else None
    shown = request.contact or request.visitor
    values = {
        "contact.first_name": contact.first_name if contact else None,
        "contact.name": shown.name if shown else None,
        "agent.name": by.name,
        "request.number": str(request.number),
    }
    return render(template.body, values)
