"""How many may be connected at once. Pure."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Door:
    """Lets in ``connections`` at once, ``per_address`` of them from one address."""

    connections: int
    per_address: int
    _inside: Counter[str] = field(default_factory=Counter)

    def enter(self, address: str) -> bool:
        """Count one more from this address; False where there is no room for it."""
        if self._inside.total() >= self.connections or self._inside[address] >= self.per_address:
            return False
        self._inside[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        self._inside[address] -= 1
        if self._inside[address] <= 0:
            del self._inside[address]
