"""What can be done with the entries of a catalogue."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from guichet_requests.catalogue.entry import Entry
from guichet_requests.catalogue.store import CatalogueStore, Kept
from guichet_requests.errors import Refused, Unknown


class StaleEntry(Refused):
    """The caller has seen an older version; ``current`` is the present state."""

    def __init__(self, current: Entry) -> None:
        super().__init__(f"The entry is at version {current.version} by now.")
        self.current = current


async def get(store: CatalogueStore[Kept], entry_id: str) -> Kept:
    """The entry. Raises `Unknown`."""
    entry = await store.get(entry_id)
    if entry is None:
        raise Unknown("There is no such entry.")
    return entry


async def add(store: CatalogueStore[Kept], entry: Kept) -> Kept:
    """Add an entry; a repeat with the same id answers the one that is there."""
    return entry if await store.insert(entry) else await get(store, entry.id)


async def edit(
    store: CatalogueStore[Kept], entry_id: str, changes: Mapping[str, Any], expected: int | None
) -> Kept:  # fmt: skip
    """Set the fields in ``changes``.

    Raises `Unknown`; `StaleEntry` when it is not at the ``expected`` version, or was changed at this very moment.
    """
    before = await _expected(store, entry_id, expected)
    after = replace(before, **changes)
    if after != before:
        after = replace(after, version=before.version + 1)
        if not await store.replace(before, after):
            current = await get(store, entry_id)
            raise StaleEntry(current)
    return after


async def remove(store: CatalogueStore[Kept], entry_id: str, expected: int | None) -> None:
    """Remove the entry. Raises as `edit`."""
    entry = await _expected(store, entry_id, expected)
    if not await store.delete(entry):
        current = await get(store, entry_id)
        raise StaleEntry(current)


async def _expected(store: CatalogueStore[Kept], entry_id: str, expected: int | None) -> Kept:
    entry = await get(store, entry_id)
    if expected is not None and expected != entry.version:
        raise StaleEntry(entry)
    return entry
