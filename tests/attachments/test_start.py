"""The service starts on real servers, tells how it is, and refuses settings that it cannot work with."""

import httpx2
import pytest
from guichet_kit.mongo import open_client

from .conftest import Service


class TestStarting:
    async def test_it_is_ready_when_its_servers_answer(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["checks"] == {"mongodb": "ok", "objects": "ok", "rabbitmq": "ok"}

    async def test_it_is_alive_and_shows_metrics(self, http: httpx2.AsyncClient) -> None:
        assert (await http.get("/livez")).json() == {"status": "ok"}
        assert "guichet_http_requests_total" in (await http.get("/metrics")).text

    async def test_it_makes_its_indexes(self, service: Service, http: httpx2.AsyncClient) -> None:
        client = open_client(service.environment["GUICHET_MONGODB_URL"], "pymongo", "test")
        database = client.database(service.environment["GUICHET_DATABASE_PREFIX"] + "attachments")
        assert {"outbox", "object"} <= set(await database["attachments"].index_information())
        await client.close()

    def test_it_ends_when_a_server_does_not_answer_in_time(self, unstarted: Service) -> None:
        process = unstarted.launch(GUICHET_MONGODB_URL="mongodb://127.0.0.1:9", GUICHET_START_TIMEOUT="0.5")
        assert process.wait(20) != 0


class TestBadSettings:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("GUICHET_S3_ENDPOINT", "ftp://somewhere"),
            ("GUICHET_S3_ACCESS_KEY", ""),
            ("GUICHET_MONGODB_URL", "postgres://somewhere"),
            ("GUICHET_ATTACHMENTS_BUCKET", "Not A Bucket"),
            ("GUICHET_SECRET_KEY_FILE", "/absent"),
        ],
    )
    def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(
        self, unstarted: Service, name: str, value: str
    ) -> None:
        process = unstarted.launch(**{name: value})
        assert process.wait(20) == 2
        (line,) = unstarted.log.read_text().splitlines()
        assert line.startswith(f"bad setting: {name}:")
