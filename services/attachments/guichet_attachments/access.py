"""Who is asking: an agent or a visitor, by their access token."""

from collections.abc import Callable

from fastapi import Request
from guichet_kit.http import bearer
from guichet_kit.problems import Unauthorized
from guichet_kit.revocations import Revocations
from guichet_kit.tokens import Tokens

from guichet_attachments.attachment import Person


def caller(secret: bytes, revocations: Revocations) -> Callable[[Request], Person]:
    """A dependency: the person whose bearer token this is; `Unauthorized` where it is neither kind's."""
    agents, visitors = bearer(Tokens(secret, "agents", refuse=revocations.refuse)), bearer(Tokens(secret, "visitors"))

    def person(request: Request) -> Person:
        try:
            claims = agents(request)
            return Person("agent", claims.subject, is_admin=claims.extra.get("role") == "admin")
        except Unauthorized:
            claims = visitors(request)
            return Person("visitor", claims.subject, site=claims.extra.get("site"))

    return person
