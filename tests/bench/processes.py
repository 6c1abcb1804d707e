"""What processes use: CPU time and memory, from /proc."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def tree(roots: Mapping[str, int]) -> dict[str, list[int]]:
    """Each named process with all its descendants that live now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: dict[str, list[int]] = {}
    for name, pid in roots.items():
        pids, look = [], [pid]
        while look:
            pids.append(look.pop())
            look += children.get(pids[-1], [])
        found[name] = pids
    return found


def cpu_ms(roots: Mapping[str, int]) -> dict[str, float]:
    """CPU milliseconds that each has used, its children and those that have ended included."""
    # proc(5), from the third field on: utime, stime, cutime, cstime are 11 to 14.
    return {
        name: _TICK_MS * sum(int(n) for pid in pids if (fields := _stat(pid)) for n in fields[11:15])
        for name, pids in tree(roots).items()
    }


def memory_kib(pids: Iterable[int]) -> int:
    """Memory of these processes that is theirs alone, and their share of the rest (Pss), in KiB."""
    return sum(_field(pid, "smaps_rollup", "Pss:") for pid in pids)


def resident_kib(pids: Iterable[int]) -> int:
    """Resident memory (RSS) of these processes, in KiB."""
    return sum(_field(pid, "status", "VmRSS:") for pid in pids)


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name, which may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _field(pid: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
