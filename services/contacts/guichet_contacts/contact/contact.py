"""A contact: a person in the customer base, and the rules of changing, merging and parting them. Pure."""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from guichet_contacts.contact.fields import FIELDS, FieldError, InvalidFields, email_key

REVERSIBLE = timedelta(days=30)
"""How long a merge can be undone."""


class State(StrEnum):
    """Where a contact stands. Only active ones are listed, found and changed; ``erased`` is final.

    A ``staged`` one holds its address for an import that is not decided yet; for everybody else it is not there.
    """

    STAGED = "staged"
    ACTIVE = "active"
    MERGED = "merged"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Details:
    """What is written about a contact, each field in its one form (see `fields.clean`)."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    notes: str | None = None

    def require_something(self) -> None:
        """Raise `InvalidFields` where nothing says who this is."""
        if not (self.first_name or self.last_name or self.email or self.phone or self.company):
            message = "a contact needs a name, an e-mail address, a phone number or a company"
            raise InvalidFields(FieldError("first_name", "required", message))

    @property
    def name(self) -> str:
        """The name to show: the person's, or the best there is instead."""
        person = " ".join(part for part in (self.first_name, self.last_name) if part)
        return person or self.company or self.email or self.phone or ""


@dataclass(frozen=True, slots=True)
class Merge:
    """How a contact was merged: what is needed to undo it. ``before`` and ``after`` are the other contact's details.

    Once the merge is final they are empty, as are the contact's own.
    """

    into: str
    at: datetime
    by: str
    before: Details
    after: Details


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact. ``other_emails`` came with merged ones, and are theirs alone as much as ``details.email``."""

    id: str
    created_at: datetime
    updated_at: datetime
    details: Details = field(default_factory=Details)
    other_emails: tuple[str, ...] = ()
    version: int = 1
    state: State = State.ACTIVE
    merge: Merge | None = None

    @property
    def emails(self) -> tuple[str, ...]:
        """All addresses, the main one first."""
        return (*([self.details.email] if self.details.email else []), *self.other_emails)

    def changed(self, details: Details, at: datetime) -> "Contact":
        """The contact with other details; itself where they are the same.

        One of the other addresses that becomes the main one trades places with it; when the main one is taken off,
        the next takes its place.

        Raises:
            InvalidFields: nothing would say who this is.
        """
        details.require_something()
        if details == self.details:
            return self
        others = self.other_emails
        if not details.email and others:
            details, others = replace(details, email=others[0]), others[1:]
        elif details.email and (promoted := _held(others, details.email)):
            kept = [self.details.email] if self.details.email else []
            others = (*kept, *(email for email in others if email != promoted))
        return replace(self, details=details, other_emails=others, updated_at=at, version=self.version + 1)

    def merged_into(self, target: "Contact", by: str, at: datetime) -> tuple["Contact", "Contact"]:
        """``(self as merged, target with what it lacked)``. The target's own values stay; notes are put together."""
        ours, theirs = asdict(self.details), asdict(target.details)
        after = Details(**{name: theirs[name] or ours[name] for name in FIELDS})
        if self.details.notes and target.details.notes:
            after = replace(after, notes=f"{target.details.notes}\n\n{self.details.notes}")
        merge = Merge(target.id, at, by, target.details, after)
        others = (*target.other_emails, *(email for email in self.emails if email != after.email))
        return (
            replace(self, state=State.MERGED, merge=merge, updated_at=at, version=self.version + 1),
            replace(target, details=after, other_emails=others, updated_at=at, version=target.version + 1),
        )

    def parted_from(self, target: "Contact", at: datetime) -> tuple["Contact", "Contact"]:
        """Undo the merge: ``(self as it was, target without what came from it)``.

        What the target was given since then stays with it, also an address of ours that somebody took off it.
        """
        merge = self.merge
        assert merge is not None  # noqa: S101  the caller has looked at the state
        back = tuple(email for email in self.emails if email in target.emails)
        now, before, after = (asdict(details) for details in (target.details, merge.before, merge.after))
        details = Details(**{name: before[name] if now[name] == after[name] else now[name] for name in FIELDS})
        kept = [email for email in target.emails if email not in back]
        main = next((email for email in (target.details.email, before["email"], *kept) if email in kept), None)
        own_main = self.details.email if self.details.email in back else next(iter(back), None)
        return (
            replace(
                self,
                state=State.ACTIVE,
                merge=None,
                details=replace(self.details, email=own_main),
                other_emails=tuple(email for email in back if email != own_main),
                updated_at=at,
                version=self.version + 1,
            ),
            replace(
                target,
                details=replace(details, email=main),
                other_emails=tuple(email for email in kept if email != main),
                updated_at=at,
                version=target.version + 1,
            ),
        )

    def erased(self, at: datetime) -> "Contact":
        """What stays of an erased contact: that there was one."""
        return Contact(self.id, at, at, version=self.version + 1, state=State.ERASED)


def _held(emails: tuple[str, ...], wanted: str) -> str | None:
    return next((email for email in emails if email_key(email) == email_key(wanted)), None)
