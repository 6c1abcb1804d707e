"""Mistakes that are easily made, each planted alone in the production overlay: each is found, and named."""

from collections.abc import Callable
from typing import Any

import pytest

from .manifests import Manifest, Overlay, overlay, pod_spec
from .network import unwanted_connections
from .references import broken_references
from .schemas import broken_schemas
from .settings import unknown_settings
from .workloads import problems_of_image, unsound_workloads

Plant = Callable[[Overlay], None]


def found(planted: Overlay) -> list[str]:
    """What our own checks say, and the schemas where those find nothing: they take a second."""
    return [
        *broken_references(planted),
        *unsound_workloads(planted),
        *unwanted_connections(planted),
        *unknown_settings(planted),
    ] or broken_schemas(planted)


def of(planted: Overlay, kind: str, name: str) -> Manifest:
    manifest = planted.get(kind, name)
    assert manifest is not None
    return manifest


def container(planted: Overlay, name: str) -> Any:
    return pod_spec(of(planted, "Deployment", name))["containers"][0]


def map_of(planted: Overlay, name: str) -> Any:
    return next(m for m in planted.of_kind("ConfigMap") if m["metadata"]["name"].startswith(f"{name}-"))["data"]


def wrong_selector(planted: Overlay) -> None:
    of(planted, "Service", "chat")["spec"]["selector"]["app.kubernetes.io/name"] = "chats"


def labels_changed_and_selector_not(planted: Overlay) -> None:
    of(planted, "Deployment", "contacts")["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] = (
        "contact"
    )


def missing_key(planted: Overlay) -> None:
    secrets = of(planted, "ExternalSecret", "guichet-secrets")["spec"]["data"]
    secrets[:] = [entry for entry in secrets if entry["secretKey"] != "mail-inbound"]


def missing_map(planted: Overlay) -> None:
    container(planted, "requests")["envFrom"].append({"configMapRef": {"name": "requests-more"}})


def least_above_most(planted: Overlay) -> None:
    of(planted, "HorizontalPodAutoscaler", "chat")["spec"]["minReplicas"] = 50


def queue_that_nobody_fills(planted: Overlay) -> None:
    of(planted, "ScaledObject", "mailer")["spec"]["triggers"][0]["metadata"]["queueName"] = "mailer.submission"


def unpinned_image(planted: Overlay) -> None:
    container(planted, "mailer")["image"] = "registry.example/guichet/mailer:latest"


def withdrawn_image(planted: Overlay) -> None:
    container(planted, "mailer")["image"] = "bitnami/mailer:1.2.3"


def policy_for_every_pod(planted: Overlay) -> None:
    of(planted, "NetworkPolicy", "contacts")["spec"]["ingress"][0]["from"] = [{"podSelector": {}}]


def policy_to_everywhere(planted: Overlay) -> None:
    of(planted, "NetworkPolicy", "objects-outside")["spec"]["egress"][0]["to"] = [{"ipBlock": {"cidr": "0.0.0.0/0"}}]


def policy_for_every_port(planted: Overlay) -> None:
    del of(planted, "NetworkPolicy", "mongodb-members")["spec"]["ingress"][0]["ports"]


def arrow_forgotten(planted: Overlay) -> None:
    policy = of(planted, "NetworkPolicy", "attachments")["spec"]["ingress"][0]
    policy["from"] = [p for p in policy["from"] if "mailer" not in str(p)]


def nothing_denied(planted: Overlay) -> None:
    planted.manifests.remove(of(planted, "NetworkPolicy", "deny-all"))  # type: ignore[attr-defined]


def probe_on_a_dependency(planted: Overlay) -> None:
    container(planted, "chat")["startupProbe"]["httpGet"]["path"] = "/readyz"


def liveness_probe(planted: Overlay) -> None:
    container(planted, "chat")["livenessProbe"] = container(planted, "chat")["readinessProbe"]


def grace_too_short(planted: Overlay) -> None:
    pod_spec(of(planted, "Deployment", "chat"))["terminationGracePeriodSeconds"] = 30


def setting_misspelt(planted: Overlay) -> None:
    map_of(planted, "mailer-config")["GUICHET_SMTP_PROT"] = "2525"


def password_in_a_value(planted: Overlay) -> None:
    map_of(planted, "common-config")["GUICHET_MONGODB_URL"] = "mongodb://me:hunter2@db.example"


def route_to_a_port_that_is_not_there(planted: Overlay) -> None:
    of(planted, "HTTPRoute", "guichet")["spec"]["rules"][0]["backendRefs"][0]["port"] = 8080


def service_port_renamed(planted: Overlay) -> None:
    of(planted, "Service", "mail-in")["spec"]["ports"][0]["targetPort"] = "smtps"


def rollout_takes_pods_first(planted: Overlay) -> None:
    of(planted, "Deployment", "requests")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] = 1


def root_may_write(planted: Overlay) -> None:
    container(planted, "gateway")["securityContext"]["readOnlyRootFilesystem"] = False


def kind_unknown(planted: Overlay) -> None:
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudgets", "metadata": {"name": "more"}, "spec": {}}
    planted.manifests.append(budget)  # type: ignore[attr-defined]


def field_misspelt(planted: Overlay) -> None:
    container(planted, "chat")["resource"] = {}


def field_of_a_custom_resource_misspelt(planted: Overlay) -> None:
    of(planted, "RabbitmqCluster", "guichet-rabbitmq")["spec"]["replica"] = 3


def secret_items(planted: Overlay, kind: str, name: str) -> Any:
    volumes = pod_spec(of(planted, kind, name))["volumes"]
    return next(volume for volume in volumes if volume["name"] == "secrets")["projected"]["sources"][0]["secret"]


def private_key_of_another(planted: Overlay) -> None:
    item = {"key": "requests-signing-key", "path": "requests-signing-key"}
    secret_items(planted, "Deployment", "contacts")["items"].append(item)


def private_key_under_another_name(planted: Overlay) -> None:
    item = {"key": "requests-signing-key", "path": "chat-signing-key"}
    secret_items(planted, "Deployment", "chat")["items"].append(item)


def private_key_for_a_migration(planted: Overlay) -> None:
    item = {"key": "requests-signing-key", "path": "requests-signing-key"}
    secret_items(planted, "Job", "migrate-requests")["items"].append(item)


def all_secrets_at_once(planted: Overlay) -> None:
    del secret_items(planted, "Deployment", "mailer")["items"]


MISTAKES: dict[Plant, str] = {
    private_key_of_another: "Deployment/contacts: mounts requests-signing-key",
    private_key_under_another_name: "Deployment/chat: mounts requests-signing-key",
    private_key_for_a_migration: "Job/migrate-requests: mounts requests-signing-key",
    all_secrets_at_once: "Deployment/mailer: mounts all of guichet-secrets",
    wrong_selector: "Service/chat: its selector takes the pods of 0 workloads",
    labels_changed_and_selector_not: "Deployment/contacts: its selector does not match",
    missing_key: "Secret guichet-secrets has no key mail-inbound",
    missing_map: "ConfigMap requests-more does not exist",
    least_above_most: "HorizontalPodAutoscaler/chat: its least (50) is above its most (40)",
    queue_that_nobody_fills: "there is no queue mailer.submission",
    unpinned_image: "guichet/mailer:latest may be another image tomorrow",
    withdrawn_image: "bitnami/mailer:1.2.3 is no longer published",
    policy_for_every_pod: "network: clamav → contacts:8000 is allowed, and not in",
    policy_to_everywhere: "network: attachments → anywhere:443 is allowed, and not in",
    policy_for_every_port: "network: chat → mongodb:every port is allowed, and not in",
    arrow_forgotten: "network: mailer → attachments:8000 is not let in",
    nothing_denied: "network: migrate is not denied by default (Ingress)",
    probe_on_a_dependency: "a startup probe on dependencies",
    liveness_probe: "a liveness probe would cost every socket",
    grace_too_short: "Deployment/chat: 30 s of grace are less",
    setting_misspelt: "GUICHET_SMTP_PROT is no setting of mailer",
    password_in_a_value: "GUICHET_MONGODB_URL holds a password",
    route_to_a_port_that_is_not_there: "there is no service gateway with port 8080",
    service_port_renamed: "Service/mail-in: Deployment/mailer has no port smtps",
    rollout_takes_pods_first: "Deployment/requests: a rollout may take a pod away",
    root_may_write: "Deployment/gateway container gateway: is not restricted",
    kind_unknown: "no schema",
    field_misspelt: "resource",
    field_of_a_custom_resource_misspelt: "RabbitmqCluster/guichet-rabbitmq: $.spec: Additional properties",
}


@pytest.mark.parametrize(("plant", "told"), MISTAKES.items(), ids=[plant.__name__ for plant in MISTAKES])
def test_a_planted_mistake_is_found(plant: Plant, told: str) -> None:
    planted = overlay("prod")
    plant(planted)
    assert [line for line in found(planted) if told in line]


def test_without_a_mistake_nothing_is_found() -> None:
    assert found(overlay("prod")) == []


ONE_VERSION = (
    "mongo:8.0.13",
    "registry.example:5000/guichet/chat:0.1.0",
    "chrislusf/seaweedfs:4.48",
    "clamav/clamav:1.4.3",
    "prom/prometheus:v3.5.0",
    f"mongo@sha256:{'0' * 64}",
)
CHANGING_OR_GONE = (
    "mongo",
    "mongo:latest",
    "mongo:8",
    "registry.example:5000/guichet/chat",
    "minio/minio:RELEASE.2025-09-07",
    "docker.io/bitnami/redis:7.2.4",
)


@pytest.mark.parametrize("image", ONE_VERSION)
def test_an_image_of_one_version_is_taken(image: str) -> None:
    assert problems_of_image(image) == []


@pytest.mark.parametrize("image", CHANGING_OR_GONE)
def test_an_image_that_may_change_or_is_gone_is_refused(image: str) -> None:
    assert len(problems_of_image(image)) == 1
