"""What can be done with agents and their sessions."""

from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil

from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.tokens import InvalidToken, Tokens

from guichet_requests.agent.agent import Agent, Role, Welcome, refuse_own_demotion, welcome_key
from guichet_requests.agent.passwords import Passwords
from guichet_requests.agent.session import ACCESS_LIFETIME, REFRESH_LIFETIME, Session, judge
from guichet_requests.agent.store import AgentStore
from guichet_requests.errors import Refused, Unknown
from guichet_requests.request.store import RequestStore
from guichet_requests.request.usecases import rename_assignee

ATTEMPTS_A_WINDOW = 10
WINDOW = timedelta(minutes=1)

_DIRECTORY_PAGE = 200

log = get_logger(__name__)


class SignInRefused(Refused):
    """The account, the password or the session is not good; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("The address or the password is not right, or the session has ended.")


class WelcomeRefused(Refused):
    """The link by which a password is set was used, has expired, or never was; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("The link was used already, or has expired. Ask an administrator for a new one.")


class TooManyAttempts(Refused):
    """The account's attempts are used up; the next one is in ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many attempts to sign in to this account.")
        self.retry_after = retry_after


class StaleAgent(Refused):
    """The caller has seen an older version; ``current`` is the present state."""

    def __init__(self, current: Agent) -> None:
        super().__init__(f"The agent is at version {current.version} by now.")
        self.current = current


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in or a refresh gives: for the page, and for the cookie."""

    agent: Agent
    access_token: str
    refresh_token: str


class Desk:
    """Signing in, staying signed in, signing out. ``access`` and ``refresh`` tokens are of two audiences."""

    def __init__(
        self,
        store: AgentStore,
        passwords: Passwords,
        access: Tokens,
        refresh: Tokens,
        attempts: int = ATTEMPTS_A_WINDOW,
    ) -> None:
        self._store, self._passwords, self._attempts = store, passwords, attempts
        self._access, self._refresh = access, refresh

    async def sign_in(self, email: str, password: str) -> SignedIn:
        """Begin a session. Raises `SignInRefused`, `TooManyAttempts`."""
        moment = now()
        attempts = await self._store.attempt(email, moment, WINDOW, self._attempts)
        if len(attempts) >= self._attempts:
            raise TooManyAttempts(ceil((attempts[0] + WINDOW - moment).total_seconds()))
        agent, kept = await self._store.credentials(email) or (None, None)
        if not await self._passwords.verify(password, kept) or agent is None or not agent.active:
            raise SignInRefused
        return await self._begin(agent)

    async def welcome(self, token: str, password: str) -> SignedIn:
        """Set the password by a link that an operator gave, and begin a session. Raises `WelcomeRefused`."""
        key = welcome_key(token)
        if not await self._store.invited(key, now()):  # before a password is hashed: that is dear
            raise WelcomeRefused
        agent = await self._store.accept(key, now(), await self._passwords.hash(password))
        if agent is None:
            raise WelcomeRefused
        await self._store.end_sessions_of(agent.id)
        return await self._begin(agent)

    async def _begin(self, agent: Agent) -> SignedIn:
        moment = now()
        session = Session(new_id(), agent.id, 1, moment, moment + REFRESH_LIFETIME)
        await self._store.begin_session(session)
        return self._signed_in(agent, session)

    async def refresh(self, token: str) -> SignedIn:
        """Go on with a session. A token that was replaced ends it, but for a short grace. Raises `SignInRefused`."""
        session, generation = await self._session_of(token)
        verdict = judge(session, generation, now())
        agent = await self._store.get(session.agent_id)
        if verdict == "reused" or agent is None or not agent.active:
            log.warning("session_ended", session_id=session.id, agent_id=session.agent_id, verdict=verdict)
            await self._store.end_session(session.id)
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
                return await self.refresh(token)
            session = rotated
        return self._signed_in(agent, session)

    async def sign_out(self, token: str) -> None:
        """End the session of a refresh token, if it has one."""
        try:
            session, _ = await self._session_of(token)
        except SignInRefused:
            return
        await self._store.end_session(session.id)

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
        return SignedIn(
            agent,
            self._access.issue(
                agent.id,
                int(ACCESS_LIFETIME.total_seconds()),
                name=agent.name,
                initials=agent.initials,
                role=agent.role,
            ),
            self._refresh.issue(session.id, int(REFRESH_LIFETIME.total_seconds()), generation=session.generation),
        )


async def get(store: AgentStore, agent_id: str) -> Agent:
    """The agent. Raises `Unknown`."""
    agent = await store.get(agent_id)
    if agent is None:
        raise Unknown("There is no such agent.")
    return agent


async def add(
    store: AgentStore, passwords: Passwords, *, agent_id: str | None, name: str, email: str, role: Role, password: str
) -> Agent:  # fmt: skip
    """Add an agent; a repeat with the same id answers the one that is there. Raises `EmailTaken`."""
    agent = Agent(id=agent_id or new_id(), name=name, email=email, role=role)
    if await store.insert(agent, await passwords.hash(password)):
        return agent
    return await get(store, agent.id)


async def invite(store: AgentStore, *, name: str, email: str, role: Role) -> tuple[Agent, str]:
    """Add an agent who sets their own password by a link; the agent and the link's token. Raises `EmailTaken`."""
    agent = Agent(id=new_id(), name=name, email=email, role=role)
    welcome, token = Welcome.issue(now())
    await store.insert(agent, welcome)
    return agent, token


async def invite_again(store: AgentStore, email: str) -> tuple[Agent, str]:
    """Take an agent's password and sessions away; the agent, and the token of a link to set a new password.

    Raises `Unknown` where nobody has that address.
    """
    agent = await with_email(store, email)
    welcome, token = Welcome.issue(now())
    await store.invite(agent.id, welcome)
    await store.end_sessions_of(agent.id)
    return agent, token


async def first_administrator(store: AgentStore, *, name: str, email: str) -> tuple[Agent, str] | None:
    """The first administrator and the token of the link by which they set their password; None once anybody has one.

    Until then each call gives a new link, and the one before is good no more.
    """
    agents = await directory(store)
    waiting = await store.without_password()
    if any(agent.id not in waiting for agent in agents):
        return None
    administrator = next((agent for agent in agents if agent.role == "admin" and agent.active), None)
    if administrator is not None:
        return await invite_again(store, administrator.email)
    return await invite(store, name=name, email=email, role="admin")


async def with_email(store: AgentStore, email: str) -> Agent:
    """The agent of that address. Raises `Unknown`."""
    found = await store.credentials(email)
    if found is None:
        raise Unknown(f"No agent has the address {email}.")
    return found[0]


async def directory(store: AgentStore) -> list[Agent]:
    """All agents, by name."""
    agents, cursor = await store.page(_DIRECTORY_PAGE, None)
    while cursor is not None:
        more, cursor = await store.page(_DIRECTORY_PAGE, cursor)
        agents += more
    return agents


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanges:
    """What is to be changed of an agent; None stays as it is."""

    name: str | None = None
    email: str | None = None
    role: Role | None = None
    active: bool | None = None
    available: bool | None = None
    signature: str | None = None
    password: str | None = None


async def edit(
    store: AgentStore,
    requests: RequestStore,
    passwords: Passwords,
    agent_id: str,
    changes: AgentChanges,
    *,
    by_id: str | None,
    expected: int | None = None,
) -> Agent:
    """Change an agent; ``by_id`` is the administrator who does it, or None for the operator.

    A new password and a withdrawn access end the agent's sessions.

    Raises:
        Unknown: there is no such agent.
        StaleAgent: they are not at the ``expected`` version, or were changed at this very moment.
        EmailTaken: another agent has the address.
        OwnAccount: administrators cannot demote themselves.
    """
    before = await get(store, agent_id)
    if expected is not None and expected != before.version:
        raise StaleAgent(before)
    given = {
        field: value
        for field in ("name", "email", "role", "active", "available", "signature")
        if (value := getattr(changes, field)) is not None
    }
    after = replace(before, **given)
    if by_id is not None:
        refuse_own_demotion(by_id, before, after)
    if after != before or changes.password:
        after = replace(after, version=before.version + 1)
        password_hash = await passwords.hash(changes.password) if changes.password else None
        if not await store.replace(before, after, password_hash):
            raise StaleAgent(await get(store, agent_id))
    # What follows from it is done again by a repeat, should this process end here.
    if changes.active is False or changes.password:
        await store.end_sessions_of(agent_id)
    if changes.name:
        await rename_assignee(requests, after)
    return after
