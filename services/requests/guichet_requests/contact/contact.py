"""A copy of a contact, and which of two copies counts. Pure."""

from dataclasses import dataclass
from typing import Literal

from guichet_contracts.addresses import email_key as email_key

from guichet_requests.errors import Refused

State = Literal["active", "merged", "erased"]


class ContactNotKnownYet(Refused):
    """The copy has no such contact: it does not exist, or was made a moment ago."""

    def __init__(self) -> None:
        super().__init__("There is no such contact, or it was made just now: try again in a moment.")


class ContactErased(Refused):
    """The person went for good."""

    def __init__(self) -> None:
        super().__init__("This contact was erased.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCopy:
    """What is kept of a contact; of two copies the one with the greater ``version`` counts.

    One that was merged stands for ``merged_into`` until that is undone; its addresses belong to that one meanwhile.
    """

    id: str
    version: int
    state: State = "active"
    name: str = ""
    first_name: str | None = None
    email: str | None = None
    other_emails: tuple[str, ...] = ()
    phone: str | None = None
    merged_into: str | None = None

    @property
    def email_keys(self) -> tuple[str, ...]:
        """The addresses under which the contact is found."""
        if self.state != "active":
            return ()
        return tuple(email_key(email) for email in (self.email, *self.other_emails) if email)
