"""deploy/compose.yaml and the Dockerfiles: what they name exists, and what they set is read by somebody."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from guichet_local.settings import WORKSPACE

from .settings import OTHERS, SETTINGS, known

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
