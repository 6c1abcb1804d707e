"""The other services' side of mailer: who hears and says, and somebody who answers for what got uncertain."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aio_pika
import httpx2
import pytest
from guichet_contracts import requests as contract
from guichet_contracts.subscriptions import LIVE_EVENTS, RETIRED, SUBSCRIPTIONS
from guichet_kit.broker import EVENTS_EXCHANGE, Topology
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.tokens import Tokens
from guichet_local.testing import S3
from guichet_local.testing.events import events_of
from guichet_local.testing.mail import CUSTOMERS
from guichet_local.testing.signing import SIGNING

DESK = "desk.example"
SUPPORT = f"support@{DESK}"
ADA = f"ada@{CUSTOMERS}"


async def eventually(condition: Callable[[], Any], seconds: float = 180) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def environment(
    other_rabbitmq_url: str, mongodb_url: str, s3: S3, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What services are told that share neither queues nor database nor bucket with another module's."""
    mark = secrets.token_hex(4)
    key = tmp_path_factory.mktemp("keys") / "secret.key"
    key.write_bytes(secrets.token_bytes(48))
    return {
        "GUICHET_RABBITMQ_URL": other_rabbitmq_url,
        "GUICHET_MONGODB_URL": mongodb_url,
        "GUICHET_DATABASE_PREFIX": f"test_{mark}_",
        "GUICHET_S3_ENDPOINT": s3.endpoint,
        "GUICHET_S3_ACCESS_KEY": s3.access_key,
        "GUICHET_S3_SECRET_KEY": s3.secret_key,
        "GUICHET_MAIL_BUCKET": f"test-mail-{mark}",
        "GUICHET_SECRET_KEY_FILE": str(key),
    }


@pytest.fixture
def tokens() -> Tokens:
    """Signs agents in."""
    return SIGNING.tokens("agents")


class Desk:
    """The other services' side of the broker: says what agents write, hears what becomes of mail."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self.deliveries: dict[str, dict[str, Any]] = {}
        self.were_uncertain: set[str] = set()
        self.unanswered: asyncio.Queue[str] = asyncio.Queue()
        self.received: dict[str, set[str]] = {}

    async def hear(self, message: Any) -> None:
        """Note an event of mailer's; each may come more than once, in any order."""
        async with message.process():
            for event in events_of(message.body):
                self._note(event["data"])

    def _note(self, data: dict[str, Any]) -> None:
        if email := data.get("email"):
            self.received.setdefault(email["subject"], set()).add(email["id"])
            return
        item = data["item_id"]
        if data["version"] > self.deliveries.get(item, {"version": 0})["version"]:
            self.deliveries[item] = data
            if data["state"] == "uncertain":
                self.were_uncertain.add(item)
                self.unanswered.put_nowait(item)

    async def write(self, to: str, subject: str) -> str:
        """An agent's e-mail, as `requests` publishes it; its id."""
        item = new_id()
        email = contract.SubmittedEmail(
            request_id=new_id(),
            request_number=1042,
            item_id=item,
            author=contract.EmailAuthor(id=new_id(), name="Caro Agent"),
            to=(contract.EmailAddress(email=to),),
            subject=subject,
            text="Bonjour,\n\nvoici la suite.",
            message_id=f"{item}@{DESK}",
            submitted_at=now(),
        )
        event = contract.EmailSubmitted(
            id=new_id(), time=now(), subject=item, data=contract.EmailSubmittedData(email=email)
        )
        body = event.model_dump_json().encode()
        message = aio_pika.Message(body, message_id=event.id, type=event.type, content_type="application/json")
        await self._exchange.publish(message, event.type)
        return item

    def state(self, item: str) -> str:
        """Where an e-mail is, by the newest that was heard of it."""
        return str(self.deliveries.get(item, {"state": "unheard of"})["state"])

    @asynccontextmanager
    async def clicking(self, url: str, tokens: Tokens) -> AsyncIterator[set[str]]:
        """Somebody sits at the console and clicks *send again* on every e-mail that got uncertain; yields which."""
        clicked: set[str] = set()

        async def sit() -> None:
            headers = {"Authorization": f"Bearer {tokens.issue(new_id(), 900, name='Caro Agent', role='agent')}"}
            async with httpx2.AsyncClient(base_url=url, headers=headers) as http:
                while item := await self.unanswered.get():
                    clicked.add(item)
                    while not await _click(http, item):
                        await asyncio.sleep(0.2)

        person = asyncio.create_task(sit())
        try:
            yield clicked
        finally:
            person.cancel()
            with suppress(asyncio.CancelledError):
                await person


async def on_timelines(url: str, tokens: Tokens) -> Counter[str]:
    """How often each e-mail that came in stands on a request's timeline, by its subject."""
    found: Counter[str] = Counter()
    headers = {"Authorization": f"Bearer {tokens.issue(new_id(), 900, name='Caro Agent', role='agent')}"}
    async with httpx2.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=30) as http:

        async def pages(path: str, **parameters: str) -> AsyncIterator[Any]:
            cursor: dict[str, str] = {}
            while True:
                answer = await http.get(path, params={"limit": 200, **parameters, **cursor})
                assert answer.status_code == 200, answer.text
                for item in answer.json()["items"]:
                    yield item
                if not answer.json()["next_cursor"]:
                    return
                cursor = {"cursor": answer.json()["next_cursor"]}

        async for request in pages("/requests", view="all", channel="email"):
            items = [item async for item in pages(f"/requests/{request['id']}/timeline")]
            found.update(item["email"]["subject"] for item in items if item["kind"] == "email")
            await asyncio.sleep(1 / 40)  # an agent has 50 calls a second
    return found


async def _click(http: httpx2.AsyncClient, item: str) -> bool:
    """Click once; false where mailer is dead just now, or does not answer before it is."""
    try:
        answer = await http.post(f"/api/v1/mail/deliveries/{item}/resend")
    except httpx2.TransportError:
        return False
    # 409: the click before had come through, though its answer had not.
    assert answer.status_code in (200, 409, 503), answer.text
    return answer.status_code != 503


@pytest.fixture(scope="module")
async def desk(other_rabbitmq_url: str) -> AsyncIterator[Desk]:
    """Hears and says from before mailer's first start on."""
    async with await aio_pika.connect(other_rabbitmq_url) as connection:
        channel = await connection.channel()
        await Topology(SUBSCRIPTIONS, LIVE_EVENTS, RETIRED).declare(channel)
        exchange = await channel.get_exchange(EVENTS_EXCHANGE)
        desk = Desk(exchange)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "mailer.#")
        await queue.consume(desk.hear)
        yield desk
