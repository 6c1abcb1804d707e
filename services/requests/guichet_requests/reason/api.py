"""Reasons over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from guichet_kit.http import etag, if_match
from guichet_kit.ids import new_id
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from pydantic import BaseModel

from guichet_requests import fields
from guichet_requests.access import Caller, CallerOf, only_admins
from guichet_requests.audit.trail import Trail
from guichet_requests.catalogue import usecases as catalogue
from guichet_requests.reason import usecases
from guichet_requests.reason.reason import Label, Reason
from guichet_requests.reason.store import ReasonStore
from guichet_requests.request.store import RequestStore


class LabelView(fields.Body):
    """The reason in each language of the console."""

    fr: fields.Line
    en: fields.Line


class ReasonView(BaseModel):
    """A reason; one that is not active cannot be chosen any more."""

    id: str
    label: LabelView
    active: bool
    position: int
    version: int

    @classmethod
    def of(cls, reason: Reason) -> "ReasonView":
        """The reason as it is shown."""
        label = LabelView(fr=reason.label.fr, en=reason.label.en)
        return cls(
            id=reason.id, label=label, active=reason.active, position=reason.position, version=reason.version
        )  # fmt: skip


class NewReason(fields.Body):
    """A reason to add; without ``position`` after all others."""

    id: UUID | None = None
    label: LabelView
    active: bool = True
    position: fields.Position | None = None


class ReasonEdit(fields.Body):
    """What to change; what is absent or null stays."""

    label: LabelView | None = None
    active: bool | None = None
    position: fields.Position | None = None


def routes(store: ReasonStore, requests: RequestStore, agent: CallerOf, trail: Trail) -> APIRouter:
    """``/api/v1/reasons``."""
    router = APIRouter(prefix="/api/v1/reasons", tags=["reasons"])
    admin = only_admins(agent)

    @router.get("")
    async def list_reasons(
        _caller: Annotated[Caller, Depends(agent)],
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[ReasonView]:
        page, after = await store.page(limit, cursor)
        return Page(items=[ReasonView.of(reason) for reason in page], next_cursor=after)

    @router.post("", status_code=201)
    async def add_reason(body: NewReason, response: Response, caller: Annotated[Caller, Depends(admin)]) -> ReasonView:
        reason = Reason(
            id=str(body.id) if body.id else new_id(),
            label=Label(body.label.fr, body.label.en),
            active=body.active,
            position=await store.next_position() if body.position is None else body.position,
        )
        added = await catalogue.add(store, reason)
        await trail.record("reason.added", caller.actor, added.id, _told(added))
        return _shown(added, response)

    @router.patch("/{reason_id}")
    async def edit_reason(
        reason_id: str,
        body: ReasonEdit,
        response: Response,
        caller: Annotated[Caller, Depends(admin)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> ReasonView:
        changes = body.model_dump(exclude_none=True)
        if body.label:
            changes["label"] = Label(body.label.fr, body.label.en)
        edited = await catalogue.edit(store, reason_id, changes, expected)
        await trail.record("reason.changed", caller.actor, reason_id, _told(edited) | {"changed": ", ".join(changes)})
        return _shown(edited, response)

    @router.delete("/{reason_id}", status_code=204)
    async def remove_reason(
        reason_id: str,
        caller: Annotated[Caller, Depends(admin)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> None:
        await usecases.remove(store, requests, reason_id, expected)
        await trail.record("reason.removed", caller.actor, reason_id)

    return router


def _told(reason: Reason) -> dict[str, str]:
    return {"name": reason.label.fr}


def _shown(reason: Reason, response: Response) -> ReasonView:
    response.headers["ETag"] = etag(reason.version)
    return ReasonView.of(reason)
