"""Proof of work: what a caller does who is one too many, so that a crowd behind one address is slowed and not refused.

A signed challenge says how hard it is; a number answers it that makes SHA-256 of ``challenge:number`` begin with that
many zero bits. A browser needs a second or two for one, whoever sends thousands needs hours.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from guichet_kit.ids import new_id
from guichet_kit.keys import Keys
from guichet_kit.tokens import InvalidToken, Tokens

LIFETIME_SECONDS = 300
BITS, BITS_MAX = 16, 22
"""Zero bits of the first that are too many, one more each time that there are twice as many; and of the hardest."""


@dataclass(frozen=True, slots=True)
class Done:
    """Work that was done: the challenge's own id, and until when that is good."""

    id: str
    until: datetime


class Work:
    """Sets challenges and checks their answers. ``purpose`` keeps one kind's from being taken for another's."""

    def __init__(self, keys: Keys, purpose: str) -> None:
        self._tokens = Tokens(keys, f"work {purpose}")

    def challenge(self, tried: int, most: int) -> dict[str, object]:
        """What to answer where ``tried`` is more than ``most``: members of a problem document."""
        bits = min(BITS_MAX, BITS + max(0, (tried // max(1, most)).bit_length() - 1))
        return {"challenge": self._tokens.issue(new_id(), LIFETIME_SECONDS, bits=bits), "bits": bits}

    def done(self, challenge: str, number: int) -> Done | None:
        """The work, where ``number`` answers a challenge that is ours and in time. Whether it is new is not known."""
        try:
            claims = self._tokens.verify(challenge)
        except InvalidToken:
            return None
        digest = hashlib.sha256(f"{challenge}:{number}".encode()).digest()
        if int.from_bytes(digest) >> (256 - int(claims.extra["bits"])):
            return None
        return Done(claims.subject, datetime.fromtimestamp(claims.expires_at, UTC))
