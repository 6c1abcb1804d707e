"""The data folder: where each thing lies in it, and the secrets that are made once."""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from guichet_kit.keyfolder import KeyFolder

_SESSIONS_OF_BEFORE = timedelta(days=30)
"""After an upgrade from versions that signed with the installation's secret: as long as their longest token."""


@dataclass(frozen=True)
class Secrets:
    """What the parts of the system prove themselves to each other with."""

    rabbitmq_password: str
    s3_access_key: str
    s3_secret_key: str
    mail_inbound: str


class DataFolder:
    """One folder with everything that a run writes; readable by its owner only."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.logs = self.root / "logs"
        self.run = self.root / "run"
        self.keys = self.root / "keys"
        self.secret_key_file = self.keys / "secret.key"
        self.signing = KeyFolder(self.keys)
        self._upgraded_file = self.keys / "upgraded"

    def create(self) -> "DataFolder":
        """Makes the folders, with mode 0700, where they are missing."""
        for folder in (self.root, self.logs, self.run, self.keys):
            private_folder(folder)
        return self

    def of(self, name: str) -> Path:
        """The private folder of one server, made where it is missing."""
        return private_folder(self.root / name)

    def secrets(self) -> Secrets:
        """Reads the secrets; makes them, and the keys that sign tokens, the first time."""
        if not self.secret_key_file.exists():
            write_private(self.secret_key_file, secrets.token_urlsafe(48) + "\n")
        elif not self.signing.public_file.exists():
            write_private(self._upgraded_file, f"{datetime.now(UTC).date() + _SESSIONS_OF_BEFORE}\n")
        self.signing.make()
        file = self.keys / "secrets.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        made = {
            "rabbitmq_password": secrets.token_urlsafe(24),
            "s3_access_key": secrets.token_hex(10),
            "s3_secret_key": secrets.token_urlsafe(30),
            "mail_inbound": secrets.token_urlsafe(24),
        }
        if made.keys() - known.keys():
            known = made | known
            write_private(file, json.dumps(known, indent=2) + "\n")
        return Secrets(**known)

    @property
    def tokens_of_before_until(self) -> date | None:
        """Until when symmetric tokens of before an upgrade are good; None where there was no upgrade."""
        file = self._upgraded_file
        return date.fromisoformat(file.read_text().strip()) if file.exists() else None


def private_folder(folder: Path) -> Path:
    """Makes a folder that only its owner can look into."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write_private(file: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file whole or not at all, readable by its owner only from its first byte on."""
    temporary = file.with_name(file.name + ".new")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.chmod(mode)
    temporary.replace(file)
