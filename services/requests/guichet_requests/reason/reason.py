"""Why a customer writes, from a list that administrators keep. Pure."""

from dataclasses import dataclass

from guichet_requests.catalogue.entry import Entry
from guichet_requests.errors import Refused


class ReasonInUse(Refused):
    """Requests have this reason: it can be put away, not deleted."""

    def __init__(self) -> None:
        super().__init__("Requests have this reason. Deactivate it instead.")


@dataclass(frozen=True, slots=True)
class Label:
    """The same words in each language of the console."""

    fr: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason(Entry):
    """One reason; agents can choose it while it is ``active``."""

    label: Label
    active: bool = True
