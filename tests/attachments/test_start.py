"""The service starts on real servers, tells how it is, and refuses settings that it cannot work with."""

from collections.abc import Callable

import pytest
from guichet_attachments.settings import Settings
from guichet_kit.settings import load_settings
from guichet_local.testing.service import ServiceProcess

from .conftest import Desk


class TestStarting:
    async def test_it_is_ready_when_its_servers_answer(self, desk: Desk) -> None:
        answer = await desk.http.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["checks"] == {"mongodb": "ok", "objects": "ok", "rabbitmq": "ok"}

    async def test_it_is_alive_and_shows_metrics(self, desk: Desk) -> None:
        assert (await desk.http.get("/livez")).json() == {"status": "ok"}
        assert "guichet_http_requests_total" in (await desk.http.get("/metrics")).text

    async def test_it_makes_its_indexes(self, desk: Desk) -> None:
        assert {"outbox", "object", "state", "kept_until"} <= set(await desk.files.index_information())

    def test_it_ends_when_a_server_does_not_answer_in_time(self, unstarted: ServiceProcess) -> None:
        process = unstarted.launch(GUICHET_MONGODB_URL="mongodb://127.0.0.1:9", GUICHET_START_TIMEOUT="0.5")
        assert process.wait(20) != 0


class TestABadSetting:
    def test_stops_the_start_with_one_line_that_names_it(self, unstarted: ServiceProcess) -> None:
        process = unstarted.launch(GUICHET_S3_ENDPOINT="ftp://somewhere")
        assert process.wait(20) == 2
        (line,) = unstarted.log.read_text().splitlines()
        assert line.startswith("bad setting: GUICHET_S3_ENDPOINT:")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("GUICHET_S3_ACCESS_KEY", ""),
            ("GUICHET_MONGODB_URL", "postgres://somewhere"),
            ("GUICHET_ATTACHMENTS_BUCKET", "Not A Bucket"),
            ("GUICHET_SECRET_KEY_FILE", "/absent"),
            ("GUICHET_CLAMD", "localhost"),
            ("GUICHET_RECEIPT_LIFETIME", "86400"),
        ],
    )
    def test_is_named_in_one_line(
        self,
        make_environment: Callable[[str], dict[str, str]],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        name: str,
        value: str,
    ) -> None:
        for setting, usual in (make_environment("a-bucket") | {"GUICHET_HTTP_PORT": "1", name: value}).items():
            monkeypatch.setenv(setting, usual)
        with pytest.raises(SystemExit) as ended:
            load_settings(Settings)
        assert ended.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"bad setting: {name}:")
