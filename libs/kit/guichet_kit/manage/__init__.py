"""What every service offers to operators: ``python -m guichet_SERVICE.manage COMMAND``.

Each command writes one JSON document to standard output and ends with status 0. What is refused is one line on
standard error and status 1; a bad setting or a bad command line ends with status 2. ``guichetctl`` calls these modules
and reads no database itself.
"""

from guichet_kit.manage.commands import main
from guichet_kit.manage.service import Command, CommandRefused, Finding, LeftToTheSweep, Managed, Opened

__all__ = ["Command", "CommandRefused", "Finding", "LeftToTheSweep", "Managed", "Opened", "main"]
