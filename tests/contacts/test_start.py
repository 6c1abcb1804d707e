"""The real process, started as in production."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

import httpx2
import pytest
from guichet_contacts.settings import Settings
from guichet_kit.settings import load_settings

Start = Callable[[Mapping[str, str]], AbstractAsyncContextManager[asyncio.subprocess.Process]]


class TestStart:
    async def test_is_ready_when_both_servers_answer(self, client: httpx2.AsyncClient) -> None:
        ready = await client.get("/readyz")
        assert ready.json() == {"status": "ok", "checks": {"mongodb": "ok", "rabbitmq": "ok"}}
        assert (await client.get("/livez")).status_code == 200
        assert "guichet_http_requests_total" in (await client.get("/metrics")).text

    async def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(
        self, environment: dict[str, str], start: Start
    ) -> None:
        async with asyncio.timeout(30), start(environment | {"GUICHET_PHONE_REGION": "France"}) as process:
            said = (await process.stderr.read()).decode() if process.stderr else ""
            assert await process.wait() == 2
        (line,) = said.splitlines()
        assert line.startswith("bad setting: GUICHET_PHONE_REGION:")

    async def test_a_server_that_does_not_come_ends_the_start_with_an_error(
        self, environment: dict[str, str], start: Start
    ) -> None:
        nobody = {"GUICHET_MONGODB_URL": "mongodb://127.0.0.1:9/?replicaSet=rs0", "GUICHET_START_TIMEOUT": "1"}
        async with asyncio.timeout(30), start(environment | nobody) as process:
            assert await process.wait() != 0


class TestABadSetting:
    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("GUICHET_IMPORT_MAX_BYTES", "many"),
            ("GUICHET_HTTP_PORT", "99999"),
            ("GUICHET_MONGODB_URL", "postgres://localhost"),
            ("GUICHET_RABBITMQ_URL", ""),
            ("GUICHET_SECRET_KEY_FILE", "/nonexistent/secret.key"),
        ],
    )
    def test_is_named_in_one_line(
        self,
        environment: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        setting: str,
        value: str,
    ) -> None:
        for name, usual in (environment | {setting: value}).items():
            monkeypatch.setenv(name, usual)
        with pytest.raises(SystemExit) as ended:
            load_settings(Settings)
        assert ended.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"bad setting: {setting}:")
