"""Who is asking: an agent, a visitor, or whoever fills in a form, by their access token."""

from collections.abc import Callable
from contextlib import suppress

from fastapi import Request
from guichet_kit.http import bearer
from guichet_kit.problems import Unauthorized
from guichet_kit.revocations import Revocations
from guichet_kit.tokens import Tokens

from guichet_attachments.attachment import Person


def caller(secret: bytes, revocations: Revocations) -> Callable[[Request], Person]:
    """A dependency: the person whose bearer token this is; `Unauthorized` where it is none's."""
    agents = bearer(Tokens(secret, "agents", refuse=revocations.refuse))
    others = [bearer(Tokens(secret, audience)) for audience in ("visitors", "forms")]

    def person(request: Request) -> Person:
        with suppress(Unauthorized):
            claims = agents(request)
            return Person("agent", claims.subject, is_admin=claims.extra.get("role") == "admin")
        for claims_of in others:
            with suppress(Unauthorized):
                claims = claims_of(request)
                return Person("visitor", claims.subject, site=claims.extra.get("site"))
        raise Unauthorized

    return person
