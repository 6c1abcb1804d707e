"""The audit trail over HTTP: administrators read it, and nobody changes it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from guichet_kit.clock import WireTime
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from pydantic import AfterValidator, AwareDatetime, BaseModel

from guichet_requests.access import Caller, CallerOf, only_admins
from guichet_requests.audit.audit import ActorKind, AuditEntry
from guichet_requests.audit.store import AuditStore, Wanted

_ACTION = r"^[a-z_]+(\.[a-z_]+)?$"
_ACTION_IS = "What was done: `agent.changed`, or `agent` for all that begins so"


def _of_our_time(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:  # beyond, it has no moment in UTC that can be kept
        raise ValueError(f"must be of the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment


_FIRST_YEAR, _LAST_YEAR = 1970, 9000
Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]


class ActorView(BaseModel):
    """Who did it. ``name`` as the agent was called then; an operator and nobody have neither id nor name."""

    kind: ActorKind
    id: str | None
    name: str | None


class AuditView(BaseModel):
    """One thing that was done: what, by whom, when, from which network address, to what, and how."""

    id: str
    at: WireTime
    action: str
    actor: ActorView
    address: str | None
    subject_id: str | None
    detail: dict[str, str]

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditView":
        """The entry as it is shown."""
        return cls(
            id=entry.id,
            at=entry.at,
            action=entry.action,
            actor=ActorView(kind=entry.actor.kind, id=entry.actor.id, name=entry.actor.name),
            address=entry.actor.address,
            subject_id=entry.subject_id,
            detail=dict(entry.detail),
        )


def routes(store: AuditStore, agent: CallerOf) -> APIRouter:
    """``/api/v1/audit``, for administrators."""
    router = APIRouter(prefix="/api/v1/audit", tags=["audit"])

    @router.get("")
    async def list_audit(
        _admin: Annotated[Caller, Depends(only_admins(agent))],
        agent_id: Annotated[str | None, Query(max_length=64, description="Who did it")] = None,
        action: Annotated[str | None, Query(pattern=_ACTION, max_length=64, description=_ACTION_IS)] = None,
        subject_id: Annotated[str | None, Query(max_length=64, description="To what it was done")] = None,
        since: Annotated[Moment | None, Query(alias="from")] = None,
        until: Annotated[Moment | None, Query(description="Not included")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[AuditView]:
        wanted = Wanted(agent_id, action, subject_id, since, until)
        page, after = await store.page(wanted, limit, cursor)
        return Page(items=[AuditView.of(entry) for entry in page], next_cursor=after)

    return router
