"""Every overlay, as kubectl renders it, is sound."""

import pytest

from .manifests import OVERLAYS, Overlay, overlay, read
from .network import unwanted_connections
from .references import broken_references
from .schemas import broken_policies, broken_schemas
from .settings import SETTINGS, documented, known, unknown_settings
from .workloads import unsound_workloads


@pytest.fixture(params=OVERLAYS)
def rendered(request: pytest.FixtureRequest) -> Overlay:
    return overlay(request.param)


class TestEveryOverlay:
    def test_kubernetes_and_the_custom_resources_take_every_manifest(self, rendered: Overlay) -> None:
        assert broken_schemas(rendered) == []

    def test_checkov_finds_nothing_but_the_exceptions_that_have_a_reason(self, rendered: Overlay) -> None:
        assert broken_policies(rendered) == []

    def test_every_reference_leads_somewhere(self, rendered: Overlay) -> None:
        assert broken_references(rendered) == []

    def test_every_workload_is_restricted_drains_and_is_pinned(self, rendered: Overlay) -> None:
        assert unsound_workloads(rendered) == []

    def test_network_policies_allow_what_the_architecture_lists_and_nothing_else(self, rendered: Overlay) -> None:
        assert unwanted_connections(rendered) == []

    def test_programs_are_handed_only_settings_that_they_read(self, rendered: Overlay) -> None:
        assert list(unknown_settings(rendered)) == []

    def test_each_service_has_a_workload_and_a_migration(self, rendered: Overlay) -> None:
        for service in SETTINGS:
            assert rendered.get("Deployment", service) is not None
            assert rendered.get("Job", f"migrate-{service}") is not None


class TestSettings:
    @pytest.mark.parametrize("service", SETTINGS)
    def test_what_a_service_reads_is_what_its_readme_tells(self, service: str) -> None:
        assert {f"GUICHET_{field.upper()}" for field in SETTINGS[service].model_fields} == documented(service)

    def test_the_gateway_s_variables_are_in_its_readme(self) -> None:
        text = read("deploy/gateway/README.md")
        missing = [
            n
            for n in known("gateway")
            if f"`{n}`" not in text and f"`…{n.removeprefix('GUICHET_GATEWAY')}`" not in text
        ]
        assert missing == []

    def test_one_that_no_service_has_is_not_known(self) -> None:
        assert "GUICHET_S3_ENDPOINT" in known("mailer")
        assert "GUICHET_S3_ENDPOINT" not in known("chat")
        assert "GUICHET_SECRET_KEY_FILE_FILE" not in known("chat")
