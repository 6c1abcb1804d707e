"""An agent of the demo at the console, and what agents wait for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

import httpx2

from guichet_local import demo

PATIENCE_SECONDS = 60.0
"""How long something may take that the system does by itself; a machine that has just started is slow."""

_LOOK_AGAIN_SECONDS = 0.3

Found = TypeVar("Found")


def fixed_id(name: str) -> str:
    """The same id for the same thing at every run."""
    return str(uuid5(NAMESPACE_URL, f"guichet:demo:{name}"))


async def until(look: Callable[[], Awaitable[Found | None]]) -> Found:
    """What ``look`` finds, as soon as it does. Raises `TimeoutError` when that takes too long."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


class Agent:
    """One of the demo's agents at the console."""

    def __init__(self, client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
        self._client, self.id, self.token = client, session["agent"]["id"], session["access_token"]

    @classmethod
    async def sign_in(cls, client: httpx2.AsyncClient, account: demo.Account) -> "Agent":
        """Raises `httpx2.HTTPStatusError` when the demo's password was changed."""
        answer = await client.post("/api/v1/auth/login", json={"email": account.email, "password": demo.PASSWORD})
        return cls(client, answer.raise_for_status().json())

    async def call(self, method: str, path: str, body: Any = None, *, may_be: tuple[int, ...] = ()) -> Any:
        """The answer's body; statuses in ``may_be`` are no failure."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self._client.request(method, f"/api/v1{path}", json=body, headers=headers)
        if answer.status_code not in may_be:
            answer.raise_for_status()
        return answer.json()

    async def request_that(self, channel: str, fits: Callable[[Any], bool]) -> Any:
        """The request of the channel that fits, as soon as there is one."""

        async def look() -> Any:
            listed = await self.call("GET", f"/requests?channel={channel}&limit=200")
            return next(filter(fits, listed["items"]), None)

        return await until(look)

    async def link(self, request: Any, contact_id: str) -> None:
        """Say who the customer is, once the contact has come to `requests`."""
        path = f"/requests/{request['id']}/contact"

        async def linked() -> bool:
            answer = await self.call("PUT", path, {"contact_id": contact_id}, may_be=(409,))
            return bool(answer.get("code") != "contact_not_known_yet")

        await until(linked)
