"""The answer that carries a file's bytes, and keeps the browser from doing anything with them but saving or showing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager

from fastapi.responses import StreamingResponse
from starlette.types import Send

GUARDED: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


class Download(StreamingResponse):
    """Streams what ``opened`` yields; it is opened before the status is sent, so that its errors are still answers."""

    def __init__(
        self,
        opened: AbstractAsyncContextManager[AsyncIterator[bytes]],
        status: int,
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__((), status, {**GUARDED, **headers, "Content-Type": media_type})
        self._opened = opened

    async def stream_response(self, send: Send) -> None:
        """As in `StreamingResponse`."""
        async with self._opened as self.body_iterator:
            await super().stream_response(send)
