"""Keys that sign tokens: each service has a private one, and the public ones of all.

Ed25519 (RFC 8032). The private key is a file of its own (PEM, PKCS #8); the public ones are one JSON Web Key Set
(RFC 7517) in which each key says whose it is (``service``) and is named by its thumbprint (``kid``, RFC 7638). Both
files are read again when they change, so keys are exchanged while everything runs: see docs/operations.md.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from guichet_kit.logs import get_logger

LOOK_SECONDS = 1.0
"""Between two looks whether a file has changed."""

_CURVE: Literal["Ed25519"] = "Ed25519"

log = get_logger(__name__)


class BadKey(ValueError):
    """The file holds no such key; the text says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies, and the service whose it is."""

    service: str
    kid: str
    key: OKPKey

    def as_member(self) -> dict[str, str]:
        """As it stands in the set."""
        told = self.key.as_dict(private=False)
        named = {"kid": self.kid, "service": self.service, "use": "sig"}
        return {name: str(told[name]) for name in ("kty", "crv", "x")} | named


def new_private() -> bytes:
    """A new private key, as its file holds it."""
    return OKPKey.generate_key(_CURVE).as_pem(private=True)


def private_key(held: bytes) -> OKPKey:
    """The private key that a file holds. Raises `BadKey`."""
    try:
        key = OKPKey.import_key(held)
    except (JoseError, ValueError, TypeError):
        raise BadKey("must hold a private Ed25519 key (PEM, PKCS #8)") from None
    if key.get("crv") != _CURVE or not key.is_private:
        raise BadKey("must hold a private Ed25519 key (PEM, PKCS #8)")
    return key


def public_of(service: str, private: OKPKey) -> PublicKey:
    """What others verify with."""
    told = private.as_dict(private=False)
    key = OKPKey.import_key({name: str(told[name]) for name in ("kty", "crv", "x")})
    return PublicKey(service, key.thumbprint(), key)


def public_keys(held: bytes) -> tuple[PublicKey, ...]:
    """The keys of a set, in its order. Raises `BadKey`, also where a private key has got in."""
    try:
        members = json.loads(held)["keys"]
        keys = tuple(_public(member) for member in members)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        why = str(error) if isinstance(error, BadKey) else "each key with kty, crv, x and service"
        raise BadKey(f"must hold a JSON Web Key Set of public Ed25519 keys: {why}") from None
    return keys


def _public(member: Mapping[str, str]) -> PublicKey:
    if "d" in member:
        raise BadKey("it holds a private key")
    if (member["kty"], member["crv"]) != ("OKP", _CURVE):
        raise BadKey("one is of another kind")
    # By its thumbprint, whatever the file calls it.
    key = OKPKey.import_key({name: member[name] for name in ("kty", "crv", "x")})
    return PublicKey(str(member["service"]), key.thumbprint(), key)


def as_set(keys: Iterable[PublicKey]) -> bytes:
    """The set, as its file holds it."""
    return json.dumps({"keys": [key.as_member() for key in keys]}, indent=2).encode() + b"\n"


class Keys:
    """What ``service`` signs and verifies with. ``private`` is None where it signs nothing."""

    def __init__(
        self, service: str, public: Path, private: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        """Raises `BadKey`, `OSError` where a file is not good."""
        self.service, self._clock = service, clock
        self._public_file, self._private_file = public, private
        self.changes = 0
        """How often the public keys changed: what was verified before may not verify any more."""
        self._looked_at = clock()
        self._states = self._now()
        self._read()

    def by_kid(self, kid: object) -> PublicKey | None:
        """The public key of this name."""
        self.look()
        return self._by_kid.get(kid) if isinstance(kid, str) else None

    def of(self, service: str) -> tuple[str, ...]:
        """The names of the service's public keys."""
        self.look()
        return tuple(kid for kid, key in self._by_kid.items() if key.service == service)

    def signing(self) -> tuple[str, OKPKey]:
        """The name of the private key, and the key. Raises `BadKey` where the service has none."""
        self.look()
        if self._private is None:
            raise BadKey(f"{self.service} has no private key: it signs nothing")
        return self._private

    def look(self) -> None:
        """Read the files again where they changed; `LOOK_SECONDS` after the last look at the earliest.

        What cannot be read, or does not belong together yet, is left for a later look; the keys stay as they are.
        """
        moment = self._clock()
        if moment - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = moment
        try:
            states = self._now()
            if states != self._states:
                self._read()
                self._states = states
                log.info("keys_read", keys=sorted(self._by_kid))
        except (BadKey, OSError) as error:
            log.warning("keys_not_read", error=str(error)[:200])

    def _now(self) -> list[tuple[int, int, int] | None]:
        return [_state(file) if file else None for file in (self._public_file, self._private_file)]

    def _read(self) -> None:
        public = {key.kid: key for key in public_keys(self._public_file.read_bytes())}
        private = None
        if self._private_file is not None:
            key = private_key(self._private_file.read_bytes())
            kid = public_of(self.service, key).kid
            if kid not in public or public[kid].service != self.service:
                raise BadKey(f"the public key of {self._private_file.name} is not among those of {self.service}")
            private = kid, key
        self._by_kid, self._private = public, private
        self.changes += 1


def _state(file: Path) -> tuple[int, int, int]:
    told = file.stat()
    return told.st_ino, told.st_mtime_ns, told.st_size
