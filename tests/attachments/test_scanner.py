"""Where ClamAV is set, nothing comes in that it has not seen; while it is away, files wait."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from guichet_attachments.virus import Clamd, ScannerUnavailable, Verdict
from guichet_local.testing.service import ServiceProcess

from . import samples
from .clamd import FakeClamd
from .conftest import URL, Desk, desk_of, eventually

TEXT = b"nothing bad in here\n"


@pytest.fixture
async def clamd() -> AsyncIterator[FakeClamd]:
    daemon = FakeClamd()
    await daemon.start()
    yield daemon
    await daemon.stop()


@pytest.fixture
async def guarded(unstarted: ServiceProcess, clamd: FakeClamd) -> AsyncIterator[Desk]:
    """The desk of a service that has a scanner."""
    await asyncio.to_thread(unstarted.start, GUICHET_CLAMD=clamd.address)
    async with desk_of(unstarted) as desk:
        yield desk


async def state_of(desk: Desk, file_id: str, headers: dict[str, str]) -> str:
    answer = await desk.http.get(f"{URL}/{file_id}/status", headers=headers)
    return str(answer.json().get("state") or answer.json()["code"])


class TestScanning:
    async def test_a_clean_file_comes_in(self, guarded: Desk, clamd: FakeClamd) -> None:
        answer = await guarded.upload(guarded.visitor(), "a.txt", TEXT)
        assert (answer.status_code, answer.json()["state"]) == (201, "ready")
        assert clamd.scanned == 1

    @pytest.mark.parametrize("name", ["eicar.txt", "eicar.com", "eicar"])
    async def test_an_infected_file_is_refused_and_nothing_of_it_stays(self, guarded: Desk, name: str) -> None:
        answer = await guarded.upload(guarded.visitor(), name, samples.EICAR)
        assert (answer.status_code, answer.json()["code"]) == (422, "infected")
        assert "Eicar-Test-Signature" in answer.json()["detail"]
        assert await guarded.stored() == set()


class TestTheScannerIsAway:
    async def test_files_wait_and_are_not_let_through_and_are_checked_when_it_is_back(
        self, guarded: Desk, clamd: FakeClamd
    ) -> None:
        visitor, agent = guarded.visitor(), guarded.agent()
        await clamd.stop()
        clean = (await guarded.upload(visitor, "a.txt", TEXT)).json()
        infected = (await guarded.upload(visitor, "b.txt", samples.EICAR)).json()
        for file in (clean, infected):
            assert (file["state"], file["receipt"]) == ("checking", None)
            assert (await guarded.read(visitor, file["id"])).json()["code"] == "not_ready"
            assert (await guarded.read(agent, file["id"])).status_code == 404
        await clamd.start()

        async def clean_is_ready() -> bool:
            return await state_of(guarded, clean["id"], visitor.headers) == "ready"

        async def infected_is_refused() -> bool:
            return await state_of(guarded, infected["id"], visitor.headers) == "infected"

        await eventually(clean_is_ready)
        await eventually(infected_is_refused)
        assert (await guarded.read(visitor, clean["id"])).content == TEXT
        assert all(name.startswith(clean["id"]) for name in await guarded.stored())

    async def test_a_service_that_died_meanwhile_checks_them_when_it_starts(
        self, guarded: Desk, unstarted: ServiceProcess, clamd: FakeClamd
    ) -> None:
        visitor = guarded.visitor()
        await clamd.stop()
        file = (await guarded.upload(visitor, "a.txt", TEXT)).json()
        unstarted.kill()
        await clamd.start()
        await asyncio.to_thread(unstarted.start, GUICHET_CLAMD=clamd.address)

        async def is_ready() -> bool:
            return await state_of(guarded, file["id"], visitor.headers) == "ready"

        await eventually(is_ready)


class TestTheProtocol:
    async def test_a_file_of_many_chunks_is_one_stream(self, clamd: FakeClamd) -> None:
        await Clamd(clamd.address).ping()
        assert await Clamd(clamd.address).scan(chunks(b"a" * 70_000, b"b")) == Verdict(None)
        assert await Clamd(clamd.address).scan(chunks(samples.EICAR[:30], samples.EICAR[30:])) == Verdict(
            "Eicar-Test-Signature"
        )

    async def test_a_daemon_that_refuses_the_size_gives_no_verdict(self) -> None:
        daemon = FakeClamd(stream_limit=10)
        await daemon.start()
        with pytest.raises(ScannerUnavailable):
            await Clamd(daemon.address).scan(chunks(b"more than ten bytes"))
        await daemon.stop()

    async def test_a_daemon_that_is_away_gives_no_verdict(self) -> None:
        with pytest.raises(ScannerUnavailable):
            await Clamd(FakeClamd().address).scan(chunks(b"x"))

    async def test_a_daemon_that_hangs_up_gives_no_verdict(self, tmp_path: Path) -> None:
        path = str(tmp_path / "clamd.sock")
        server = await asyncio.start_unix_server(hang_up, path)
        with pytest.raises(ScannerUnavailable):
            await Clamd(f"unix://{path}").scan(chunks(b"x"))
        server.close()
        await server.wait_closed()


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
