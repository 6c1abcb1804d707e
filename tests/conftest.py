"""The servers of the tests come from here; see guichet_local.testing."""

import pytest

pytest_plugins = ["guichet_local.testing"]

LONG = (
    "ctl/test_backup.py",
    "ctl/test_commands.py",
    "requests/test_erasure_doors.py",
    "contracts/test_fuzz.py",
    "ctl/test_agents.py",
    "mailer/test_cases_running.py",
    "ctl/test_retention.py",
    "requests/test_guesses.py",
    "requests/test_service.py",
    "mailer/test_parsing.py",
    "requests/test_erasure.py",
    "requests/test_missing.py",
    "chat/test_outages.py",
    "attachments/test_crashes.py",
    "mailer/test_inbound.py",
    "requests/test_audit.py",
    "kit/test_live_edge.py",
    "abuse/test_matrix.py",
)
"""Files that take more than a minute, the longest first: begun first, they end beside the others, not minutes after."""

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
    items.sort(key=_place)


def _is_with_motor(item: pytest.Item) -> bool:
    called = getattr(item, "callspec", None)
    return called is not None and "motor" in called.params.values()


def _place(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((place for place, name in enumerate(LONG) if path.endswith(name)), len(LONG))
