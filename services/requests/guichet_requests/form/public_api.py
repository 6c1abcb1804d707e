"""Web forms over HTTP, for those who fill them in: without signing in, and not too often."""

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4, uuid5
from weakref import WeakValueDictionary

from fastapi import APIRouter, Request, Response
from guichet_kit.clock import now
from guichet_kit.http import bearer
from guichet_kit.ids import new_id
from guichet_kit.limits import Buckets, network_of
from guichet_kit.problems import TooMany
from guichet_kit.quotas import Quotas
from guichet_kit.static import HASHED_FILES, static_file
from guichet_kit.tokens import Tokens
from pydantic import BaseModel, EmailStr, Field

from guichet_requests import fields as kinds
from guichet_requests.contact.contact import email_key
from guichet_requests.email.usecases import Outbox
from guichet_requests.file.store import FileStore
from guichet_requests.form import usecases
from guichet_requests.form.api import MAX_FIELDS, FieldView
from guichet_requests.form.form import Form, check
from guichet_requests.form.store import FormStore
from guichet_requests.form.submission import Submission
from guichet_requests.guard import Guard
from guichet_requests.reason.store import ReasonStore
from guichet_requests.template.template import Language

MAX_FILES = 10
SENDER = "form-"
"""How the id of a visitor begins who only filled in a form."""

TOKEN_SECONDS = 2 * 3600
AT_ONCE, AGAIN_AFTER_SECONDS = 10, 30
"""Forms that one address may send at once, and how long it then waits for each further one; on each replica."""

_PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'{origins}"
)


class PublicForm(BaseModel):
    """A form to fill in. ``token`` is what files are uploaded with (scope ``visitor``); it is good for two hours."""

    key: str
    name: str
    language: Language
    fields: list[FieldView]
    color: str | None
    confirmation: bool
    token: str


Empty = Annotated[str, Field(max_length=0, description="A field that people do not see: who fills it in is none")]
FileIds = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_FILES)]
Given = Annotated[dict[str, Annotated[str, Field(max_length=10_000)]], Field(max_length=MAX_FIELDS)]


class FilledForm(kinds.Body):
    """What was typed; ``fields`` are the form's own. ``id`` makes a repeat recognisable.

    With ``attachment_ids``, the form's token must come as ``Authorization: Bearer``.
    """

    id: UUID | None = None
    name: kinds.Line
    email: Annotated[EmailStr, Field(max_length=254)]
    subject: kinds.Line
    message: kinds.Text
    website: Empty = ""
    attachment_ids: FileIds = Field(default=[])
    fields: Given = Field(default={})


class Received(BaseModel):
    """The number of the request, by which the customer can ask about it; ``confirmed``: a mail that says it is sent."""

    number: int
    confirmed: bool


def routes(
    store: FormStore,
    outbox: Outbox,
    reasons: ReasonStore,
    files: FileStore,
    guard: Guard,
    senders: Tokens,
    quotas: Quotas,
    form_dir: Path,
) -> APIRouter:
    """``/api/v1/forms/{form_key}`` and the page that shows the form."""
    router = APIRouter(tags=["forms"])
    filled_in_now: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
    buckets = Buckets(1 / AGAIN_AFTER_SECONDS, AT_ONCE)
    claims_of = bearer(senders)

    @router.get("/api/v1/forms/{form_key}")
    async def get_form(form_key: str, response: Response) -> PublicForm:
        form = await usecases.open_form(store, form_key)
        response.headers["Cache-Control"] = "no-store"
        return PublicForm(
            key=form.key,
            name=form.name,
            language=form.language,
            fields=[FieldView.of(field) for field in form.fields],
            color=form.color,
            confirmation=form.confirmation,
            token=senders.issue(f"{SENDER}{uuid4()}", TOKEN_SECONDS),
        )

    @router.post("/api/v1/forms/{form_key}", status_code=202)
    async def submit_form(form_key: str, body: FilledForm, request: Request) -> Received:
        form = await usecases.open_form(store, form_key)
        address = request.client.host if request.client else ""
        if not buckets.take(f"{form.id} {address}"):
            raise TooMany("Too many forms came from this address.", AGAIN_AFTER_SECONDS)
        # The form's own id is in it, so that nobody's choice of an id can meet another request's.
        request_id = str(uuid5(UUID(form.id), str(body.id))) if body.id else new_id()
        sender_id = claims_of(request).subject if body.attachment_ids else f"{SENDER}{request_id}"
        said = Submission(
            sender_id=sender_id,
            name=body.name,
            email=body.email,
            subject=body.subject,
            message=body.message,
            answers=check(form, body.fields),
            files=await usecases.files_of(files, body.attachment_ids, sender_id),
        )

        async def may_confirm() -> bool:
            counted = {
                "recipient": email_key(body.email),
                "address": network_of(address),
                "site": form.id,
                "installation": "",
            }
            return not await quotas.take(counted, now())

        async with filled_in_now.setdefault(request_id, asyncio.Lock()):  # repeats at one moment count once
            received = await usecases.fill_in(outbox, reasons, guard, form, request_id, said, may_confirm)
        confirmed = await outbox.items.get(usecases.confirmation_of(request_id)) is not None
        return Received(number=received.number, confirmed=confirmed)

    @router.get("/forms/assets/{path:path}", include_in_schema=False)
    async def page_file(path: str) -> Response:
        return static_file(form_dir / "assets", path, HASHED_FILES)

    @router.get("/forms/{form_key}", include_in_schema=False)
    async def page(form_key: str) -> Response:
        form = await usecases.open_form(store, form_key)
        response = static_file(form_dir, "form.html", "no-cache")
        response.headers["Content-Security-Policy"] = _page_policy(form)
        return response

    return router


def _page_policy(form: Form) -> str:
    return _PAGE_CSP.format(origins="".join(f" {origin}" for origin in form.origins))
