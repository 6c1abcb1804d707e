"""What the rules and the servers refuse, as problem documents; in this one place."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from guichet_kit.logs import get_logger
from guichet_kit.objects import StoreUnavailable
from guichet_kit.problems import Conflict, Forbidden, Invalid, NotFound, Problem, TooMany, Unauthorized, Unavailable

from guichet_attachments.allowance import AllowanceUsed
from guichet_attachments.attachment import ScopeForbidden, ScopeMalformed
from guichet_attachments.examine import ExaminationInterrupted
from guichet_attachments.lanes import ClientGone, LaneFull
from guichet_attachments.upload import UploadCut
from guichet_attachments.usecases import Absent, IdTaken, NotReady, OwnerErased

log = get_logger(__name__)


def install(app: FastAPI) -> None:
    """Answer the service's own errors."""

    def answer(kind: type[Exception], problem: Problem) -> None:
        async def handle(_request: Request, error: Exception) -> JSONResponse:
            if isinstance(problem, Unavailable):
                log.warning("dependency_unavailable", error=repr(error))
            return problem.response()

        app.add_exception_handler(kind, handle)

    answer(Absent, NotFound("There is no such file."))
    answer(OwnerErased, Unauthorized("The token is not valid any more; begin a new session."))
    answer(IdTaken, Conflict("Another file has this id.", code="id_taken"))
    answer(NotReady, Conflict("The file is still being received or checked; try again in a moment.", code="not_ready"))
    answer(ScopeMalformed, Invalid.of("scope", "must be conversation:<id>, request:<id>, template:<id> or visitor"))
    answer(ScopeForbidden, Forbidden("This scope is not yours to send files to."))
    answer(StoreUnavailable, Unavailable())
    answer(ExaminationInterrupted, Unavailable())
    answer(ClientGone, UploadCut("The upload was cut while it waited."))

    @app.exception_handler(LaneFull)
    async def lane_full(_request: Request, error: LaneFull) -> JSONResponse:
        return TooMany("Too many files wait to be checked.", error.retry_after).response()

    @app.exception_handler(AllowanceUsed)
    async def allowance_used(_request: Request, error: AllowanceUsed) -> JSONResponse:
        return TooMany("Too much was sent in this hour or on this day.", error.retry_after).response()
