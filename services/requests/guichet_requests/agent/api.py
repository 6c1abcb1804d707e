"""The agents' directory over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from guichet_kit.blank import is_blank
from guichet_kit.http import etag, if_match
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from pydantic import BaseModel, EmailStr, Field

from guichet_requests import fields
from guichet_requests.access import Caller, CallerOf, only_admins
from guichet_requests.agent import usecases
from guichet_requests.agent.agent import WELCOME_LIFETIME, Agent, Role, welcome_link
from guichet_requests.agent.passwords import MAX_LENGTH, MIN_LENGTH
from guichet_requests.agent.store import AgentStore
from guichet_requests.agent.usecases import AgentChanges
from guichet_requests.audit.trail import Trail
from guichet_requests.request.store import RequestStore

MAX_SIGNATURE = 2_000

Password = Annotated[str, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]


class AgentView(BaseModel):
    """An agent as the others see them."""

    id: str
    name: str
    initials: str
    email: str
    role: Role
    active: bool
    available: bool

    @classmethod
    def of(cls, agent: Agent) -> "AgentView":
        """The agent as they are shown."""
        return cls(
            id=agent.id,
            name=agent.name,
            initials=agent.initials,
            email=agent.email,
            role=agent.role,
            active=agent.active,
            available=agent.available,
        )


class OwnView(AgentView):
    """An agent as they see themselves; ``signature`` ends their e-mails."""

    signature: str


class OwnEdit(fields.Body):
    """What agents change of themselves."""

    signature: Annotated[str, Field(max_length=MAX_SIGNATURE)]


class AddedAgent(AgentView):
    """An agent just added. ``link`` is where they set a password, once; told this one time."""

    link: str | None = None


class PasswordLink(BaseModel):
    """Where an agent sets a password, once, within ``good_for_seconds``."""

    link: str
    good_for_seconds: int


class NewAgent(fields.Body):
    """An agent to add. The answer has a link by which they set a password that nobody else knows."""

    id: UUID | None = None
    name: fields.Line
    email: EmailStr
    role: Role = "agent"


class AgentEdit(fields.Body):
    """What to change of an agent; what is absent stays."""

    name: fields.Line | None = None
    email: EmailStr | None = None
    role: Role | None = None
    active: bool | None = None
    available: bool | None = None


def directory_routes(
    store: AgentStore,
    requests: RequestStore,
    agent: CallerOf,
    public_url: str,
    ended: Callable[[], Awaitable[None]],
    trail: Trail,
) -> APIRouter:
    """``/api/v1/agents``. ``ended`` is called after somebody's rights may have ended."""
    router = APIRouter(prefix="/api/v1/agents", tags=["agents"])
    admin = only_admins(agent)

    @router.get("")
    async def list_agents(
        _caller: Annotated[Caller, Depends(agent)],
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[AgentView]:
        page, after = await store.page(limit, cursor)
        return Page(items=[AgentView.of(agent) for agent in page], next_cursor=after)

    @router.get("/me")
    async def get_me(caller: Annotated[Caller, Depends(agent)], response: Response) -> OwnView:
        return _own(await usecases.get(store, caller.id), response)

    @router.patch("/me")
    async def edit_me(
        body: OwnEdit,
        response: Response,
        caller: Annotated[Caller, Depends(agent)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> OwnView:
        changes = AgentChanges(signature="" if is_blank(body.signature) else body.signature.strip())
        edited = await usecases.edit(store, requests, caller.id, changes, by_id=caller.id, expected=expected)
        return _own(edited, response)

    @router.get("/{agent_id}")
    async def get_agent(agent_id: str, response: Response, _caller: Annotated[Caller, Depends(agent)]) -> AgentView:
        return _shown(await usecases.get(store, agent_id), response)

    @router.post("", status_code=201)
    async def add_agent(body: NewAgent, response: Response, caller: Annotated[Caller, Depends(admin)]) -> AddedAgent:
        agent_id = str(body.id) if body.id else None
        added, token = await usecases.invite(
            store, agent_id=agent_id, name=body.name, email=body.email, role=body.role
        )  # fmt: skip
        await trail.record("agent.added", caller.actor, added.id, {"name": added.name, "role": added.role})
        link = welcome_link(public_url, token) if token else None
        return AddedAgent(**_shown(added, response).model_dump(), link=link)

    @router.post("/{agent_id}/password-link")
    async def give_password_link(agent_id: str, caller: Annotated[Caller, Depends(admin)]) -> PasswordLink:
        renewed, token = await usecases.renew_link(store, agent_id)
        await ended()
        await trail.record("password.link_given", caller.actor, agent_id, {"name": renewed.name})
        link = welcome_link(public_url, token)
        return PasswordLink(link=link, good_for_seconds=int(WELCOME_LIFETIME.total_seconds()))

    @router.patch("/{agent_id}")
    async def edit_agent(
        agent_id: str,
        body: AgentEdit,
        response: Response,
        caller: Annotated[Caller, Depends(admin)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> AgentView:
        changes = AgentChanges(**body.model_dump())
        before = await usecases.get(store, agent_id)
        edited = await usecases.edit(store, requests, agent_id, changes, by_id=caller.id, expected=expected)
        await ended()
        if told := usecases.told_changes(before, edited):
            await trail.record("agent.changed", caller.actor, agent_id, {"name": edited.name, **told})
        return _shown(edited, response)

    return router


def _shown(agent: Agent, response: Response) -> AgentView:
    response.headers["ETag"] = etag(agent.version)
    return AgentView.of(agent)


def _own(agent: Agent, response: Response) -> OwnView:
    return OwnView(**_shown(agent, response).model_dump(), signature=agent.signature)
