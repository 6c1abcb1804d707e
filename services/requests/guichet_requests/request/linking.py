"""How a request gets its contact, and loses it. Pure: each function takes a request and returns the change."""

from dataclasses import replace
from datetime import datetime

from guichet_requests.request.request import Change, Contact, Link, Request, event_item
from guichet_requests.timeline.item import Author, Event, Item, Party


def link(request: Request, contact_id: str, shown: Contact, *, by: Author, at: datetime) -> Change | None:
    """Link the request to a contact, which ``shown`` stands for; None when it is so already."""
    if request.link is not None and request.link.contact_id == contact_id:
        return None
    after = replace(request, link=Link(contact_id, at), contact=shown)
    before = Party(request.contact.id, request.contact.name) if request.contact else None
    if before is not None and before.id == shown.id:
        return Change(after)
    event = Event("contact_linked", before, Party(shown.id, shown.name))
    return Change(after, (event_item(request, event, by, at, f"{by.name} linked the contact {shown.name}"),))


def unlink(request: Request, *, by: Author, at: datetime) -> Change | None:
    """Take the contact off the request; None when it has none."""
    if request.contact is None:
        return None
    after = replace(request, link=Link(None, at), contact=None)
    event = Event("contact_unlinked", Party(request.contact.id, request.contact.name))
    text = f"{by.name} unlinked the contact {request.contact.name}"
    return Change(after, (event_item(request, event, by, at, text),))


def show_contact(request: Request, contact: Contact | None) -> Change | None:
    """Show what the request's link stands for by now; None when it is shown already."""
    return None if request.contact == contact else Change(replace(request, contact=contact))


def link_awaited(request: Request, contact: Contact, *, at: datetime) -> Change:
    """Link the contact that the request waited for, unless an agent has decided meanwhile."""
    after = replace(request, awaits=None)
    if request.link is not None:
        return Change(after)
    event, by = Event("contact_linked", after=Party(contact.id, contact.name)), Author("system", "requests", None)
    text = f"The sender is known as {contact.name}"
    line_id = f"{request.id}:contact"
    line = Item(line_id, request.id, at, "event", request.channel, "internal", by, text, event=event)
    return Change(replace(after, link=Link(contact.id, at), contact=contact), (line,))
