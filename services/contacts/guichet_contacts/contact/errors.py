"""What a use case may refuse, in the words of contacts; ``problems`` turns each into an HTTP answer."""

from guichet_contacts.contact.contact import Contact


class Refusal(Exception):
    """What a use case says no with."""


class ContactMissing(Refusal):
    """There is no such contact."""


class ContactErased(Refusal):
    """There was one; it was erased, and nothing brings it back."""


class ContactMerged(Refusal):
    """It was merged into ``into``: that one is to be changed."""

    def __init__(self, into: str) -> None:
        super().__init__(into)
        self.into = into


class ContactExists(Refusal):
    """The address belongs to the contact ``contact_id`` already."""

    def __init__(self, contact_id: str) -> None:
        super().__init__(contact_id)
        self.contact_id = contact_id


class IdTaken(Refusal):
    """Another contact was made under this id."""


class StaleVersion(Refusal):
    """The caller has seen an older version than ``current``."""

    def __init__(self, current: Contact) -> None:
        super().__init__(current.version)
        self.current = current


class MergeRefused(Refusal):
    """A merge, or its undoing, that makes no sense. ``code`` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
