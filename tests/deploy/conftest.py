"""Checks of what is in deploy/: `make k8s-check` installs the tools that they use."""

import pytest

from .manifests import TOOLS


@pytest.fixture(scope="session", autouse=True)
def tools() -> None:
    """The tools are there."""
    if not (TOOLS / "bin" / "kubectl").exists():
        pytest.exit("the tools of deploy/ are missing: `make k8s-check` installs them", returncode=3)
