"""Plays the demo's day, as customers and agents would: through the public HTTP API, real sockets and real mail only.

    python -m guichet_local.demo.play http://localhost:8080 http://localhost:8081 [--without-mail]

Everything has a fixed id, or a customer or subject that is looked for first, so that a second run adds nothing. Where
the desk's mail does not go to the demo's own server, nothing is mailed to anybody: those cases are left out.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from guichet_local import demo
from guichet_local.demo.agent import PATIENCE_SECONDS, Agent, fixed_id
from guichet_local.demo.day import CASES, CONTACTS, FORM, REASONS, TEMPLATES, Case
from guichet_local.demo.writing import Writing
from guichet_local.testing.sockets import SocketClient

_AT_ONCE = 6


class Day:
    """The day, played by three agents and all customers."""

    def __init__(self, client: httpx2.AsyncClient, origin: str, demo_site: str, agents: dict[str, Agent]) -> None:
        self._client, self._origin, self._demo_site, self._agents = client, origin, demo_site, agents
        self._writing = Writing(client, demo_site)
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def play(self, *, with_mail: bool) -> None:
        """All of it. What is there already stays as it is."""
        admin, caro = self._agents["admin"], self._agents["caro"]
        contact_ids, _ = await asyncio.gather(self._make_contacts(caro), self._fill_catalogues(admin))
        listed = await caro.call("GET", "/requests?limit=200")
        known = {request["visitor"]["name"] for request in listed["items"] if request["visitor"]}
        known |= {request["subject"] for request in listed["items"]}
        cases = [case for case in CASES if with_mail or case.channel in ("chat", "manual")]
        await asyncio.gather(*(self._in_turn(self._play_case, case, contact_ids, known) for case in cases))

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
        form = {"id": fixed_id("form"), "origins": [self._demo_site], **FORM}
        await admin.call("POST", "/forms", form, may_be=(409,))

    async def _play_case(self, case: Case, contact_ids: list[str], known: set[str]) -> None:
        if (case.customer if case.channel == "chat" else case.subject) in known:
            return
        agent = self._agents[case.held or "caro"]
        address = CONTACTS[case.contact]["email"] if case.contact is not None else ""
        match case.channel:
            case "chat":
                request = await self._chat(case, agent)
            case "email":
                request = await self._writing.by_mail(case, agent, address)
            case "web_form":
                request = await self._writing.by_form(case, agent, address)
            case "manual":
                body = {"id": fixed_id(case.subject), "subject": case.subject}
                request = await agent.call("POST", "/requests", body)
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
        conversation_id, last_seq = where["conversation_id"], len(case.lines)
        if case.status == "closed" or case.conversation_closed:
            await agent.call("POST", f"/conversations/{conversation_id}/close", {"request_status": case.status})

        def fits(request: Any) -> bool:
            about = request["conversation"]
            return about is not None and about["id"] == conversation_id and about["last_seq"] >= last_seq

        return await agent.request_that("chat", fits)

    async def _treat(self, case: Case, agent: Agent, request: Any, contact_ids: list[str]) -> None:
        path = f"/requests/{request['id']}"
        if case.contact is not None and not request["contact"]:
            await agent.link(request, contact_ids[case.contact])
        if case.held:
            await agent.call("PUT", f"{path}/assignee", {"agent_id": agent.id})
        reason_id = fixed_id(f"reason {case.reason}") if case.reason else None
        await agent.call("PATCH", path, {"priority": case.priority, "reason_id": reason_id})
        if case.status not in ("new", request["status"]):
            # A conversation's closing may have brought the status meanwhile.
            await agent.call("PATCH", path, {"status": case.status}, may_be=(409,))


async def play(origin: str, demo_site: str, *, with_mail: bool) -> None:
    """Play the day on the system at ``origin``."""
    headers = {"Origin": origin}
    async with httpx2.AsyncClient(base_url=origin, headers=headers, timeout=PATIENCE_SECONDS) as client:
        agents = {account.email.partition("@")[0]: await Agent.sign_in(client, account) for account in demo.ACCOUNTS}
        await Day(client, origin, demo_site, agents).play(with_mail=with_mail)


if __name__ == "__main__":
    asyncio.run(play(sys.argv[1], sys.argv[2], with_mail="--without-mail" not in sys.argv))
