"""`make chaos-planted`: each fault of this folder is planted in turn, and the short form must find it.

CHAOS_PLANTED names the one that is planted, when not all are. Exit status: 0 when each was found for what it is.
"""

import asyncio
import os
import sys
from dataclasses import replace

from ..__main__ import say
from ..options import SHORT_MINUTES, Options
from ..run import run

SETTLE_SECONDS = 75.0
"""Longer than what is right may take; what is lost is waited for in vain."""

FOUND_BY = {
    "acknowledged_first": ("lost: acknowledged, not in the log",),
    "without_outbox": ("lost: in the log, not on a timeline", "an e-mail was not sent"),
    "without_unique_index": ("doubled in the log",),
}
"""Of what kinds the findings are that each must lead to: one of them is enough."""


def main() -> int:
    """Plant and look."""
    environment = {"CHAOS_MINUTES": str(SHORT_MINUTES), **os.environ}
    options = Options.from_environment(environment)
    missed = []
    for planted, kinds in FOUND_BY.items():
        if options.planted not in ("", planted):
            continue
        say(f"planted: {planted}; CHAOS_SEED={options.seed}")
        wrong = asyncio.run(run(replace(options, planted=planted, settle=SETTLE_SECONDS), say)).findings.wrong
        found = any(wrong[kind] for kind in kinds)
        say(f"{planted}: {'found' if found else 'NOT found'}: {dict(wrong)}")
        if not found:
            missed.append(planted)
    say(f"missed: {', '.join(missed)}" if missed else "All were found.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
