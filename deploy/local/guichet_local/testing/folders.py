"""Where the servers of the tests keep their data: in memory where the machine has enough of it.

The servers confirm what they have synced to disk. Four workers with brokers and databases of their own wait for one
disk most of their time, and no test kills the machine, only processes: what a killed process had written is there,
on disk and in memory alike. `make chaos` and `make bench` start their system outside of pytest, on disk.
"""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev", "shm")
ENOUGH = 10 << 30
"""Bytes. The folders of a whole run come to about 4 GiB, its processes to about as much."""
SETTING = "GUICHET_TEST_DATA"


def make(name: str) -> Path:
    """An empty folder for one server or system."""
    return Path(tempfile.mkdtemp(prefix=f"guichet-{name}-", dir=os.environ.get(SETTING)))


def begin(memory: Path = MEMORY) -> Path | None:
    """Choose the folder of this run, for its workers too; None: the system's temporary folder serves, or one is set."""
    if os.environ.get(SETTING) or min(_room(memory), _free_memory()) < ENOUGH:
        return None
    _remove_left_behind(memory)
    folder = memory / f"guichet-tests-{os.getpid()}"
    folder.mkdir(mode=0o711)
    os.environ[SETTING] = str(folder)
    return folder


def end(folder: Path | None) -> None:
    """Remove what `begin` made."""
    if folder is not None:
        del os.environ[SETTING]
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_behind(memory: Path) -> None:
    """The folders of runs that were killed: memory is not given back by itself."""
    for folder in memory.glob("guichet-tests-*"):
        if not Path("/proc", folder.name.rpartition("-")[2]).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _room(memory: Path) -> int:
    return shutil.disk_usage(memory).free if memory.is_dir() else 0


def _free_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
