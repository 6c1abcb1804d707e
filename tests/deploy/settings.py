"""Which settings each program knows, which its README tells of, and which a manifest or compose.yaml hands it."""

import re
from collections.abc import Iterator, Mapping

from guichet_attachments.settings import Settings as AttachmentsSettings
from guichet_chat.settings import ChatSettings
from guichet_contacts.settings import Settings as ContactsSettings
from guichet_kit.settings import FILE_SUFFIX, PREFIX, ServiceSettings
from guichet_mailer.settings import Settings as MailerSettings
from guichet_requests.settings import RequestsSettings

from .manifests import Overlay, read

SETTINGS: Mapping[str, type[ServiceSettings]] = {
    "chat": ChatSettings,
    "requests": RequestsSettings,
    "contacts": ContactsSettings,
    "attachments": AttachmentsSettings,
    "mailer": MailerSettings,
}
# Of programs that we did not write: uvicorn's, RabbitMQ's; and those of the script that makes MongoDB's replica set.
OTHERS = frozenset(
    ("FORWARDED_ALLOW_IPS", "HOME", "RABBITMQ_NODENAME", "GUICHET_MONGODB_HOST", "GUICHET_MONGODB_URL_FILE")
)
_NAME = re.compile(r"`(?:GUICHET_)?([A-Z][A-Z0-9_]+)`")
_GATEWAY = re.compile(r"\$\{(GUICHET_[A-Z_]+)\}")


def known(service: str) -> frozenset[str]:
    """The variables that a program reads: its settings, and each as a file."""
    if service == "gateway":
        templates = read("deploy/gateway/nginx.conf.template") + read("deploy/gateway/demo_site.conf.template")
        return frozenset(_GATEWAY.findall(templates))
    names = {f"{PREFIX}{field.upper()}" for field in SETTINGS[service].model_fields}
    return frozenset(names | {f"{name}{FILE_SUFFIX}" for name in names if not name.endswith(FILE_SUFFIX)})


def documented(service: str) -> frozenset[str]:
    """The settings in the table of a service's README."""
    section = read(f"services/{service}/README.md").partition("## Settings")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return frozenset(f"{PREFIX}{name}" for row in rows for name in _NAME.findall(row))


def unknown_settings(overlay: Overlay) -> Iterator[str]:
    """A line for each variable that a container is handed and does not read."""
    maps = {m["metadata"]["name"]: m.get("data", {}) for m in overlay.of_kind("ConfigMap")}
    for container in overlay.containers():
        handed = [entry["name"] for entry in container.spec.get("env", ())]
        for source in container.spec.get("envFrom", ()):
            handed += maps.get(source["configMapRef"]["name"], {})
        service = container.spec["image"].rpartition("/")[2].partition(":")[0]
        readable = known(service) if service in (*SETTINGS, "gateway") else frozenset()
        for name in handed:
            if name not in readable | OTHERS:
                yield f"{container.where}: {name} is no setting of {service}"
