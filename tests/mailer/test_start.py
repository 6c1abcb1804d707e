"""The real process, started as in production."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from guichet_kit.settings import load_settings
from guichet_local.testing import S3
from guichet_local.testing.signing import SIGNING
from guichet_mailer.settings import Settings


@pytest.fixture
def environment(mongodb_url: str, rabbitmq_url: str, s3: S3, tmp_path: Path) -> dict[str, str]:
    secret = tmp_path / "secret.key"
    secret.write_bytes(os.urandom(48))
    return {
        "PATH": os.environ["PATH"],
        "GUICHET_HTTP_PORT": str(_free_port()),
        "GUICHET_MONGODB_URL": mongodb_url,
        "GUICHET_RABBITMQ_URL": rabbitmq_url,
        "GUICHET_S3_ENDPOINT": s3.endpoint,
        "GUICHET_S3_ACCESS_KEY": s3.access_key,
        "GUICHET_S3_SECRET_KEY": s3.secret_key,
        "GUICHET_MAIL_BUCKET": f"mail-{os.urandom(4).hex()}",
        "GUICHET_SECRET_KEY_FILE": str(secret),
        **SIGNING.environment("mailer"),
    }


def _free_port() -> int:
    while True:
        port = random.randrange(10_000, 32_000)  # noqa: S311  spreads, hides nothing
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


async def _start(environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "guichet_mailer"),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def _running(environment: Mapping[str, str]) -> AsyncIterator[httpx2.AsyncClient]:
    process = await _start(environment)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{environment['GUICHET_HTTP_PORT']}") as client:
            yield client
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def _ready(client: httpx2.AsyncClient) -> httpx2.Response:
    async with asyncio.timeout(60):
        while True:
            with suppress(httpx2.TransportError):
                response = await client.get("/readyz")
                if response.status_code == 200:
                    return response
            await asyncio.sleep(0.1)


class TestStart:
    async def test_is_ready_when_all_three_servers_answer(self, environment: dict[str, str]) -> None:
        async with _running(environment) as client:
            ready = await _ready(client)
            assert ready.json() == {"status": "ok", "checks": {"mongodb": "ok", "objects": "ok", "rabbitmq": "ok"}}
            assert (await client.get("/livez")).status_code == 200
            assert "guichet_http_requests_total" in (await client.get("/metrics")).text

    async def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(self, environment: dict[str, str]) -> None:
        process = await _start(environment | {"GUICHET_S3_ENDPOINT": "127.0.0.1:9000"})
        async with asyncio.timeout(30):
            _, said = await process.communicate()
        assert process.returncode == 2
        (line,) = said.decode().splitlines()
        assert "GUICHET_S3_ENDPOINT" in line


class TestABadSetting:
    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("GUICHET_S3_ENDPOINT", "http://127.0.0.1:9000/path"),
            ("GUICHET_MAIL_BUCKET", "Not A Bucket"),
            ("GUICHET_MONGODB_URL", "postgres://localhost"),
            ("GUICHET_RABBITMQ_URL", ""),
            ("GUICHET_SECRET_KEY_FILE", "/nonexistent/secret.key"),
        ],
    )
    def test_is_named_in_one_line(
        self,
        setting: str,
        value: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        secret = tmp_path / "secret.key"
        secret.write_bytes(os.urandom(48))
        good = {
            "GUICHET_HTTP_PORT": "1",
            "GUICHET_MONGODB_URL": "mongodb://localhost",
            "GUICHET_RABBITMQ_URL": "amqp://localhost",
            "GUICHET_S3_ENDPOINT": "http://localhost",
            "GUICHET_S3_ACCESS_KEY": "a",
            "GUICHET_S3_SECRET_KEY": "b",
            "GUICHET_SECRET_KEY_FILE": str(secret),
            **SIGNING.environment("mailer"),
        }
        for name, usual in (good | {setting: value}).items():
            monkeypatch.setenv(name, usual)
        with pytest.raises(SystemExit) as ended:
            load_settings(Settings)
        assert ended.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert setting in line


class TestStartWithoutServers:
    async def test_a_server_that_does_not_come_ends_the_start_with_an_error(self, environment: dict[str, str]) -> None:
        nobody = f"amqp://guest:guest@127.0.0.1:{_free_port()}/"
        process = await _start(environment | {"GUICHET_RABBITMQ_URL": nobody, "GUICHET_START_TIMEOUT": "1"})
        async with asyncio.timeout(30):
            await process.communicate()
        assert process.returncode not in (0, None)
