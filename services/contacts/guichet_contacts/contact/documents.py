"""A contact as a document of MongoDB, and back."""

from dataclasses import asdict

from guichet_kit.mongo import Document

from guichet_contacts.contact.contact import Contact, Details, Merge, State
from guichet_contacts.contact.fields import email_key, phone_forms
from guichet_contacts.contact.folding import fold, prefixes_of, words_of


def to_document(contact: Contact) -> Document:
    """All fields but the outbox. An absent value is an absent field, so that partial indexes leave it out."""
    keys = [email_key(email) for email in contact.emails]
    document = {
        "_id": contact.id,
        "state": str(contact.state),
        "version": contact.version,
        "created_at": contact.created_at,
        "updated_at": contact.updated_at,
        "other_emails": list(contact.other_emails),
        **asdict(contact.details),
        **(_search_fields(contact) if contact.state is State.ACTIVE else {}),
        "email_keys": keys if contact.state in (State.ACTIVE, State.STAGED) else [],
        "merge": asdict(contact.merge) if contact.merge else None,
    }
    return {field: value for field, value in document.items() if value not in (None, [])}


def to_contact(document: Document) -> Contact:
    """The contact of a document."""
    merge = document.get("merge")
    return Contact(
        id=document["_id"],
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        details=_details(document),
        other_emails=tuple(document.get("other_emails", ())),
        version=document["version"],
        state=State(document["state"]),
        merge=_merge(merge) if merge else None,
    )


def sort_key(contact: Contact) -> str:
    """The place in the list: by name, accents and case ignored, then by id, so that no two contacts share it."""
    return f"{fold(contact.details.name)}\t{contact.id}"


def _merge(document: Document) -> Merge:
    before, after = _details(document.get("before", {})), _details(document.get("after", {}))
    return Merge(into=document["into"], at=document["at"], by=document["by"], before=before, after=after)


def _details(document: Document) -> Details:
    return Details(**{name: document.get(name) for name in Details.__dataclass_fields__})


def _search_fields(contact: Contact) -> Document:
    details = contact.details
    words: set[str] = set()
    for text in (details.first_name, details.last_name, details.company, *contact.emails):
        words |= words_of(text or "")
    if details.phone:
        words |= phone_forms(details.phone)
    return {
        "sort": sort_key(contact),
        "words": sorted(words),
        "prefixes": sorted(prefixes_of(words)),
    }
