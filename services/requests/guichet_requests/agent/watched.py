"""Sign-ins in the audit trail: those that began and ended, and those that were refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from guichet_kit.limits import Buckets, network_of

from guichet_requests.agent.agent import Agent
from guichet_requests.agent.desk import SignInRefused, WelcomeRefused
from guichet_requests.agent.guesses import Browser, TooManyAttempts
from guichet_requests.agent.store import AgentStore
from guichet_requests.audit.audit import Actor
from guichet_requests.audit.trail import Trail

_REFUSED_A_SECOND, _REFUSED_AT_ONCE = 10 / 60, 10
"""Refused sign-ins of one network address that are written down: a stranger who guesses must not fill the trail."""


class SignIns:
    """Writes sign-ins down. What a stranger typed as an address is not kept: it may be anybody's, or a password."""

    def __init__(self, trail: Trail, agents: AgentStore) -> None:
        self.trail, self._agents = trail, agents
        self._refused = Buckets(_REFUSED_A_SECOND, _REFUSED_AT_ONCE)

    @asynccontextmanager
    async def watched(self, browser: Browser, email: str | None) -> AsyncIterator[None]:
        """Around a sign-in with this address, or by a link (None): a refusal is written down, and goes on."""
        try:
            yield
        except (SignInRefused, WelcomeRefused, TooManyAttempts) as refusal:
            if self._refused.take(network_of(browser.address)):
                known = await self._agents.credentials(email) if email else None
                why = "too_many" if isinstance(refusal, TooManyAttempts) else "link" if not email else "wrong"
                detail = {"why": why} | ({"name": known[0].name} if known else {})
                await self.trail.record(
                    "session.refused", Actor("nobody", address=browser.address), known[0].id if known else None, detail
                )
            raise

    async def begun(self, agent: Agent, browser: Browser, how: str) -> None:
        """The agent is signed in: by ``password``, ``second_factor`` (with the password) or ``link``."""
        actor = Actor("agent", agent.id, agent.name, browser.address)
        await self.trail.record("session.begun", actor, agent.id, {"how": how})

    async def ended(self, agent: Agent | None, address: str) -> None:
        """The agent has signed out; None: there was no session to end."""
        if agent is not None:
            await self.trail.record("session.ended", Actor("agent", agent.id, agent.name, address), agent.id)
