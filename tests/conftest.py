"""The servers of the tests come from here; see guichet_local.testing."""

pytest_plugins = ["guichet_local.testing"]
