"""`make bench`: measures the parts that BENCH_ONLY names, and writes them into docs/benchmarks.md.

GUICHET_BENCHMARKS names that page. Its figures go beside it, as JSON for `make bench-compare`, its plots under
images/bench.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from guichet_local.settings import WORKSPACE
from guichet_local.testing.background import Background
from guichet_local.testing.stack import Stack

from . import lists, path, path_section, sockets, starting
from .figures import Figures
from .options import BadOption, Options
from .page import write_section
from .path import say

BY_PYTEST = {"console": "bench_console.py", "mail": "bench_mail.py"}


class Page:
    """Where the figures go."""

    def __init__(self, page: Path | None) -> None:
        self._file = page.with_suffix(".json") if page else None
        self.images = (page.parent if page else Path("/tmp")) / "images" / "bench"  # noqa: S108 - to look at
        self._results: Figures = json.loads(self._file.read_text()) if self._file and self._file.exists() else {}

    def write(self, part: str, title: str, found: Figures, text: str) -> None:
        """Keep one part's figures and write its section."""
        self._results[part] = found
        if self._file:
            self._file.write_text(json.dumps(self._results, indent=1, sort_keys=True) + "\n")
        about = found["machine"]
        where = (
            f"`{about['command']}` at {about['commit']}, on {about['processors']} processors ({about['model']}, "
            f"{about['memory_gib']} GiB, Linux {about['kernel']}) that carry everything, the generator too."
        )
        write_section(title, f"{text}\n{where}")


def machine() -> Figures:
    """What this is measured on, and by which command."""
    model = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "?")
    memory = next(int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    told = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("BENCH_")]
    return {
        "processors": os.cpu_count(),
        "model": model,
        "memory_gib": round(memory / 2**20, 1),
        "kernel": os.uname().release,
        "load_before": round(os.getloadavg()[0], 2),
        "commit": commit.stdout.strip(),
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "command": " ".join([*told, "make bench"]),
    }


def _lines(file: str) -> list[str]:
    return Path(file).read_text().splitlines()


async def _path(options: Options, background: Background, stack: Stack) -> Figures:
    return await path.measure(options, background, stack)


async def _sockets(options: Options, _: Background, stack: Stack) -> Figures:
    return await sockets.measure(options, stack)


async def _lists(options: Options, _: Background, stack: Stack) -> Figures:
    return await lists.measure(options, stack)


async def _start(options: Options, _: Background, stack: Stack) -> Figures:
    return await starting.measure(options, stack)


Measure = Callable[[Options, Background, Stack], Awaitable[Figures]]

PARTS: Mapping[str, tuple[str, Measure, Callable[[Figures, Path], str]]] = {
    "path": ("Path of a message", _path, lambda found, images: path_section.section(found, images, path.AGENTS)),
    "sockets": ("Sockets", _sockets, lambda found, _: sockets.section(found)),
    "lists": ("Lists and searches", _lists, lambda found, _: lists.section(found)),
    "start": ("Start and memory", _start, lambda found, _: starting.section(found)),
}
"""Each part: its title, what measures it on a system of its own, what makes its section."""


async def run(options: Options, page: Page) -> None:
    """Every part of ours that was asked for; each is written when it is done."""
    background = Background()
    try:
        for part, (title, measure, section) in PARTS.items():
            if part not in options.only:
                continue
            say(f"{part}: {title}")
            stack = Stack(background)
            try:
                await asyncio.to_thread(stack.start_all)
                found = {"machine": machine(), **await measure(options, background, stack)}
            finally:
                await asyncio.to_thread(stack.stop_all)
            page.write(part, title, found, section(found, page.images))
    finally:
        background.close()


def main() -> int:
    """Run; the exit code is 2 for a bad option, else that of the parts that pytest runs."""
    try:
        options = Options.from_environment()
    except BadOption as error:
        say(str(error))
        return 2
    named = os.environ.get("GUICHET_BENCHMARKS")
    asyncio.run(run(options, Page(Path(named) if named else None)))
    files = [str(WORKSPACE / "tests" / "bench" / BY_PYTEST[part]) for part in options.only if part in BY_PYTEST]
    if not files:
        return 0
    return subprocess.run([sys.executable, "-m", "pytest", *files, "--capture=no"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
