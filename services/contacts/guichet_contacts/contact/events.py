"""Contacts as the other services hear of them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Protocol, TypedDict

from guichet_contracts import contacts as contracts
from guichet_contracts.audit import AuditActor, AuditRecordedData
from guichet_kit import trace
from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_contacts.contact.contact import Contact


class Doer(Protocol):
    """Who does something, and from which network address."""

    @property
    def actor(self) -> AuditActor:
        """Who it is."""

    @property
    def address(self) -> str | None:
        """Where from."""


class Operator:
    """Whoever may run commands on the installation."""

    actor, address = AuditActor(kind="operator"), None


class _Envelope(TypedDict):
    id: str
    time: datetime
    correlationid: str | None
    causationid: str | None


def changed(contact: Contact) -> contracts.ContactChanged:
    """``contact`` was made, or is different now."""
    return contracts.ContactChanged(
        **_envelope(), subject=contact.id, data=contracts.ContactChangedData(contact=_copy(contact))
    )


def merged(source: Contact, target: Contact) -> contracts.ContactMerged:
    """``source`` became part of ``target``."""
    data = contracts.ContactMergedData(merged_id=source.id, merged_version=source.version, contact=_copy(target))
    return contracts.ContactMerged(**_envelope(), subject=target.id, data=data)


def unmerged(contact: Contact, target: Contact) -> contracts.ContactUnmerged:
    """``contact`` is itself again, no more part of ``target``."""
    data = contracts.ContactUnmergedData(contact=_copy(contact), parted_from=_copy(target))
    return contracts.ContactUnmerged(**_envelope(), subject=contact.id, data=data)


def erased(
    contact: Contact, merged_ids: tuple[str, ...], visitor_ids: tuple[str, ...], traces: tuple[str, ...]
) -> contracts.ContactErased:  # fmt: skip
    """The person went, with all that had been merged into the contact."""
    data = contracts.ContactErasedData(
        contact_id=contact.id,
        version=contact.version,
        merged_ids=merged_ids,
        visitor_ids=visitor_ids,
        traces=traces,
        erased_at=contact.updated_at,
    )
    return contracts.ContactErased(**_envelope(), subject=contact.id, data=data)


def recorded(
    action: str, by: Doer, subject_id: str | None, detail: Mapping[str, str] | None = None
) -> contracts.AuditRecorded:
    """Somebody did what the audit trail is to know of. ``detail`` holds no customer's name, address or words."""
    data = AuditRecordedData(
        action=action, actor=by.actor, subject_id=subject_id, address=by.address, detail=dict(detail or {})
    )
    return contracts.AuditRecorded(**_envelope(), subject=subject_id or "contacts", data=data)


def _copy(contact: Contact) -> contracts.Contact:
    details = asdict(contact.details)
    del details["notes"]
    return contracts.Contact(
        **details,
        id=contact.id,
        name=contact.details.name,
        other_emails=contact.other_emails,
        created_at=contact.created_at,
        updated_at=contact.updated_at,
        version=contact.version,
    )


def _envelope() -> _Envelope:
    return {
        "id": new_id(),
        "time": now(),
        "correlationid": trace.correlation_id.get(),
        "causationid": trace.causation_id.get(),
    }
