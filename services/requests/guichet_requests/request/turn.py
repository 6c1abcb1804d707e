"""Whose turn it is on a request. Pure, and the same in whatever order things are heard of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

Key = tuple[datetime, str, int]
"""``(at, conversation or item, seq)``, as `EntryKey`."""

MOST = 20
"""So many questions are remembered: the first ones, and the last. More only matters when an answer is heard of late."""


@dataclass(frozen=True, slots=True)
class Turn:
    """``answered`` is the desk's last word; ``asked`` is what the customer said after it, the oldest first."""

    answered: Key | None = None
    asked: tuple[Key, ...] = ()

    @property
    def since(self) -> datetime | None:
        """Since when the customer waits."""
        return self.asked[0][0] if self.asked else None

    def ask(self, key: Key) -> Self:
        """The customer said something."""
        if key in self.asked or (self.answered is not None and key <= self.answered):
            return self
        asked = sorted((*self.asked, key))
        return type(self)(self.answered, tuple(asked if len(asked) <= MOST else [*asked[: MOST - 1], asked[-1]]))

    def answer(self, key: Key) -> Self:
        """An agent answered, or set the request aside: what was said until then waits no longer."""
        if self.answered is not None and key <= self.answered:
            return self
        return type(self)(key, tuple(one for one in self.asked if one > key))

    def withdraw(self, item_id: str) -> Self:
        """The item is no word of the customer's on this request, after all."""
        return type(self)(self.answered, tuple(one for one in self.asked if one[1] != item_id))
