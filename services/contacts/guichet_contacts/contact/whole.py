"""All that is written about a contact, and about those that became part of it."""

from dataclasses import asdict
from typing import Any

from guichet_kit.clock import to_wire

from guichet_contacts.contact.contact import Contact
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.usecases import read_contact


async def whole(contacts: ContactStore, contact_id: str) -> dict[str, Any]:
    """The contact, or the one that it went into, and all that was ever merged into it, as they are shown to them.

    Raises:
        ContactMissing, ContactErased: it is not there.
    """
    contact = await read_contact(contacts, contact_id)
    while contact.merge is not None:
        contact = await read_contact(contacts, contact.merge.into)
    merged, waiting = list[Contact](), [contact.id]
    while waiting:
        found = await contacts.merged_into(waiting.pop())
        merged += found
        waiting += [part.id for part in found]
    return {"contact": _shown(contact), "merged": [_shown(part) for part in merged]}


def _shown(contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "state": contact.state,
        "created_at": to_wire(contact.created_at),
        "updated_at": to_wire(contact.updated_at),
        **asdict(contact.details),
        "other_emails": list(contact.other_emails),
    }
