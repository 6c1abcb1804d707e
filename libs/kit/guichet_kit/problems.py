"""Errors that a caller may see, as ``application/problem+json`` (RFC 9457). Any other is logged, and told as a 500."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from guichet_kit import trace
from guichet_kit.logs import get_logger

MEDIA_TYPE = "application/problem+json"

log = get_logger(__name__)


class Problem(Exception):
    """A refusal with its HTTP status and a stable ``code``. ``extra`` members go beside the standard ones."""

    status = 400
    code = "bad_request"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[Mapping[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = errors
        self.headers = dict(headers or {})
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The problem document."""
        document: dict[str, Any] = {
            "type": f"urn:guichet:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors is not None:
            document["errors"] = list(self.errors)
        return document | self.extra

    def response(self) -> JSONResponse:
        """The answer that carries the problem document."""
        return JSONResponse(self.body(), self.status, self.headers, media_type=MEDIA_TYPE)


class Unauthorized(Problem):
    """No token, or one that does not verify (401)."""

    status, code = 401, "unauthorized"

    def __init__(self, detail: str = "A valid access token is required.", **options: Any) -> None:
        super().__init__(detail, **({"headers": {"WWW-Authenticate": "Bearer"}} | options))


class Forbidden(Problem):
    """Known, but without the right (403)."""

    status, code = 403, "forbidden"


class NotFound(Problem):
    """Absent, or not to be known of (404)."""

    status, code = 404, "not_found"


class Conflict(Problem):
    """The present state does not allow it (409)."""

    status, code = 409, "conflict"


class Stale(Problem):
    """``If-Match`` names an old version (412); ``current`` shows the present one."""

    status, code = 412, "stale_version"


class TooLarge(Problem):
    """More bytes than are taken (413)."""

    status, code = 413, "too_large"


class Invalid(Problem):
    """A field breaks a rule (422)."""

    status, code = 422, "validation_failed"

    @classmethod
    def of(cls, field: str, message: str) -> "Invalid":
        """One field, one broken rule."""
        return cls(f"{field}: {message}", errors=[{"field": field, "message": message}])


class TooMany(Problem):
    """A limit is reached (429); ``retry_after`` in whole seconds."""

    status, code = 429, "rate_limited"

    def __init__(self, detail: str, retry_after: int, **options: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, retry_after))}, **options)


class Unavailable(Problem):
    """A server that is needed does not answer (503)."""

    status, code = 503, "unavailable"

    def __init__(self, detail: str = "The service cannot answer now; try again in a moment.") -> None:
        super().__init__(detail, headers={"Retry-After": "2"})


class InvalidBody(HTTPException):
    """A field breaks a rule (422), found while the body is still being read.

    An ``HTTPException``, because FastAPI takes any other error at that time for a malformed body.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(422, f"{field}: {message}")
        self.problem = Invalid.of(field, message)


def field_errors(error: ValidationError | RequestValidationError) -> list[dict[str, str]]:
    """Pydantic's findings as ``{field, message}``; the field is a dotted path within its part of the request."""
    found = []
    for item in error.errors():
        # Where JSON is broken, the last part is not a field but a position.
        loc = item["loc"] if item["type"] != "json_invalid" else ()
        path = [str(part) for part in loc if part not in ("body", "query", "path", "header", "cookie")]
        found.append({"field": ".".join(path) or "body", "message": str(item["msg"])})
    return found


_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


def install(app: FastAPI, *, unavailable: tuple[type[Exception], ...] = ()) -> None:
    """Make every error of ``app`` a problem document; the exceptions in ``unavailable`` become a 503."""

    async def on_problem(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)  # noqa: S101  registered for this class only
        return error.response()

    async def on_invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        errors = field_errors(error)
        detail = "; ".join(f"{e['field']}: {e['message']}" for e in errors[:3])
        return Invalid(detail, errors=errors).response()

    async def on_http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        if isinstance(error, InvalidBody):
            return error.problem.response()
        problem = Problem(str(error.detail), code=_HTTP_CODES.get(error.status_code), headers=error.headers)
        problem.status = error.status_code
        return problem.response()

    async def on_unavailable(request: Request, error: Exception) -> JSONResponse:
        log.warning("dependency_unavailable", path=request.url.path, error=repr(error))
        return Unavailable().response()

    async def on_crash(request: Request, error: Exception) -> JSONResponse:
        log.error("unhandled_error", path=request.url.path, method=request.method, exc_info=error)
        # This answer goes past the middleware that tells the request's id in all others.
        told = {"X-Request-ID": trace.correlation_id.get() or ""}
        problem = Problem("An unexpected error happened; it was recorded.", code="internal_error", headers=told)
        problem.status = 500
        return problem.response()

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    for kind in unavailable:
        app.add_exception_handler(kind, on_unavailable)
    app.add_exception_handler(Exception, on_crash)
