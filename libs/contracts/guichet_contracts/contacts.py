"""Events of ``contacts``. Consumers keep what has the greatest ``version``; nothing counts after an erasure."""

from typing import Literal

from guichet_contracts.audit import AuditRecordedData
from guichet_contracts.event import Event, Model, Time


class Contact(Model):
    """The contact as lists and cards show it; a greater ``version`` is newer. Its notes stay with ``contacts``."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    name: str
    email: str | None = None
    other_emails: tuple[str, ...] = ()
    phone: str | None = None
    company: str | None = None
    created_at: Time
    updated_at: Time
    version: int


class ContactChangedData(Model):
    contact: Contact


class ContactMergedData(Model):
    """``merged_version`` orders the merges and partings of ``merged_id``; ``contact`` is the one that stays."""

    merged_id: str
    merged_version: int
    contact: Contact


class ContactUnmergedData(Model):
    """``contact`` is active again; its ``version`` is greater than ``merged_version`` was. ``parted_from`` lost it."""

    contact: Contact
    parted_from: Contact


class ContactErasedData(Model):
    """``merged_ids``: contacts that had been merged into it, erased with it.

    ``visitor_ids``: visitors who claimed an address of theirs, and whom whoever erased said to be the same person.
    ``traces``: of the addresses what `addresses.trace_of` makes of them. ``erased_at``: what was received up to then
    was theirs; what comes from the same addresses later is somebody new's. None: not told, as earlier versions did.
    """

    contact_id: str
    version: int
    merged_ids: tuple[str, ...] = ()
    visitor_ids: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    erased_at: Time | None = None


class ContactChanged(Event[ContactChangedData]):
    """A contact was made or changed."""

    source: Literal["guichet/contacts"] = "guichet/contacts"
    type: Literal["contacts.contact.changed.v1"] = "contacts.contact.changed.v1"


class ContactMerged(Event[ContactMergedData]):
    """A contact became part of another; what referred to it follows."""

    source: Literal["guichet/contacts"] = "guichet/contacts"
    type: Literal["contacts.contact.merged.v1"] = "contacts.contact.merged.v1"


class ContactUnmerged(Event[ContactUnmergedData]):
    """A merge was undone; what had followed goes back."""

    source: Literal["guichet/contacts"] = "guichet/contacts"
    type: Literal["contacts.contact.unmerged.v1"] = "contacts.contact.unmerged.v1"


class ContactErased(Event[ContactErasedData]):
    """A contact was made anonymous for good: whoever holds a copy removes name, addresses and numbers."""

    source: Literal["guichet/contacts"] = "guichet/contacts"
    type: Literal["contacts.contact.erased.v1"] = "contacts.contact.erased.v1"


class AuditRecorded(Event[AuditRecordedData]):
    """Somebody exported, imported or erased: for the audit trail."""

    source: Literal["guichet/contacts"] = "guichet/contacts"
    type: Literal["contacts.audit.recorded.v1"] = "contacts.audit.recorded.v1"
