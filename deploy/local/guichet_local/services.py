"""The five services of Guichet as programs, with the environment that each is handed."""

import json
import sys
from collections.abc import Mapping

from guichet_contracts.claims import SIGNING

from guichet_local.data import DataFolder
from guichet_local.demo.mail import SUPPORT
from guichet_local.program import Program, answers
from guichet_local.servers import mongodb, objectstore, rabbitmq
from guichet_local.settings import WORKSPACE, Settings

# name of the program: module that it runs; chat runs twice from the first day on.
SERVICES = {
    "chat-1": "guichet_chat",
    "chat-2": "guichet_chat",
    "requests": "guichet_requests",
    "contacts": "guichet_contacts",
    "attachments": "guichet_attachments",
    "mailer": "guichet_mailer",
}

# What `make up-cluster` runs more of.
SECOND = {f"{name}-2": module for name, module in SERVICES.items() if not name.startswith("chat")}

DEMO_MAILBOX = {"id": "support", "address": SUPPORT, "name": "Boutique Lumière"}


def programs(data: DataFolder, settings: Settings) -> list[Program]:
    """All services. They wait for their servers themselves, so they can start at the same time as those."""
    common = environment(data, settings)
    return [
        Program(
            name=name,
            command=[sys.executable, "-m", module],
            ready=answers(settings.ports[name], "/readyz"),
            environment={**common, **_of_its_own(name, module, data, settings)},
            folder=data.run,
            # They hand over what they hold before they end; what is acknowledged is safe already, so none is waited
            # for longer. Under load each would take its whole time.
            stop_seconds=6,
            layer=2,
        )
        for name, module in running(settings).items()
    ]


def running(settings: Settings) -> Mapping[str, str]:
    """The services that run: name of the program and module."""
    return SERVICES | (SECOND if settings.cluster else {})


def _of_its_own(name: str, module: str, data: DataFolder, settings: Settings) -> Mapping[str, str]:
    told = {"GUICHET_HTTP_PORT": str(settings.ports[name])}
    service = module.removeprefix("guichet_")
    if service in SIGNING:  # its private key, and no other's
        told["GUICHET_SIGNING_KEY_FILE"] = str(data.signing.private_file(service))
    if name == "mailer-2":
        told |= {f"GUICHET_{kind.upper()}_PORT": str(settings.ports[f"{kind}-2"]) for kind in ("smtp", "lmtp")}
    return told


def environment(data: DataFolder, settings: Settings) -> Mapping[str, str]:
    """What every service is told; what the caller's environment says of logs, drivers and so on is kept."""
    secrets = data.secrets()
    servers, files = (3, "gateway") if settings.cluster else (1, "attachments")
    told = {
        "GUICHET_LOG_LEVEL": "INFO",
        "GUICHET_LOG_FORMAT": "json",
        **settings.passed_on,
        "GUICHET_HTTP_HOST": "127.0.0.1",
        "GUICHET_RABBITMQ_URL": rabbitmq.url(settings.ports, secrets.rabbitmq_password, rabbitmq.NODES[:servers]),
        "GUICHET_MONGODB_URL": mongodb.url(settings.ports, mongodb.MEMBERS[:servers]),
        "GUICHET_PUBLIC_URL": settings.public_url,
        "GUICHET_SECRET_KEY_FILE": str(data.secret_key_file),
        "GUICHET_PUBLIC_KEYS_FILE": str(data.signing.public_file),
        "GUICHET_S3_ENDPOINT": objectstore.endpoint(settings.ports),
        "GUICHET_S3_ACCESS_KEY": secrets.s3_access_key,
        "GUICHET_S3_SECRET_KEY": secrets.s3_secret_key,
        "GUICHET_SMTP_PORT": str(settings.ports["smtp"]),
        "GUICHET_LMTP_PORT": str(settings.ports["lmtp"]),
        # Of several the gateway knows which one answers.
        "GUICHET_ATTACHMENTS_URL": f"http://127.0.0.1:{settings.ports[files]}",
        "GUICHET_GATEWAY_URL": f"http://127.0.0.1:{settings.ports['gateway']}",
        "GUICHET_WIDGET_DIR": str(WORKSPACE / "web" / "widget" / "dist"),
        "GUICHET_FORM_DIR": str(WORKSPACE / "web" / "form" / "dist"),
    }
    told.setdefault("GUICHET_MAIL_INBOUND", secrets.mail_inbound)
    if data.tokens_of_before_until:
        told["GUICHET_TOKENS_OF_BEFORE_UNTIL"] = data.tokens_of_before_until.isoformat()
    if settings.demo:
        told["GUICHET_DEMO"] = "1"
        told.setdefault("GUICHET_WIDGET_SITES", json.dumps([_demo_site(settings)]))
        told.setdefault("GUICHET_MAILBOXES", json.dumps([DEMO_MAILBOX]))
        told.setdefault("GUICHET_MAIL_DOMAIN", SUPPORT.partition("@")[2])
        told.setdefault("GUICHET_SMTP_URL", f"smtp://127.0.0.1:{settings.ports['demo-smtp']}")
    return told


def _demo_site(settings: Settings) -> dict[str, object]:
    return {
        "key": "demo",
        "name": "Boutique Lumière",
        "origins": [settings.demo_url],
        "color": "#1f4d3a",
    }
