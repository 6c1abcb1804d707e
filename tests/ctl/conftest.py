"""`guichetctl` as operators run it, on real servers with databases and buckets of the test's own."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from guichet_kit.mongo import Database, MongoClient, open_client
from guichet_kit.objects import ObjectStore
from guichet_local.testing import S3
from guichet_local.testing.signing import Signing

SERVICES = ("chat", "requests", "contacts", "attachments", "mailer")
OUT = "GUICHET_NOT_SET"


@dataclass
class Installation:
    """What one installation's operator has: its settings, and servers to look into."""

    environment: dict[str, str]
    mongo: MongoClient
    prefix: str
    s3: S3

    def database(self, service: str) -> Database:
        """The database of one service."""
        return self.mongo.database(f"{self.prefix}{service}")

    def bucket(self, kind: str) -> ObjectStore:
        """The bucket ``attachments`` or ``mail``."""
        name = self.environment[f"GUICHET_{kind.upper()}_BUCKET"]
        return ObjectStore(self.s3.endpoint, self.s3.access_key, self.s3.secret_key, name)

    async def ctl(
        self, *arguments: str, stdin: str = "", **changed: str
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Run a command; nobody sits at its standard input."""
        environment = {k: v for k, v in (self.environment | changed).items() if v != OUT}
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "guichet_ctl", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], **environment},
        )

    async def told(self, *arguments: str) -> Any:
        """What a command answers in JSON; it must succeed."""
        done = await self.ctl(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@asynccontextmanager
async def making(mongodb_url: str, rabbitmq_url: str, s3: S3, folder: Path) -> AsyncIterator[Installation]:
    """An installation that nothing was ever done to, on servers of all; its databases go at the end."""
    key = folder / "secret.key"
    key.write_text(secrets.token_urlsafe(48))
    mark = secrets.token_hex(4)
    environment = {
        "GUICHET_MONGODB_URL": mongodb_url,
        "GUICHET_RABBITMQ_URL": rabbitmq_url,
        "GUICHET_S3_ENDPOINT": s3.endpoint,
        "GUICHET_S3_ACCESS_KEY": s3.access_key,
        "GUICHET_S3_SECRET_KEY": s3.secret_key,
        "GUICHET_DATABASE_PREFIX": f"ctl_{mark}_",
        "GUICHET_ATTACHMENTS_BUCKET": f"ctl-{mark}-attachments",
        "GUICHET_MAIL_BUCKET": f"ctl-{mark}-mail",
        "GUICHET_SECRET_KEY_FILE": str(key),
        "GUICHET_PUBLIC_KEYS_FILE": str(Signing(folder / "keys").folder.public_file),
        "GUICHET_PUBLIC_URL": "https://desk.example",
    }
    mongo = open_client(mongodb_url, "pymongo", "tests")
    installation = Installation(environment, mongo, f"ctl_{mark}_", s3)
    try:
        yield installation
    finally:
        for service in SERVICES:
            await installation.database(service).command("dropDatabase")
        await mongo.close()


@pytest.fixture
async def installation(mongodb_url: str, rabbitmq_url: str, s3: S3, tmp_path: Path) -> AsyncIterator[Installation]:
    """One for each test."""
    async with making(mongodb_url, rabbitmq_url, s3, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
async def module_installation(
    mongodb_url: str, rabbitmq_url: str, s3: S3, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """One for all tests of a module."""
    async with making(mongodb_url, rabbitmq_url, s3, tmp_path_factory.mktemp("installation")) as made:
        yield made
