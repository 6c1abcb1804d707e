"""All that the desk knows of a person is in their archive, and nothing of anybody else; then it is gone everywhere."""

import asyncio
import io
import json
import uuid
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest
from guichet_local.testing.sockets import SocketClient
from guichet_local.testing.stack import Stack

from .everywhere import places_of
from .letters import letter
from .pages import PASSWORD

SUPPORT = "support@example.com"
NESTED = 120
"""So many parts within each other are too many: the mail goes into quarantine."""


@dataclass
class Person:
    """Somebody whose every word is known: ``words`` are marks that stand once somewhere, and nowhere else."""

    name: str
    email: str
    words: dict[str, str] = field(default_factory=dict[str, str])
    contact_id: str = ""
    quarantined: bytes = b""

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

        return await until(found)

    async def known(self, first_name: str, form_key: str) -> Person:
        """Somebody of whom every service knows something."""
        person = Person("", "")
        surname = person.word("surname")
        person.name, person.email = f"{first_name} {surname}", f"{surname}@example.com"
        body = {"id": str(uuid.uuid4()), "first_name": first_name, "last_name": surname, "email": person.email}
        made = await self.http.post("/api/v1/contacts", json=body | {"notes": person.word("contactnotes")})
        assert made.status_code == 201, made.text
        person.contact_id = made.json()["id"]
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


def opened(content: bytes) -> dict[str, bytes]:
    """The files of an archive, by their names; its checksums are good."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def absent(files: dict[str, bytes], words: dict[str, str]) -> set[str]:
    """The places whose word stands nowhere in the archive, neither in a name nor in bytes."""
    text = "\n".join([*files, *(content.decode("utf-8", "replace") for content in files.values())])
    return {where for where, word in words.items() if word not in text}


@pytest.mark.timeout(420)
async def test_a_persons_archive_has_every_word_of_theirs_and_after_their_erasure_nothing_has_any(stack: Stack) -> None:
    async with httpx2.AsyncClient(base_url=stack.gateway, timeout=60, headers={"Origin": stack.gateway}) as http:
        desk = Desk(stack, http)
        await desk.sign_in()
        form = {"key": f"f{uuid.uuid4().hex[:8]}", "name": "Contact", "language": "fr", "fields": []}
        assert (await http.post("/api/v1/forms", json=form)).status_code == 201
        grace, otto = await desk.known("Grace", form["key"]), await desk.known("Otto", form["key"])
        path = f"/api/v1/contacts/{grace.contact_id}/archive"

        async def whole() -> dict[str, bytes] | None:
            # What was written a moment ago may be on its way from one service to the next.
            answer = await http.get(path)
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/zip"
            files = opened(answer.content)
            return files if not absent(files, grace.words) else None

        try:
            files = await until(whole)
        except TimeoutError:
            pytest.fail(f"not in the archive: {absent(opened((await http.get(path)).content), grace.words)}")
        assert absent(files, otto.words) == set(otto.words)
        told = json.loads(files["person.json"])
        assert (told["format"], told["contact"]["id"], len(told["visitors"])) == (1, grace.contact_id, 1)
        assert json.loads(files["missing.json"]) == []
        kinds = {name.partition("/")[0] for name in files}
        assert kinds == {"person.json", "missing.json", "files", "mails", "quarantine"}

        trail = (await http.get("/api/v1/audit", params={"subject_id": grace.contact_id})).json()["items"]
        assert {one["action"] for one in trail} == {"contact.archived"}
        assert (await http.get(f"/api/v1/contacts/{uuid.uuid4()}/archive")).status_code == 404

        assert await places_of(stack, *grace.words.values())
        gone = await http.delete(f"/api/v1/contacts/{grace.contact_id}")
        assert gone.status_code == 204, gone.text
        # What was said on the requests is kept, where it names nobody.
        kept = {"chat", "note", "mailsubject", "mailbody", "answer", "formsubject", "formmessage"}
        theirs = {where: word for where, word in grace.words.items() if where not in kept}
        left: list[str] = []

        async def nowhere() -> bool:
            left[:] = await places_of(stack, *theirs.values())
            return not left

        try:
            await until(nowhere, 90)
        except TimeoutError:
            pytest.fail(f"left: {left}")
        assert (await http.get(path)).status_code == 404

        async def told_of() -> bool:
            trail = (await http.get("/api/v1/audit", params={"subject_id": grace.contact_id})).json()["items"]
            return trail[0]["action"] == "contact.erased"

        await until(told_of)
        # Otto is whole.
        answer = await http.get(f"/api/v1/contacts/{otto.contact_id}/archive")
        assert absent(opened(answer.content), otto.words) == set()
