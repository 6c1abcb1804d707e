"""Writes the API documents under ``docs/api`` from the code, or checks that they are fresh (``--check``).

OpenAPI and AsyncAPI of each service come from its composition root, which connects to nothing; the schema of each
event comes from its model. A change of an event that is not additive is refused: it needs a new version beside it.
"""

import importlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import guichet_contracts
from faststream.specification import AsyncAPI
from guichet_contracts.event import Event
from guichet_kit.settings import ServiceSettings
from guichet_local.testing.contracts import breaks
from guichet_local.testing.signing import SIGNING

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "api"
SERVICES = ("chat", "requests", "contacts", "attachments", "mailer")
# Only to build: nothing connects.
EXAMPLE_SETTINGS = {
    "HTTP_PORT": "1",
    "RABBITMQ_URL": "amqp://rabbitmq.example",
    "MONGODB_URL": "mongodb://mongodb.example",
    "S3_ENDPOINT": "http://s3.example",
    "S3_ACCESS_KEY": "key",
    "S3_SECRET_KEY": "secret",
    "MAIL_INBOUND": "",
}
_PROCESS_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")

Document = dict[str, Any]


def main(check: bool) -> int:
    """Write or check every document; the exit status."""
    wrong = []
    documents = dict(_documents())
    for path in DOCS.rglob("*.json"):
        if path not in documents:
            wrong.append(f"{path.relative_to(ROOT)}: nothing makes it any more")
            if not check:
                path.unlink()
    for path, document in documents.items():
        text = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        before = path.read_text() if path.exists() else None
        if before == text:
            continue
        name = path.relative_to(ROOT)
        broken = breaks(json.loads(before), document) if before and path.parent.name == "events" else []
        if broken:
            wrong += [f"{name}: {reason}; publish a new version beside it" for reason in broken]
        elif check:
            wrong.append(f"{name}: is stale; run `make contracts`")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            sys.stdout.write(f"wrote {name}\n")
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    if check and not wrong:
        sys.stdout.write(f"{len(documents)} API documents are fresh\n")
    return 1 if wrong and check else 0


def _documents() -> Iterator[tuple[Path, Document]]:
    for event in _events():
        event_type = event.model_fields["type"].default
        yield DOCS / "events" / f"{event_type}.json", event.model_json_schema(mode="serialization")
    with tempfile.NamedTemporaryFile() as secret:
        secret.write(b"x" * 32)
        secret.flush()
        keys = {"SECRET_KEY_FILE": secret.name, "PUBLIC_KEYS_FILE": str(SIGNING.folder.public_file)}
        for name, value in (EXAMPLE_SETTINGS | keys).items():
            os.environ[f"GUICHET_{name}"] = value
        for service in SERVICES:
            app = importlib.import_module(f"guichet_{service}.app").build(_settings(service))
            yield DOCS / f"{service}.openapi.json", app.openapi()
            asyncapi = AsyncAPI(app.state.broker, title=f"Guichet {service}", version="1").to_specification().to_json()
            yield DOCS / f"{service}.asyncapi.json", json.loads(_PROCESS_ID.sub("PROCESS", asyncapi))


def _settings(service: str) -> ServiceSettings:
    module = importlib.import_module(f"guichet_{service}.settings")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, ServiceSettings)]
    # The service's own class is the most derived one.
    return max(kinds, key=lambda kind: len(kind.__mro__))()


def _events() -> Iterator[type[Event[Any]]]:
    folder = Path(guichet_contracts.__file__).parent
    for file in sorted(folder.glob("*.py")):
        module: ModuleType = importlib.import_module(f"guichet_contracts.{file.stem}")
        for kind in vars(module).values():
            own = isinstance(kind, type) and issubclass(kind, Event) and kind.__module__ == module.__name__
            if own and isinstance(kind.model_fields["type"].default, str):
                yield kind


if __name__ == "__main__":
    raise SystemExit(main(check="--check" in sys.argv[1:]))
