"""One trace goes from a customer's send through the broker to the agent's socket; `make trace` draws it into docs/."""

import asyncio
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from guichet_local import demo
from guichet_local.ports import free_port
from guichet_local.testing import SERVERS
from guichet_local.testing.sockets import SocketClient
from guichet_local.testing.stack import Stack

from .collecting import Collector, Span, collecting, in_order, picture

pytestmark = pytest.mark.timeout(400)
WAIT_SECONDS = 90
ALL = {("chat", "message.post"), ("chat", "entry"), ("requests", "process"), ("attachments", "process")}
"""Service and last word of the spans that the message's trace must have."""

TITLE = "A customer's message with a file, from the widget's socket to the agent's, the timeline and the file's owner"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting(free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def stack(pytestconfig: pytest.Config, collector: Collector) -> Iterator[Stack]:
    """The whole system, which sends its traces to the collector each half second."""
    running = Stack(pytestconfig.stash[SERVERS].background, {"GUICHET_OTLP_ENDPOINT": collector.url})
    try:
        running.start_all()
        yield running
    finally:
        running.stop_all()


def spans_of(collector: Collector, name: str, service: str = "chat") -> list[Span]:
    return [span for span in collector.spans if (span.service, span.name) == (service, name)]


class TestATrace:
    async def test_goes_from_the_customers_send_to_the_agents_socket_and_to_two_other_services(
        self, stack: Stack, collector: Collector
    ) -> None:
        async with httpx2.AsyncClient(base_url=stack.gateway, timeout=30) as http:
            account = {"email": demo.ACCOUNTS[0].email, "password": demo.PASSWORD}
            agent = (await http.post("/api/v1/auth/login", json=account)).raise_for_status().json()
            live = await SocketClient.open(f"{stack.gateway}/api/v1/live", agent["access_token"])
            visitor = (await http.post("/chat/v1/visitors", json={"widget_key": "demo"})).raise_for_status().json()
            customer = await SocketClient.open(f"{stack.gateway}/chat/v1/socket", visitor["token"])
            await customer.frame("ready", 30)
            first = await customer.post("Bonjour, ma lampe clignote.")
            accepted = await customer.frame("message.accepted", 30, id=first)
            conversation = accepted["conversation_id"]
            await live.send("subscribe", conversation_id=conversation, after_seq=0)
            await live.frame("synced", 30, conversation_id=conversation)

            uploaded = await http.post(
                "/api/v1/attachments",
                data={"scope": "visitor", "id": str(uuid.uuid4())},
                files={"file": ("lampe.txt", b"Voici la lampe.", "text/plain")},
                headers={"Authorization": f"Bearer {visitor['token']}"},
            )
            receipt = uploaded.raise_for_status().json()["receipt"]
            sent = await customer.post("La voici.", conversation_id=conversation, receipts=[receipt])
            shown = await live.frame("entry", 30, id=sent)
            assert shown["text"] == "La voici."
            await customer.close()
            await live.close()

        # The second message's: the newest that begins with a customer's send
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                posts = sorted(spans_of(collector, "socket message.post"), key=lambda span: span.begin)
                trace = [span for span in collector.spans if posts and span.trace == posts[-1].trace]
                told = {(span.service, span.name.rpartition(" ")[2]) for span in trace}
                if len(posts) == 2 and told >= ALL:
                    break
                await asyncio.sleep(0.5)
        # It is one tree, and the first message has another
        assert [span.name for depth, span in in_order(trace) if depth == 0] == ["socket message.post"]
        assert posts[0].trace != posts[1].trace
        if folder := os.environ.get("GUICHET_TRACE_DIR"):
            (Path(folder) / "trace.svg").write_text(picture(trace, TITLE))
