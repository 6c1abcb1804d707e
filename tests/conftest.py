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

BOTH_DRIVERS = (
    "attachments/test_store.py",
    "chat/test_log.py",
    "contacts/test_usecases.py",
    "kit/test_mongo.py",
    "kit/test_outbox.py",
    "requests/test_conversations.py",
    "requests/test_lists.py",
)
"""Files whose tests run with PyMongo and with motor: those of the stores, and of what a store promises to the rest."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what tests the second driver again, and put the long files first (with --no-loadscope-reorder)."""
    again = {item for item in items if _is_with_motor(item) and not item.path.as_posix().endswith(BOTH_DRIVERS)}
    config.hook.pytest_deselected(items=[*again])
    items[:] = [item for item in items if item not in again]
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONG))


def _is_with_motor(item: pytest.Item) -> bool:
    called = getattr(item, "callspec", None)
    return called is not None and "motor" in called.params.values()
