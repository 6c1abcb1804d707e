"""Who is asking: an agent, a visitor, whoever fills in a form, or a service, by their access token."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fastapi import Request
from guichet_contracts.claims import (
    AGENTS,
    FORMS,
    VISITORS,
    AgentClaims,
    ServiceClaims,
    ServiceScope,
    VisitorClaims,
    calls_of,
    is_service,
)
from guichet_kit.http import bearer
from guichet_kit.keys import Keys
from guichet_kit.problems import Forbidden, Unauthorized
from guichet_kit.revocations import Revocations
from guichet_kit.tokens import REMEMBERED, OfBefore, Tokens

from guichet_attachments.attachment import Person

MAILER = "mailer"
"""The one service that calls: it gives the files of mails that came in, and reads those that agents send."""

CallerOf = Callable[[Request], Person]


def people(keys: Keys, revocations: Revocations, of_before: OfBefore | None = None) -> CallerOf:
    """A dependency: the person whose bearer token this is; `Unauthorized` where it is none's."""
    agents = bearer(Tokens(keys, AGENTS, REMEMBERED, refuse=revocations.refuse))
    others = [bearer(Tokens(keys, VISITORS, REMEMBERED, of_before=of_before)), bearer(Tokens(keys, FORMS))]

    def person(request: Request) -> Person:
        with suppress(Unauthorized):
            claims = agents(request)
            agent = AgentClaims.told_by(claims.subject, claims.extra)
            return Person("agent", agent.id, is_admin=agent.role == "admin")
        for claims_of in others:
            with suppress(Unauthorized):
                claims = claims_of(request)
                visitor = VisitorClaims.told_by(claims.subject, claims.extra)
                return Person("visitor", visitor.id, site=visitor.site)
        raise Unauthorized

    return person


def people_and_mailer(keys: Keys, person: CallerOf, scope: ServiceScope) -> CallerOf:
    """A dependency: as ``person``, or ``mailer`` with a token for this scope; `Forbidden` for any other scope."""
    services = bearer(Tokens(keys, calls_of(keys.service)))

    def caller(request: Request) -> Person:
        with suppress(Unauthorized):
            return person(request)
        claims = services(request)
        if not is_service(claims.subject, MAILER):
            raise Unauthorized
        said = ServiceClaims.told_by(claims.subject, claims.extra)
        if scope not in said.scopes or not said.about:
            raise Forbidden(f"This needs the scope {scope}.")
        if scope == "files:give":
            return Person.of_mail(said.about)
        return Person("agent", said.about)

    return caller


def documented(scope: ServiceScope) -> Mapping[str, Any]:
    """What the OpenAPI document says of an operation that ``mailer`` may call, too."""
    return {"x-service-callers": {MAILER: scope}}
