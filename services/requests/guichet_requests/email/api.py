"""E-mails over HTTP."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from guichet_contracts.claims import request_scope
from guichet_contracts.requests import Request as RequestView
from guichet_kit.blank import is_blank
from guichet_kit.http import etag
from guichet_kit.tokens import Tokens
from pydantic import (
    BaseModel,
    EmailStr,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from guichet_requests import fields
from guichet_requests.access import Caller, CallerOf
from guichet_requests.agent.store import AgentStore
from guichet_requests.email import answer, inbound, usecases
from guichet_requests.email.answer import Answer, Quote
from guichet_requests.email.email import Address, WrittenBy
from guichet_requests.email.letter import Language
from guichet_requests.email.settling import Mailroom
from guichet_requests.email.usecases import Outbox
from guichet_requests.email.views import AddressView
from guichet_requests.file.receipts import files_of
from guichet_requests.file.store import FileStore
from guichet_requests.request.events import snapshot
from guichet_requests.timeline.api import FileView, TimelineItem

MAX_FILES = 20
MAX_CC = 50

People = Annotated[list[EmailStr], Field(max_length=MAX_CC)]
Ids = Annotated[list[str], Field(max_length=MAX_FILES)]


class NewEmail(fields.Body):
    """An e-mail to the request's contact, or to whom ``to`` says; ``id`` makes a repeat recognisable.

    ``forward_of`` is an e-mail of the request that is handed on with its files; that wants a ``to``, and needs no
    ``text``. ``attachment_ids`` are files of this request, of its conversations and of templates; ``receipts`` are of
    files that the agent uploaded for this request. ``quote`` adds history, ``signature`` the agent's own; ``language``
    is that of what is added. ``seen_timeline_id``: what was said after this item would make the answer a stale one.
    """

    id: UUID
    subject: fields.Line | None = None
    forward_of: Annotated[str, Field(max_length=200)] | None = None
    text: Annotated[str, StringConstraints(max_length=10_000)]
    to: Annotated[list[EmailStr], Field(min_length=1, max_length=MAX_CC)] | None = None
    cc: People = Field(default=[])
    bcc: People = Field(default=[])
    attachment_ids: Ids = Field(default=[])
    receipts: Ids = Field(default=[])
    quote: Quote = "none"
    signature: bool = True
    language: Language = "fr"
    mailbox: Annotated[str, Field(max_length=40)] | None = None
    seen_timeline_id: Annotated[str, Field(max_length=200)] | None = None

    @field_validator("text")
    @classmethod
    def _something_to_say(cls, text: str, info: ValidationInfo) -> str:
        if info.data.get("forward_of") is None:
            return fields.visible(text)
        return "" if is_blank(text) else text

    @model_validator(mode="after")
    def _somebody_to_hand_it_to(self) -> Self:
        if self.forward_of is not None and self.to is None:
            raise ValueError("forward_of wants to")
        return self


class Judgement(fields.Body):
    """Who wrote a received e-mail, as an agent sees."""

    written_by: WrittenBy


class Move(fields.Body):
    """Where a received e-mail shall be: on another request, or on a new one of its own."""

    request_id: str | None = None
    new: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.request_id is None) == (self.new is None):
            raise ValueError("either request_id or new")
        return self


class PlacedEmailView(BaseModel):
    """A received e-mail, and the request where it is now."""

    item: TimelineItem
    request: RequestView


class Seen(fields.Body):
    """The item up to which agents have seen the timeline."""

    timeline_id: Annotated[str, Field(max_length=200)]


class QuotedView(BaseModel):
    """Quoted history: of the customer's last words, and of all that was said."""

    last: str
    all: str


class DraftView(BaseModel):
    """What an e-mail starts from; ``to`` is null where there is nobody to answer, or somebody to be chosen.

    ``attachments`` are the files that go along with an e-mail that is handed on.
    """

    to: AddressView | None
    cc: list[AddressView]
    subject: str
    signature: str
    quoted: QuotedView
    mailbox_id: str | None
    attachments: list[FileView]


def routes(
    outbox: Outbox, room: Mailroom, files: FileStore, agents: AgentStore, receipts: Tokens, agent: CallerOf
) -> APIRouter:  # fmt: skip
    """``/api/v1/requests/{id}/emails``."""
    router = APIRouter(prefix="/api/v1/requests", tags=["e-mails"])

    async def signature_of(caller: Caller) -> str:
        found = await agents.get(caller.id)
        return found.signature if found else ""

    @router.post("/{request_id}/emails", status_code=201)
    async def send_email(request_id: str, body: NewEmail, caller: Annotated[Caller, Depends(agent)]) -> TimelineItem:
        wanted = Answer(
            text=body.text,
            subject=body.subject,
            to=_people(body.to or ()),
            cc=_people(body.cc),
            bcc=_people(body.bcc),
            forward=body.forward_of,
            files=await files.named(body.attachment_ids),
            attachments=files_of(receipts, body.receipts, caller.id, request_scope(request_id)),
            quote=body.quote,
            signature=await signature_of(caller) if body.signature else None,
            language=body.language,
            mailbox=body.mailbox,
            seen=body.seen_timeline_id,
        )
        return TimelineItem.of(await answer.answer(outbox, request_id, str(body.id), wanted, by=caller.author))

    @router.get("/{request_id}/emails/draft")
    async def draft_email(
        request_id: str,
        caller: Annotated[Caller, Depends(agent)],
        language: Language = "fr",
        forward_of: Annotated[str | None, Query(max_length=200)] = None,
    ) -> DraftView:
        draft = await answer.draft(outbox, request_id, language, forward_of)
        return DraftView(
            to=AddressView.model_validate(draft.to) if draft.to else None,
            cc=[AddressView.model_validate(one) for one in draft.cc],
            subject=draft.subject,
            signature=await signature_of(caller),
            quoted=QuotedView(last=draft.last, all=draft.all),
            mailbox_id=draft.mailbox,
            attachments=[FileView.of(file) for file in draft.attachments],
        )

    @router.post("/{request_id}/emails/{item_id}/move")
    async def move_email(
        request_id: str, item_id: str, body: Move, caller: Annotated[Caller, Depends(agent)]
    ) -> PlacedEmailView:
        item, request = await inbound.move(room, request_id, item_id, body.request_id, by=caller.author)
        return PlacedEmailView(item=TimelineItem.of(item), request=snapshot(request))

    @router.put("/{request_id}/emails/{item_id}/written-by")
    async def judge_email(
        request_id: str, item_id: str, body: Judgement, caller: Annotated[Caller, Depends(agent)]
    ) -> PlacedEmailView:
        item, request = await inbound.judge(room, request_id, item_id, body.written_by, by=caller.author)
        return PlacedEmailView(item=TimelineItem.of(item), request=snapshot(request))

    @router.put("/{request_id}/read")
    async def mark_read(
        request_id: str, body: Seen, response: Response, _caller: Annotated[Caller, Depends(agent)]
    ) -> RequestView:
        request = await usecases.see(outbox, request_id, body.timeline_id)
        response.headers["ETag"] = etag(request.version)
        return snapshot(request)

    return router


def _people(emails: Iterable[str]) -> tuple[Address, ...]:
    return tuple(Address(email) for email in dict.fromkeys(emails))
