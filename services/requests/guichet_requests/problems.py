"""How the refusals of the use cases look from outside: the only place where they meet HTTP."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from guichet_kit.http import etag
from guichet_kit.problems import Conflict, NotFound, Problem, Stale, TooMany, Unauthorized, Unavailable

from guichet_requests.agent.agent import OwnAccount
from guichet_requests.agent.api import AgentView
from guichet_requests.agent.store import EmailTaken
from guichet_requests.agent.usecases import SignInRefused, StaleAgent, TooManyAttempts
from guichet_requests.errors import Contended, IdTaken, Unknown
from guichet_requests.request.events import snapshot
from guichet_requests.request.request import AlreadyAssigned, IllegalMove
from guichet_requests.request.usecases import StaleVersion, VisitorHasOpenRequest


def to_problem(refusal: Exception) -> Problem:
    """The problem document of a refusal."""
    text = str(refusal)
    match refusal:
        case Unknown():
            return NotFound(text)
        case Contended():
            return Unavailable()
        case IdTaken():
            return Conflict(text, code="id_taken")
        case StaleVersion():
            current = snapshot(refusal.current)
            headers = {"ETag": etag(current.version)}
            return Stale(text, headers=headers, current=current.model_dump(mode="json"))
        case StaleAgent():
            headers = {"ETag": etag(refusal.current.version)}
            return Stale(text, headers=headers, current=AgentView.of(refusal.current).model_dump(mode="json"))
        case IllegalMove():
            return Conflict(text, code="illegal_status")
        case AlreadyAssigned():
            holder = refusal.assignee
            assignee = {"id": holder.id, "name": holder.name, "initials": holder.initials}
            return Conflict(text, code="already_assigned", assignee=assignee)
        case VisitorHasOpenRequest():
            return Conflict(text, code="visitor_has_open_request", request_id=refusal.other.id)
        case EmailTaken():
            return Conflict("Another agent has this address.", code="agent_exists")
        case OwnAccount():
            return Conflict(text, code="own_account")
        case SignInRefused():
            # No WWW-Authenticate: a browser is not to ask for a password of its own.
            return Unauthorized("The address or the password is not right.", code="invalid_credentials", headers={})
        case TooManyAttempts():
            return TooMany(text, refusal.retry_after)
        case _:
            raise refusal


_REFUSALS = (
    Unknown, Contended, IdTaken, StaleVersion, StaleAgent, IllegalMove, AlreadyAssigned, VisitorHasOpenRequest,
    EmailTaken, OwnAccount, SignInRefused, TooManyAttempts,
)  # fmt: skip


def install(app: FastAPI) -> None:
    """Answer refusals with their problem documents."""

    async def on_refusal(_request: Request, refusal: Exception) -> JSONResponse:
        return to_problem(refusal).response()

    for kind in _REFUSALS:
        app.add_exception_handler(kind, on_refusal)
