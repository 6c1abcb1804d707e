"""`make bench-compare A B`: two results side by side. Each is a file, or a revision with docs/benchmarks.json."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = "docs/benchmarks.json"


class NoResult(Exception):
    """There are no figures under that name; the text says which."""


def load(name: str) -> dict[str, Any]:
    """The figures of a file or of a revision. Raises `NoResult`."""
    if Path(name).is_file():
        text = Path(name).read_text()
    else:
        shown = subprocess.run(["git", "show", f"{name}:{FILE}"], capture_output=True, text=True, check=False)
        if shown.returncode:
            raise NoResult(f"{name}: neither a file nor a revision with {FILE}")
        text = shown.stdout
    found: dict[str, Any] = json.loads(text)
    return found


def figures(found: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number, by its way there."""
    if isinstance(found, dict):
        label = next((f"{found[key]:g}/s" for key in ("rate",) if isinstance(found.get(key), int | float)), "")
        for key, value in found.items():
            if key not in ("machine", "rate"):
                yield from figures(value, " ".join(part for part in (name, label, key) if part))
    elif isinstance(found, list):
        for number, value in enumerate(found):
            rated = isinstance(value, dict) and "rate" in value
            yield from figures(value, name if rated else f"{name} {number}")
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield name, float(found)


def table(before: dict[str, Any], after: dict[str, Any]) -> str:
    """The figures that both have, and how each changed."""
    old, new = dict(figures(before)), dict(figures(after))
    lines = ["| | A | B | B / A |", "| --- | ---: | ---: | ---: |"]
    for name, value in new.items():
        if name in old:
            change = f"{value / old[name]:.2f}" if old[name] else "–"
            lines.append(f"| {name} | {old[name]:,.4g} | {value:,.4g} | {change} |")
    return "\n".join(lines)


def main() -> int:
    """Print the table; the exit code is 2 when one is not there."""
    if len(sys.argv) != 3:
        sys.stderr.write("name two results: make bench-compare A B, each a file or a revision\n")
        return 2
    try:
        sys.stdout.write(table(load(sys.argv[1]), load(sys.argv[2])) + "\n")
    except NoResult as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
