"""The page of the benchmarks, docs/benchmarks.md: each bench writes its own section when `make bench` runs it."""

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

_BEGIN = "# Benchmarks\n\n`make bench` measures, and writes each section of this page.\n"
_LOAD = os.getloadavg()[0]  # of other programs, when nothing of the bench runs yet


def write_section(title: str, text: str) -> None:
    """Print a section, and put it in its place in the file that GUICHET_BENCHMARKS names, where it does."""
    day = datetime.now(UTC).date().isoformat()
    measured = f"Measured on {day}, with {os.cpu_count()} processors for everything; load before: {_LOAD:.1f}."
    section = f"## {title}\n\n{text}\n{measured}\n"
    sys.stdout.write(f"\n{section}")
    if file := os.environ.get("GUICHET_BENCHMARKS"):
        page = Path(file)
        begin, *sections = re.split(r"(?m)^(?=## )", page.read_text() if page.exists() else _BEGIN)
        kept = [one.strip() for one in sections if not one.startswith(f"## {title}\n")]
        page.write_text("\n\n".join([begin.strip(), *sorted([*kept, section.strip()])]) + "\n")
