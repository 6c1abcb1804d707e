"""Who calls, what they may, and how often."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from guichet_contracts.claims import AgentClaims
from guichet_kit.http import bearer
from guichet_kit.limits import Buckets
from guichet_kit.problems import Forbidden, TooMany
from guichet_kit.tokens import Claims, Tokens

from guichet_requests.agent.agent import Role
from guichet_requests.audit.audit import Actor
from guichet_requests.timeline.item import Author

RATE, BURST = 50, 100
"""Calls a second of one agent, and at once."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The agent whose access token came with the call, as the token says, and the network address it came from."""

    id: str
    name: str
    role: Role
    session: str | None = None
    address: str | None = None

    @property
    def author(self) -> Author:
        """The caller as author of what they do."""
        return Author("agent", self.id, self.name)

    @property
    def actor(self) -> Actor:
        """The caller in the audit trail."""
        return Actor("agent", self.id, self.name, self.address)


CallerOf = Callable[..., Caller]


def any_agent(tokens: Tokens) -> CallerOf:
    """A dependency that yields the caller, whose calls it counts. Refuses with 401 or 429."""
    buckets = Buckets(RATE, BURST)
    claims_of = bearer(tokens)

    def caller(request: Request, claims: Annotated[Claims, Depends(claims_of)]) -> Caller:
        if not buckets.take(claims.subject):
            raise TooMany(f"More than {RATE} calls a second.", retry_after=1)
        agent = AgentClaims.told_by(claims.subject, claims.extra)
        address = request.client.host if request.client else None
        return Caller(agent.id, agent.name, agent.role, agent.session, address)

    return caller


def only_admins(agent: CallerOf) -> CallerOf:
    """A dependency that yields the caller when they are an administrator. Refuses others with 403."""

    def admin(caller: Annotated[Caller, Depends(agent)]) -> Caller:
        if caller.role != "admin":
            raise Forbidden("Only administrators may do this.")
        return caller

    return admin


def supervisors(agent: CallerOf) -> CallerOf:
    """A dependency: the calling supervisor or administrator; refuses other agents with 403."""

    def supervisor(caller: Annotated[Caller, Depends(agent)]) -> Caller:
        if caller.role not in ("supervisor", "admin"):
            raise Forbidden("Only supervisors and administrators may do this.")
        return caller

    return supervisor


def own_pages(public_url: str) -> Callable[..., None]:
    """A dependency for routes that go by the cookie: a browser must call from our own page. Refuses with 403.

    Browsers name the calling page's origin on every POST; a caller that names none is no browser, and has no cookie
    that somebody else's page could make it send.
    """

    def check(origin: Annotated[str | None, Header()] = None) -> None:
        if origin is not None and origin != public_url:
            raise Forbidden("Pages of another origin may not do this.", code="origin_not_allowed")

    return check
