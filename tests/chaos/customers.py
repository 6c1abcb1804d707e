"""The customers: one process. Argument: what they are told, as JSON; see `people`."""

import asyncio

import httpx2

from ..bench.frames import Message
from .client import Person, Records, insist
from .people import TEXT, Told, run, source

OUTSTANDING = 3
"""Messages that a customer writes before the first of them was answered."""


class Customer(Person):
    """Writes to the desk, and again after a closing."""

    path = "/chat/v1/socket"

    def __init__(self, number: int, told: Told, records: Records) -> None:
        super().__init__(f"customer-{number}", told.gateway, source(number), records)
        self._token = ""
        self._conversation: str | None = None
        self._closed: set[str] = set()
        self._written = 0

    async def token(self) -> str:
        """A session, begun once."""
        if not self._token:
            transport = httpx2.AsyncHTTPTransport(local_address=self.source)
            async with httpx2.AsyncClient(transport=transport, base_url=self.gateway, timeout=10) as http:
                answer = await insist(lambda: http.post("/chat/v1/visitors", json={"widget_key": "demo"}), (200,))
                self._token = answer.raise_for_status().json()["token"]
        return self._token

    def greeted(self, frame: Message) -> None:
        """Ask for what was missed; what comes later is fed."""
        latest = frame["conversation"]
        for conversation_id in self.cursors:
            if latest is None or latest["id"] != conversation_id:
                self.sync(conversation_id)
        if latest is not None:
            self._fed[latest["id"]] = latest["last_seq"]
            if self.cursors.setdefault(latest["id"], 0) < latest["last_seq"]:
                self.sync(latest["id"])

    def answered(self, client_id: str, conversation_id: str) -> None:
        """From now on the conversation is named."""
        if conversation_id not in self._closed:
            self._conversation = conversation_id

    def refused(self, client_id: str, code: str) -> None:
        """It is closed: the next begins another."""
        self._leave(self._conversation)

    def saw_closing(self, conversation_id: str) -> None:
        """The next message begins another."""
        self._leave(conversation_id)

    def _leave(self, conversation_id: str | None) -> None:
        if conversation_id is not None:
            self._closed.add(conversation_id)
        if self._conversation == conversation_id:
            self._conversation = None

    async def write(self, every: float, quiet: asyncio.Event) -> None:
        """Write, each time after about so many seconds, until it shall be quiet."""
        while not quiet.is_set():
            await asyncio.sleep(every * self.chance.uniform(0.5, 1.5))
            # The first of a conversation is waited for: the next names it.
            most = OUTSTANDING if self._conversation else 1
            if len(self.unacknowledged) < most and not quiet.is_set():
                self._written += 1
                self.post(f"{self.name} {self._written}: {TEXT}", self._conversation)


async def main(told: Told, records: Records, go: asyncio.Event, quiet: asyncio.Event) -> None:
    """All of them, until cancelled."""
    everybody = [Customer(number, told, records) for number in range(told.count)]
    every = told.count / told.rate

    async def one(customer: Customer) -> None:
        await go.wait()
        await customer.write(every, quiet)

    await asyncio.gather(*(customer.stay() for customer in everybody), *(one(customer) for customer in everybody))


if __name__ == "__main__":
    run(main)
