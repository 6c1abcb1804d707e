"""Passwords: which are refused, and their hashes.

They are hashed with Argon2id (RFC 9106): slow and large on purpose, so beside the event loop and few at a time.
"""

import asyncio
import re
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from guichet_requests.errors import Refused

MIN_LENGTH, MAX_LENGTH = 8, 128
"""In characters (NIST SP 800-63B, section 5.1.1.2)."""

_AT_ONCE = 2  # each takes 64 MiB
_ADDED_MOST = 6
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")


class CommonPassword(Refused):
    """The password is one of those that are guessed first."""

    def __init__(self) -> None:
        super().__init__("is too easy to guess; several words that nobody expects together are better")


def refuse_common(password: str, *own: str) -> None:
    """Raises `CommonPassword` for one of the 30,000 most common ones, and for what is the agent's ``own``: a name, an
    address, or the part of it before the @ (NIST SP 800-63B, section 5.1.1.2).

    A few digits and signs before or after make no other password of it, nor do capitals.
    """
    folded = password.casefold()
    core = _AROUND.sub("", folded)
    forms = {folded} | ({core} if core and len(folded) - len(core) <= _ADDED_MOST else set())
    known = {form for text in own for form in _forms(text.casefold())} | {"guichet"}
    if forms & known or any(form in _common() for form in forms) or len(set(folded)) < 3:
        raise CommonPassword


def _forms(text: str) -> set[str]:
    return {text, text.partition("@")[0], "".join(text.split())} - {""}


@cache
def _common() -> frozenset[str]:
    # Read when it is first needed: most processes never are asked, and the lists are large.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]

    return frozenset(FREQUENCY_LISTS["passwords"])


class Passwords:
    """Hashes and verifies."""

    def __init__(self) -> None:
        self._hash = PasswordHash((Argon2Hasher(),))
        self._slots = asyncio.Semaphore(_AT_ONCE)
        # Verified where there is no such account, so that the answer takes as long as where there is one.
        self._nobody = self._hash.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        async with self._slots:
            return await asyncio.to_thread(self._hash.hash, password)

    async def verify(self, password: str, kept: str | None) -> bool:
        """Whether the password is the one of the ``kept`` hash; False, as slowly, when there is none."""
        async with self._slots:
            matches = await asyncio.to_thread(self._hash.verify, password, kept or self._nobody)
        return matches and kept is not None
