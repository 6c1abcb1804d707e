"""How the refusals of the use cases look from outside: the only place where they meet HTTP."""

from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from guichet_kit.http import etag
from guichet_kit.problems import Conflict, Invalid, NotFound, Problem, Stale, TooMany, Unauthorized, Unavailable

from guichet_requests.agent.agent import OwnAccount
from guichet_requests.agent.api import AgentView
from guichet_requests.agent.desk import SignInRefused, WelcomeRefused, WrongPassword
from guichet_requests.agent.guesses import TooManyAttempts
from guichet_requests.agent.passwords import CommonPassword
from guichet_requests.agent.second_factor import AskedOfYou, CodeWanted, SetUpWanted, WrongCode
from guichet_requests.agent.store import EmailTaken
from guichet_requests.agent.usecases import StaleAgent
from guichet_requests.archive.others import PartsAway, PersonUnknown
from guichet_requests.catalogue.usecases import StaleEntry
from guichet_requests.contact.contact import ContactErased, ContactNotKnownYet
from guichet_requests.email.answer import ContactWithoutEmail, NotForwardable, StaleReply
from guichet_requests.email.filing import NotMovable, NotReceived
from guichet_requests.email.inbound import NoSuchTarget
from guichet_requests.email.usecases import NeverSeen
from guichet_requests.errors import Contended, IdTaken, Refused, Unknown
from guichet_requests.file.receipts import BadReceipt
from guichet_requests.file.store import FileElsewhere, FileNotKnownYet
from guichet_requests.form.api import FormView
from guichet_requests.form.form import Form, FormExists, Misfilled
from guichet_requests.reason.api import ReasonView
from guichet_requests.reason.reason import Reason, ReasonInUse
from guichet_requests.reason.usecases import NoSuchReason
from guichet_requests.request.events import snapshot
from guichet_requests.request.request import AlreadyAssigned, IllegalMove
from guichet_requests.request.usecases import StaleVersion, VisitorHasOpenRequest
from guichet_requests.template.api import TemplateView
from guichet_requests.template.template import Template
from guichet_requests.timeline.api import TimelineItem
from guichet_requests.transcript.usecases import LinkNotValid

_UNSTORED = {"Cache-Control": "no-store"}


def to_problem(refusal: Refused) -> Problem:
    """The problem document of a refusal."""
    text = str(refusal)
    match refusal:
        case NoSuchTarget():
            return Invalid.of("request_id", text)
        case Unknown() | PersonUnknown():
            return NotFound(text)
        case Contended() | PartsAway():
            return Unavailable()
        case StaleVersion(current=request):
            shown = snapshot(request).model_dump(mode="json")
            return Stale(text, headers={"ETag": etag(request.version)}, current=shown)
        case StaleAgent(current=agent):
            shown = AgentView.of(agent).model_dump(mode="json")
            return Stale(text, headers={"ETag": etag(agent.version)}, current=shown)
        case StaleEntry(current=Reason() as reason):
            shown = ReasonView.of(reason).model_dump(mode="json")
            return Stale(text, headers={"ETag": etag(reason.version)}, current=shown)
        case StaleEntry(current=Template() as template):
            shown = TemplateView.of(template).model_dump(mode="json")
            return Stale(text, headers={"ETag": etag(template.version)}, current=shown)
        case StaleEntry(current=Form() as form):
            shown = FormView.of(form).model_dump(mode="json")
            return Stale(text, headers={"ETag": etag(form.version)}, current=shown)
        case FormExists():
            return Conflict(text, code="form_exists")
        case Misfilled(errors=errors):
            return Invalid(text, errors=[{"field": field, "message": message} for field, message in errors.items()])
        case AlreadyAssigned(assignee=holder):
            return Conflict(text, code="already_assigned", assignee=asdict(holder))
        case VisitorHasOpenRequest(other=other):
            return Conflict(text, code="visitor_has_open_request", request_id=other.id)
        case ContactNotKnownYet():
            return Conflict(text, code="contact_not_known_yet", headers={"Retry-After": "1"})
        case ContactErased():
            return Conflict(text, code="contact_erased")
        case ReasonInUse():
            return Conflict(text, code="reason_in_use")
        case NoSuchReason():
            return Invalid.of("reason_id", text)
        case BadReceipt(index=index):
            return Invalid.of(f"receipts.{index}", text)
        case ContactWithoutEmail():
            return Conflict(text, code="contact_without_email")
        case StaleReply(newer=newer):
            shown_items = [TimelineItem.of(item).model_dump(mode="json", by_alias=True) for item in newer]
            return Conflict(text, code="stale_reply", newer=shown_items)
        case NeverSeen(field=field):
            return Invalid.of(field, text)
        case NotReceived():
            return Conflict(text, code="not_received")
        case NotForwardable():
            return Invalid.of("forward_of", text)
        case NotMovable():
            return Conflict(text, code="not_movable")
        case FileNotKnownYet():
            return Conflict(text, code="attachment_not_known_yet", headers={"Retry-After": "1"})
        case FileElsewhere(index=index):
            return Invalid.of(f"attachment_ids.{index}", text)
        case IdTaken():
            return Conflict(text, code="id_taken")
        case IllegalMove():
            return Conflict(text, code="illegal_status")
        case EmailTaken():
            return Conflict(text, code="agent_exists")
        case OwnAccount():
            return Conflict(text, code="own_account")
        case CommonPassword():
            return Invalid.of("password", text)
        case WrongPassword():
            return Invalid.of("current_password", text)
        case WrongCode():
            return Invalid.of("code", text)
        case AskedOfYou():
            return Conflict(text, code="second_factor_required")
        case CodeWanted():
            return Unauthorized(text, code="second_factor_wanted", headers={})
        case SetUpWanted(offer=offer):
            shown_offer = {"secret": offer.secret, "uri": offer.uri}
            return Unauthorized(text, code="second_factor_to_set_up", headers=_UNSTORED, **shown_offer)
        case SignInRefused():
            # No WWW-Authenticate: a browser is not to ask for a password of its own.
            return Unauthorized(text, code="invalid_credentials", headers={})
        case WelcomeRefused() | LinkNotValid():
            return NotFound(text, code="link_not_valid")
        case TooManyAttempts():
            return TooMany(text, refusal.retry_after)
        case _:
            raise refusal


def install(app: FastAPI) -> None:
    """Answer refusals with their problem documents."""

    @app.exception_handler(Refused)
    async def on_refusal(_request: Request, refusal: Refused) -> JSONResponse:
        return to_problem(refusal).response()
