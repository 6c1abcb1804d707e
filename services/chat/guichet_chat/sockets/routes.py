"""The way of the two sockets into the service: plain ASGI, past what is there for HTTP requests."""

from collections.abc import Awaitable, Callable, Mapping

from guichet_chat.sockets.connection import Receive, Send
from guichet_chat.sockets.session import Scope

ServeSocket = Callable[[Scope, Receive, Send], Awaitable[None]]


class SocketRoutes:
    """Serves sockets by their paths; everything else is ``app``'s."""

    def __init__(self, app: ServeSocket, routes: Mapping[str, ServeSocket]) -> None:
        self._app, self._routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        serve = self._routes.get(scope["path"]) if scope["type"] == "websocket" else None
        await (serve or self._app)(scope, receive, send)
