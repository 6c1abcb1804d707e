"""The archive of a person over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from guichet_kit.clock import now
from guichet_kit.http import disposition

from guichet_requests.access import Caller, CallerOf, supervisors
from guichet_requests.archive.others import Others
from guichet_requests.archive.person import gather
from guichet_requests.archive.zipping import zipped
from guichet_requests.audit.trail import Trail
from guichet_requests.request.store import RequestStore
from guichet_requests.timeline.store import TimelineStore


def routes(
    requests: RequestStore, items: TimelineStore, others: Others, agent: CallerOf, trail: Trail
) -> APIRouter:  # fmt: skip
    """``/api/v1/contacts/{id}/archive``, for supervisors and administrators."""
    router = APIRouter(prefix="/api/v1/contacts", tags=["contacts"])

    @router.get("/{contact_id}/archive", response_class=StreamingResponse)
    async def get_archive(
        contact_id: str, request: Request, caller: Annotated[Caller, Depends(supervisors(agent))]
    ) -> StreamingResponse:
        authorization = request.headers["authorization"]
        person = await gather(requests, items, others, contact_id, authorization)
        await trail.record("contact.archived", caller.actor, contact_id, {"files": str(len(person.parts))})
        moment = now()
        name = f"contact-{person.told['contact']['id']}-{moment:%Y-%m-%d}.zip"
        headers = {
            "Content-Disposition": disposition(name),
            "X-Content-Type-Options": "nosniff",
        }
        parts = zipped(person, others, authorization, moment)
        return StreamingResponse(parts, media_type="application/zip", headers=headers)

    return router
