"""Who calls: agents by their access token, mail servers by the inbound secret."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from guichet_contracts.claims import AgentClaims
from guichet_kit.http import bearer
from guichet_kit.limits import Buckets
from guichet_kit.problems import Forbidden, TooMany, Unauthorized
from guichet_kit.tokens import Claims, Tokens

RATE, BURST = 50, 100
"""Calls a second of one agent, and at once."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The agent whose access token came with the call."""

    id: str
    role: str

    @property
    def supervises(self) -> bool:
        """Whether they are a supervisor or an administrator."""
        return self.role in ("supervisor", "admin")


CallerOf = Callable[..., Caller]


def any_agent(tokens: Tokens) -> CallerOf:
    """A dependency that yields the caller, whose calls it counts. Refuses with 401 or 429."""
    buckets, claims_of = Buckets(RATE, BURST), bearer(tokens)

    def caller(claims: Annotated[Claims, Depends(claims_of)]) -> Caller:
        if not buckets.take(claims.subject):
            raise TooMany(f"More than {RATE} calls a second.", retry_after=1)
        return Caller(claims.subject, AgentClaims.told_by(claims.subject, claims.extra).role)

    return caller


def only_supervisors(agent: CallerOf) -> CallerOf:
    """A dependency that yields the caller when they are a supervisor or administrator. Refuses others with 403."""

    def supervisor(caller: Annotated[Caller, Depends(agent)]) -> Caller:
        if not caller.supervises:
            raise Forbidden("Only supervisors may do this.")
        return caller

    return supervisor


def inbound_secret(secret: str | None) -> Callable[[Request], None]:
    """A dependency that lets through who knows the secret; nobody where none is set. Refuses with 401."""

    def check(request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if secret is None or not hmac.compare_digest(given, f"Bearer {secret}".encode()):
            raise Unauthorized("The inbound secret is required.")

    return check
