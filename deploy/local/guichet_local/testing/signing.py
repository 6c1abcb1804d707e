"""Keys for tests: those of all services, in a folder of their own."""

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Any

from guichet_contracts import claims
from guichet_kit.keyfolder import KeyFolder
from guichet_kit.keys import Keys
from guichet_kit.tokens import Tokens


class Signing:
    """The keys of one installation."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = KeyFolder(folder)
        self.folder.make()

    def keys(self, service: str) -> Keys:
        """What the service signs and verifies with."""
        private = self.folder.private_file(service) if service in claims.SIGNING else None
        return Keys(service, self.folder.public_file, private)

    def tokens(self, audience: str, **options: Any) -> Tokens:
        """Of the service that signs for the audience."""
        return Tokens(self.keys(claims.SIGNERS[audience]), audience, **options)

    def environment(self, service: str) -> dict[str, str]:
        """How the service is told of its keys."""
        told = {"GUICHET_PUBLIC_KEYS_FILE": str(self.folder.public_file)}
        if service in claims.SIGNING:
            told["GUICHET_SIGNING_KEY_FILE"] = str(self.folder.private_file(service))
        return told


SIGNING = Signing(Path(tempfile.mkdtemp(prefix="guichet-keys-")))
"""Of all service processes of one test run, where a test says nothing else."""
atexit.register(shutil.rmtree, SIGNING.folder.folder, ignore_errors=True)
