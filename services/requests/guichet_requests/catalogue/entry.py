"""What every entry of a catalogue has. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Entries are shown by ``position``, those that share one by their ids; a greater ``version`` is newer."""

    id: str
    position: int
    version: int = 1
