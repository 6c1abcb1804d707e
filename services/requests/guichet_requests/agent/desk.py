"""Signing in, staying signed in, signing out, and what agents do with their own password and sessions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from guichet_contracts.claims import AgentClaims
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.tokens import InvalidToken, Tokens

from guichet_requests.agent.agent import Agent, welcome_key
from guichet_requests.agent.guesses import Browser, Devices, Guesses
from guichet_requests.agent.passwords import Passwords, refuse_common
from guichet_requests.agent.second_factor import (
    AskedOf,
    AskedOfYou,
    CodeWanted,
    Offer,
    SecondFactors,
    SetUpWanted,
    WrongCode,
    asked_of,
)
from guichet_requests.agent.session import ACCESS_LIFETIME, REFRESH_LIFETIME, Session, judge
from guichet_requests.agent.store import AgentStore
from guichet_requests.errors import Refused, Unknown

_DEVICE_NAME_LENGTH = 300

log = get_logger(__name__)


class SignInRefused(Refused):
    """The account, the password or the session is not good; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("The address or the password is not right, or the session has ended.")


class WelcomeRefused(Refused):
    """The link by which a password is set was used, has expired, or never was; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("The link was used already, or has expired. Ask an administrator for a new one.")


class WrongPassword(Refused):
    """The present password, which the agent had to repeat, is not right."""

    def __init__(self) -> None:
        super().__init__("is not your present password")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in or a refresh gives: for the page, and for the cookies. ``device`` only where it is a new one."""

    agent: Agent
    access_token: str
    refresh_token: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Signatures:
    """The tokens of each purpose: of four audiences."""

    access: Tokens
    refresh: Tokens
    devices: Devices


class Desk:
    """What the sign-in page and an agent's own account do. ``ended`` is called after a session or a right has ended."""

    def __init__(
        self,
        store: AgentStore,
        passwords: Passwords,
        factors: SecondFactors,
        signatures: Signatures,
        guesses: Guesses,
        ended: Callable[[], Awaitable[None]],
        factor_asked_of: AskedOf = "nobody",
    ) -> None:
        self._store, self._passwords, self._factors, self._guesses = store, passwords, factors, guesses
        self._access, self._refresh, self._devices = signatures.access, signatures.refresh, signatures.devices
        self._ended, self._asked_of = ended, factor_asked_of

    async def sign_in(self, email: str, password: str, browser: Browser, code: str | None = None) -> SignedIn:
        """Begin a session. Raises `SignInRefused`, `TooManyAttempts`, `CodeWanted`, `SetUpWanted`."""
        agent, kept = await self._store.credentials(email) or (None, None)
        device = self._devices.known(browser, agent.id if agent else None)
        async with self._guesses.counted(email, browser.address, device):
            if not await self._passwords.verify(password, kept) or agent is None or not agent.active:
                raise SignInRefused
            wanted = await self._factor_wanted(agent, code)
        if wanted is not None:
            raise wanted
        return await self._begin(agent, browser)

    async def _factor_wanted(self, agent: Agent, code: str | None) -> Refused | None:
        """What is to be told instead of signing in, after a right password. A wrong code is `SignInRefused`."""
        factor, offered = await self._store.second_factor(agent.id)
        if factor is None and not asked_of(agent, self._asked_of):
            return None
        if code:
            tried = factor or offered
            step = self._factors.step_of(tried, code, now()) if tried else None
            if tried is None or step is None or not await self._store.use_factor(agent.id, tried, step):
                raise SignInRefused
            return None
        if factor is not None:
            return CodeWanted()
        return SetUpWanted(await self._offer(agent))

    async def _offer(self, agent: Agent) -> Offer:
        _, offered = await self._store.second_factor(agent.id)
        if offered is None:
            offered = self._factors.new()
            await self._store.offer_factor(agent.id, offered)
        return self._factors.offer(offered, agent)

    async def welcome(self, token: str, password: str, browser: Browser) -> SignedIn:
        """Set the password by a link that an operator gave, and begin a session.

        Raises `WelcomeRefused`, `CommonPassword`; `CodeWanted` and `SetUpWanted` where the password is set, and the
        agent has to sign in with it and a code.
        """
        key = welcome_key(token)
        invited = await self._store.invited(key, now())  # before a password is hashed: that is dear
        if invited is None:
            raise WelcomeRefused
        refuse_common(password, invited.name, invited.email)
        agent = await self._store.accept(key, now(), await self._passwords.hash(password))
        if agent is None:
            raise WelcomeRefused
        await self._store.end_sessions_of(agent.id)
        await self._ended()
        wanted = await self._factor_wanted(agent, None)
        if wanted is not None:
            raise wanted
        return await self._begin(agent, browser)

    async def change_password(self, agent_id: str, present: str, password: str, browser: Browser) -> SignedIn:
        """Set one's own password; all sessions end, and a new one begins.

        Raises `WrongPassword`, `CommonPassword`, `TooManyAttempts`.
        """
        agent = await self._confirmed(agent_id, present, browser)
        refuse_common(password, agent.name, agent.email)
        changed = await self._store.set_password(agent.id, await self._passwords.hash(password))
        if changed is None:
            raise SignInRefused
        await self._store.end_sessions_of(agent.id)
        await self._ended()
        return await self._begin(changed, browser)

    async def _confirmed(self, agent_id: str, password: str, browser: Browser) -> Agent:
        """The agent, whose password this is. Raises `WrongPassword`, `TooManyAttempts`."""
        agent = await self._store.get(agent_id)
        if agent is None:
            raise SignInRefused
        _, kept = await self._store.credentials(agent.email) or (None, None)
        async with self._guesses.counted(agent.email, browser.address, self._devices.known(browser, agent_id)):
            if not await self._passwords.verify(password, kept):
                raise WrongPassword
        return agent

    async def has_factor(self, agent_id: str) -> tuple[bool, bool]:
        """Whether the agent has a second factor, and whether one is asked of them."""
        agent = await self._store.get(agent_id)
        factor, _ = await self._store.second_factor(agent_id)
        return factor is not None, agent is not None and asked_of(agent, self._asked_of)

    async def offer_factor(self, agent_id: str, password: str, browser: Browser) -> Offer:
        """A secret to confirm with a code. Raises `WrongPassword`, `TooManyAttempts`."""
        return await self._offer(await self._confirmed(agent_id, password, browser))

    async def confirm_factor(self, agent_id: str, code: str) -> None:
        """Have the offered second factor from now on. Raises `WrongCode`."""
        _, offered = await self._store.second_factor(agent_id)
        step = self._factors.step_of(offered, code, now()) if offered else None
        if offered is None or step is None or not await self._store.use_factor(agent_id, offered, step):
            raise WrongCode

    async def remove_factor(self, agent_id: str, password: str, browser: Browser) -> None:
        """Have none any more. Raises `WrongPassword`, `TooManyAttempts`, `AskedOfYou`."""
        agent = await self._confirmed(agent_id, password, browser)
        if asked_of(agent, self._asked_of):
            raise AskedOfYou
        await self._store.remove_factor(agent_id)

    async def _begin(self, agent: Agent, browser: Browser) -> SignedIn:
        moment = now()
        name = browser.name[:_DEVICE_NAME_LENGTH]
        session = Session(new_id(), agent.id, 1, moment, moment + REFRESH_LIFETIME, moment, name)
        await self._store.begin_session(session)
        return replace(self._signed_in(agent, session), device=self._devices.after_sign_in(browser, agent.id))

    async def refresh(self, token: str, *, earlier: bool = False) -> SignedIn:
        """Go on with a session. A token that was replaced ends it, but for a short grace. Raises `SignInRefused`.

        ``earlier``: the token came in the cookie of earlier versions, which is good for their sessions alone.
        """
        session, generation = await self._session_of(token)
        if earlier and session.begun_at is not None:
            raise SignInRefused
        verdict = judge(session, generation, now())
        agent = await self._store.get(session.agent_id)
        if verdict == "reused" or agent is None or not agent.active:
            log.warning("session_ended", session_id=session.id, agent_id=session.agent_id, verdict=verdict)
            await self._store.end_session(session.id)
            await self._ended()
            raise SignInRefused
        if verdict == "current":
            moment = now()
            rotated = replace(
                session,
                generation=session.generation + 1,
                rotated_at=moment,
                expires_at=moment + REFRESH_LIFETIME,
            )
            if not await self._store.rotate(session, rotated):
                # Another tab was faster: this token is the one replaced just now.
                return await self.refresh(token, earlier=earlier)
            session = rotated
        return self._signed_in(agent, session)

    async def sign_out(self, token: str) -> Agent | None:
        """End the session of a refresh token, if it has one; whose it was."""
        try:
            session, _ = await self._session_of(token)
        except SignInRefused:
            return None
        await self._store.end_session(session.id)
        await self._ended()
        return await self._store.get(session.agent_id)

    async def sessions(self, agent_id: str) -> list[Session]:
        """The agent's sessions, the one used last first."""
        return await self._store.sessions_of(agent_id)

    async def end_session(self, agent_id: str, session_id: str) -> None:
        """End one of the agent's own sessions. Raises `Unknown`."""
        session = await self._store.session(session_id)
        if session is None or session.agent_id != agent_id:
            raise Unknown("There is no such session.")
        await self._store.end_session(session_id)
        await self._ended()

    async def end_other_sessions(self, agent_id: str, session_id: str | None) -> None:
        """End all sessions of the agent but this one."""
        await self._store.end_sessions_of(agent_id, but=session_id)
        await self._ended()

    async def _session_of(self, token: str) -> tuple[Session, int]:
        try:
            claims = self._refresh.verify(token)
        except InvalidToken:
            raise SignInRefused from None
        session = await self._store.session(claims.subject)
        if session is None:
            raise SignInRefused
        return session, int(claims.extra["generation"])

    def _signed_in(self, agent: Agent, session: Session) -> SignedIn:
        said = AgentClaims(agent.id, agent.name, agent.role, agent.initials, agent.version, session.id)
        return SignedIn(
            agent,
            self._access.issue(agent.id, int(ACCESS_LIFETIME.total_seconds()), **said.claims()),
            self._refresh.issue(session.id, int(REFRESH_LIFETIME.total_seconds()), generation=session.generation),
        )
