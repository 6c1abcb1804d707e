"""Signed tokens: JSON Web Tokens (RFC 7519), HS256, one key, issuer and audience pinned each."""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

ISSUER = "guichet"
_ALGORITHM = "HS256"
_LEEWAY_SECONDS = 5


class InvalidToken(Exception):
    """The token is malformed, forged, expired, revoked, or meant for another purpose."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. ``expires_at`` in seconds since 1970."""

    subject: str
    expires_at: int
    extra: Mapping[str, Any]


class Tokens:
    """Issues and verifies the tokens of one purpose (``audience``).

    The key is derived from the installation's secret with HMAC-SHA256 over the audience, so a token made for one
    purpose cannot even verify under another.
    """

    def __init__(
        self, secret: bytes, audience: str, remembered: int = 0, *, refuse: Callable[["Claims"], bool] | None = None
    ) -> None:  # fmt: skip
        """``remembered``: so many tokens that were verified need not be verified again before they expire.

        ``refuse`` says of claims that verify whether their token is good no more (see `guichet_kit.revocations`).
        """
        derived = hmac.digest(secret, f"guichet token {audience}".encode(), hashlib.sha256)
        self._key = OctKey.import_key(derived)
        self._audience, self._refuse = audience, refuse
        self._remembered, self._verified = remembered, OrderedDict[bytes, Claims]()
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
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    def verify(self, token: str) -> Claims:
        """The claims of a token that is ours, in time and for this purpose; ``InvalidToken`` otherwise."""
        claims = self._known_or_verified(token)
        if self._refuse is not None and self._refuse(claims):
            raise InvalidToken("revoked")
        return claims

    def _known_or_verified(self, token: str) -> Claims:
        if not self._remembered:
            return self._verify(token)
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
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            self._rules.validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise InvalidToken(type(error).__name__) from None
        standard = ("iss", "aud", "sub", "exp", "iat", "nbf")
        return Claims(str(claims["sub"]), int(claims["exp"]), {k: v for k, v in claims.items() if k not in standard})
