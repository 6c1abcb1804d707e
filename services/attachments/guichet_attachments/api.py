"""HTTP: translate, call a use case, translate back."""

import asyncio
import re
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response
from guichet_kit.http import disposition
from guichet_kit.ids import new_id
from guichet_kit.limits import Buckets, network_of
from guichet_kit.problems import Invalid, Problem, TooLarge, TooMany
from pydantic import BaseModel, Field

from guichet_attachments import ranges, upload, usecases
from guichet_attachments.access import CallerOf, documented
from guichet_attachments.attachment import Attachment, Person, Refusal, State, preview_of
from guichet_attachments.checks import PREVIEW_TYPE
from guichet_attachments.deps import Parts
from guichet_attachments.download import Download
from guichet_attachments.lanes import Claim

FORM_OVERHEAD = 64 << 10
"""Bytes that a form may have beside its file."""

_UPLOADS_PER_SECOND, _UPLOADS_AT_ONCE = 1.0, 30.0
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FORM = {
    "type": "object",
    "required": ["file", "scope"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "scope": {"type": "string", "description": "conversation:<id>, request:<id>, template:<id> or visitor"},
        "id": {"type": "string", "format": "uuid", "description": "made by the client: a repeat is the same file"},
    },
}


class TypeNotAllowed(Problem):
    """The content, or the name, is not of an accepted type (415)."""

    status, code = 415, "type_not_allowed"


class Infected(Problem):
    """The virus scanner found something (422)."""

    status, code = 422, "infected"


class Lost(Problem):
    """The file was there, and the store lost it (410)."""

    status, code = 410, "lost"


class TooSlow(Problem):
    """The upload took too long (408)."""

    status, code = 408, "upload_too_slow"


_REFUSALS: dict[Refusal, type[Problem]] = {
    "type_not_allowed": TypeNotAllowed,
    "too_large": TooLarge,
    "infected": Infected,
    "lost": Lost,
}


class UploadedFile(BaseModel):
    """A file as its owner sees it. ``receipt`` is null until it is ``ready``; ``size`` in bytes.

    ``warning``, where it is there, is of a file that is on no list and may do harm when it is opened: it is for
    download only.
    """

    id: str
    name: str
    media_type: str | None
    size: int
    sha256: str
    state: State
    scope: str
    has_preview: bool
    warning: Literal["could_run"] | None = Field(default=None, exclude_if=lambda warning: warning is None)
    receipt: str | None


class Sending(BaseModel):
    """Where the file is to be sent: ``conversation:<id>`` or ``request:<id>``."""

    scope: str


class Receipt(BaseModel):
    """The proof for the asking agent and the scope that they named."""

    receipt: str | None


@dataclass(frozen=True, slots=True)
class Callers:
    """Dependencies that yield who calls: people, and where files are given or read, ``mailer``, too."""

    people: CallerOf
    giving: CallerOf
    reading: CallerOf


def routes(parts: Parts, callers: Callers, size_limit: int, upload_seconds: float) -> APIRouter:
    """The routes under ``/api/v1/attachments``."""
    router = APIRouter(prefix="/api/v1/attachments", tags=["attachments"])
    rates = Buckets(_UPLOADS_PER_SECOND, _UPLOADS_AT_ONCE)
    caller_is, giver, reader = Depends(callers.people), Depends(callers.giving), Depends(callers.reading)

    @router.post(
        "",
        status_code=201,
        openapi_extra={
            "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}},
            **documented("files:give"),
        },
    )
    async def upload_attachment(
        request: Request,
        idempotency_key: Annotated[str | None, Header()] = None,
        person: Person = giver,
    ) -> UploadedFile:
        # How many files a mail has is bounded by its size; each that is refused would bring all of them again.
        if not person.is_mail and not rates.take(person.id):
            raise TooMany("Too many files at once.", retry_after=1)
        announced = int(request.headers.get("content-length", 0))
        if announced > size_limit + FORM_OVERHEAD:
            raise upload.too_large(size_limit)
        claim, address = _claim(request, person), _address(request)
        await usecases.require_room(parts, claim, person, address, announced)
        try:
            async with asyncio.timeout(upload_seconds) as reading:
                form = upload.received(request.headers.get("content-type", ""), request.stream(), size_limit)
                async with form as received:
                    reading.reschedule(None)
                    file_id = _client_id(received.fields.get("id") or idempotency_key)
                    scope = received.fields.get("scope", "")
                    await usecases.count_bytes(parts, person, address, received.size)
                    file = await usecases.receive_file(parts, received, person, scope, file_id, claim)
                    return _shown(parts, file)
        except TimeoutError:
            raise TooSlow("The upload took too long.") from None

    @router.get("/{attachment_id}/status")
    async def attachment_status(attachment_id: str, person: Person = caller_is) -> UploadedFile:
        return _shown(parts, await usecases.own_file(parts, attachment_id, person))

    @router.post("/{attachment_id}/receipts", status_code=201)
    async def receipt_to_send(attachment_id: str, sending: Sending, person: Person = caller_is) -> Receipt:
        file = await usecases.file_to_send(parts, attachment_id, sending.scope, person)
        return Receipt(receipt=usecases.receipt_for(parts, file))

    @router.get("/{attachment_id}", response_class=Response, openapi_extra=dict(documented("files:read")))
    async def download_attachment(
        attachment_id: str,
        byte_range: Annotated[str | None, Header(alias="Range")] = None,
        if_range: Annotated[str | None, Header()] = None,
        person: Person = reader,
    ) -> Download:
        file = await usecases.file_to_read(parts, attachment_id, person)
        etag = f'"{file.sha256}"'
        span = ranges.requested_span(byte_range, if_range, etag, file.size)
        headers = {"Content-Disposition": disposition(file.name), "ETag": etag, "Accept-Ranges": "bytes"}
        headers["Content-Length"] = str(span.length if span else file.size)
        if span:
            headers["Content-Range"] = span.content_range
        first, length = (span.first, span.length) if span else (0, 0)
        opened = usecases.bytes_of(parts, file.object, first, length)
        return Download(opened, 206 if span else 200, file.media_type or "", headers)

    @router.get("/{attachment_id}/preview", response_class=Response)
    async def preview_attachment(attachment_id: str, person: Person = caller_is) -> Download:
        file = await usecases.file_to_read(parts, attachment_id, person)
        if not file.has_preview:
            raise usecases.Absent
        return Download(usecases.bytes_of(parts, preview_of(file.object)), 200, PREVIEW_TYPE, {})

    return router


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _claim(request: Request, person: Person) -> Claim:
    """On whose behalf the file is examined. A mail is a person of its own; agents may share an address."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    if person.kind == "agent":
        return Claim(of_staff=True, keys=(f"agent:{person.id}",), gone=gone)
    return Claim(keys=(f"visitor:{person.id}", f"address:{network_of(_address(request))}"), gone=gone)


def _client_id(given: str | None) -> str:
    if given is None:
        return new_id()
    if not _UUID.fullmatch(given.lower()):
        raise Invalid.of("id", "must be a UUID")
    return given.lower()


def _shown(parts: Parts, file: Attachment) -> UploadedFile:
    """The file as its owner sees it, or the error that says why it was refused."""
    if file.refusal is not None:
        raise _REFUSALS[file.refusal](file.refusal_detail or "The file was refused.")
    return UploadedFile(
        id=file.id,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        state=file.state,
        scope=file.scope,
        has_preview=file.has_preview,
        warning=file.warning,
        receipt=usecases.receipt_for(parts, file),
    )
