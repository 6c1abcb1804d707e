"""Rendered manifests, and what is often asked of them."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from guichet_local.settings import WORKSPACE

Manifest = dict[str, Any]

K8S = WORKSPACE / "deploy" / "k8s"
TOOLS = WORKSPACE / ".cache" / "deploy-tools"
POD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job")


@dataclass(frozen=True)
class Container:
    """One container of a workload, the initial ones too."""

    workload: Manifest
    spec: Manifest

    @property
    def where(self) -> str:
        return f"{name_of(self.workload)} container {self.spec['name']}"


@dataclass(frozen=True)
class Overlay:
    """The manifests of one overlay, and the keys of the Secrets that are made outside of it."""

    name: str
    manifests: Sequence[Manifest]
    secrets: Mapping[str, frozenset[str]]

    def of_kind(self, *kinds: str) -> list[Manifest]:
        return [manifest for manifest in self.manifests if manifest["kind"] in kinds]

    def get(self, kind: str, name: str) -> Manifest | None:
        return next((m for m in self.of_kind(kind) if m["metadata"]["name"] == name), None)

    def workloads(self) -> list[Manifest]:
        return self.of_kind(*POD_KINDS)

    def containers(self) -> Iterator[Container]:
        for workload in self.workloads():
            spec = pod_spec(workload)
            for container in (*spec.get("initContainers", ()), *spec["containers"]):
                yield Container(workload, container)


def name_of(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def pod_spec(workload: Manifest) -> Manifest:
    spec: Manifest = workload["spec"]["template"]["spec"]
    return spec


def pod_labels(workload: Manifest) -> Mapping[str, str]:
    labels: Mapping[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether a label selector (or a Service's plain map under ``matchLabels``) takes these labels."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for wanted in selector.get("matchExpressions", ()):
        has, value = wanted["key"] in labels, labels.get(wanted["key"])
        fits = {
            "In": has and value in wanted.get("values", ()),
            "NotIn": value not in wanted.get("values", ()),
            "Exists": has,
            "DoesNotExist": not has,
        }
        if not fits[wanted["operator"]]:
            return False
    return True


@cache
def _rendered(name: str) -> list[Manifest]:
    """What ``kubectl kustomize`` makes of an overlay."""
    done = subprocess.run(
        [TOOLS / "bin" / "kubectl", "kustomize", K8S / "overlays" / name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.load_all(done.stdout, yaml.CSafeLoader))


def overlay(name: str) -> Overlay:
    """An overlay of the repository; a new copy each time, which a test may change."""
    made_by_hand = {key: frozenset(keys) for key, keys in _HAND_MADE[name].items()}
    return Overlay(name, deepcopy(_rendered(name)), {**made_by_hand, **_from_script(name)})


OVERLAYS = tuple(sorted(folder.name for folder in (K8S / "overlays").iterdir() if folder.is_dir()))

_HAND_MADE: Mapping[str, Mapping[str, Sequence[str]]] = {
    "dev": {},
    # deploy/k8s/README.md says how each is made.
    "prod": {
        "guichet-tls": ("tls.crt", "tls.key"),
        "guichet-rabbitmq-tls": ("tls.crt", "tls.key"),
        "guichet-mongodb-tls": ("tls.crt", "tls.key"),
        "guichet-ca": ("ca.crt",),
    },
}


@cache
def _from_script(name: str) -> Mapping[str, frozenset[str]]:
    if name != "dev":
        return {}
    made = subprocess.run([K8S / "make-secrets"], capture_output=True, text=True, check=True, env={**os.environ})
    return {
        secret["metadata"]["name"]: frozenset(secret["stringData"])
        for secret in yaml.safe_load_all(made.stdout)
        if secret
    }


def read(path: str) -> str:
    """A text of the repository."""
    return (WORKSPACE / Path(path)).read_text(encoding="utf-8")
