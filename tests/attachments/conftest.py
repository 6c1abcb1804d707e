"""The service as a real process, on real servers, with a database and a bucket of its own."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from guichet_local.ports import Ports
from guichet_local.testing import S3

START_SECONDS = 30.0


class Service:
    """One process of ``guichet_attachments``; ``environment`` may differ from start to start."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.environment = dict(environment)
        self.port = Ports.free()["attachments"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, **changed: str) -> subprocess.Popen[bytes]:
        """Start the process, without waiting for it."""
        environment = {"PATH": os.environ["PATH"], "GUICHET_HTTP_PORT": str(self.port)} | self.environment | changed
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "guichet_attachments"], env=environment, stdout=log, stderr=log
            )
        return self._process

    def start(self, **changed: str) -> "Service":
        """Start the process; returns when it is ready."""
        process, limit = self.launch(**changed), time.monotonic() + START_SECONDS
        while self.readiness() != 200:
            assert process.poll() is None, f"the service ended:\n{self.log.read_text()}"
            assert time.monotonic() < limit, f"the service is not ready:\n{self.log.read_text()}"
            time.sleep(0.05)
        return self

    def readiness(self) -> int | None:
        """The status of ``/readyz``; None when nothing listens."""
        try:
            return httpx2.get(f"{self.url}/readyz").status_code
        except httpx2.TransportError:
            return None

    def kill(self) -> None:
        """End the process as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the process in an orderly way."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None


@pytest.fixture(scope="session")
def secret_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("attachments") / "secret.key"
    file.write_bytes(secrets.token_bytes(48))
    return file


@pytest.fixture(scope="session")
def make_environment(
    rabbitmq_url: str, mongodb_url: str, s3: S3, secret_key_file: Path
) -> Callable[[], dict[str, str]]:
    """Settings of a service that shares neither database nor bucket with another."""

    def make() -> dict[str, str]:
        mark = secrets.token_hex(4)
        return {
            "GUICHET_RABBITMQ_URL": rabbitmq_url,
            "GUICHET_MONGODB_URL": mongodb_url,
            "GUICHET_DATABASE_PREFIX": f"test_{mark}_",
            "GUICHET_S3_ENDPOINT": s3.endpoint,
            "GUICHET_S3_ACCESS_KEY": s3.access_key,
            "GUICHET_S3_SECRET_KEY": s3.secret_key,
            "GUICHET_ATTACHMENTS_BUCKET": f"test-attachments-{mark}",
            "GUICHET_SECRET_KEY_FILE": str(secret_key_file),
        }

    return make


@pytest.fixture
def unstarted(make_environment: Callable[[], dict[str, str]], tmp_path: Path) -> Iterator[Service]:
    """A service of this test alone."""
    service = Service(make_environment(), tmp_path / "service.log")
    yield service
    service.kill()


@pytest.fixture(scope="session")
def service(
    make_environment: Callable[[], dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A running service that many tests share."""
    service = Service(make_environment(), tmp_path_factory.mktemp("attachments") / "service.log").start()
    yield service
    service.stop()


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the shared service."""
    async with httpx2.AsyncClient(base_url=service.url, timeout=20) as client:
        yield client
