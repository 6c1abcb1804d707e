"""Prints the part of requirements.lock that some of our packages need, with its hashes.

``uv export`` notes below each requirement who asks for it (``# via …``); what a package needs is therefore what names
it, and what names those, to the end. So an image holds what its service needs and no tool, browser or server of the
tests, from the one lock that everything else is installed from.

Usage: python select_requirements.py guichet-chat guichet-kit… <requirements.lock
       python select_requirements.py --only uv hatchling… <requirements.lock     (these, without what they need)
"""

import re
import sys

_NAME = re.compile(r"^([A-Za-z0-9._-]+)==")


def blocks(lock: str) -> dict[str, str]:
    """Each requirement's own lines (version, markers, hashes, who asks for it) by its name."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lock.splitlines():
        if name := _NAME.match(line):
            current = found.setdefault(name.group(1), [])
        if line and (current or name):
            current.append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def asked_by(block: str) -> frozenset[str]:
    """The names in a requirement's ``# via`` comment."""
    comments = [line.strip().lstrip("#").strip() for line in block.splitlines() if line.strip().startswith("#")]
    return frozenset(name for comment in comments for name in comment.removeprefix("via").split())


def select(lock: str, roots: frozenset[str]) -> list[str]:
    """The blocks of everything that `roots` need, in the lock's order. Raises ValueError for an unknown root."""
    all_blocks = blocks(lock)
    asking = {name: asked_by(block) for name, block in all_blocks.items()}
    if unknown := roots - frozenset().union(*asking.values()):
        raise ValueError(f"nothing in the lock is asked for by {', '.join(sorted(unknown))}")
    needed, grown = frozenset[str](), True
    while grown:
        more = frozenset(name for name, names in asking.items() if names & (roots | needed))
        needed, grown = more, more != needed
    return [block for name, block in all_blocks.items() if name in needed]


def only(lock: str, names: list[str]) -> list[str]:
    """The blocks of these packages. Raises KeyError for one that the lock does not hold."""
    all_blocks = blocks(lock)
    return [all_blocks[name] for name in names]


if __name__ == "__main__":
    text, arguments = sys.stdin.read(), sys.argv[1:]
    chosen = only(text, arguments[1:]) if arguments[0] == "--only" else select(text, frozenset(arguments))
    sys.stdout.write("\n".join(chosen) + "\n")
