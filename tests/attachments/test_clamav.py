"""A real ClamAV refuses what it knows."""

from collections.abc import AsyncIterator

import pytest
from guichet_local.testing.service import ServiceProcess

from . import samples
from .conftest import Desk, desk_of


@pytest.fixture
async def guarded(unstarted: ServiceProcess, clamav: str) -> AsyncIterator[Desk]:
    """The desk of a service that asks ClamAV."""
    unstarted.start(GUICHET_CLAMD=clamav)
    async with desk_of(unstarted) as desk:
        yield desk


class TestARealClamAV:
    async def test_knows_the_eicar_file_and_nothing_of_it_stays_while_a_clean_one_comes_in(self, guarded: Desk) -> None:
        infected = await guarded.upload(guarded.visitor(), "eicar.txt", samples.EICAR)
        assert (infected.status_code, infected.json()["code"]) == (422, "infected")
        assert "Eicar-Test-File" in infected.json()["detail"]
        assert await guarded.stored() == set()
        clean = await guarded.upload(guarded.visitor(), "clean.txt", b"nothing bad in here\n")
        assert (clean.status_code, clean.json()["state"]) == (201, "ready")
