"""The database goes away and comes back as it was before: what a process remembers of it must not be ahead of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from guichet_kit.mongo import open_client
from guichet_local.testing.service import ServiceProcess
from guichet_local.testing.sockets import SocketClient
from yarl import URL

from ..kit.wire import Wire, laid
from .conftest import environment_of


@pytest.fixture
async def wire(mongodb_url: str) -> AsyncIterator[Wire]:
    async with laid(str(URL(mongodb_url).with_query(directConnection="true"))) as wire:
        yield wire


async def test_after_a_restore_the_log_goes_on_without_a_gap(
    wire: Wire, rabbitmq_url: str, mongodb_url: str, tmp_path: Path, widget_dir: Path
) -> None:
    environment = environment_of(rabbitmq_url, wire.url, tmp_path, widget_dir)
    service = ServiceProcess("guichet_chat", environment, tmp_path / "chat.log")
    await asyncio.to_thread(service.start)
    mongo = open_client(mongodb_url, "pymongo", "tests")
    entries = mongo.database(f"{environment['GUICHET_DATABASE_PREFIX']}chat")["entries"]
    try:
        async with httpx2.AsyncClient(base_url=service.url, timeout=20) as http:
            token = (await http.post("/chat/v1/visitors", json={"widget_key": "shop"})).json()["token"]
        ada = await SocketClient.open(f"{service.url}/chat/v1/socket", token)
        for n in range(3):
            await ada.frame("message.accepted", id=await ada.post(f"{n}"))
        wire.cut()
        await entries.delete_many({"seq": {"$gt": 1}})
        await wire.mend()
        async with asyncio.timeout(60):
            while await asyncio.to_thread(service.readiness) != 200:
                await asyncio.sleep(0.1)
        again = await SocketClient.open(f"{service.url}/chat/v1/socket", token)
        await again.frame("message.accepted", id=await again.post("après"))
        assert sorted([entry["seq"] for entry in await entries.find({}).to_list(None)]) == [1, 2]
        for client in (ada, again):
            await client.close()
    finally:
        await mongo.close()
        await asyncio.to_thread(service.stop)
