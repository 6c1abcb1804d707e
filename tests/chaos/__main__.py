"""`make chaos`: everything that can fail does, while people work; then four records are compared. See README.md.

The exit status says whether the promise held: 0 it did, 1 it did not, 2 a setting is bad.
"""

import asyncio
import sys

from . import report
from .options import BadOption, Options
from .run import run


def say(line: str) -> None:
    """Progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run once and write the report."""
    try:
        options = Options.from_environment()
    except BadOption as error:
        say(str(error))
        return 2
    say(f"CHAOS_SEED={options.seed} CHAOS_MINUTES={options.minutes:g} CHAOS_RATE={options.rate:g}")
    outcome = asyncio.run(run(options, say))
    options.report.mkdir(parents=True, exist_ok=True)
    (options.report / "report.md").write_text(report.markdown(outcome))
    (options.report / "report.html").write_text(report.page(outcome))
    say(report.markdown(outcome))
    say(f"The report is in {options.report}.")
    return 0 if outcome.held else 1


if __name__ == "__main__":
    sys.exit(main())
