"""Contacts as the HTTP interface shows and takes them."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from guichet_kit.clock import WireTime
from pydantic import BaseModel, ConfigDict, StringConstraints

from guichet_contacts.contact.contact import REVERSIBLE, Contact

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ContactView(BaseModel):
    """A contact. ``merged_into`` names the one that took its place, where one did."""

    id: str
    first_name: str | None
    last_name: str | None
    name: str
    email: str | None
    other_emails: list[str]
    phone: str | None
    company: str | None
    notes: str | None
    merged_into: str | None
    created_at: WireTime
    updated_at: WireTime
    version: int

    @classmethod
    def of(cls, contact: Contact) -> "ContactView":
        """The contact for a reader."""
        return cls(
            **asdict(contact.details),
            id=contact.id,
            name=contact.details.name,
            other_emails=list(contact.other_emails),
            merged_into=contact.merge.into if contact.merge else None,
            created_at=contact.created_at,
            updated_at=contact.updated_at,
            version=contact.version,
        )


class MergedView(BaseModel):
    """A contact that was merged into another one. Until ``final_at`` that can be undone."""

    id: str
    name: str
    email: str | None
    merged_at: WireTime
    final_at: WireTime

    @classmethod
    def of(cls, contact: Contact) -> "MergedView":
        """The merged contact for a reader."""
        assert contact.merge is not None  # noqa: S101  the caller has found it by its merge
        return cls(
            id=contact.id,
            name=contact.details.name,
            email=contact.details.email,
            merged_at=contact.merge.at,
            final_at=contact.merge.at + REVERSIBLE,
        )


class KnownContact(BaseModel):
    """All that is written about a contact, whatever became of it."""

    id: str
    state: str
    created_at: WireTime
    updated_at: WireTime
    first_name: str | None
    last_name: str | None
    email: str | None
    other_emails: list[str]
    phone: str | None
    company: str | None
    notes: str | None


class KnownView(BaseModel):
    """A contact, and all that was ever merged into it: a part of a person's archive."""

    contact: KnownContact
    merged: list[KnownContact]


class ContactFields(BaseModel):
    """What can be written. Absent: left as it is; null or blank: nothing there."""

    model_config = ConfigDict(extra="forbid")

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    notes: str | None = None


class NewContact(ContactFields):
    """A contact to make. The same ``id`` again answers what the first time did."""

    id: UUID | None = None


class MergeOrder(BaseModel):
    """Where a contact is to go."""

    model_config = ConfigDict(extra="forbid")

    into: Id
