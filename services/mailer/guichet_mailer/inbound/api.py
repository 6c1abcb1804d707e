"""HTTP: one of the ways in, and the quarantine."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from guichet_kit.clock import WireTime
from guichet_kit.http import disposition
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor, encode_cursor
from guichet_kit.problems import Forbidden, Invalid, TooLarge
from pydantic import BaseModel, Field

from guichet_mailer.access import Caller, CallerOf, inbound_secret, only_supervisors
from guichet_mailer.inbound import usecases
from guichet_mailer.inbound.received import Envelope, Received, State
from guichet_mailer.inbound.refused import refused_file
from guichet_mailer.inbound.spool import Spool
from guichet_mailer.inbound.usecases import Reception
from guichet_mailer.inbound.whole import whole


class Accepted(BaseModel):
    """The mail is stored."""

    id: str


class ReceivedShown(BaseModel):
    """A mail that came in. ``reason`` is a stable word, ``detail`` says it in a sentence.

    ``duplicate_of``: the mail that came before and is the same; its e-mail stands on a request.
    """

    id: str
    state: State
    source: str
    reason: str | None
    detail: str | None
    sender: str | None
    subject: str | None
    size: int
    received_at: WireTime
    duplicate_of: str | None = None


Ids = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=20_000)]


class KnownMail(BaseModel):
    """Whose mails are asked for: received and sent ones by id, and those in quarantine that name an address."""

    email_ids: Ids = []
    item_ids: Ids = []
    addresses: Annotated[list[Annotated[str, Field(max_length=320)]], Field(max_length=100)] = []


class KnownReceived(BaseModel):
    """A received mail, as far as it is written down."""

    id: str
    state: State
    source: str
    sender: str | None
    subject: str | None
    size: int
    received_at: WireTime


class KnownDelivery(BaseModel):
    """A sent mail, and what became of it."""

    id: str
    state: str
    at: WireTime
    to: list[str]
    cc: list[str]
    subject: str


class KnownView(BaseModel):
    """A part of a person's archive."""

    mails: list[KnownReceived]
    deliveries: list[KnownDelivery]
    quarantine: list[KnownReceived]


def routes(reception: Reception, agent: CallerOf, secret: str | None) -> APIRouter:
    """The routes of mail that comes in."""
    router = APIRouter(prefix="/api/v1/mail", tags=["mail"])
    supervisor = Depends(only_supervisors(agent))

    @router.post("/inbound", status_code=202, dependencies=[Depends(inbound_secret(secret))])
    async def receive_mail(request: Request) -> Accepted:
        with Spool() as spool:
            async for chunk in request.stream():
                spool.write(chunk)
                if spool.size > reception.size_limit:
                    raise TooLarge(f"The mail is larger than {reception.size_limit} bytes.")
            if not spool.size:
                raise Invalid.of("body", "must be a mail")
            return Accepted(id=await usecases.take_in_spooled(reception, spool, Envelope("http")))

    @router.get("/quarantine", dependencies=[supervisor])
    async def list_quarantine(
        limit: int = Query(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT), cursor: str | None = None
    ) -> Page[ReceivedShown]:
        before = str(decode_cursor(cursor, str)[0]) if cursor else None
        found = await reception.store.quarantine(limit + 1, before)
        following = encode_cursor([found[limit - 1].id]) if len(found) > limit else None
        return Page(items=[_shown(mail) for mail in found[:limit]], next_cursor=following)

    @router.post("/quarantine/{mail_id}/replay", status_code=202, dependencies=[supervisor])
    async def replay_mail(mail_id: str) -> ReceivedShown:
        return _shown(await usecases.replay(reception, mail_id))

    @router.post("/known", dependencies=[supervisor])
    async def read_known(asked: KnownMail) -> KnownView:
        told = await whole(
            reception.store, reception.post.store, reception.objects, asked.email_ids, asked.item_ids, asked.addresses
        )
        return KnownView.model_validate(told)

    @router.get("/received/{mail_id}", dependencies=[supervisor])
    async def get_received(mail_id: str) -> ReceivedShown:
        return _shown(await usecases.received_mail(reception, mail_id))

    @router.get("/received/{mail_id}/raw", response_class=StreamingResponse)
    async def get_raw(mail_id: str, caller: Annotated[Caller, Depends(agent)]) -> StreamingResponse:
        mail = await usecases.received_mail(reception, mail_id)
        # What is on a request is every agent's to read; what is in quarantine may be dangerous.
        if mail.state is State.QUARANTINED and not caller.supervises:
            raise Forbidden("Only supervisors may read mail in quarantine.")
        opened = usecases.raw_of(reception, mail)
        chunks = await opened.__aenter__()  # before the answer begins: a lost object is a 404

        async def stream() -> AsyncIterator[bytes]:
            try:
                async for chunk in chunks:
                    yield chunk
            finally:
                await opened.__aexit__(None, None, None)

        headers = {
            "Content-Disposition": f'attachment; filename="{mail.id}.eml"',
            "X-Content-Type-Options": "nosniff",
        }
        return StreamingResponse(stream(), media_type="application/octet-stream", headers=headers)

    @router.get("/received/{mail_id}/files/{file_id}", response_class=Response)
    async def get_refused_file(
        mail_id: str, file_id: str, caller: Annotated[Caller, Depends(only_supervisors(agent))]
    ) -> Response:
        file = await refused_file(reception, mail_id, file_id, caller.id)
        headers = {
            "Content-Disposition": disposition(file.name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        # Whatever it calls itself: it was refused, and is for saving only.
        return Response(file.content, media_type="application/octet-stream", headers=headers)

    return router


def _shown(mail: Received) -> ReceivedShown:
    return ReceivedShown(
        id=mail.id,
        state=mail.state,
        source=mail.envelope.source,
        reason=mail.reason,
        detail=mail.detail,
        sender=mail.sender,
        subject=mail.subject,
        size=mail.size,
        received_at=mail.received_at,
        duplicate_of=mail.duplicate_of,
    )
