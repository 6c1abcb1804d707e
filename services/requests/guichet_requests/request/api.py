"""Requests over HTTP."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Header, Query, Response
from guichet_contracts.requests import Request as RequestView
from guichet_kit.clock import now
from guichet_kit.http import etag, if_match
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from guichet_kit.problems import Invalid
from pydantic import BaseModel, Field

from guichet_requests import fields
from guichet_requests.access import Caller, CallerOf
from guichet_requests.agent.agent import Agent
from guichet_requests.agent.store import AgentStore
from guichet_requests.contact.store import ContactStore
from guichet_requests.folding import query_words
from guichet_requests.guard import Guard
from guichet_requests.reason import usecases as reason_usecases
from guichet_requests.reason.store import ReasonStore
from guichet_requests.request import linking, usecases
from guichet_requests.request import request as noun
from guichet_requests.request.events import snapshot
from guichet_requests.request.listing import Listing, Sort, View
from guichet_requests.request.lists import COUNTED, CountedView
from guichet_requests.request.request import UNCHANGED, Priority, Request, Status
from guichet_requests.request.store import RequestStore
from guichet_requests.timeline.api import TimelineItem
from guichet_requests.timeline.item import Channel
from guichet_requests.timeline.store import TimelineStore


class Filters(BaseModel):
    """What a list shows, and which page of it."""

    view: View = "all"
    channel: Channel | None = None
    status: Status | None = None
    priority: Priority | None = None
    assignee_id: fields.Filter = None
    reason_id: fields.Filter = None
    contact_id: fields.Filter = None
    automatic: bool | None = None
    q: str | None = Field(default=None, max_length=200)
    sort: Sort = "-last_activity_at"
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


class NewRequest(fields.Body):
    """A request that an agent makes; ``text`` becomes its first note."""

    id: UUID | None = None
    subject: fields.Line
    text: fields.Text | None = None
    priority: Priority = "low"
    reason_id: str | None = None
    contact_id: str | None = None
    assignee_id: str | None = None


class RequestEdit(fields.Body):
    """What to change; what is absent stays."""

    status: Status | None = None
    priority: Priority | None = None
    reason_id: str | None = None
    subject: fields.Line | None = None


class Assignment(fields.Body):
    """Who shall treat the request; ``take_over`` from whoever holds it."""

    agent_id: str
    take_over: bool = False


class ContactLink(fields.Body):
    """The contact to link."""

    contact_id: str


class NewNote(fields.Body):
    """An internal note; ``id`` makes a repeat recognisable."""

    id: UUID
    text: fields.Text


class Counts(BaseModel):
    """How many requests each view has; those in ``more`` have more than that."""

    all: int
    open: int
    mine: int
    unassigned: int
    more: list[CountedView] = []

    @classmethod
    def of(cls, counted: Mapping[CountedView, int]) -> "Counts":
        """What was counted, up to ``COUNTED`` of each view but *all*."""
        more = [view for view, count in counted.items() if view != "all" and count > COUNTED]
        shown = {view: COUNTED if view in more else count for view, count in counted.items()}
        return cls(**shown, more=more)


def routes(
    store: RequestStore,
    items: TimelineStore,
    agents: AgentStore,
    contacts: ContactStore,
    reasons: ReasonStore,
    guard: Guard,
    agent: CallerOf,
) -> APIRouter:
    """``/api/v1/requests``."""
    router = APIRouter(prefix="/api/v1/requests", tags=["requests"])

    async def active(agent_id: str, field: str) -> Agent:
        found = await agents.get(agent_id)
        if found is None or not found.active:
            raise Invalid.of(field, "is not an active agent")
        return found

    @router.get("", response_model=Page[RequestView])
    async def list_requests(
        caller: Annotated[Caller, Depends(agent)],
        filters: Annotated[Filters, Query()],
    ) -> Response:
        words = query_words(filters.q or "")
        listing = Listing(viewer_id=caller.id, words=words, **filters.model_dump(exclude={"q", "limit", "cursor"}))
        rows, after = await store.page(listing, filters.limit, filters.cursor)
        # Written as it is: to check 50 rows against the model again takes longer than to find them.
        return Response(orjson.dumps({"items": rows, "next_cursor": after}), media_type="application/json")

    @router.get("/counts")
    async def count_requests(caller: Annotated[Caller, Depends(agent)]) -> Counts:
        return Counts.of(await store.counts(caller.id))

    @router.post("", status_code=201)
    async def create_request(
        body: NewRequest,
        response: Response,
        caller: Annotated[Caller, Depends(agent)],
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
    ) -> RequestView:
        await reason_usecases.names(reasons, body.reason_id)
        created = await usecases.create_by_hand(
            store,
            contacts,
            guard,
            by=caller.author,
            request_id=str(body.id) if body.id else None,
            idempotency_key=idempotency_key,
            subject=body.subject,
            text=body.text,
            priority=body.priority,
            reason_id=body.reason_id,
            contact_id=body.contact_id,
            assignee=await active(body.assignee_id, "assignee_id") if body.assignee_id else None,
        )
        return _shown(created, response)

    @router.get("/{request_id}")
    async def get_request(
        request_id: str, response: Response, _caller: Annotated[Caller, Depends(agent)]
    ) -> RequestView:
        return _shown(await usecases.get(store, request_id), response)

    @router.patch("/{request_id}")
    async def edit_request(
        request_id: str,
        body: RequestEdit,
        response: Response,
        caller: Annotated[Caller, Depends(agent)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> RequestView:
        given = body.model_fields_set

        async def decide(request: Request) -> noun.Change | None:
            return noun.edit(
                request,
                by=caller.author,
                at=now(),
                status=body.status or UNCHANGED,
                priority=body.priority or UNCHANGED,
                reason_id=body.reason_id if "reason_id" in given else UNCHANGED,
                reason_names=await reason_usecases.names(reasons, body.reason_id, request.reason_id),
                subject=body.subject if "subject" in given else UNCHANGED,
            )

        subject = body.subject if "subject" in given else None
        edited = await usecases.edit_subject(store, guard, request_id, decide, expected, subject)
        return _shown(edited, response)

    @router.put("/{request_id}/contact")
    async def link_contact(
        request_id: str,
        body: ContactLink,
        response: Response,
        caller: Annotated[Caller, Depends(agent)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> RequestView:
        linked = await usecases.link(
            store, contacts, guard, request_id, body.contact_id, by=caller.author, expected=expected
        )  # fmt: skip
        return _shown(linked, response)

    @router.delete("/{request_id}/contact")
    async def unlink_contact(
        request_id: str,
        response: Response,
        caller: Annotated[Caller, Depends(agent)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> RequestView:
        def decide(request: Request) -> noun.Change | None:
            return linking.unlink(request, by=caller.author, at=now())

        return _shown(await usecases.change(store, request_id, decide, expected), response)

    @router.put("/{request_id}/assignee")
    async def assign_request(
        request_id: str,
        body: Assignment,
        response: Response,
        caller: Annotated[Caller, Depends(agent)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> RequestView:
        assignee = await active(body.agent_id, "agent_id")
        taken = await usecases.assign(
            store, request_id, assignee, by=caller.author, expected=expected, take_over=body.take_over
        )  # fmt: skip
        return _shown(taken, response)

    @router.delete("/{request_id}/assignee")
    async def release_request(
        request_id: str,
        response: Response,
        caller: Annotated[Caller, Depends(agent)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> RequestView:
        def decide(request: Request) -> noun.Change | None:
            return noun.release(request, by=caller.author, at=now())

        return _shown(await usecases.change(store, request_id, decide, expected), response)

    @router.post("/{request_id}/notes", status_code=201)
    async def add_note(request_id: str, body: NewNote, caller: Annotated[Caller, Depends(agent)]) -> TimelineItem:
        note = await usecases.add_note(store, items, guard, request_id, str(body.id), body.text, by=caller.author)
        return TimelineItem.of(note)

    return router


def _shown(request: Request, response: Response) -> RequestView:
    response.headers["ETag"] = etag(request.version)
    return snapshot(request)
