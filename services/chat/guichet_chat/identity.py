"""Who a visitor is, as their site says it: a JSON Web Token (RFC 7519) that the site's own server signs."""

import time
from typing import Annotated

from guichet_kit.blank import is_blank
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, SecretStr, ValidationError

from guichet_chat.conversation import Identity

LIFETIME_MAX_SECONDS = 24 * 3600
"""A token lies open in the site's page: one that somebody copied must not be good for long."""

_LEEWAY_SECONDS = 60  # two clocks: the site's and ours
_ALGORITHM = "HS256"


def _shown(name: str | None) -> str | None:
    return None if name is None or is_blank(name) else name


VisitorName = Annotated[str | None, Field(min_length=1, max_length=200), AfterValidator(_shown)]
"""What a visitor is called; a name in which there is nothing to see is none."""


class IdentityRefused(Exception):
    """The token is malformed, not the site's, out of time, or good for too long."""


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    sub: str = Field(min_length=1, max_length=200)
    exp: int
    nbf: int = 0
    name: VisitorName = None
    email: EmailStr | None = Field(default=None, max_length=254)


def identity_of(token: str, secret: SecretStr | None) -> Identity:
    """What the token says, or `IdentityRefused`; None is the secret of a site that identifies nobody."""
    if secret is None:
        raise IdentityRefused("site without a secret")
    try:
        key = OctKey.import_key(secret.get_secret_value())
        claims = _Claims.model_validate(jwt.decode(token, key, algorithms=[_ALGORITHM]).claims)
    except (JoseError, ValidationError, ValueError, TypeError) as error:
        raise IdentityRefused(type(error).__name__) from None
    now = time.time()
    if not now - _LEEWAY_SECONDS < claims.exp <= now + LIFETIME_MAX_SECONDS + _LEEWAY_SECONDS:
        raise IdentityRefused("exp")
    if claims.nbf > now + _LEEWAY_SECONDS:
        raise IdentityRefused("nbf")
    return Identity(claims.sub, claims.name, claims.email)
