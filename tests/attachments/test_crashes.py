"""Killed between two writes, the service leaves an object and a document that disagree; not for good."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from guichet_local.ports import free_port
from guichet_local.testing.service import ServiceProcess

from . import samples
from .conftest import Desk, Someone, desk_of, eventually

FILE_ID = "01900000-0000-7000-8000-00000000000f"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOTHING = b"(matches no request)"
QUICK = {"GUICHET_SWEEP_EVERY": "0.2", "GUICHET_UPLOAD_TIMEOUT": "1"}


class Gate:
    """Stands between the service and the object store, and stops one kind of request, before or after it is done."""

    def __init__(self, store: str) -> None:
        parts = urlsplit(store)
        self._host, self._port = parts.hostname, parts.port
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.stop_request = self.stop_answer = NOTHING
        self.reached = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass everything on, but for what is to be stopped."""
        back, forth = await asyncio.open_connection(self._host, self._port)
        self._writers += [writer, forth]
        held = False

        async def requests() -> None:
            nonlocal held
            while data := await reader.read(1 << 16):
                if self.stop_request in data:
                    self.reached.set()
                    return
                held = held or self.stop_answer in data
                forth.write(data)
            forth.close()

        async def answers() -> None:
            while data := await back.read(1 << 16):
                if held:
                    self.reached.set()
                    return
                writer.write(data)
            writer.close()

        await asyncio.gather(requests(), answers(), return_exceptions=True)

    async def close(self) -> None:
        """Hang up on both sides."""
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)


@pytest.fixture
async def gate(unstarted: ServiceProcess) -> AsyncIterator[Gate]:
    gate = Gate(unstarted.environment["GUICHET_S3_ENDPOINT"])
    server = await asyncio.start_server(gate.serve, "127.0.0.1", gate.port)
    yield gate
    server.close()
    await gate.close()


@pytest.fixture
async def fragile(unstarted: ServiceProcess, gate: Gate) -> AsyncIterator[Desk]:
    """The desk of a service that reaches its store through the gate; the desk itself goes straight there."""
    await asyncio.to_thread(unstarted.start, GUICHET_S3_ENDPOINT=gate.address)
    async with desk_of(unstarted) as desk:
        yield desk


async def killed_during(desk: Desk, gate: Gate, upload_by: Someone) -> None:
    upload = asyncio.create_task(desk.upload(upload_by, "photo.png", samples.image(), id=FILE_ID))
    await asyncio.wait_for(gate.reached.wait(), 20)
    desk.service.kill()
    await asyncio.wait([upload])
    assert upload.exception() is not None, "nobody must be told that the file is safe"


class TestKilledAfterTheObjectAndBeforeTheDocument:
    async def test_the_sweep_removes_both(self, fragile: Desk, gate: Gate) -> None:
        gate.stop_answer = b"PUT /"
        await killed_during(fragile, gate, fragile.visitor())
        assert len(await fragile.stored()) == 1
        assert await fragile.files.count_documents({"state": "receiving"}) == 1
        await asyncio.to_thread(fragile.service.start, **QUICK)

        async def nothing_is_left() -> bool:
            return not await fragile.stored() and not await fragile.files.count_documents({})

        await eventually(nothing_is_left)

    async def test_the_owner_may_try_again_at_once(self, fragile: Desk, gate: Gate) -> None:
        visitor = fragile.visitor()
        gate.stop_answer = b"PUT /"
        await killed_during(fragile, gate, visitor)
        await asyncio.to_thread(fragile.service.start)
        answer = await fragile.upload(visitor, "photo.png", samples.image(), id=FILE_ID)
        assert (answer.status_code, answer.json()["state"]) == (201, "ready")
        await asyncio.to_thread(restart, fragile.service, QUICK)

        async def only_the_second_is_left() -> bool:
            document = await fragile.files.find_one({"_id": FILE_ID})
            assert document is not None
            return await fragile.stored() == {document["object"], document["object"] + ".preview"}

        await eventually(only_the_second_is_left)
        assert (await fragile.read(visitor, FILE_ID)).content == samples.image()


class TestKilledAfterTheDocumentAndBeforeTheObject:
    async def test_an_orphans_object_goes_after_its_document(self, fragile: Desk, gate: Gate) -> None:
        assert (await fragile.upload(fragile.visitor(), "photo.png", samples.image())).status_code == 201
        gate.stop_request = b"DELETE /"
        short = {"GUICHET_ORPHANS_AFTER": "2", "GUICHET_RECEIPT_LIFETIME": "1"}
        await fragile.files.update_many({}, {"$min": {"kept_until": LONG_AGO}})
        await asyncio.to_thread(restart, fragile.service, QUICK | short | {"GUICHET_S3_ENDPOINT": gate.address})
        await asyncio.wait_for(gate.reached.wait(), 20)
        fragile.service.kill()
        assert await fragile.files.count_documents({}) == 0
        assert len(await fragile.stored()) == 2
        await asyncio.to_thread(fragile.service.start, **QUICK, **short)

        async def nothing_is_left() -> bool:
            return not await fragile.stored()

        await eventually(nothing_is_left)


class TestAnAttemptThatHangs:
    async def test_a_second_one_with_the_same_id_takes_over(self, fragile: Desk, gate: Gate) -> None:
        visitor = fragile.visitor()
        gate.stop_request = b"PUT /"
        hanging = asyncio.create_task(fragile.upload(visitor, "photo.png", samples.image(), id=FILE_ID))
        await asyncio.wait_for(gate.reached.wait(), 20)
        gate.stop_request = NOTHING
        again = await fragile.upload(visitor, "photo.png", samples.image(), id=FILE_ID)
        assert again.status_code == 201
        hanging.cancel()
        await asyncio.wait([hanging])


def restart(service: ServiceProcess, settings: dict[str, str]) -> None:
    service.kill()
    service.start(**settings)
