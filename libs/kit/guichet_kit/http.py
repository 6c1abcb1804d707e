"""The HTTP side that all services share: one application factory, one way to serve it."""

import asyncio
import re
import socket
import sys
import time
import unicodedata
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType
from typing import Annotated, Any
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI, Header, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from guichet_kit import logs, problems, trace
from guichet_kit.health import Health
from guichet_kit.ids import new_id
from guichet_kit.mongo import OUTAGES
from guichet_kit.problems import InvalidBody, Problem, Unauthorized
from guichet_kit.settings import ServiceSettings
from guichet_kit.telemetry import Readings, readings_of, trace_app
from guichet_kit.texts import half_pair_in
from guichet_kit.tokens import Claims, InvalidToken, Tokens

JSON_BODY_LIMIT = 1 << 20
"""Bytes of a request's body that a service reads, unless it says otherwise (attachments do)."""

FAREWELL_SECONDS = 6
DRAIN_SECONDS = 10
SOCKET_MESSAGE_LIMIT = 256 << 10
"""Bytes of one socket message that the server reads before it gives the connection up (RFC 6455, code 1009)."""

SOCKET_PIECES_LIMIT = 1024
"""Pieces that one socket message may come in: each costs memory of its own, however small it is."""

_TOO_BIG = 1009

_STARTUP_FAILED = 3
"""As the server's own command ends."""

_UNQUOTED = {ord(char): None for char in '"\\'}
_LONGEST_NAME = 200
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")

log = logs.get_logger(__name__)

handled = Counter("guichet_http_requests_total", "HTTP requests", ["method", "route", "status"])
seconds = Histogram("guichet_http_seconds", "Time to answer an HTTP request", ["method", "route"])


class _Envelope:
    """Around every request: the trace, the request's id, the body's limit, the metrics."""

    def __init__(self, app: ASGIApp, body_limit: int) -> None:
        self._app, self._body_limit = app, body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        trace.continue_trace(headers.get(b"traceparent"))
        given = headers.get(b"x-request-id", "")
        request_id = given if _REQUEST_ID.match(given) else new_id()
        trace.correlation_id.set(request_id)
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        begun, status, received = time.perf_counter(), 500, 0
        media_type = headers.get(b"content-type", "").lower()
        # A body that says nothing of its type is read as JSON, too.
        json_body = bytearray() if "json" in media_type or not media_type else None

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._body_limit:
                # An HTTPException, because FastAPI takes any other error while it reads for a malformed body.
                raise HTTPException(413, f"The body is larger than {self._body_limit} bytes.")
            if json_body is not None:
                json_body.extend(message.get("body", b""))
                if not message.get("more_body") and (field := half_pair_in(bytes(json_body))):
                    raise InvalidBody(field, "has half of a surrogate pair, which is no character")
            return message

        async def labelled_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                told = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
                if not any(name.lower() == b"cache-control" for name, _ in told):
                    # What says nothing of it is somebody's own: no cache on the way, and no browser, may keep it.
                    told.append((b"cache-control", b"no-store"))
                message["headers"] = told
            await send(message)

        try:
            await self._app(scope, counted_receive, labelled_send)
        finally:
            route = getattr(scope.get("route"), "path", "(none)")
            handled.labels(scope["method"], route, status).inc()
            seconds.labels(scope["method"], route).observe(time.perf_counter() - begun)


class BoundedSocket(WebSocketsSansIOProtocol):
    """A socket of the server on which no message comes in more pieces than are worth keeping."""

    def handle_cont(self, event: Frame) -> None:
        """One more piece of a message."""
        if self.close_sent:
            return
        if len(self.frames) >= SOCKET_PIECES_LIMIT:
            self.frames = []
            self.conn.fail(_TOO_BIG, "too many pieces")
            self.handle_parser_exception()
            return
        super().handle_cont(event)


class FarewellServer(uvicorn.Server):
    """A server that takes leave at SIGTERM and SIGINT before it ends; a second signal ends it at once."""

    def __init__(self, config: uvicorn.Config, farewell: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._farewell = farewell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._asked = False

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called with each signal, at any moment."""
        if self._asked or self._loop is None or not self.started:
            super().handle_exit(sig, frame)
            return
        self._asked = True
        self._loop.call_soon_threadsafe(self._leave, sig, frame)

    def _leave(self, sig: int, frame: FrameType | None) -> None:
        self._leaving = asyncio.create_task(self._take_leave(sig, frame))

    async def _take_leave(self, sig: int, frame: FrameType | None) -> None:
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                # What comes anew finds another replica; what is connected is served on.
                for listening in self.servers:
                    listening.close()
                await self._farewell()
        except Exception:  # it ends all the same
            log.exception("farewell_failed")
        super().handle_exit(sig, frame)


def create_app(
    title: str,
    *,
    health: Health,
    lifespan: Callable[[FastAPI], Any] | None = None,
    body_limit: int = JSON_BODY_LIMIT,
    farewell: Callable[[], Awaitable[None]] | None = None,
) -> FastAPI:
    """An application with problem documents, ``/livez``, ``/readyz``, ``/metrics`` and ``/openapi.json``.

    ``farewell`` is called when the process is to end: it is not ready any more, takes no new connections, and still
    serves those that it has, `FAREWELL_SECONDS` at most.
    """
    app = FastAPI(
        title=title,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(app, unavailable=OUTAGES)
    app.add_middleware(_Envelope, body_limit=body_limit)
    app.include_router(health.routes())

    app.state.readings = Readings(health)

    async def leave() -> None:
        health.draining = True
        if farewell is not None:
            await farewell()

    app.state.farewell = leave

    @app.get("/metrics", tags=["health"], response_class=Response)
    async def metrics() -> Response:
        await readings_of(app).refresh()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


def serve(app: FastAPI, service: str, settings: ServiceSettings) -> None:
    """Configure the logs and serve until SIGTERM or SIGINT; then answer what is under way and leave."""
    settings.require_signing_key()
    logs.configure(service, settings.log_level, settings.log_format)
    trace_app(app, settings.otlp_endpoint)
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
        ws=BoundedSocket,
        ws_per_message_deflate=False,  # measured: halves the memory of a connection
        ws_max_size=SOCKET_MESSAGE_LIMIT,
        ws_ping_interval=30,
        ws_ping_timeout=30,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        server_header=False,
        access_log=False,
        log_config=None,
        lifespan="on",
    )
    server = FarewellServer(config, app.state.farewell)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_STARTUP_FAILED)


def bearer(tokens: Tokens) -> Callable[[Request], Claims]:
    """A dependency that yields the claims of the request's bearer token (RFC 6750), or refuses with 401."""

    def claims(request: Request) -> Claims:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized
        try:
            return tokens.verify(token.strip())
        except InvalidToken:
            raise Unauthorized from None

    return claims


def if_match(header: Annotated[str | None, Header(alias="If-Match")] = None) -> int | None:
    """A dependency: the version that ``If-Match: "<version>"`` names (RFC 9110, 13.1.1); None when absent or ``*``."""
    if header is None or header.strip() == "*":
        return None
    match = re.fullmatch(r'"(\d{1,18})"', header.strip())
    if match is None:
        raise Problem('If-Match must be a version in quotes, as in "3".', code="invalid_if_match")
    return int(match[1])


def disposition(name: str) -> str:
    """``Content-Disposition: attachment`` with the name for old clients and for all others (RFC 6266, RFC 8187)."""
    shown = "".join(char for char in name if char.isprintable())[:_LONGEST_NAME]
    plain = unicodedata.normalize("NFKD", shown).encode("ascii", "ignore").decode().translate(_UNQUOTED)
    return f"attachment; filename=\"{plain.strip() or 'file'}\"; filename*=UTF-8''{quote(shown or 'file', safe='')}"


def etag(version: int) -> str:
    """The ``ETag`` of a version."""
    return f'"{version}"'
