"""deploy/compose.yaml and the Dockerfiles: what they name exists, and what they set is read by somebody."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from guichet_contracts.claims import SIGNING
from guichet_kit.keyfolder import KeyFolder
from guichet_kit.keys import Keys
from guichet_local.settings import WORKSPACE

from .settings import OTHERS, SETTINGS, known
from .workloads import SIGNING_KEY

DEPLOY = WORKSPACE / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OUR_OWN = {*SETTINGS, "gateway", "demo"}


def settings_of(file: Path) -> list[str]:
    """The names in an env file."""
    return [line.partition("=")[0] for line in file.read_text().splitlines() if line and not line.startswith("#")]


def test_every_setting_for_the_services_is_read_by_one_of_them() -> None:
    readable = OTHERS.union(*(known(service) for service in SETTINGS))
    assert set(settings_of(DEPLOY / "compose" / "settings.env")) - readable == set()


def test_every_setting_of_the_gateway_is_in_its_templates_and_has_a_value_in_its_image() -> None:
    assert set(settings_of(DEPLOY / "compose" / "gateway.env")) - known("gateway") == set()
    image = DEPLOY / "images" / "gateway"
    given = {
        name
        for file in ("Dockerfile", "start")
        for name in re.findall(r"(GUICHET_[A-Z_]+)=", (image / file).read_text())
    }
    assert known("gateway") - given == set()


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_a_container_has_a_pinned_image_secrets_that_are_there_and_no_more_than_it_needs(name: str) -> None:
    service = COMPOSE["services"][name]
    image, _, tag = service["image"].rpartition(":")
    assert image
    assert tag != "latest"
    assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
    if image.removeprefix("guichet/") in OUR_OWN and name != "mongodb-init":
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["user"] == "10001:10001"


@pytest.mark.parametrize("service", sorted(SETTINGS))
def test_a_service_that_reads_a_secret_is_handed_its_file(service: str) -> None:
    files = {}
    for line in (DEPLOY / "compose" / "settings.env").read_text().splitlines():
        name, _, value = line.partition("=")
        if value.startswith("/run/secrets/") and name in known(service):
            files[name] = value.removeprefix("/run/secrets/")
    assert set(files.values()) <= set(COMPOSE["services"][service]["secrets"])


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_a_container_has_the_private_key_of_its_own_service_at_most(name: str) -> None:
    handed = [secret for secret in COMPOSE["services"][name].get("secrets", ()) if secret.endswith(SIGNING_KEY)]
    assert handed == ([f"{name}{SIGNING_KEY}"] if name in SIGNING else [])
    if handed:
        told = COMPOSE["services"][name]["environment"]["GUICHET_SIGNING_KEY_FILE"]
        assert told == f"/run/secrets/{name}{SIGNING_KEY}"


class TestMakeSecrets:
    def make(self, folder: Path) -> None:
        subprocess.run([DEPLOY / "k8s" / "make-secrets", "--files", folder], check=True, capture_output=True)

    def test_makes_keys_that_each_service_can_use(self, tmp_path: Path) -> None:
        self.make(tmp_path / "secrets")
        keys = KeyFolder(tmp_path / "secrets")
        members = json.loads(keys.public_file.read_text())["keys"]
        assert [member["service"] for member in members] == list(SIGNING)
        for member in members:
            own = Keys(member["service"], keys.public_file, keys.private_file(member["service"]))
            assert own.signing()[0] == member["kid"]

    def test_gives_secrets_of_before_signing_keys_and_leaves_the_rest(self, tmp_path: Path) -> None:
        (tmp_path / "secret-key").write_text("of before")
        self.make(tmp_path)
        assert {file.name for file in tmp_path.iterdir()} == {
            "secret-key", "public-keys", *(f"{service}{SIGNING_KEY}" for service in SIGNING)
        }  # fmt: skip
        before = {file: file.read_text() for file in tmp_path.iterdir()}
        self.make(tmp_path)
        assert {file: file.read_text() for file in tmp_path.iterdir()} == before
        assert before[tmp_path / "secret-key"] == "of before"
