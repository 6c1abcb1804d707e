"""A real ClamAV, whose signature base knows one thing: the EICAR test file (https://www.eicar.org, 68 bytes)."""

import hashlib
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from guichet_local.ports import Ports, is_free

from . import samples
from .conftest import Desk, Service, desk_of

CLAMD = Path("/usr/sbin/clamd")
START_SECONDS = 30.0


@pytest.fixture(scope="module")
def clamav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a daemon of our own."""
    assert CLAMD.exists(), "ClamAV is missing: `make test` installs it"
    folder = tmp_path_factory.mktemp("clamav")
    database = folder / "database"
    database.mkdir()
    digest = hashlib.md5(samples.EICAR, usedforsecurity=False).hexdigest()
    (database / "eicar.hdb").write_text(f"{digest}:{len(samples.EICAR)}:Eicar-Test-File\n")
    port = Ports.free()["mailer"]
    settings = {
        "Foreground": "yes",
        "DatabaseDirectory": database,
        "TCPSocket": port,
        "TCPAddr": "127.0.0.1",
        "TemporaryDirectory": folder,
        "StreamMaxLength": "30M",
        "User": "root",
    }
    configuration = folder / "clamd.conf"
    configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    with (folder / "clamd.log").open("wb") as log:
        daemon = subprocess.Popen([CLAMD, "--config-file", configuration], stdout=log, stderr=log)
    try:
        limit = time.monotonic() + START_SECONDS
        while is_free(port):
            assert daemon.poll() is None, (folder / "clamd.log").read_text()
            assert time.monotonic() < limit, (folder / "clamd.log").read_text()
            time.sleep(0.05)
        yield f"tcp://127.0.0.1:{port}"
    finally:
        daemon.kill()
        daemon.wait()


@pytest.fixture
async def guarded(unstarted: Service, clamav: str) -> AsyncIterator[Desk]:
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
