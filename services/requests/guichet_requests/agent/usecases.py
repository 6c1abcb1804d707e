"""What can be done with agents."""

from dataclasses import dataclass, replace

from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_requests.agent.agent import Agent, Role, Welcome, refuse_own_demotion
from guichet_requests.agent.store import AgentStore
from guichet_requests.errors import Refused, Unknown
from guichet_requests.request.store import RequestStore
from guichet_requests.request.usecases import free_requests_of, rename_assignee

_DIRECTORY_PAGE = 200


class StaleAgent(Refused):
    """The caller has seen an older version; ``current`` is the present state."""

    def __init__(self, current: Agent) -> None:
        super().__init__(f"The agent is at version {current.version} by now.")
        self.current = current


async def get(store: AgentStore, agent_id: str) -> Agent:
    """The agent. Raises `Unknown`."""
    agent = await store.get(agent_id)
    if agent is None:
        raise Unknown("There is no such agent.")
    return agent


async def invite(
    store: AgentStore, *, name: str, email: str, role: Role, agent_id: str | None = None
) -> tuple[Agent, str | None]:  # fmt: skip
    """Add an agent who sets their own password by a link; the agent and the link's token. Raises `EmailTaken`.

    A repeat with the same id answers the one that is there, and no token: the first answer had it.
    """
    agent = Agent(id=agent_id or new_id(), name=name, email=email, role=role)
    welcome, token = Welcome.issue(now())
    if await store.insert(agent, welcome):
        return agent, token
    return await get(store, agent.id), None


async def invite_again(store: AgentStore, email: str) -> tuple[Agent, str]:
    """Take an agent's password and sessions away; the agent, and the token of a link to set a new password.

    Raises `Unknown` where nobody has that address.
    """
    return await renew_link(store, (await with_email(store, email)).id)


async def renew_link(store: AgentStore, agent_id: str) -> tuple[Agent, str]:
    """As `invite_again`, by the agent's id."""
    welcome, token = Welcome.issue(now())
    await store.invite(agent_id, welcome)
    await store.end_sessions_of(agent_id)
    return await get(store, agent_id), token


async def first_administrator(store: AgentStore, *, name: str, email: str) -> tuple[Agent, str | None] | None:
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


def told_changes(before: Agent, after: Agent) -> dict[str, str]:
    """What of an agent changed, for the audit trail: of rights from what to what, of the rest that it did."""
    rights = {
        field: f"{getattr(before, field)} → {getattr(after, field)}".lower()
        for field in ("role", "active")
        if getattr(before, field) != getattr(after, field)
    }
    others = [field for field in ("name", "email", "available") if getattr(before, field) != getattr(after, field)]
    return rights | ({"changed": ", ".join(others)} if others else {})


async def edit(
    store: AgentStore,
    requests: RequestStore,
    agent_id: str,
    changes: AgentChanges,
    *,
    by_id: str | None,
    expected: int | None = None,
) -> Agent:
    """Change an agent; ``by_id`` is the administrator who does it, or None for the operator.

    A withdrawn access ends the agent's sessions, and they hold no open request any more.

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
    if after != before:
        after = replace(after, version=before.version + 1)
        if not await store.replace(before, after):
            raise StaleAgent(await get(store, agent_id))
    # What follows from it is done again by a repeat, should this process end here.
    if changes.active is False:
        await store.end_sessions_of(agent_id)
        await free_requests_of(requests, [agent_id])
    if changes.name:
        await rename_assignee(requests, after)
    return after
