"""Sign-in, and what agents do with their own sessions, password and second factor, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Header, Request, Response
from guichet_kit.clock import WireTime
from guichet_kit.pages import Page
from pydantic import BaseModel, Field

from guichet_requests import fields
from guichet_requests.access import Caller, CallerOf, own_pages
from guichet_requests.agent.api import AgentView, Password
from guichet_requests.agent.desk import Desk, SignedIn, SignInRefused
from guichet_requests.agent.guesses import DEVICE_LIFETIME, Browser
from guichet_requests.agent.passwords import MAX_LENGTH
from guichet_requests.agent.session import ACCESS_LIFETIME, REFRESH_LIFETIME, Session
from guichet_requests.agent.watched import SignIns

COOKIE, DEVICE_COOKIE = "guichet_refresh", "guichet_device"
HOST_PREFIX = "__Host-"
"""Of cookies that a browser takes over HTTPS alone, from this very host alone
(https://www.rfc-editor.org/rfc/rfc6265 bis, section 4.1.3.2)."""

PREFIX = "/api/v1/auth"

PresentPassword = Annotated[str, Field(max_length=MAX_LENGTH)]
Code = Annotated[str, Field(min_length=6, max_length=10, pattern=r"^[0-9 ]+$")]


class Credentials(fields.Body):
    """What one signs in with; ``code`` where a second factor is wanted."""

    email: str = Field(max_length=254)
    password: PresentPassword
    code: Code | None = None


class Acceptance(fields.Body):
    """What one sets a password with: the token of the link that an operator gave."""

    token: str = Field(min_length=1, max_length=200)
    password: Password


class NewPassword(fields.Body):
    """One's own password, and the one to have instead."""

    current_password: PresentPassword
    password: Password


class Confirmation(fields.Body):
    """One's own password, again: whoever finds an open console is not to get further."""

    password: PresentPassword


class CodeGiven(fields.Body):
    """A code that the authenticator application shows."""

    code: Code


class SessionView(BaseModel):
    """A session begun or gone on with. ``expires_in`` in seconds."""

    access_token: str
    expires_in: int
    agent: AgentView


class OwnSession(BaseModel):
    """One of one's own sessions. ``device`` is what the browser calls itself (its ``User-Agent``)."""

    id: str
    begun_at: WireTime | None
    last_used_at: WireTime
    device: str
    current: bool

    @classmethod
    def of(cls, session: Session, caller: Caller) -> "OwnSession":
        """The session as its agent sees it."""
        return cls(
            id=session.id,
            begun_at=session.begun_at,
            last_used_at=session.rotated_at,
            device=session.device,
            current=session.id == caller.session,
        )


class FactorState(BaseModel):
    """Whether one has a second factor, and whether one has to."""

    active: bool
    required: bool


class FactorOffer(BaseModel):
    """The secret for the authenticator application; ``uri`` says the same, for a link or a QR code."""

    secret: str
    uri: str


class Cookies:
    """The two cookies: of the session, and of the browser. Neither can be read by scripts or used by other sites."""

    def __init__(self, secure: bool) -> None:
        self._secure = secure
        prefix, self._path = (HOST_PREFIX, "/") if secure else ("", PREFIX)
        self.session, self.device = f"{prefix}{COOKIE}", f"{prefix}{DEVICE_COOKIE}"

    def give(self, response: Response, signed_in: SignedIn) -> None:
        """Let the browser keep the session, and itself be known."""
        self._set(response, self.session, signed_in.refresh_token, int(REFRESH_LIFETIME.total_seconds()))
        if signed_in.device is not None:
            self._set(response, self.device, signed_in.device, int(DEVICE_LIFETIME.total_seconds()))

    def take(self, response: Response) -> None:
        """Let the browser forget the session."""
        for name, path in {(self.session, self._path), (COOKIE, PREFIX)}:
            response.delete_cookie(name, path, secure=self._secure, httponly=True, samesite="strict")

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path=self._path, httponly=True, secure=self._secure, samesite="strict"
        )


def address_of(request: Request) -> str:
    """The network address that the call came from; empty where none is known."""
    return request.client.host if request.client else ""


def auth_routes(desk: Desk, public_url: str, agent: CallerOf, sign_ins: SignIns) -> APIRouter:
    """``/api/v1/auth``. The refresh token travels in a cookie that scripts and other sites cannot use."""
    router = APIRouter(prefix=PREFIX, tags=["sign-in"], dependencies=[Depends(own_pages(public_url))])
    cookies = Cookies(secure=public_url.startswith("https://"))
    RefreshCookie = Annotated[str | None, Cookie(alias=cookies.session)]  # noqa: N806  a type
    EarlierCookie = Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)]  # noqa: N806

    def browser(
        request: Request,
        device: Annotated[str | None, Cookie(alias=cookies.device)] = None,
        user_agent: Annotated[str, Header()] = "",
    ) -> Browser:
        return Browser(address_of(request), device, user_agent)

    ABrowser = Annotated[Browser, Depends(browser)]  # noqa: N806
    ACaller = Annotated[Caller, Depends(agent)]  # noqa: N806

    def show(signed_in: SignedIn, response: Response) -> SessionView:
        cookies.give(response, signed_in)
        return SessionView(
            access_token=signed_in.access_token,
            expires_in=int(ACCESS_LIFETIME.total_seconds()),
            agent=AgentView.of(signed_in.agent),
        )

    @router.post("/login")
    async def sign_in(body: Credentials, response: Response, browser: ABrowser) -> SessionView:
        async with sign_ins.watched(browser, body.email):
            signed_in = await desk.sign_in(body.email, body.password, browser, body.code)
        await sign_ins.begun(signed_in.agent, browser, "second_factor" if body.code else "password")
        return show(signed_in, response)

    @router.post("/welcome")
    async def set_password(body: Acceptance, response: Response, browser: ABrowser) -> SessionView:
        async with sign_ins.watched(browser, None):
            signed_in = await desk.welcome(body.token, body.password, browser)
        await sign_ins.begun(signed_in.agent, browser, "link")
        return show(signed_in, response)

    @router.post("/refresh")
    async def refresh(
        response: Response, token: RefreshCookie = None, earlier: EarlierCookie = None
    ) -> SessionView:  # fmt: skip
        found = token or earlier
        if found is None:
            raise SignInRefused
        return show(await desk.refresh(found, earlier=token is None and cookies.session != COOKIE), response)

    @router.post("/logout", status_code=204)
    async def sign_out(
        request: Request, response: Response, token: RefreshCookie = None, earlier: EarlierCookie = None
    ) -> None:
        for found in {token, earlier} - {None}:
            await sign_ins.ended(await desk.sign_out(str(found)), address_of(request))
        cookies.take(response)

    @router.post("/password")
    async def change_password(
        body: NewPassword, response: Response, caller: ACaller, browser: ABrowser
    ) -> SessionView:  # fmt: skip
        changed = await desk.change_password(caller.id, body.current_password, body.password, browser)
        await sign_ins.trail.record("password.changed", caller.actor, caller.id)
        return show(changed, response)

    @router.get("/sessions")
    async def list_own_sessions(caller: ACaller) -> Page[OwnSession]:
        return Page(items=[OwnSession.of(session, caller) for session in await desk.sessions(caller.id)])

    @router.delete("/sessions", status_code=204)
    async def end_other_sessions(caller: ACaller) -> None:
        await desk.end_other_sessions(caller.id, caller.session)
        await sign_ins.trail.record("session.ended", caller.actor, caller.id, {"which": "others"})

    @router.delete("/sessions/{session_id}", status_code=204)
    async def end_own_session(session_id: str, caller: ACaller) -> None:
        await desk.end_session(caller.id, session_id)
        await sign_ins.trail.record("session.ended", caller.actor, caller.id, {"which": "another"})

    @router.get("/second-factor")
    async def get_second_factor(caller: ACaller) -> FactorState:
        active, required = await desk.has_factor(caller.id)
        return FactorState(active=active, required=required)

    @router.post("/second-factor")
    async def offer_second_factor(body: Confirmation, caller: ACaller, browser: ABrowser) -> FactorOffer:
        offer = await desk.offer_factor(caller.id, body.password, browser)
        return FactorOffer(secret=offer.secret, uri=offer.uri)

    @router.post("/second-factor/confirm", status_code=204)
    async def confirm_second_factor(body: CodeGiven, caller: ACaller) -> None:
        await desk.confirm_factor(caller.id, body.code)
        await sign_ins.trail.record("second_factor.set", caller.actor, caller.id)

    @router.post("/second-factor/remove", status_code=204)
    async def remove_second_factor(body: Confirmation, caller: ACaller, browser: ABrowser) -> None:
        await desk.remove_factor(caller.id, body.password, browser)
        await sign_ins.trail.record("second_factor.removed", caller.actor, caller.id)

    return router
