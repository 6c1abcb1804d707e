"""The cases of the day that begin with a letter or a web form, and go on by real mail in both directions."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx2

from guichet_local.demo.agent import Agent, fixed_id, until
from guichet_local.demo.day import FORM, Case


class Writing:
    """Customers who write to the desk at ``client``'s origin; their mailboxes are at ``demo_site``."""

    def __init__(self, client: httpx2.AsyncClient, demo_site: str) -> None:
        self._client, self._mail = client, f"{demo_site}/api/mail"

    async def by_mail(self, case: Case, agent: Agent, address: str) -> Any:
        """The request that the customer's letter made, when all is said."""
        letter = {
            "id": fixed_id(f"{case.subject} 0"),
            "from": address,
            "from_name": case.customer,
            "subject": case.subject,
            "text": case.lines[0],
            "attachment": _file(case.attachment),
        }
        await self._post(self._mail, letter)
        request = await agent.request_that("email", lambda found: found["subject"] == case.subject)
        return await self._go_on(case, agent, address, request)

    async def by_form(self, case: Case, agent: Agent, address: str) -> Any:
        """The request that the customer's form made, when all is said."""
        form = {
            "id": fixed_id(f"{case.subject} 0"),
            "name": case.customer,
            "email": address,
            "subject": case.subject,
            "message": case.lines[0],
            "fields": case.fields,
        }
        answer = await self._client.post(f"/api/v1/forms/{FORM['key']}", json=form)
        number = answer.raise_for_status().json()["number"]
        request = await agent.request_that("web_form", lambda found: found["number"] == number)
        return await self._go_on(case, agent, address, request)

    async def _go_on(self, case: Case, agent: Agent, address: str, request: Any) -> Any:
        """Answers, each when the one before has arrived. The contact comes to the request by itself."""
        path = f"/requests/{request['id']}"

        async def known() -> Any:
            found = await agent.call("GET", path)
            return found if found["contact"] else None

        await until(known)
        for index, line in enumerate(case.lines[1:], 1):
            message_id = fixed_id(f"{case.subject} {index}")
            if line.startswith(">"):
                await agent.call("POST", f"{path}/emails", {"id": message_id, "text": line[1:]})
            else:
                letter_id = await self._arrived(address, case.lines[index - 1])
                await self._post(f"{self._mail}/{letter_id}/reply", {"id": message_id, "text": line})
                await self._filed(agent, path, line)
        if case.status == "closed":
            newest = (await agent.call("GET", f"{path}/timeline?order=desc&limit=1"))["items"][0]
            await agent.call("PUT", f"{path}/read", {"timeline_id": newest["id"]})
        return await agent.call("GET", path)

    async def _arrived(self, address: str, line: str) -> str:
        """The letter that brought the agent's line to the customer."""

        async def look() -> str | None:
            answer = await self._client.get(self._mail, params={"to": address, "raw": False})
            letters = answer.raise_for_status().json()["items"]
            begins = line[1:].splitlines()[0]
            return next((letter["id"] for letter in letters if letter["text"].startswith(begins)), None)

        return await until(look)

    async def _filed(self, agent: Agent, path: str, line: str) -> None:
        """The customer's answer is on the request, which would wake it later otherwise."""

        async def look() -> bool:
            timeline = await agent.call("GET", f"{path}/timeline?order=desc")
            return any(item["text"].startswith(line) for item in timeline["items"])

        await until(look)

    async def _post(self, url: str, body: dict[str, Any]) -> None:
        (await self._client.post(url, json=body)).raise_for_status()


def _file(name: str | None) -> dict[str, str] | None:
    if name is None:
        return None
    content = Path(__file__).with_name(name).read_bytes()
    return {"name": name, "content": b64encode(content).decode()}
