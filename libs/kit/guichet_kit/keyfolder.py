"""The folder in which an operator keeps the keys of all services: made once, exchanged one after the other.

``<service>-signing-key`` is a private key, ``<service>-signing-key.next`` the one that is to follow it, ``public-keys``
the public keys of all. Each service is handed its own private key and the public ones, and no more.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from guichet_contracts.claims import SIGNING

from guichet_kit.keys import PublicKey, as_set, new_private, private_key, public_keys, public_of

PUBLIC_KEYS = "public-keys"


class NotReady(Exception):
    """The step does not follow from how the keys are now; the text says what comes first."""


class KeyFolder:
    """The files. Each is written whole or not at all; a private one that is made anew only its owner can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.public_file = folder / PUBLIC_KEYS

    def private_file(self, service: str) -> Path:
        """The private key with which the service signs."""
        return self.folder / f"{service}-signing-key"

    def make(self) -> None:
        """Make what is missing. What is there stays as it is."""
        known = list(self._public())
        for service in SIGNING:
            file = self.private_file(service)
            if not file.exists():
                _write(file, new_private(), 0o600)
            key = public_of(service, private_key(file.read_bytes()))
            if key.kid not in {one.kid for one in known}:
                known.append(key)
        if known != list(self._public()):
            self._keep(known)

    def prepare(self, service: str) -> str:
        """Make the key that is to follow, and publish its public part; the key's name. A repeat changes nothing."""
        self._need(service)
        following = self._next_file(service)
        if not following.exists():
            # As its predecessor: where containers read it as users of their own, the folder is what keeps others out.
            _write(following, new_private(), _mode(self.private_file(service)))
        key = public_of(service, private_key(following.read_bytes()))
        known = self._public()
        if key.kid not in {one.kid for one in known}:
            self._keep((*known, key))
        return key.kid

    def use(self, service: str) -> str:
        """Sign with the prepared key from now on; the key's name. The private key of before is gone.

        Raises `NotReady` where none was prepared.
        """
        self._need(service)
        following = self._next_file(service)
        if not following.exists():
            raise NotReady(f"no next key of {service} is prepared: prepare one first")
        key = public_of(service, private_key(following.read_bytes()))
        following.replace(self.private_file(service))
        return key.kid

    def drop(self, service: str) -> list[str]:
        """Take no token of the service's former keys any more; their names.

        Raises `NotReady` where it has none.
        """
        self._need(service)
        files = [self.private_file(service), self._next_file(service)]
        kept = {public_of(service, private_key(one.read_bytes())).kid for one in files if one.exists()}
        known = self._public()
        former = [one.kid for one in known if one.service == service and one.kid not in kept]
        if not former:
            raise NotReady(f"{service} has no former key")
        self._keep(one for one in known if one.kid not in former)
        return former

    def replace(self, service: str) -> tuple[str, list[str]]:
        """All steps at once, with a key that nobody has seen: after a leak. The new key's name, and the former ones."""
        self._need(service)
        self._next_file(service).unlink(missing_ok=True)
        self.prepare(service)
        return self.use(service), self.drop(service)

    def _next_file(self, service: str) -> Path:
        return self.folder / f"{service}-signing-key.next"

    def _need(self, service: str) -> None:
        if not self.private_file(service).is_file():
            raise NotReady(f"{self.private_file(service)} is not a file: {service} has no key there")

    def _public(self) -> tuple[PublicKey, ...]:
        return public_keys(self.public_file.read_bytes()) if self.public_file.exists() else ()

    def _keep(self, keys: Iterable[PublicKey]) -> None:
        _write(self.public_file, as_set(keys), _mode(self.public_file))


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o600


def _write(file: Path, held: bytes, mode: int) -> None:
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(held)
        os.fchmod(opened.fileno(), mode)
    fresh.replace(file)
