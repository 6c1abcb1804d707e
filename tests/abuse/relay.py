"""Strangers who write in the chat and have it sent to whomever they like, all from one network address."""

import hashlib
import itertools
from dataclasses import dataclass
from typing import Any

import httpx2
from guichet_kit.ids import new_id
from guichet_local.testing.sockets import SocketClient
from guichet_local.testing.stack import Stack


@dataclass
class Stranger:
    """Somebody without an account, with a conversation of one message."""

    client: httpx2.AsyncClient
    token: str
    conversation_id: str

    @classmethod
    async def writing(cls, client: httpx2.AsyncClient, stack: Stack, text: str, **claimed: str) -> "Stranger":
        """One more, who says ``text``; ``claimed``: the name and address that they give."""
        session = await client.post("/chat/v1/visitors", json={"widget_key": "demo", **claimed})
        assert session.status_code == 200, session.text
        token = session.json()["token"]
        socket = await SocketClient.open(f"{stack.gateway}/chat/v1/socket", token, origin=stack.gateway)
        accepted = await socket.frame("message.accepted", 30, id=await socket.post(text))
        await socket.close()
        return cls(client, token, accepted["conversation_id"])

    async def wants_it_at(self, email: str) -> httpx2.Response:
        """Asks for the conversation there, and does the work where some is asked for, as the widget does."""
        body: dict[str, Any] = {"id": new_id(), "email": email, "language": "fr"}
        answer = await self._ask(body)
        if answer.status_code == 429 and answer.json()["code"] == "work_required":
            challenge = answer.json()
            answer = await self._ask(body | {"work": {"challenge": challenge["challenge"], "number": solve(challenge)}})
        return answer

    async def _ask(self, body: dict[str, Any]) -> httpx2.Response:
        path = f"/chat/v1/conversations/{self.conversation_id}/transcript"
        return await self.client.post(path, json=body, headers={"Authorization": f"Bearer {self.token}"})


def solve(challenge: dict[str, Any]) -> int:
    """The number that answers it."""
    return next(
        number
        for number in itertools.count()
        if int.from_bytes(hashlib.sha256(f"{challenge['challenge']}:{number}".encode()).digest())
        >> (256 - challenge["bits"])
        == 0
    )
