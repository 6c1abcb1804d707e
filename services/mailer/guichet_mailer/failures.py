"""What the rules and the servers refuse, as problem documents; in this one place."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from guichet_kit.objects import ObjectMissing, StoreUnavailable
from guichet_kit.problems import Conflict, NotFound, Problem, Unavailable

from guichet_mailer.inbound.refused import NoSuchFile
from guichet_mailer.inbound.usecases import Absent as MailAbsent
from guichet_mailer.inbound.usecases import NotInQuarantine
from guichet_mailer.outbound.delivery import IllegalMove
from guichet_mailer.outbound.usecases import Absent as DeliveryAbsent
from guichet_mailer.parser import ParserFailed


def install(app: FastAPI) -> None:
    """Answer the service's own errors."""

    def answer(kind: type[Exception], problem: Problem) -> None:
        async def handle(_request: Request, _error: Exception) -> JSONResponse:
            return problem.response()

        app.add_exception_handler(kind, handle)

    answer(DeliveryAbsent, NotFound("There is no such delivery."))
    answer(MailAbsent, NotFound("There is no such mail."))
    answer(NoSuchFile, NotFound("The mail has no such refused file."))
    answer(ParserFailed, Unavailable())
    answer(ObjectMissing, NotFound("The mail is not in the store."))
    answer(NotInQuarantine, Conflict("The mail is not in quarantine.", code="not_in_quarantine"))
    answer(IllegalMove, Conflict("The e-mail's state does not allow it.", code="delivery_state"))
    answer(StoreUnavailable, Unavailable())
