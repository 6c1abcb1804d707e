"""Passwords, hashed with Argon2id (RFC 9106): slow and large on purpose, so beside the event loop and few at a time."""

import asyncio

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

MIN_LENGTH, MAX_LENGTH = 8, 128
"""In characters (NIST SP 800-63B, section 5.1.1.2)."""

_AT_ONCE = 2  # each takes 64 MiB


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
