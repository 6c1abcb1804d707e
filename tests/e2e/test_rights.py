"""A right ends in every service and on every socket, on the running system."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from guichet_kit.ids import new_id
from guichet_local.testing.sockets import SocketClient
from guichet_local.testing.stack import Stack

ROUTES = {
    "requests": "requests",
    "contacts": "contacts",
    "attachments": f"attachments/{new_id()}/status",
    "mailer": "mail/mailboxes",
    "chat": f"conversations/{new_id()}/entries",
}
"""A route of each service, for agents; what it answers to one whose token is good does not matter here."""

PASSWORD = "seven green bicycles"


@dataclass
class Person:
    """Somebody who works at the desk, and calls it through the gateway."""

    http: httpx2.AsyncClient
    agent: dict[str, Any]
    token: str

    async def call(self, method: str, path: str, **body: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.http.request(method, f"/api/v1/{path}", headers=headers, json=body or None)

    async def statuses(self) -> dict[str, int]:
        return {service: (await self.call("GET", path)).status_code for service, path in ROUTES.items()}

    async def until_refused(self) -> None:
        """Returns when every service refuses the token."""
        async with asyncio.timeout(60):
            while set((await self.statuses()).values()) != {401}:
                await asyncio.sleep(0.1)


SignIn = Callable[..., Awaitable[Person]]
"""Signs somebody in by ``login`` or ``welcome``, with the fields of that route."""


@pytest.fixture
async def sign_in(stack: Stack) -> AsyncIterator[SignIn]:
    async with AsyncExitStack() as clients:

        async def signed_in(path: str, **body: str) -> Person:
            http = await clients.enter_async_context(httpx2.AsyncClient(base_url=stack.gateway, timeout=30))
            answer = await http.post(f"/api/v1/auth/{path}", json=body)
            assert answer.status_code == 200, answer.text
            return Person(http, answer.json()["agent"], answer.json()["access_token"])

        yield signed_in


@pytest.fixture
async def admin(sign_in: SignIn) -> Person:
    return await sign_in("login", email="admin@example.com", password="guichet-demo")


async def newcomer(sign_in: SignIn, admin: Person, role: str = "supervisor") -> Person:
    email = f"{new_id()}@example.com"
    added = await admin.call("POST", "agents", name="Zoé Départ", email=email, role=role)
    assert added.status_code == 201, added.text
    return await sign_in("welcome", token=added.json()["link"].rpartition("/")[2], password=PASSWORD)


class TestARightThatEnds:
    async def test_a_deactivated_agent_is_refused_everywhere_and_what_they_held_is_free(
        self, stack: Stack, sign_in: SignIn, admin: Person
    ) -> None:
        zoe = await newcomer(sign_in, admin)
        assert 401 not in (await zoe.statuses()).values()
        socket = await SocketClient.open(f"{stack.gateway}/api/v1/live", zoe.token)
        await socket.frame("ready")
        held = (await zoe.call("POST", "requests", subject="À reprendre")).json()["id"]
        await zoe.call("PUT", f"requests/{held}/assignee", agent_id=zoe.agent["id"])

        changed = await admin.call("PATCH", f"agents/{zoe.agent['id']}", active=False)

        assert changed.status_code == 200
        assert (await admin.call("GET", f"requests/{held}")).json()["assignee"] is None
        await zoe.until_refused()
        assert await socket.closed() == 4401
        again = await SocketClient.open(f"{stack.gateway}/api/v1/live", zoe.token)
        assert await again.closed() == 4401
        taken = await admin.call("PUT", f"requests/{held}/assignee", agent_id=admin.agent["id"])
        assert taken.json()["assignee"]["id"] == admin.agent["id"]
        assert 401 not in (await admin.statuses()).values()

    async def test_after_a_sign_out_its_token_is_dead_and_that_of_another_browser_is_not(
        self, stack: Stack, sign_in: SignIn, admin: Person
    ) -> None:
        zoe = await newcomer(sign_in, admin, "agent")
        elsewhere = await sign_in("login", email=zoe.agent["email"], password=PASSWORD)
        socket = await SocketClient.open(f"{stack.gateway}/api/v1/live", zoe.token)
        await socket.frame("ready")

        assert (await zoe.http.post("/api/v1/auth/logout")).status_code == 204

        await zoe.until_refused()
        assert await socket.closed() == 4401
        assert 401 not in (await elsewhere.statuses()).values()

    async def test_another_role_ends_the_token_of_the_old_one_and_not_the_session(
        self, sign_in: SignIn, admin: Person
    ) -> None:
        zoe = await newcomer(sign_in, admin)
        await admin.call("PATCH", f"agents/{zoe.agent['id']}", role="agent")
        await zoe.until_refused()

        renewed = await zoe.http.post("/api/v1/auth/refresh")

        assert renewed.json()["agent"]["role"] == "agent"
        zoe.token = renewed.json()["access_token"]
        assert 401 not in (await zoe.statuses()).values()
