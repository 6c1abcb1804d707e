"""HTTP for the page ``/mail`` of the demo site, and for tests."""

import asyncio
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID, uuid4

from fastapi import APIRouter, Header
from fastapi.responses import Response
from guichet_kit.clock import WireTime
from guichet_kit.problems import NotFound, Unavailable
from pydantic import AfterValidator, Base64Bytes, BaseModel, Field, StringConstraints

from guichet_local.demo.mail import DOMAINS, SUPPORT
from guichet_local.demo.mail.letters import File, Letter, answer_to, media_type_of, new_letter
from guichet_local.demo.mail.mailbox import Mailbox
from guichet_local.demo.mail.smtp import NotDelivered, as_sent, send

LISTED = 200
"""Letters that a list shows, the newest."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\r\n]*$")]


def _customer(address: str) -> str:
    if address.rpartition("@")[2].lower() not in DOMAINS:
        raise ValueError(f"must be an address at {', '.join(DOMAINS)}")
    return Address(addr_spec=address).addr_spec


class FileShown(BaseModel):
    """A file of a letter, to be had at ``/files/{index}``. ``size`` in bytes."""

    index: int
    name: str
    media_type: str
    size: int


class Answer(BaseModel):
    """What the customer answered to a letter: the whole text, quotes included."""

    id: str
    text: str
    files: list[str]
    at: WireTime


class LetterShown(BaseModel):
    """A letter; inline images in ``html`` point to its files. ``raw`` is as it came, on demand."""

    id: str
    sender: str = Field(serialization_alias="from")
    sender_name: str = Field(serialization_alias="from_name")
    to: str
    subject: str
    text: str
    html: str
    files: list[FileShown]
    answers: list[Answer]
    raw: str | None
    at: WireTime


class Letters(BaseModel):
    """The newest letters, the newest first; ``addresses`` are all that ever got one."""

    items: list[LetterShown]
    addresses: list[str]


class FileGiven(BaseModel):
    """A file to send; ``content`` in base64."""

    name: Line
    content: Base64Bytes


class AnswerGiven(BaseModel):
    """What the customer answers; ``language`` is that of the line above the quote. ``id`` becomes the Message-ID."""

    id: UUID | None = None
    text: Text
    attachment: FileGiven | None = None
    language: Literal["fr", "en"] = "fr"


class LetterGiven(BaseModel):
    """A letter to the desk. ``id`` becomes the Message-ID: a repeat is the same mail for whoever gets it."""

    id: UUID | None = None
    sender: Annotated[str, AfterValidator(_customer), Field(validation_alias="from")]
    sender_name: Annotated[Line, Field(validation_alias="from_name")] = ""
    to: str = SUPPORT
    subject: Line
    text: Text
    attachment: FileGiven | None = None


class Sent(BaseModel):
    """The desk's server took the mail."""

    message_id: str


def routes(mailbox: Mailbox, desk: tuple[str, int]) -> APIRouter:
    """The routes under ``/api/mail``; customers' mail goes to ``desk``, a host and a port."""
    router = APIRouter(prefix="/api/mail")

    @router.get("", response_model=Letters)
    async def list_letters(
        response: Response, to: str = "", raw: bool = True, if_none_match: Annotated[str, Header()] = ""
    ) -> Letters | Response:
        """The letters to one address, or to all. Asked again with its ETag, it is 304 until one more comes or goes."""
        kept = await asyncio.to_thread(mailbox.letters)
        etag = f'"{kept[0].id if kept else "empty"}"'
        if etag in if_none_match:
            return Response(status_code=304, headers={"ETag": etag})
        response.headers["ETag"] = etag
        received = [one for one in kept if one.answers is None]
        items = [_shown(one, kept, raw=raw) for one in received if to.lower() in ("", one.owner)]
        return Letters(items=items[:LISTED], addresses=sorted({one.owner for one in received}))

    @router.get("/{letter_id}/files/{index}", response_class=Response)
    async def letter_file(letter_id: str, index: int) -> Response:
        files = _found(mailbox, letter_id).files
        if not 0 <= index < len(files):
            raise NotFound("This letter has no such file.")
        file = files[index]
        disposition = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        return Response(file.content, media_type=file.media_type, headers={"Content-Disposition": disposition})

    @router.post("/{letter_id}/reply", status_code=201)
    async def answer(letter_id: str, given: AnswerGiven) -> Sent:
        """Sent by SMTP to whom the letter says; 503 where the desk does not take it."""
        letter = _found(mailbox, letter_id)
        message = answer_to(letter, given.id or uuid4(), given.text, given.language, _file(given.attachment))
        await _send(message, desk)
        await asyncio.to_thread(mailbox.keep, as_sent(message), letter.id)
        return Sent(message_id=message["Message-ID"].strip("<>"))

    @router.post("", status_code=201)
    async def write(given: LetterGiven) -> Sent:
        """A new letter, to begin a request with."""
        sender = Address(given.sender_name, addr_spec=given.sender)
        to, file = Address(addr_spec=given.to), _file(given.attachment)
        message = new_letter(given.id or uuid4(), sender, to, given.subject, given.text, file)
        await _send(message, desk)
        return Sent(message_id=message["Message-ID"].strip("<>"))

    return router


def _found(mailbox: Mailbox, letter_id: str) -> Letter:
    letter = mailbox.find(letter_id)
    if letter is None:
        raise NotFound("There is no such letter.")
    return letter


async def _send(message: EmailMessage, desk: tuple[str, int]) -> None:
    try:
        await asyncio.to_thread(send, message, desk)
    except NotDelivered as error:
        raise Unavailable(f"The desk did not take the mail: {error}") from error


def _shown(letter: Letter, kept: Sequence[Letter], *, raw: bool) -> LetterShown:
    html, files = letter.html, letter.files
    for index, file in enumerate(files):
        if file.content_id:
            html = html.replace(f"cid:{file.content_id}", f"/api/mail/{letter.id}/files/{index}")
    return LetterShown(
        id=letter.id,
        sender=letter.sender.addr_spec,
        sender_name=letter.sender.display_name,
        to=letter.owner,
        subject=letter.subject,
        text=letter.text,
        html=html,
        files=[
            FileShown(index=index, name=file.name, media_type=file.media_type, size=len(file.content))
            for index, file in enumerate(files)
        ],
        answers=[
            Answer(id=one.id, text=one.text, files=[file.name for file in one.files], at=one.at)
            for one in reversed(kept)
            if one.answers == letter.id
        ],
        raw=letter.raw.decode("utf-8", "replace") if raw else None,
        at=letter.at,
    )


def _file(given: FileGiven | None) -> File | None:
    return File(given.name, media_type_of(given.name), given.content) if given else None
