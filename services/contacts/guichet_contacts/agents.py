"""Who asks: agents, by their access token, and what each role may do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from guichet_contracts.audit import AuditActor
from guichet_contracts.claims import AGENTS, AgentClaims
from guichet_kit.http import bearer
from guichet_kit.keys import Keys
from guichet_kit.limits import Buckets
from guichet_kit.problems import Forbidden, TooMany
from guichet_kit.revocations import Revocations
from guichet_kit.tokens import REMEMBERED, Claims, Tokens

CALLS_A_SECOND = 50
BURST = 100

MANAGERS = frozenset({"supervisor", "admin"})
"""Roles that may do what touches many contacts or cannot be undone: merge, import, export, erase."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent who asks, and the network address that the call came from."""

    id: str
    role: str
    name: str = ""
    address: str | None = None

    @property
    def actor(self) -> AuditActor:
        """The agent in the audit trail."""
        return AuditActor(kind="agent", id=self.id, name=self.name)


def agents(keys: Keys, revocations: Revocations) -> Callable[..., Agent]:
    """A dependency: the agent of the request's token. 401 without one, 429 above 50 calls a second."""
    buckets = Buckets(CALLS_A_SECOND, BURST)
    claims_of = bearer(Tokens(keys, AGENTS, REMEMBERED, refuse=revocations.refuse))

    def agent(request: Request, claims: Annotated[Claims, Depends(claims_of)]) -> Agent:
        if not buckets.take(claims.subject):
            raise TooMany("Too many calls; try again in a second.", retry_after=1)
        address = request.client.host if request.client else None
        told = AgentClaims.told_by(claims.subject, claims.extra)
        return Agent(told.id, told.role, told.name, address)

    return agent


def managers(agent: Callable[[Claims], Agent]) -> Callable[[Agent], Agent]:
    """A dependency: as ``agent``, of one of the roles in ``MANAGERS``; 403 otherwise."""

    def manager(who: Annotated[Agent, Depends(agent)]) -> Agent:
        if who.role not in MANAGERS:
            raise Forbidden("Only supervisors and administrators may do this.")
        return who

    return manager
