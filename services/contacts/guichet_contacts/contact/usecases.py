"""What can be done with a contact. State and events are saved together."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from guichet_kit.clock import now

from guichet_contacts.contact import events
from guichet_contacts.contact.contact import Contact, Details, State
from guichet_contacts.contact.documents import sort_key
from guichet_contacts.contact.errors import (
    ContactErased,
    ContactExists,
    ContactMerged,
    ContactMissing,
    IdTaken,
    StaleVersion,
)
from guichet_contacts.contact.folding import query_words
from guichet_contacts.contact.store import ContactStore, Duplicate


async def create_contact(contacts: ContactStore, contact_id: str, details: Details) -> Contact:
    """Make a contact under the client's id. A repeat, at the same moment too, finds the one that the first one made.

    Raises:
        InvalidFields: nothing says who this is.
        ContactExists: the address belongs to another contact.
        IdTaken: the id was used with other details.
        ContactErased: the contact of this id was erased since.
    """
    details.require_something()
    moment = now()
    contact = Contact(contact_id, created_at=moment, updated_at=moment, details=details)
    while True:
        try:
            await contacts.insert(contact, events.changed(contact))
        except Duplicate:
            if there := await contacts.find(contact_id):
                return await _repeated(contacts, there, details)
            if holder := await _holder(contacts, details):
                raise ContactExists(holder) from None
            # Whoever was in the way has gone meanwhile.
        else:
            return contact


async def _repeated(contacts: ContactStore, there: Contact, details: Details) -> Contact:
    if there.state is State.ERASED:
        raise ContactErased
    if not await contacts.was_created_with(there.id, details):
        raise IdTaken
    return there


async def read_contact(contacts: ContactStore, contact_id: str) -> Contact:
    """The contact, active or merged; `ContactMissing` or `ContactErased` otherwise."""
    contact = await contacts.find(contact_id)
    if contact is None or contact.state is State.STAGED:
        raise ContactMissing
    if contact.state is State.ERASED:
        raise ContactErased
    return contact


async def active_contact(contacts: ContactStore, contact_id: str) -> Contact:
    """As `read_contact`, and `ContactMerged` where another one took its place."""
    contact = await read_contact(contacts, contact_id)
    if contact.merge:
        raise ContactMerged(contact.merge.into)
    return contact


async def update_contact(
    contacts: ContactStore, contact_id: str, fields: Mapping[str, str | None], version: int | None
) -> Contact:
    """Change the given fields, each in its one form, if the contact has this ``version`` (None: whichever it has).

    Raises:
        InvalidFields, ContactMissing, ContactErased, ContactMerged: as they say.
        StaleVersion: somebody else was first.
        ContactExists: the new address belongs to another contact.
    """
    while True:
        present = await active_contact(contacts, contact_id)
        if version not in (None, present.version):
            raise StaleVersion(present)
        changed = present.changed(replace(present.details, **fields), now())
        try:
            if changed is present or await contacts.replace(changed, events.changed(changed)):
                return changed
        except Duplicate:
            holder = await _holder(contacts, changed.details)
            if holder not in (None, contact_id):
                raise ContactExists(holder) from None
        # Somebody was faster: look at what is there now.


async def search_contacts(
    contacts: ContactStore, query: str, after: str | None, limit: int, *, backwards: bool = False
) -> tuple[list[Contact], str | None]:
    """Contacts by name, those that have the beginnings of all words of ``query``; and where the next page begins."""
    words = query_words(query)
    if query.strip() and not words:
        return [], None
    found = await contacts.page(words, after, limit + 1, backwards=backwards)
    page = found[:limit]
    return page, sort_key(page[-1]) if len(found) > limit else None


async def recent_contacts(
    contacts: ContactStore, query: str, before: tuple[datetime, str] | None, limit: int
) -> tuple[list[Contact], tuple[datetime, str] | None]:
    """As `search_contacts`, the last changed first."""
    words = query_words(query)
    if query.strip() and not words:
        return [], None
    found = await contacts.recent(words, before, limit + 1)
    page = found[:limit]
    return page, (page[-1].updated_at, page[-1].id) if len(found) > limit else None


async def _holder(contacts: ContactStore, details: Details) -> str | None:
    return await contacts.holder_of(details.email) if details.email else None
