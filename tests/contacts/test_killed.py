"""The real process, killed with SIGKILL while it takes a file in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from guichet_kit.clock import now
from guichet_kit.mongo import Database, open_client

Start = Callable[[Mapping[str, str]], AbstractAsyncContextManager[asyncio.subprocess.Process]]

LINES = 1_000
IMPORTED = {"first_name": {"$regex": "^Person "}}
"""Beside them there may be contacts that earlier tests' services wanted: their events wait on the same broker."""


async def _until(client: httpx2.AsyncClient, at: str, headers: dict[str, str], *states: str) -> dict[str, Any]:
    while True:
        try:
            job: dict[str, Any] = (await client.get(at, headers=headers)).raise_for_status().json()
            if job["state"] in states:
                return job
        except (httpx2.TransportError, httpx2.HTTPStatusError):
            pass  # it is starting
        await asyncio.sleep(0.05)


@pytest.mark.timeout(240)
class TestKilled:
    async def test_an_import_that_was_decided_is_written_to_its_end_by_the_next_process(
        self, environment: dict[str, str], start: Start, token: Callable[..., dict[str, str]]
    ) -> None:
        text = "first_name,email\n" + "".join(f"Person {i},person{i}@example.com\n" for i in range(LINES))
        headers = token("admin")
        base = f"http://127.0.0.1:{environment['GUICHET_HTTP_PORT']}"
        async with httpx2.AsyncClient(base_url=base, timeout=30) as client:
            async with start(environment) as process:
                sent = await _sent(client, text, headers)
                await _until(client, sent, headers, "writing")
                process.kill()
            await _let_leases_run_out(environment)
            async with start(environment):
                job = await _until(client, sent, headers, "done")
                assert (job["written"], job["refused"]) == (LINES, 0)
                await _assert_whole(environment)


@asynccontextmanager
async def _database(environment: dict[str, str]) -> AsyncIterator[Database]:
    mongo = open_client(environment["GUICHET_MONGODB_URL"], "pymongo", "tests")
    try:
        yield mongo.database(f"{environment['GUICHET_DATABASE_PREFIX']}contacts")
    finally:
        await mongo.close()


async def _let_leases_run_out(environment: dict[str, str]) -> None:
    """What the killed process was at is free for the next, as it is after a while."""
    over = now() - timedelta(seconds=1)
    async with _database(environment) as database:
        await database["imports"].update_many({}, {"$set": {"lease_until": over}})
        leased = {"outbox_lease": {"$exists": True}}
        await database["contacts"].update_many(leased, {"$set": {"outbox_lease": over}})


async def _assert_whole(environment: dict[str, str]) -> None:
    """Each line is one contact, and its event was published."""
    async with _database(environment) as database:
        contacts = database["contacts"]
        assert await contacts.count_documents(IMPORTED) == LINES
        assert await contacts.count_documents({**IMPORTED, "state": "active", "version": 1}) == LINES
        async with asyncio.timeout(90):
            while await contacts.count_documents({"outbox.at": {"$exists": True}}):
                await asyncio.sleep(0.5)


async def _sent(client: httpx2.AsyncClient, text: str, headers: dict[str, str]) -> str:
    """Upload as soon as the process answers; where the import is to be seen."""
    while True:
        try:
            response = await client.post("/api/v1/contacts/imports", content=text, headers=headers)
            return str(response.raise_for_status().headers["location"])
        except (httpx2.TransportError, httpx2.HTTPStatusError):
            await asyncio.sleep(0.2)
