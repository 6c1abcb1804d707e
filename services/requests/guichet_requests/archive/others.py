"""Asks the other services for their part, through the gateway and with the caller's own token.

So nobody gets by an archive what they could not read one by one, and no service has to speak for another.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from guichet_requests.errors import Refused

_SECONDS = 60.0
_TRIES = 60
_GONE = {404, 410, 415}


class PartsAway(Refused):
    """A service does not answer, or not well: the same call may succeed later."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} could not be read: {why}")


class PersonUnknown(Refused):
    """There is no such contact any more, or there never was."""

    def __init__(self) -> None:
        super().__init__("There is no such contact.")


class Others:
    """A client of the gateway, for what other services keep."""

    def __init__(self, gateway_url: str) -> None:
        self._http = httpx2.AsyncClient(base_url=gateway_url, timeout=_SECONDS)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def read(self, method: str, path: str, authorization: str, body: Any = None) -> Any:
        """What the route answers; None where there is nothing. Raises `PartsAway`."""
        async with self._called(method, path, authorization, body) as response:
            if response.status_code in _GONE:
                return None
            await response.aread()
            return response.json()

    @asynccontextmanager
    async def bytes_of(self, path: str, authorization: str) -> AsyncIterator[AsyncIterator[bytes] | None]:
        """The bytes that the route answers, in chunks; None where they are gone. Raises `PartsAway`."""
        async with self._called("GET", path, authorization, None) as response:
            yield None if response.status_code in _GONE else response.aiter_bytes()

    @asynccontextmanager
    async def _called(
        self, method: str, path: str, authorization: str, body: Any
    ) -> AsyncIterator[httpx2.Response]:  # fmt: skip
        try:
            for _ in range(_TRIES):
                headers = {"Authorization": authorization}
                async with self._http.stream(method, path, headers=headers, json=body) as response:
                    if response.status_code == httpx2.codes.TOO_MANY_REQUESTS:
                        await asyncio.sleep(float(response.headers.get("retry-after", 1)))
                        continue
                    if response.status_code not in _GONE and response.status_code != httpx2.codes.OK:
                        raise PartsAway(path, f"answered {response.status_code}")
                    yield response
                    return
        except httpx2.HTTPError as error:
            raise PartsAway(path, repr(error)) from error
        raise PartsAway(path, "asked too often")
