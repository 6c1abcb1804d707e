"""Which agents' sockets are open with which tokens: they close as soon as their token is good no more."""

from collections.abc import Iterator
from contextlib import contextmanager

from guichet_kit.revocations import Revocations
from guichet_kit.tokens import Claims

from guichet_chat.sockets.connection import BAD_TOKEN, Connection


class SignedIn:
    """The agents' sockets of this process."""

    def __init__(self, revocations: Revocations) -> None:
        self._revocations = revocations
        self._open: dict[Connection, Claims] = {}
        revocations.when_heard(self._close_revoked)

    @contextmanager
    def kept(self, connection: Connection, claims: Claims) -> Iterator[None]:
        """While the socket is open with the token that says this."""
        self._open[connection] = claims
        try:
            yield
        finally:
            del self._open[connection]

    def _close_revoked(self) -> None:
        for connection, claims in self._open.items():
            if self._revocations.refuse(claims):
                connection.close(BAD_TOKEN)
