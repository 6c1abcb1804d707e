"""Plays the demo's day, as customers and agents would: through the public HTTP API and real sockets only.

    python -m guichet_local.demo.play http://localhost:8080

Everything has a fixed id, or a customer whose chat is looked for first, so that a second run adds nothing.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx2

from guichet_local import demo
from guichet_local.demo.day import CASES, CONTACTS, REASONS, TEMPLATES, Case
from guichet_local.testing.sockets import SocketClient

_AT_ONCE = 6
_PATIENCE_SECONDS = 20.0
_LOOK_AGAIN_SECONDS = 0.2


def fixed_id(name: str) -> str:
    """The same id for the same thing at every run."""
    return str(uuid5(NAMESPACE_URL, f"guichet:demo:{name}"))


class Agent:
    """One of the demo's agents at the console."""

    def __init__(self, client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
        self._client, self.id, self.token = client, session["agent"]["id"], session["access_token"]

    @classmethod
    async def sign_in(cls, client: httpx2.AsyncClient, account: demo.Account) -> "Agent":
        """Raises `httpx2.HTTPStatusError` when the demo's password was changed."""
        answer = await client.post(
            "/api/v1/auth/login", json={"email": account.email, "password": demo.PASSWORD}
        )  # fmt: skip
        return cls(client, answer.raise_for_status().json())

    async def call(self, method: str, path: str, body: Any = None, *, may_be: tuple[int, ...] = ()) -> Any:
        """The answer's body; statuses in ``may_be`` are no failure."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self._client.request(method, f"/api/v1{path}", json=body, headers=headers)
        if answer.status_code not in may_be:
            answer.raise_for_status()
        return answer.json()


class Day:
    """The day, played by three agents and all customers."""

    def __init__(self, client: httpx2.AsyncClient, origin: str, agents: dict[str, Agent]) -> None:
        self._client, self._origin, self._agents = client, origin, agents
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def play(self) -> None:
        """All of it. What is there already stays as it is."""
        admin, caro = self._agents["admin"], self._agents["caro"]
        contact_ids, _ = await asyncio.gather(self._make_contacts(caro), self._fill_catalogues(admin))
        listed = await caro.call("GET", "/requests?limit=200")
        known = {request["visitor"]["name"] for request in listed["items"] if request["visitor"]}
        await asyncio.gather(*(self._in_turn(self._play_case, case, contact_ids, known) for case in CASES))

    async def _in_turn(self, step: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        async with self._turn:
            await step(*arguments)

    async def _make_contacts(self, caro: Agent) -> list[str]:
        async def make(contact: dict[str, str]) -> str:
            body = {"id": fixed_id(contact["email"]), **contact}
            made = await caro.call("POST", "/contacts", body, may_be=(409,))
            return str(made.get("id") or made["contact_id"])

        return await asyncio.gather(*map(make, CONTACTS))

    async def _fill_catalogues(self, admin: Agent) -> None:
        for position, (key, label) in enumerate(REASONS.items()):
            body = {"id": fixed_id(f"reason {key}"), "label": label, "position": position}
            await admin.call("POST", "/reasons", body)
        for position, template in enumerate(TEMPLATES):
            body = {"id": fixed_id(f"template {template['name']}"), **template, "position": position}
            await admin.call("POST", "/templates", body)

    async def _play_case(self, case: Case, contact_ids: list[str], known: set[str]) -> None:
        agent = self._agents[case.held or "caro"]
        if not case.lines:
            body = {"id": fixed_id(case.subject), "subject": case.subject}
            request = await agent.call("POST", "/requests", body)
            if request["version"] > 1:
                return
        elif case.customer in known:
            return
        else:
            request = await self._chat(case, agent)
        await self._treat(case, agent, request, contact_ids)

    async def _chat(self, case: Case, agent: Agent) -> Any:
        """What is said, and the request that it became."""
        who = {"widget_key": "demo", "name": case.customer}
        answer = await self._client.post("/chat/v1/visitors", json=who)
        visitor = answer.raise_for_status().json()
        customer = await SocketClient.open(f"{self._origin}/chat/v1/socket", visitor["token"], self._origin)
        desk = await SocketClient.open(f"{self._origin}/api/v1/live", agent.token, self._origin)
        try:
            where: dict[str, str] = {}
            for line in case.lines:
                writer = desk if line.startswith(">") else customer
                message_id = await writer.post(line.removeprefix(">"), **where)
                accepted = await writer.frame("message.accepted", id=message_id)
                where = {"conversation_id": accepted["conversation_id"]}
        finally:
            await asyncio.gather(customer.close(), desk.close())
        if case.status == "closed" or case.conversation_closed:
            order = {"request_status": case.status}
            await agent.call("POST", f"/conversations/{where['conversation_id']}/close", order)
        return await self._request_of(agent, where["conversation_id"], len(case.lines))

    async def _request_of(self, agent: Agent, conversation_id: str, last_seq: int) -> Any:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                for request in (await agent.call("GET", "/requests?channel=chat&limit=200"))["items"]:
                    about = request["conversation"]
                    if about and about["id"] == conversation_id and about["last_seq"] >= last_seq:
                        return request
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _treat(self, case: Case, agent: Agent, request: Any, contact_ids: list[str]) -> None:
        path = f"/requests/{request['id']}"
        if case.contact is not None:
            await self._link(agent, path, contact_ids[case.contact])
        if case.held:
            await agent.call("PUT", f"{path}/assignee", {"agent_id": agent.id})
        reason_id = fixed_id(f"reason {case.reason}") if case.reason else None
        await agent.call("PATCH", path, {"priority": case.priority, "reason_id": reason_id})
        if case.status not in ("new", request["status"]):
            # A conversation's closing may have brought the status meanwhile.
            await agent.call("PATCH", path, {"status": case.status}, may_be=(409,))

    async def _link(self, agent: Agent, path: str, contact_id: str) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                linked = await agent.call("PUT", f"{path}/contact", {"contact_id": contact_id}, may_be=(409,))
                if linked.get("code") != "contact_not_known_yet":
                    return
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def play(origin: str) -> None:
    """Play the day on the system at ``origin``."""
    headers = {"Origin": origin}
    async with httpx2.AsyncClient(base_url=origin, headers=headers, timeout=_PATIENCE_SECONDS) as client:
        agents = {
            account.email.partition("@")[0]: await Agent.sign_in(client, account) for account in demo.ACCOUNTS
        }  # fmt: skip
        await Day(client, origin, agents).play()


if __name__ == "__main__":
    asyncio.run(play(sys.argv[1]))
