"""The timeline over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from guichet_kit.clock import WireTime
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from pydantic import BaseModel

from guichet_requests.access import Caller, CallerOf
from guichet_requests.email.views import DeliveryView, EmailView, of_some
from guichet_requests.request import usecases as requests
from guichet_requests.request.store import RequestStore
from guichet_requests.timeline.item import (
    Attachment,
    AuthorKind,
    Channel,
    Direction,
    Event,
    EventName,
    FileState,
    Item,
    Kind,
    Party,
)
from guichet_requests.timeline.store import Order, TimelineStore


class AuthorView(BaseModel):
    """Who wrote or did it, named as they were then."""

    kind: AuthorKind
    id: str
    name: str | None


class FileView(BaseModel):
    """A file; ``size`` in bytes."""

    id: str
    name: str
    media_type: str
    size: int
    state: FileState | None = of_some()
    detail: str | None = of_some()
    content_id: str | None = of_some()
    inline: bool | None = of_some()
    title: str | None = of_some()

    @classmethod
    def of(cls, file: Attachment) -> "FileView":
        """The file as it is shown."""
        return cls.model_validate(file)

    model_config = {"from_attributes": True}


class PartyView(BaseModel):
    """A person that an event names."""

    id: str
    name: str


class EventView(BaseModel):
    """What changed, for interfaces that tell it in their own words."""

    name: EventName
    from_: str | PartyView | None
    to: str | PartyView | None
    by: AuthorView

    model_config = {"alias_generator": lambda name: name.rstrip("_"), "populate_by_name": True}


class TimelineItem(BaseModel):
    """One thing that happened on a request."""

    id: str
    at: WireTime
    kind: Kind
    channel: Channel
    direction: Direction
    author: AuthorView
    text: str
    html: str | None = of_some()
    attachments: list[FileView]
    delivery: DeliveryView | None = None
    email: EmailView | None = of_some()
    conversation_id: str | None = of_some()
    seq: int | None = of_some()
    event: EventView | None = of_some()

    @classmethod
    def of(cls, item: Item) -> "TimelineItem":
        """The item as it is shown."""
        author = AuthorView(kind=item.author.kind, id=item.author.id, name=item.author.name)
        return cls(
            id=item.id,
            at=item.at,
            kind=item.kind,
            channel=item.channel,
            direction=item.direction,
            author=author,
            text=item.text,
            html=item.html,
            attachments=[FileView.of(file) for file in item.attachments],
            delivery=item.delivery and DeliveryView.of(item.delivery),
            email=item.email and EmailView.of(item.email),
            conversation_id=item.conversation_id,
            seq=item.seq,
            event=item.event and _event(item.event, author),
        )


def routes(requests_store: RequestStore, items: TimelineStore, agent: CallerOf) -> APIRouter:
    """``/api/v1/requests/{id}/timeline``."""
    router = APIRouter(prefix="/api/v1/requests", tags=["timeline"])

    @router.get("/{request_id}/timeline")
    async def get_timeline(
        request_id: str,
        _caller: Annotated[Caller, Depends(agent)],
        order: Order = "asc",
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[TimelineItem]:
        # Reading the request first puts on the timeline whatever a crash kept off it.
        await requests.get(requests_store, request_id)
        page, after = await items.page(request_id, order, limit, cursor)
        return Page(items=[TimelineItem.of(item) for item in page], next_cursor=after)

    return router


def _event(event: Event, by: AuthorView) -> EventView:
    return EventView(name=event.name, from_=_side(event.before), to=_side(event.after), by=by)


def _side(value: str | Party | None) -> str | PartyView | None:
    return PartyView(id=value.id, name=value.name) if isinstance(value, Party) else value
