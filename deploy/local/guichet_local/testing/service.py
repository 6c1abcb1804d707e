"""One service as a real process, for tests that start, kill and restart it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2

from guichet_local.ports import free_port
from guichet_local.testing.signing import SIGNING

START_SECONDS = 90.0


class ServiceProcess:
    """One process of ``python -m MODULE``. ``environment`` is all that it sees, besides PATH, port and its keys."""

    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        self.module = module
        self.environment = dict(environment)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        if self._process is None:
            raise RuntimeError("it was not started")
        return self._process.pid

    def launch(self, **changed: str) -> subprocess.Popen[bytes]:
        """Start the process, without waiting for it."""
        usual = {"PATH": os.environ["PATH"], "GUICHET_HTTP_PORT": str(self.port)}
        usual |= SIGNING.environment(self.module.removeprefix("guichet_"))
        environment = usual | self.environment | changed
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module], env=environment, stdout=log, stderr=log
            )
        return self._process

    def start(self, **changed: str) -> "ServiceProcess":
        """Start the process; returns when it is ready."""
        process, limit = self.launch(**changed), time.monotonic() + START_SECONDS
        while self.readiness() != 200:
            if process.poll() is not None:
                raise RuntimeError(f"the service ended:\n{self.log.read_text()}")
            if time.monotonic() > limit:
                raise TimeoutError(f"the service is not ready:\n{self.log.read_text()}")
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
