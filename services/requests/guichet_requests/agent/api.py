"""Sign-in and the agents' directory over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Cookie, Depends, Query, Response
from guichet_kit.blank import is_blank
from guichet_kit.http import etag, if_match
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from pydantic import BaseModel, EmailStr, Field

from guichet_requests import fields
from guichet_requests.access import Caller, CallerOf, only_admins, own_pages
from guichet_requests.agent import usecases
from guichet_requests.agent.agent import Agent, Role
from guichet_requests.agent.passwords import MAX_LENGTH, MIN_LENGTH, Passwords
from guichet_requests.agent.session import ACCESS_LIFETIME, REFRESH_LIFETIME
from guichet_requests.agent.store import AgentStore
from guichet_requests.agent.usecases import AgentChanges, Desk, SignedIn, SignInRefused
from guichet_requests.request.store import RequestStore

COOKIE = "guichet_refresh"
COOKIE_PATH = "/api/v1/auth"
MAX_SIGNATURE = 2_000

Password = Annotated[str, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]
RefreshCookie = Annotated[str | None, Cookie(alias=COOKIE)]


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


class Credentials(fields.Body):
    """What one signs in with."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=MAX_LENGTH)


class Acceptance(fields.Body):
    """What one sets a password with: the token of the link that an operator gave."""

    token: str = Field(min_length=1, max_length=200)
    password: Password


class SessionView(BaseModel):
    """A session begun or gone on with. ``expires_in`` in seconds."""

    access_token: str
    expires_in: int
    agent: AgentView


class NewAgent(fields.Body):
    """An agent to add."""

    id: UUID | None = None
    name: fields.Line
    email: EmailStr
    role: Role = "agent"
    password: Password


class AgentEdit(fields.Body):
    """What to change of an agent; what is absent stays."""

    name: fields.Line | None = None
    email: EmailStr | None = None
    role: Role | None = None
    active: bool | None = None
    available: bool | None = None
    password: Password | None = None


def auth_routes(desk: Desk, public_url: str) -> APIRouter:
    """``/api/v1/auth``. The refresh token travels in a cookie that scripts and other sites cannot use."""
    router = APIRouter(prefix=COOKIE_PATH, tags=["sign-in"], dependencies=[Depends(own_pages(public_url))])
    secure = public_url.startswith("https://")

    def show(signed_in: SignedIn, response: Response) -> SessionView:
        response.set_cookie(
            COOKIE,
            signed_in.refresh_token,
            max_age=int(REFRESH_LIFETIME.total_seconds()),
            path=COOKIE_PATH,
            httponly=True,
            secure=secure,
            samesite="strict",
        )
        response.headers["Cache-Control"] = "no-store"
        return SessionView(
            access_token=signed_in.access_token,
            expires_in=int(ACCESS_LIFETIME.total_seconds()),
            agent=AgentView.of(signed_in.agent),
        )

    @router.post("/login")
    async def sign_in(body: Credentials, response: Response) -> SessionView:
        return show(await desk.sign_in(body.email, body.password), response)

    @router.post("/welcome")
    async def set_password(body: Acceptance, response: Response) -> SessionView:
        return show(await desk.welcome(body.token, body.password), response)

    @router.post("/refresh")
    async def refresh(response: Response, token: RefreshCookie = None) -> SessionView:
        if token is None:
            raise SignInRefused
        return show(await desk.refresh(token), response)

    @router.post("/logout", status_code=204)
    async def sign_out(response: Response, token: RefreshCookie = None) -> None:
        if token is not None:
            await desk.sign_out(token)
        response.delete_cookie(COOKIE, COOKIE_PATH, secure=secure, httponly=True, samesite="strict")

    return router


def directory_routes(
    store: AgentStore, requests: RequestStore, passwords: Passwords, agent: CallerOf
) -> APIRouter:  # fmt: skip
    """``/api/v1/agents``."""
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
        edited = await usecases.edit(
            store, requests, passwords, caller.id, changes, by_id=caller.id, expected=expected
        )  # fmt: skip
        return _own(edited, response)

    @router.get("/{agent_id}")
    async def get_agent(agent_id: str, response: Response, _caller: Annotated[Caller, Depends(agent)]) -> AgentView:
        return _shown(await usecases.get(store, agent_id), response)

    @router.post("", status_code=201)
    async def add_agent(body: NewAgent, response: Response, _admin: Annotated[Caller, Depends(admin)]) -> AgentView:
        added = await usecases.add(
            store,
            passwords,
            agent_id=str(body.id) if body.id else None,
            name=body.name,
            email=body.email,
            role=body.role,
            password=body.password,
        )
        return _shown(added, response)

    @router.patch("/{agent_id}")
    async def edit_agent(
        agent_id: str,
        body: AgentEdit,
        response: Response,
        caller: Annotated[Caller, Depends(admin)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> AgentView:
        changes = AgentChanges(**body.model_dump())
        edited = await usecases.edit(
            store, requests, passwords, agent_id, changes, by_id=caller.id, expected=expected
        )  # fmt: skip
        return _shown(edited, response)

    return router


def _shown(agent: Agent, response: Response) -> AgentView:
    response.headers["ETag"] = etag(agent.version)
    return AgentView.of(agent)


def _own(agent: Agent, response: Response) -> OwnView:
    return OwnView(**_shown(agent, response).model_dump(), signature=agent.signature)
