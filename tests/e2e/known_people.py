"""People of whom every service knows something, for tests of what is known of them and what is forgotten."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import httpx2
from guichet_local.testing.sockets import SocketClient
from guichet_local.testing.stack import Stack

from .letters import letter
from .pages import PASSWORD

SUPPORT = "support@example.com"
NESTED = 120
"""So many parts within each other are too many: the mail goes into quarantine."""


@dataclass
class Person:
    """Somebody whose every word is known: ``words`` are marks that stand once somewhere, and nowhere else.

    ``token`` is the visitor's; the requests are as they were when they began.
    """

    name: str
    email: str
    words: dict[str, str] = field(default_factory=dict[str, str])
    contact_id: str = ""
    token: str = ""
    chat_request: dict[str, Any] = field(default_factory=dict[str, Any])
    mail_request: dict[str, Any] = field(default_factory=dict[str, Any])

    def word(self, where: str) -> str:
        """A word that only this person has, for that place."""
        return self.words.setdefault(where, f"{where}{uuid.uuid4().hex[:10]}")


class Desk:
    """A supervisor at the gateway's routes, and customers before it."""

    def __init__(self, stack: Stack, http: httpx2.AsyncClient) -> None:
        self.stack, self.http = stack, http

    async def sign_in(self) -> None:
        login = {"email": "admin@example.com", "password": PASSWORD}
        signed_in = (await self.http.post("/api/v1/auth/login", json=login)).json()
        self.http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"

    async def chat(self, person: Person) -> None:
        """The person writes in a chat, with a file, and is linked to their contact."""
        session = {"widget_key": "demo", "name": person.name, "email": person.email}
        visitor = (await self.http.post("/chat/v1/visitors", json=session)).json()
        upload = await self.http.post(
            "/api/v1/attachments",
            data={"scope": "visitor", "id": str(uuid.uuid4())},
            files={"file": (f"{person.word('filename')}.txt", person.word("filebytes").encode(), "text/plain")},
            headers={"Authorization": f"Bearer {visitor['token']}"},
        )
        assert upload.status_code == 201, upload.text
        socket = await SocketClient.open(f"{self.stack.gateway}/chat/v1/socket", visitor["token"])
        await socket.frame("ready")
        sent = await socket.post(f"Bonjour {person.word('chat')}", receipts=[upload.json()["receipt"]])
        await socket.frame("message.accepted", id=sent)
        await socket.close()
        request = await self.request_with(lambda one: (one["visitor"] or {}).get("id") == visitor["visitor_id"])
        person.token, person.chat_request = visitor["token"], request
        path = f"/api/v1/requests/{request['id']}"

        async def linked() -> bool:
            answer = await self.http.put(f"{path}/contact", json={"contact_id": person.contact_id})
            return answer.status_code == 200

        await until(linked)
        note = {"id": str(uuid.uuid4()), "text": person.word("note")}
        assert (await self.http.post(f"{path}/notes", json=note)).status_code == 201

    async def mail(self, person: Person) -> None:
        """The person writes an e-mail with a file; it is answered."""
        written = letter(
            f"{person.name} <{person.email}>", SUPPORT, person.word("mailsubject"), person.word("mailbody")
        )
        written.add_attachment(person.word("mailfile").encode(), "text", "plain", filename="note.txt")
        written["X-Only-In-The-Raw-Mail"] = person.word("raw")
        await self.deliver(written.as_bytes())
        request = await self.request_with(lambda one: one["subject"] == person.words["mailsubject"])
        person.mail_request = request
        answer = {"id": str(uuid.uuid4()), "text": person.word("answer")}
        sent = await self.http.post(f"/api/v1/requests/{request['id']}/emails", json=answer)
        assert sent.status_code in (201, 202), sent.text

    async def fill_in(self, person: Person, key: str) -> None:
        """The person fills in a web form."""
        body = {"name": person.name, "email": person.email, "subject": person.word("formsubject")}
        filled = await self.http.post(f"/api/v1/forms/{key}", json=body | {"message": person.word("formmessage")})
        assert filled.status_code == 202, filled.text

    async def quarantine(self, person: Person) -> None:
        """The person sends a mail that cannot be read."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = person.email, SUPPORT, person.word("quarantine")
        lines = [line for line in mail.as_string().splitlines() if line]
        for level in range(NESTED):
            lines += [f'Content-Type: multipart/mixed; boundary="b{level}"', "", f"--b{level}"]
        await self.deliver("\r\n".join([*lines, "Content-Type: text/plain", "", "x", ""]).encode())

        async def held() -> bool:
            listed = (await self.http.get("/api/v1/mail/quarantine", params={"limit": 200})).json()["items"]
            return bool(listed)

        await until(held)

    async def deliver(self, raw: bytes) -> None:
        headers = {"Authorization": f"Bearer {self.stack.mail_inbound}", "Content-Type": "message/rfc822"}
        taken = await self.http.post("/api/v1/mail/inbound", content=raw, headers=headers)
        assert taken.status_code == 202, taken.text

    async def request_with(self, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async def found() -> dict[str, Any] | None:
            listed = (await self.http.get("/api/v1/requests", params={"limit": 200})).json()["items"]
            return next(filter(matches, listed), None)

        request: dict[str, Any] = await until(found)
        return request

    async def met(self, first_name: str) -> Person:
        """A contact."""
        person = Person("", "")
        surname = person.word("surname")
        person.name, person.email = f"{first_name} {surname}", f"{surname}@example.com"
        body = {"id": str(uuid.uuid4()), "first_name": first_name, "last_name": surname, "email": person.email}
        made = await self.http.post("/api/v1/contacts", json=body | {"notes": person.word("contactnotes")})
        assert made.status_code == 201, made.text
        person.contact_id = made.json()["id"]
        return person

    async def known(self, first_name: str, form_key: str) -> Person:
        """Somebody of whom every service knows something."""
        person = await self.met(first_name)
        await self.chat(person)
        await self.mail(person)
        await self.fill_in(person, form_key)
        await self.quarantine(person)
        return person


async def until(holds: Callable[[], Awaitable[Any]], seconds: float = 60) -> Any:
    """What ``holds`` answers, once it is true."""
    async with asyncio.timeout(seconds):
        while not (found := await holds()):
            await asyncio.sleep(0.2)
    return found
