"""Signed tokens: JSON Web Tokens (RFC 7519), EdDSA with Ed25519; key, issuer and audience are pinned.

The algorithm is called ``Ed25519``, as RFC 9864 has it (``EdDSA`` in RFC 8037). It is decided by our keys, never by the
token: a public key is never taken for a secret, and there is no token without a signature.
"""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from guichet_contracts.claims import may_sign, may_speak_for
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey

from guichet_kit.keys import Keys

ISSUER = "guichet"
_ALGORITHM = "Ed25519"
_ALGORITHM_OF_BEFORE = "HS256"
_LEEWAY_SECONDS = 5

REMEMBERED = 5_000
"""Tokens that a service need not verify again: a browser shows the same one with every call."""


class InvalidToken(Exception):
    """The token is malformed, forged, expired, revoked, or meant for another purpose."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. ``expires_at`` in seconds since 1970."""

    subject: str
    expires_at: int
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OfBefore:
    """Tokens of versions that signed with keys derived from the installation's ``secret``: good before ``until``."""

    secret: bytes
    until: date

    def key(self, audience: str) -> OctKey | None:
        """The key of the audience, while it is good."""
        if datetime.now(UTC).date() >= self.until:
            return None
        return OctKey.import_key(hmac.digest(self.secret, f"guichet token {audience}".encode(), hashlib.sha256))


class Tokens:
    """Issues and verifies the tokens of one purpose (``audience``).

    Only the service that `guichet_contracts.claims` names for the audience can issue them, and only its keys verify
    them: a token made for one purpose, or by somebody else, is refused under another.
    """

    def __init__(
        self,
        keys: Keys,
        audience: str,
        remembered: int = 0,
        *,
        refuse: Callable[["Claims"], bool] | None = None,
        of_before: OfBefore | None = None,
    ) -> None:
        """``remembered``: so many tokens that were verified need not be verified again before they expire.

        ``refuse`` says of claims that verify whether their token is good no more (see `guichet_kit.revocations`).
        ``of_before``: symmetric tokens of earlier versions are good, too.
        """
        self._keys, self._audience, self._refuse, self._of_before = keys, audience, refuse, of_before
        self._remembered, self._verified = remembered, OrderedDict[bytes, Claims]()
        self._changes = keys.changes
        self._rules = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    def issue(self, subject: str, lifetime: int, **extra: Any) -> str:
        """A token for ``subject`` that is good for ``lifetime`` seconds."""
        issued = int(time.time())
        claims = extra | {
            "iss": ISSUER, "aud": self._audience, "sub": subject, "iat": issued, "exp": issued + lifetime
        }  # fmt: skip
        kid, key = self._keys.signing()
        return jwt.encode({"alg": _ALGORITHM, "kid": kid}, claims, key, algorithms=[_ALGORITHM])

    def verify(self, token: str) -> Claims:
        """The claims of a token that is ours, in time and for this purpose; ``InvalidToken`` otherwise."""
        claims = self._known_or_verified(token)
        if self._refuse is not None and self._refuse(claims):
            raise InvalidToken("revoked")
        return claims

    def _known_or_verified(self, token: str) -> Claims:
        if not self._remembered:
            return self._verify(token)
        self._keys.look()
        if self._changes != self._keys.changes:  # a key may be gone
            self._changes = self._keys.changes
            self._verified.clear()
        # By its hash: whoever could read this memory would find no token in it.
        mark = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        known = self._verified.get(mark)
        if known is None:
            known = self._verified[mark] = self._verify(token)
            if len(self._verified) > self._remembered:
                self._verified.popitem(last=False)
        elif known.expires_at + _LEEWAY_SECONDS < time.time():
            del self._verified[mark]
            raise InvalidToken("ExpiredTokenError")
        return known

    def _verify(self, token: str) -> Claims:
        allowed = [_ALGORITHM, _ALGORITHM_OF_BEFORE] if self._of_before else [_ALGORITHM]
        try:
            decoded = jwt.decode(token, lambda given: self._key(given.headers()), algorithms=allowed)
            claims = decoded.claims
            self._rules.validate(claims)
            self._require_own_voice(decoded.header, str(claims["sub"]))
        except (JoseError, ValueError, TypeError) as error:
            raise InvalidToken(type(error).__name__) from None
        standard = ("iss", "aud", "sub", "exp", "iat", "nbf")
        return Claims(str(claims["sub"]), int(claims["exp"]), {k: v for k, v in claims.items() if k not in standard})

    def _key(self, header: Mapping[str, Any]) -> OKPKey | OctKey:
        # Each algorithm has keys of its own kind, from a place of its own.
        if header.get("alg") == _ALGORITHM_OF_BEFORE and self._of_before is not None:
            of_before = self._of_before.key(self._audience)
            if of_before is None:
                raise ValueError("symmetric tokens are good no more")
            return of_before
        key = self._keys.by_kid(header.get("kid"))
        if header.get("alg") != _ALGORITHM or key is None:
            raise ValueError("no key of ours")
        # Before the signature is looked at, which takes time.
        if not may_sign(key.service, self._audience, self._keys.service):
            raise ValueError(f"{key.service} does not sign for {self._audience}")
        return key.key

    def _require_own_voice(self, header: Mapping[str, Any], subject: str) -> None:
        signer = self._keys.by_kid(header.get("kid"))
        if signer is not None and not may_speak_for(signer.service, self._audience, subject):
            raise ValueError(f"{signer.service} spoke for another")
