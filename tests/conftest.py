"""The servers of the tests come from here; see guichet_local.testing."""

import pytest

pytest_plugins = ["guichet_local.testing"]

LONG = (
    "mailer/test_cases_running.py",
    "ctl/test_backup.py",
    "ctl/test_commands.py",
    "abuse/test_matrix.py",
    "requests/test_service.py",
)
"""Files whose tests start whole installations: begun first, they end beside the others, not minutes after them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first (with xdist's --no-loadscope-reorder)."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONG))
