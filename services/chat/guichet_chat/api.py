"""HTTP routes: visitors' sessions, the agents' view of the log, closing, and the widget's files."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from guichet_contracts.claims import AgentClaims
from guichet_kit.clock import WireTime, now
from guichet_kit.http import bearer
from guichet_kit.logs import get_logger
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from guichet_kit.problems import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthorized
from guichet_kit.static import HASHED_FILES, static_file
from guichet_kit.tokens import Claims, InvalidToken, Tokens
from pydantic import BaseModel, EmailStr, Field

from guichet_chat import visitor_token
from guichet_chat.conversation import (
    Author,
    ClosingStatus,
    Conversation,
    ConversationClosed,
    EntryKind,
    Identity,
    IdTaken,
    Language,
    NoSuchConversation,
    Visitor,
    Wanted,
)
from guichet_chat.identity import IdentityRefused, VisitorName, identity_of
from guichet_chat.settings import ChatSettings, Site
from guichet_chat.sockets.frames import entry_fields
from guichet_chat.transcript import Asker, NothingSaid, TooManyTranscripts, Transcripts
from guichet_chat.usecases import Chat

_FRAME_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)
_NAMED_FILES = "public, max-age=300"

log = get_logger(__name__)


class SiteView(BaseModel):
    """How the widget presents itself."""

    name: str
    color: str | None
    position: str

    @classmethod
    def of(cls, site: Site) -> "SiteView":
        """What the public may know of a site."""
        return cls(name=site.name, color=site.color, position=site.position)


class VisitorRequest(BaseModel):
    """A visitor's session to begin, or with ``token`` to go on with."""

    widget_key: str = Field(max_length=64)
    token: str | None = Field(default=None, max_length=4096)
    name: VisitorName = None
    email: EmailStr | None = Field(default=None, max_length=254)
    identity_token: str | None = Field(
        default=None, max_length=4096, description="Signed by the site's server: HS256, `sub`, `exp`, `name?`, `email?`"
    )


class VisitorSession(BaseModel):
    """A session: the token opens the socket. ``has_email``: an answer can reach the visitor after they have left."""

    visitor_id: str
    token: str
    expires_at: WireTime
    site: SiteView
    has_email: bool
    verified: bool


class CloseRequest(BaseModel):
    """What becomes of the request."""

    request_status: ClosingStatus = "closed"


class Closed(BaseModel):
    """Where the closing stands in the log."""

    conversation_id: str
    seq: int


class WorkDone(BaseModel):
    """The answer to a challenge: ``sha256(challenge + ":" + number)`` begins with as many zero bits as it asked for."""

    challenge: str = Field(max_length=1024)
    number: int = Field(ge=0, le=2**53)


class TranscriptRequest(BaseModel):
    """Who wants the conversation by e-mail. ``id`` makes a repeat recognisable; without ``email`` the known address."""

    id: UUID
    email: EmailStr | None = Field(default=None, max_length=254)
    language: Language | None = None
    work: WorkDone | None = Field(default=None, description="After a 429 with the code `work_required`")


class TranscriptAccepted(BaseModel):
    """It will be written and sent."""

    id: str


class AuthorView(BaseModel):
    """Who wrote an entry."""

    kind: str
    id: str
    name: str | None


class AttachmentView(BaseModel):
    """A file of a message; ``size`` in bytes."""

    id: str
    name: str
    media_type: str
    size: int


class EntryView(BaseModel):
    """An entry of the log; ``id`` is the sender's own."""

    conversation_id: str
    seq: int
    id: str
    kind: EntryKind
    author: AuthorView
    text: str
    attachments: list[AttachmentView]
    at: WireTime
    request_status: ClosingStatus | None = None


class KnownConversation(BaseModel):
    """A conversation of a visitor: how they were called in it, and its log."""

    id: str
    opened_at: WireTime
    state: str
    read: dict[str, int]
    visitor: dict[str, str | bool | None]
    entries: list[EntryView]


class KnownVisitor(BaseModel):
    """All that is known of a visitor: a part of a person's archive. ``customer_id`` is their site's own."""

    id: str
    site: str
    name: str | None
    email: str | None
    verified: bool
    customer_id: str | None
    conversations: list[KnownConversation]


def routes(
    chat: Chat, transcripts: Transcripts, settings: ChatSettings, visitors: Tokens, agents: Tokens
) -> APIRouter:  # fmt: skip
    """Every route of the service."""
    router = APIRouter()
    an_agent, a_visitor = bearer(agents), bearer(visitors)

    def site_of(key: str) -> Site:
        site = settings.site(key)
        if site is None:
            raise NotFound("There is no such widget key.", code="unknown_widget_key")
        return site

    @router.get("/chat/v1/sites/{widget_key}", tags=["widget"])
    async def get_site(widget_key: str) -> SiteView:
        return SiteView.of(site_of(widget_key))

    @router.post("/chat/v1/visitors", tags=["widget"])
    async def begin_session(body: VisitorRequest) -> VisitorSession:
        site = site_of(body.widget_key)
        before = _told_by(visitors, body.token) if body.token else None
        identity = _identity(site, body.identity_token)
        visitor = await chat.meet(before, site.key, body.name, body.email, identity)
        token = visitor_token.issue(visitors, visitor)
        expires_at = now() + timedelta(seconds=visitor_token.lifetime(visitor))
        return VisitorSession(
            visitor_id=visitor.id,
            token=token,
            expires_at=expires_at,
            site=SiteView.of(site),
            has_email=visitor.email is not None,
            verified=visitor.verified,
        )

    @router.get("/api/v1/conversations/{conversation_id}/entries", tags=["conversations"])
    async def get_entries(
        conversation_id: str,
        _agent: Annotated[Claims, Depends(an_agent)],
        after_seq: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[int | None, Query(ge=0, le=2**53, description="`next_cursor` of the page before")] = None,
    ) -> Page[EntryView]:
        await _found(chat, conversation_id)
        entries = await chat.read_log(conversation_id, after_seq if cursor is None else cursor, limit)
        more = str(entries[-1].seq) if len(entries) == limit else None
        return Page(items=[EntryView.model_validate(entry_fields(entry)) for entry in entries], next_cursor=more)

    @router.get("/api/v1/conversations/of/{visitor_id}", tags=["conversations"])
    async def get_known(visitor_id: str, agent: Annotated[Claims, Depends(an_agent)]) -> KnownVisitor:
        if AgentClaims.told_by(agent.subject, agent.extra).role not in ("supervisor", "admin"):
            raise Forbidden("Only supervisors and administrators may do this.")
        known = await chat.known_of(visitor_id)
        if known is None:
            raise NotFound("There is no such visitor.")
        return KnownVisitor.model_validate(known)

    @router.post("/api/v1/conversations/{conversation_id}/close", tags=["conversations"])
    async def close_conversation(
        conversation_id: str,
        agent: Annotated[Claims, Depends(an_agent)],
        body: Annotated[CloseRequest | None, Body()] = None,
    ) -> Closed:
        author = _author(agent)
        try:
            done = await chat.close(conversation_id, author, (body or CloseRequest()).request_status)
        except NoSuchConversation:
            raise NotFound("There is no such conversation.") from None
        except ConversationClosed:
            raise Conflict("The conversation is closed already.", code="conversation_closed") from None
        return Closed(conversation_id=conversation_id, seq=done.entry.seq)

    @router.post("/api/v1/conversations/{conversation_id}/transcript", status_code=202, tags=["conversations"])
    async def send_transcript(
        conversation_id: str, body: TranscriptRequest, agent: Annotated[Claims, Depends(an_agent)]
    ) -> TranscriptAccepted:
        author = _author(agent)
        return await _want(transcripts, await _found(chat, conversation_id), body, author)

    @router.post("/chat/v1/conversations/{conversation_id}/transcript", status_code=202, tags=["widget"])
    async def send_me_the_transcript(
        conversation_id: str,
        body: TranscriptRequest,
        request: Request,
        visitor: Annotated[Claims, Depends(a_visitor)],
    ) -> TranscriptAccepted:
        if await chat.erased_among([visitor.subject]):
            raise Unauthorized("The token is not valid any more; begin a new session.")
        conversation = await _found(chat, conversation_id, visitor.subject)
        if body.email is None and conversation.visitor.email is None:
            raise Invalid.of("email", "is required: no address of the visitor is known")
        author = Author("visitor", visitor.subject, conversation.visitor.name)
        work = (body.work.challenge, body.work.number) if body.work else None
        asker = Asker(request.client.host if request.client else "", work)
        return await _want(transcripts, conversation, body, author, asker)

    @router.get("/widget.js", include_in_schema=False)
    async def loader() -> Response:
        return static_file(settings.widget_dir, "widget.js", _NAMED_FILES)

    @router.get("/widget/frame.html", include_in_schema=False)
    async def frame(key: str) -> Response:
        response = static_file(settings.widget_dir, "frame.html", "no-cache")
        # The only page of ours that others may frame: those sites whose key this is.
        ancestors = " ".join(site_of(key).origins)
        response.headers["Content-Security-Policy"] = _FRAME_CSP.format(ancestors=ancestors)
        return response

    @router.get("/widget/{path:path}", include_in_schema=False)
    async def widget_file(path: str) -> Response:
        caching = HASHED_FILES if path.startswith("assets/") else _NAMED_FILES
        return static_file(settings.widget_dir, path, caching)

    return router


def _told_by(tokens: Tokens, token: str) -> Visitor:
    try:
        return visitor_token.told_by(tokens.verify(token))
    except InvalidToken:
        raise Unauthorized("The token is not valid any more; begin a new session.") from None


def _identity(site: Site, token: str | None) -> Identity | None:
    if token is None:
        return None
    try:
        return identity_of(token, site.identity_secret)
    except IdentityRefused as error:
        log.info("identity_refused", site=site.key, reason=str(error))
        raise Unauthorized("The site's token does not say who this is.", code="identity_refused") from None


def _author(claims: Claims) -> Author:
    agent = AgentClaims.told_by(claims.subject, claims.extra)
    return Author("agent", agent.id, agent.name or None)


async def _found(chat: Chat, conversation_id: str, visitor_id: str | None = None) -> Conversation:
    try:
        return await chat.conversation(conversation_id, visitor_id)
    except NoSuchConversation:
        raise NotFound("There is no such conversation.") from None


async def _want(
    transcripts: Transcripts,
    conversation: Conversation,
    body: TranscriptRequest,
    by: Author,
    asker: Asker | None = None,
) -> TranscriptAccepted:
    try:
        await transcripts.request(conversation, Wanted(str(body.id), body.email, body.language, by), asker)
    except IdTaken:
        raise Conflict("The id is another transcript's.", code="id_taken") from None
    except NothingSaid:
        raise Conflict("Nothing was said yet.", code="conversation_empty") from None
    except TooManyTranscripts as refusal:
        if refusal.challenge:
            detail = "Many transcripts were asked for from there: the next one takes some work."
            raise TooMany(detail, refusal.retry_after, code="work_required", **refusal.challenge) from None
        raise TooMany("Enough transcripts were sent for now.", refusal.retry_after) from None
    return TranscriptAccepted(id=str(body.id))
