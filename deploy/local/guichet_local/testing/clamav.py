"""A real ClamAV, whose signature base knows one thing: the EICAR test file (https://www.eicar.org, 68 bytes)."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from guichet_local.ports import free_port, is_free

CLAMD = Path("/usr/sbin/clamd")
START_SECONDS = 30.0
EICAR = "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test-File\n"
"""The file's MD5 and size, and how a refusal calls it."""


@pytest.fixture(scope="session")
def clamav() -> Iterator[str]:
    """The address of a daemon of the run's own, as ``GUICHET_CLAMD`` takes it. It is there within a second."""
    if not CLAMD.exists():
        pytest.exit("no ClamAV for the tests: `make test` installs it", returncode=3)
    with tempfile.TemporaryDirectory(prefix="guichet-clamav-") as made:
        folder = Path(made)
        (folder / "eicar.hdb").write_text(EICAR)
        port = free_port()
        settings = {
            "Foreground": "yes",
            "DatabaseDirectory": folder,
            "TCPSocket": port,
            "TCPAddr": "127.0.0.1",
            "TemporaryDirectory": folder,
            "StreamMaxLength": "30M",
            "User": "root",
        }
        configuration, told = folder / "clamd.conf", folder / "clamd.log"
        configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        with told.open("wb") as log:
            daemon = subprocess.Popen([CLAMD, "--config-file", configuration], stdout=log, stderr=log)
        try:
            limit = time.monotonic() + START_SECONDS
            while is_free(port):
                if daemon.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError(f"ClamAV did not start:\n{told.read_text()}")
                time.sleep(0.05)
            yield f"tcp://127.0.0.1:{port}"
        finally:
            daemon.kill()
            daemon.wait()
