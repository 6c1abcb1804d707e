"""The agents: one process. They answer, assign, note, close, mail and upload, and are shown what is said."""

import asyncio
import hashlib
import uuid
from typing import Any

import httpx2

from .client import FAILED, Person, Records, digest, insist
from .people import Told, run, source

LOOK_SECONDS = 2.0
MAIL_REQUESTS = 2
"""Requests by hand of each agent, to whose contacts they write e-mails."""

ACTS = ("answer", "answer", "answer", "answer", "assign", "assign", "note", "close", "mail", "letter", "file")


class Agent(Person):
    """One socket of an agent's, and what they do over HTTP."""

    path = "/api/v1/live"

    def __init__(self, number: int, told: Told, records: Records) -> None:
        super().__init__(f"agent-{number}", told.gateway, source(150 + number), records)
        self._told, self._number = told, number
        self._email, self._password = told.accounts[number % len(told.accounts)]
        self._access, self._id = "", ""
        self._taken: dict[str, str] = {}
        self._by_hand: list[str] = []
        self._done = 0
        transport = httpx2.AsyncHTTPTransport(local_address=self.source)
        self._http = httpx2.AsyncClient(transport=transport, base_url=self.gateway, timeout=10)

    async def token(self) -> str:
        """Sign in anew: a token does not last for ever."""
        account = {"email": self._email, "password": self._password}
        answer = await insist(lambda: self._http.post("/api/v1/auth/login", json=account), (200,))
        session = answer.raise_for_status().json()
        self._access, self._id = session["access_token"], session["agent"]["id"]
        return str(self._access)

    def greeted(self, frame: dict[str, Any]) -> None:
        """Show again what was shown, from where that ended."""
        for conversation_id in self.cursors:
            self._ask("subscribe", conversation_id)

    async def look(self) -> None:
        """Take every conversation that comes to the list and is this agent's part of them."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                answer = await self._call("GET", "/api/v1/requests?view=open&channel=chat&limit=200")
                listed = answer.json()["items"] if answer.status_code == 200 else []
            except FAILED:
                continue
            found = {item["conversation"]["id"]: item["id"] for item in listed if item["conversation"]}
            self._taken = {
                conversation: request
                for conversation, request in found.items()
                if int(hashlib.blake2b(conversation.encode(), digest_size=4).hexdigest(), 16) % self._told.count
                == self._number
            }
            for conversation in self._taken:
                if conversation not in self.cursors:
                    self.cursors[conversation] = 0
                    self._ask("subscribe", conversation)

    async def prepare(self) -> None:
        """Requests by hand, with a contact each."""
        while not self._access:
            await asyncio.sleep(0.1)
        for number in range(MAIL_REQUESTS):
            address = f"{self.name}-{number}@example.com"
            contact = {"first_name": "Ada", "last_name": f"Client {self._number} {number}", "email": address}
            made = await insist(lambda body=contact: self._call("POST", "/api/v1/contacts", body), (200, 201))  # type: ignore[misc]
            body = {"contact_id": made.raise_for_status().json()["id"], "subject": f"{self.name} {number}"}
            while (answer := await insist(lambda b=body: self._call("POST", "/api/v1/requests", b), (201,))).is_error:  # type: ignore[misc]
                await asyncio.sleep(0.3)  # the contact has not come to `requests` yet
            self._by_hand.append(answer.json()["id"])
            self.records.note(self.name, "mails_on", request=self._by_hand[-1], address=address)

    async def work(self, every: float, quiet: asyncio.Event) -> None:
        """Do one thing after the other until it shall be quiet."""
        while not quiet.is_set():
            await asyncio.sleep(every * self.chance.uniform(0.5, 1.5))
            if self._taken and not quiet.is_set():
                self._done += 1
                conversation = self.chance.choice(sorted(self._taken))
                await self._do(self.chance.choice(ACTS), conversation, self._taken[conversation])

    async def _do(self, act: str, conversation: str, request: str) -> None:
        mark = f"{self.name} {self._done}"
        match act:
            case "answer":
                self.post(f"{mark}: je regarde cela.", conversation)
            case "assign":
                await self._assign(request)
            case "note":
                await self._keep("note", f"/api/v1/requests/{request}/notes", request, f"Note {mark}")
            case "mail" if self._by_hand:
                on = self.chance.choice(self._by_hand)
                await self._keep("mail", f"/api/v1/requests/{on}/emails", on, f"Courriel {mark}")
            case "close":
                await self._close(conversation)
            case "letter":
                await self._letter(mark)
            case "file":
                await self._file(mark, conversation)

    async def _keep(self, what: str, path: str, request: str, text: str) -> None:
        """A note or an e-mail, whose id makes a repeat the same."""
        body = {"id": self._new_id(), "text": text}
        self.records.note(self.name, f"{what}_sent", id=body["id"], request=request)
        answer = await insist(lambda: self._call("POST", path, body), (200, 201))
        if answer.is_success:
            self.records.note(self.name, f"{what}_kept", id=body["id"], request=request, text=digest(text))
        else:
            self.records.note(self.name, f"{what}_refused", id=body["id"], status=answer.status_code)

    async def _assign(self, request: str) -> None:
        """Take it over; when no answer comes, it may have been done or not."""
        self.records.note(self.name, "assigning", request=request, agent=self._id)
        try:
            body = {"agent_id": self._id, "take_over": True}
            answer = await self._call("PUT", f"/api/v1/requests/{request}/assignee", body)
        except FAILED:
            return
        if answer.is_success:
            self.records.note(self.name, "assigned", request=request, agent=self._id, version=answer.json()["version"])

    async def _close(self, conversation: str) -> None:
        try:
            answer = await self._call("POST", f"/api/v1/conversations/{conversation}/close", {})
        except FAILED:
            return
        if answer.is_success:
            self._taken.pop(conversation, None)
            self.records.note(self.name, "closed", conversation=conversation, seq=answer.json()["seq"])

    async def _letter(self, mark: str) -> None:
        """A customer's mail, handed over again until it is taken."""
        subject = f"Lettre {mark}"
        raw = (
            f"From: {self.name}-{self._done}@example.com\r\nTo: support@boutique-lumiere.example\r\n"
            f"Subject: {subject}\r\nMessage-ID: <{self._new_id()}@example.com>\r\n\r\nBonjour, {mark}.\r\n"
        ).encode()
        headers = {"Authorization": f"Bearer {self._told.mail_inbound}", "Content-Type": "message/rfc822"}
        answer = await insist(lambda: self._http.post("/api/v1/mail/inbound", content=raw, headers=headers), (202,))
        if answer.is_success:
            self.records.note(self.name, "letter_taken", subject=subject)

    async def _file(self, mark: str, conversation: str) -> None:
        """A file, uploaded until it is there, then sent."""
        content = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n% " + mark.encode() + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        fields = {"scope": f"conversation:{conversation}", "id": self._new_id()}

        async def upload() -> httpx2.Response:
            headers = {"Authorization": f"Bearer {self._access}"}
            files = {"file": ("facture.pdf", content, "application/pdf")}
            return await self._http.post("/api/v1/attachments", data=fields, files=files, headers=headers)

        answer = await insist(upload, (201,))
        if not answer.is_success:
            self.records.note(self.name, "file_refused", status=answer.status_code, body=answer.text[:200])
            return
        file = answer.json()
        sha256 = hashlib.sha256(content).hexdigest()
        self.records.note(self.name, "file_kept", id=file["id"], sha256=sha256)
        if file["receipt"]:
            sent = self.post(f"{mark}: voici le document.", conversation, receipts=[file["receipt"]])
            self.records.note(self.name, "file_sent", id=file["id"], message=sent)

    async def _call(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self._access}"}
        answer = await self._http.request(method, path, json=body, headers=headers)
        if answer.status_code == 401:
            await self.token()
        return answer

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))


async def main(told: Told, records: Records, go: asyncio.Event, quiet: asyncio.Event) -> None:
    """All of them, until cancelled."""
    everybody = [Agent(number, told, records) for number in range(told.count)]

    async def one(agent: Agent) -> None:
        await agent.prepare()
        records.note(agent.name, "prepared")
        records.flush()
        await go.wait()
        await agent.work(told.count / told.rate, quiet)

    await asyncio.gather(
        *(agent.stay() for agent in everybody),
        *(agent.look() for agent in everybody),
        *(one(agent) for agent in everybody),
    )


if __name__ == "__main__":
    run(main)
