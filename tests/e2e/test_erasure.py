"""A contact is erased: the requests stay, the person goes, from every service's database and from the object store."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import httpx2
from guichet_kit.objects import ObjectStore
from guichet_local.testing.sockets import SocketClient
from guichet_local.testing.stack import Stack
from pymongo import AsyncMongoClient

from .pages import PASSWORD

DATABASES = ("chat", "requests", "contacts", "attachments", "mailer")


async def until(holds: Callable[[], Awaitable[object]], seconds: float = 30) -> object:
    """What ``holds`` answers, once it is true."""
    async with asyncio.timeout(seconds):
        while not (found := await holds()):
            await asyncio.sleep(0.2)
    return found


async def documents_with(stack: Stack, word: str) -> list[str]:
    """The collections of all services in which ``word`` stands anywhere in a document."""
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(stack.mongodb_url)
    found = []
    for name in DATABASES:
        database = client[f"guichet_{name}"]
        for collection in await database.list_collection_names():
            documents = await database[collection].find().to_list(None)
            if any(word.lower() in str(document).lower() for document in documents):
                found.append(f"{name}.{collection}")
    await client.close()
    return found


async def objects_with(stack: Stack, word: str) -> list[str]:
    """The objects whose bytes hold ``word``."""
    store = ObjectStore(*stack.s3, "guichet-attachments")
    found = []
    for listed in await store.page():
        async with store.open(listed.name) as chunks:
            if word.encode() in b"".join([chunk async for chunk in chunks]):
                found.append(listed.name)
    store.close()
    return found


class TestErasure:
    async def test_the_name_is_nowhere_afterwards_and_the_request_is_still_there(self, stack: Stack, mark: str) -> None:
        surname = f"Hopper{mark}"
        email = f"grace.{mark}@example.com"
        async with httpx2.AsyncClient(base_url=stack.gateway, timeout=20, headers={"Origin": stack.gateway}) as http:
            session = {"widget_key": "demo", "name": f"Grace {surname}", "email": email}
            visitor = (await http.post("/chat/v1/visitors", json=session)).json()
            upload = await http.post(
                "/api/v1/attachments",
                data={"scope": "visitor", "id": str(uuid.uuid4())},
                files={"file": (f"lettre de {surname}.txt", f"Signé {surname}\n".encode(), "text/plain")},
                headers={"Authorization": f"Bearer {visitor['token']}"},
            )
            assert upload.status_code == 201, upload.text
            socket = await SocketClient.open(f"{stack.gateway}/chat/v1/socket", visitor["token"])
            await socket.frame("ready")
            text = f"Bonjour, Grace {surname}, {email}"
            sent = await socket.post(text, receipts=[upload.json()["receipt"]])
            await socket.frame("message.accepted", id=sent)

            login = {"email": "admin@example.com", "password": PASSWORD}
            signed_in = (await http.post("/api/v1/auth/login", json=login)).json()
            http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"

            async def request_of_visitor() -> dict[str, object] | None:
                listed = (await http.get("/api/v1/requests", params={"limit": 200})).json()["items"]
                return next((r for r in listed if (r["visitor"] or {}).get("id") == visitor["visitor_id"]), None)

            request = await until(request_of_visitor)
            assert isinstance(request, dict)
            person = {"id": str(uuid.uuid4()), "first_name": "Grace", "last_name": surname, "email": email}
            contact = (await http.post("/api/v1/contacts", json=person)).json()

            async def linked() -> bool:
                answer = await http.put(f"/api/v1/requests/{request['id']}/contact", json={"contact_id": contact["id"]})
                return answer.status_code == 200

            await until(linked)
            assert {"chat.entries", "requests.requests", "contacts.contacts"} <= set(
                await documents_with(stack, surname)
            )
            assert await objects_with(stack, surname)

            gone = await http.delete(f"/api/v1/contacts/{contact['id']}")
            assert gone.status_code in (200, 204), gone.text

            async def nowhere() -> bool:
                return not (
                    await documents_with(stack, surname)
                    or await documents_with(stack, email)
                    or await objects_with(stack, surname)
                )

            await until(nowhere, 60)
            kept = (await http.get(f"/api/v1/requests/{request['id']}")).json()
            assert kept["number"] == request["number"]
        await socket.close()
