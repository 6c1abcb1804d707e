"""A prepared answer, and how its placeholders are filled. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from guichet_requests.catalogue.entry import Entry
from guichet_requests.timeline.item import Attachment

Language = Literal["fr", "en"]

# One way to match, whatever stands in it: spaces are taken off afterwards, so that no number of them costs more than
# their length.
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template(Entry):
    """A prepared answer; ``body`` may have placeholders such as ``{{contact.first_name}}``."""

    name: str
    language: Language
    body: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text with its placeholders filled; those in ``missing`` are still in it."""

    text: str
    missing: tuple[str, ...]


def render(body: str, values: Mapping[str, str | None]) -> Rendered:
    """Fill the placeholders of ``body``. What has no value, or is not known at all, stays as it is."""
    missing: dict[str, None] = {}

    def fill(found: re.Match[str]) -> str:
        name = found[1].strip()
        value = values.get(name)
        if value:
            return value
        missing[name] = None
        return found[0]

    return Rendered(_PLACEHOLDER.sub(fill, body), tuple(missing))
