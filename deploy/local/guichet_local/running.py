"""Which processes belong to a data folder: the `make up` that runs on it, and what a killed one left."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from guichet_local.data import DataFolder, write_private

POLL_SECONDS = 0.1
LEFTOVER_SECONDS = 5.0
# Every child is started with this variable, so that it can be known again as ours.
MARK = "GUICHET_RUN_FOLDER"
CLUSTER = "cluster"
"""The folder, within the data folder, of what `make up-cluster` runs."""


@dataclass(frozen=True)
class Identity:
    """A process by its id and the moment it started, so that a later one with the same id is not taken for it."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """The process that has this id now; none when there is none or it has ended."""
        try:
            # proc(5): the name in brackets may hold anything, so count from its end.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, started = fields[0], fields[19]
        return None if state == "Z" else cls(pid, started)


class PidFile:
    """Tells which `make up` runs on a data folder."""

    def __init__(self, data: DataFolder) -> None:
        self._file = data.run / "up.pid"

    def write(self) -> None:
        """Says that this process does."""
        if me := Identity.of(os.getpid()):
            write_private(self._file, f"{me.pid} {me.started}\n")

    def remove(self) -> None:
        """Says that none does."""
        self._file.unlink(missing_ok=True)

    def running(self) -> Identity | None:
        """The one that runs, if it still does."""
        try:
            pid, started = self._file.read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        identity = Identity.of(int(pid))
        return identity if identity and identity.started == started else None


def end_leftovers(data: DataFolder) -> int:
    """Ends what a killed `make up` left on this data folder; returns how many there were."""
    left = _marked(data)
    for pid in left:
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while (alive := _marked(data)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for pid in alive:
        _signal(pid, signal.SIGKILL)
    return len(left)


def _marked(data: DataFolder) -> list[int]:
    mark = f"{MARK}={data.root}".encode()
    # nginx overwrites its environment with its title, which names its configuration.
    configurations = [f"{root}/gateway/nginx.conf".encode() for root in (data.root, data.root / CLUSTER)]
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            with suppress(OSError):
                environment = (folder / "environ").read_bytes().split(b"\0")
                command = (folder / "cmdline").read_bytes()
                if mark in environment or any(one in command for one in configurations):
                    found.append(int(folder.name))
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
