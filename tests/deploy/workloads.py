"""What each workload must say of itself."""

import re
from collections.abc import Iterator

from guichet_contracts.subscriptions import SUBSCRIPTIONS

from .manifests import Manifest, Overlay, name_of, pod_spec

# Published no more, or only for those who pay (July and August 2025).
WITHDRAWN = re.compile(r"(^|/)(minio/|bitnami/|bitnamilegacy/)|^minio$")
PINNED = re.compile(r"^[^:@]+(:[0-9]+/[^:@]+)?:(?P<tag>[A-Za-z0-9._-]+)(@sha256:[0-9a-f]{64})?$|@sha256:[0-9a-f]{64}$")
EXACT_TAG = re.compile(r"^v?\d+\.\d+(\.\d+)?([-.+].*)?$")

_SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|ACCESS_KEY|_KEY$|MAIL_INBOUND|_URL$")
_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")
_NO_SECRETS = ("GUICHET_PUBLIC_URL", "GUICHET_ATTACHMENTS_URL", "GUICHET_GATEWAY_URL", "GUICHET_GATEWAY_DEMO_URL")
_DRAIN_SECONDS = 30
SIGNING_KEY = "-signing-key"


def unsound_workloads(overlay: Overlay) -> list[str]:
    """A line for each rule that a workload breaks."""
    return [
        *_images(overlay),
        *_hardening(overlay),
        *_probes(overlay),
        *_draining(overlay),
        *_rollout(overlay),
        *_scaling(overlay),
        *_values(overlay),
        *_signing_keys(overlay),
    ]


def _images(overlay: Overlay) -> Iterator[str]:
    images = [(c.where, c.spec["image"]) for c in overlay.containers()]
    images += [(name_of(c), c["spec"]["image"]) for c in overlay.of_kind("RabbitmqCluster")]
    for where, image in images:
        yield from (f"{where}: {problem}" for problem in problems_of_image(image))


def problems_of_image(image: str) -> list[str]:
    """Why an image's name must not stand in a manifest or in compose.yaml."""
    pinned = PINNED.search(image)
    if WITHDRAWN.search(image):
        return [f"{image} is no longer published"]
    if pinned is None:
        return [f"{image} names no version"]
    if "@sha256:" not in image and not EXACT_TAG.match(pinned["tag"] or ""):
        return [f"{image} may be another image tomorrow"]
    return []


def _hardening(overlay: Overlay) -> Iterator[str]:
    for workload in overlay.workloads():
        spec = pod_spec(workload)
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name_of(workload)}: mounts a token of the cluster's API"
        if spec.get("enableServiceLinks") is not False:
            yield f"{name_of(workload)}: gets variables of every Service (enableServiceLinks)"
        context = spec.get("securityContext", {})
        if not context.get("runAsNonRoot") or context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name_of(workload)}: is not restricted (runAsNonRoot, seccompProfile)"
    for container in overlay.containers():
        context = container.spec.get("securityContext", {})
        restricted = context.get("readOnlyRootFilesystem") and context.get("allowPrivilegeEscalation") is False
        if not restricted or context.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{container.where}: is not restricted"
        resources = container.spec.get("resources", {})
        for side in ("requests", "limits"):
            missing = {"cpu", "memory"} - set(resources.get(side, ()))
            if missing:
                yield f"{container.where}: {side} lack {', '.join(sorted(missing))}"


def _probes(overlay: Overlay) -> Iterator[str]:
    for container in overlay.containers():
        if "livenessProbe" in container.spec:
            yield f"{container.where}: a liveness probe would cost every socket and heal nothing"
        if (
            container.workload["kind"] != "Deployment"
            or not container.spec["image"].partition(":")[0].rpartition("guichet/")[1]
        ):
            continue
        if not {"startupProbe", "readinessProbe"} <= container.spec.keys():
            yield f"{container.where}: lacks a startup or readiness probe"
            continue
        ready = container.spec["readinessProbe"].get("httpGet", {}).get("path")
        if ready not in ("/readyz", "/healthz"):
            yield f"{container.where}: readiness must ask its own /readyz, not {ready}"
        if container.spec["startupProbe"].get("httpGet", {}).get("path") == "/readyz" and _has_servers(container.spec):
            yield f"{container.where}: a startup probe on dependencies restarts it whenever one is away"


def _has_servers(container: Manifest) -> bool:
    return any(
        "common-config" in source.get("configMapRef", {}).get("name", "") for source in container.get("envFrom", ())
    )


def _draining(overlay: Overlay) -> Iterator[str]:
    for workload in overlay.of_kind("Deployment"):
        grace = pod_spec(workload).get("terminationGracePeriodSeconds", 30)
        for container in pod_spec(workload)["containers"]:
            before = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds")
            if _has_servers(container) or container["name"] == "gateway":
                if before is None:
                    yield f"{name_of(workload)}: no preStop: it is sent requests while it ends"
                elif before + _DRAIN_SECONDS > grace:
                    yield f"{name_of(workload)}: {grace} s of grace are less than preStop and {_DRAIN_SECONDS} s"
            elif before is not None and before >= grace:
                yield f"{name_of(workload)}: preStop takes all of its grace"


def _rollout(overlay: Overlay) -> Iterator[str]:
    budgets = {name_of(b).partition("/")[2] for b in overlay.of_kind("PodDisruptionBudget")}
    for workload in overlay.of_kind("Deployment"):
        if workload["spec"].get("strategy", {}).get("type") == "Recreate":
            continue
        rolling = workload["spec"].get("strategy", {}).get("rollingUpdate", {})
        if rolling.get("maxUnavailable") != 0:
            yield f"{name_of(workload)}: a rollout may take a pod away before its successor is ready"
        name = workload["metadata"]["name"]
        if workload["spec"].get("replicas", 2) > 1 and name not in budgets:
            yield f"{name_of(workload)}: no PodDisruptionBudget"


def _scaling(overlay: Overlay) -> Iterator[str]:
    for scaler in overlay.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
        spec = scaler["spec"]
        low = spec.get("minReplicas", spec.get("minReplicaCount", 1))
        high = spec.get("maxReplicas", spec.get("maxReplicaCount", 100))
        if low > high:
            yield f"{name_of(scaler)}: its least ({low}) is above its most ({high})"
        if low < 2:
            yield f"{name_of(scaler)}: its least is one, which a node takes with it"
        for trigger in spec.get("triggers", ()):
            queue = trigger["metadata"].get("queueName")
            if queue is not None and queue not in SUBSCRIPTIONS:
                yield f"{name_of(scaler)}: there is no queue {queue}"


def _signing_keys(overlay: Overlay) -> Iterator[str]:
    """Who has a service's private key can sign as that service: it has its own alone, and nobody else has one."""
    for workload in overlay.workloads():
        own = f"{workload['metadata']['name']}{SIGNING_KEY}" if workload["kind"] == "Deployment" else None
        for volume in pod_spec(workload).get("volumes", ()):
            for source in (volume, *volume.get("projected", {}).get("sources", ())):
                secret = source.get("secret", {})
                if "guichet-secrets" in (secret.get("name"), secret.get("secretName")) and not secret.get("items"):
                    yield f"{name_of(workload)}: mounts all of guichet-secrets"
                for item in secret.get("items", ()):
                    if item["key"].endswith(SIGNING_KEY) and item["key"] != own:
                        yield f"{name_of(workload)}: mounts {item['key']}"


def _values(overlay: Overlay) -> Iterator[str]:
    if secrets := overlay.of_kind("Secret"):
        yield f"{name_of(secrets[0])}: a Secret's values are in git"
    maps = [(name_of(m), m.get("data", {})) for m in overlay.of_kind("ConfigMap")]
    plain = [(c.where, {e["name"]: e.get("value", "") for e in c.spec.get("env", ())}) for c in overlay.containers()]
    for where, values in (*maps, *plain):
        for name, value in values.items():
            text = str(value)
            if _WITH_PASSWORD.search(text):
                yield f"{where}: {name} holds a password"
            named = _SECRET_NAME.search(name) and not name.endswith("_FILE") and name not in _NO_SECRETS
            if named and text and not text.startswith("smtp://demo:"):
                yield f"{where}: {name} is a value, not a file"
