"""Erasures over HTTP: who else claims a person's address, before; and how far each is, afterwards."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from guichet_kit.clock import WireTime
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from guichet_kit.problems import NotFound
from pydantic import BaseModel

from guichet_requests.access import Caller, CallerOf, supervisors
from guichet_requests.erasure.claims import Claim, claims_of
from guichet_requests.erasure.store import Progress
from guichet_requests.erasure.usecases import Everywhere

FOLLOWERS = ("chat", "attachments", "mailer")
"""The services that forget what this one tells them to."""


class ClaimView(BaseModel):
    """A visitor who claims an address of the contact, and whom no agent linked to it: perhaps the same person."""

    visitor_id: str
    name: str | None
    email: str
    request_ids: list[str]
    numbers: list[int]
    last_activity_at: WireTime

    @classmethod
    def of(cls, claim: Claim) -> "ClaimView":
        """The claim as it is shown."""
        return cls(
            visitor_id=claim.visitor_id,
            name=claim.name,
            email=claim.email,
            request_ids=list(claim.request_ids),
            numbers=list(claim.numbers),
            last_activity_at=claim.last_activity_at,
        )


class ErasureView(BaseModel):
    """How far an erasure is: when each service was done, null while it is not. ``requests``: how many were theirs."""

    contact_id: str
    state: Literal["running", "done"]
    erased_at: WireTime | None
    begun_at: WireTime | None
    requests: int
    services: dict[str, WireTime | None]

    @classmethod
    def of(cls, progress: Progress) -> "ErasureView":
        """The erasure as it is shown."""
        services = {"requests": progress.finished_at, **{name: progress.done.get(name) for name in FOLLOWERS}}
        return cls(
            contact_id=progress.contact_id,
            state="done" if all(services.values()) else "running",
            erased_at=progress.erased_at,
            begun_at=progress.begun_at,
            requests=progress.requests,
            services=services,
        )


def routes(everywhere: Everywhere, agent: CallerOf) -> APIRouter:
    """``/api/v1/erasures``, for supervisors and administrators."""
    router = APIRouter(prefix="/api/v1/erasures", tags=["erasures"])
    supervisor = Annotated[Caller, Depends(supervisors(agent))]

    @router.get("")
    async def list_erasures(
        _caller: supervisor, limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    ) -> Page[ErasureView]:
        newest = await everywhere.erasures.newest(limit)
        return Page(items=[ErasureView.of(one) for one in newest], next_cursor=None)

    @router.get("/claims")
    async def list_claims(
        _caller: supervisor, contact_id: Annotated[str, Query(max_length=64)]
    ) -> Page[ClaimView]:  # fmt: skip
        found = await claims_of(everywhere.requests, everywhere.contacts, contact_id)
        return Page(items=[ClaimView.of(claim) for claim in found], next_cursor=None)

    @router.get("/{contact_id}")
    async def get_erasure(contact_id: str, _caller: supervisor) -> ErasureView:
        progress = await everywhere.erasures.progress(contact_id)
        if progress is None:
            raise NotFound("No erasure of this contact is known here.")
        return ErasureView.of(progress)

    return router
