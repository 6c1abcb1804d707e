"""The gateway's one configuration, in a real nginx before stand-in services."""

import asyncio
import json
import re
import resource
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx2
import pytest
import uvicorn
import websockets
from guichet_local.ports import Ports
from guichet_local.servers import gateway
from guichet_local.settings import WORKSPACE
from guichet_local.supervisor import Supervisor
from guichet_local.system import inherited_environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

SERVICES = ("chat-1", "chat-2", "requests", "contacts", "attachments", "mailer")


class StandIn:
    """Answers every request with its own name and with what it was asked."""

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        app = Starlette(
            routes=[
                WebSocketRoute("/{path:path}", self._echo),
                Route("/{path:path}", self._tell, methods=["GET", "POST"]),
            ]
        )
        config = uvicorn.Config(app, port=port, log_level="critical", lifespan="off", ws="websockets-sansio")
        self._server = uvicorn.Server(config)

    async def start(self) -> None:
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        await self._serving

    async def _tell(self, request: Request) -> JSONResponse:
        return JSONResponse({"service": self._name, "headers": dict(request.headers)})

    async def _echo(self, socket: WebSocket) -> None:
        await socket.accept(subprotocol="guichet.v1")
        await socket.send_text(self._name)
        if "stay" in socket.query_params:
            await socket.receive()
        await socket.close()


@dataclass
class Running:
    """A gateway that runs, and its stand-ins."""

    url: str
    client: httpx2.AsyncClient
    stand_ins: dict[str, StandIn]


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("console")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<title>Guichet</title>")
    (folder / "assets" / "index-Ab12Cd34.js").write_text("//" + "x" * 2000)
    (folder / "assets" / "guichet.svg").write_text("<svg/>")
    return folder


@pytest.fixture(scope="session")
def settings(console: Path, tmp_path_factory: pytest.TempPathFactory) -> gateway.Gateway:
    site = tmp_path_factory.mktemp("site")
    (site / "index.html").write_text('<script src="__GUICHET_PUBLIC_URL__/widget.js"></script>')
    return gateway.Gateway(
        host="127.0.0.1",
        templates=WORKSPACE / "deploy" / "gateway",
        console=console,
        public_url="http://localhost:1",
        demo_site=site,
        demo_url="http://localhost:2",
    )


@pytest.fixture
async def running(settings: gateway.Gateway, tmp_path: Path) -> AsyncIterator[Running]:
    async with running_with(settings, tmp_path) as running:
        yield running


@asynccontextmanager
async def running_with(settings: gateway.Gateway, tmp_path: Path) -> AsyncIterator[Running]:
    """A gateway with these settings."""
    ports = Ports.free()
    stand_ins = {name: StandIn(name, ports[name]) for name in SERVICES}
    supervisor = Supervisor(tmp_path, inherited_environment(), report=print)
    url = f"http://127.0.0.1:{ports['gateway']}"
    settings = replace(settings, demo_url=f"http://127.0.0.1:{ports['demo-site']}")
    await asyncio.gather(
        supervisor.start([gateway.program(tmp_path / "gateway", settings, ports)]),
        *(stand_in.start() for stand_in in stand_ins.values()),
    )
    async with httpx2.AsyncClient(base_url=url) as client:
        yield Running(url, client, stand_ins)
    await supervisor.stop()
    await asyncio.gather(*(stand_in.stop() for stand_in in stand_ins.values()))


class TestTheConfiguration:
    def test_nginx_accepts_it_without_a_warning(self, settings: gateway.Gateway, tmp_path: Path) -> None:
        file = gateway.write_configuration(tmp_path, settings, Ports.free())
        command = [str(gateway.executable()), "-t", "-q", "-e", "stderr", "-c", str(file)]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")

    def test_one_worker_has_room_for_ten_thousand_sockets_or_for_what_the_system_lets_it(
        self, settings: gateway.Gateway, tmp_path: Path
    ) -> None:
        written = gateway.write_configuration(tmp_path, settings, Ports.free()).read_text()
        (files,) = re.findall(r"^worker_rlimit_nofile (\d+);", written, re.MULTILINE)
        (connections,) = re.findall(r"^ +worker_connections (\d+);", written, re.MULTILINE)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert files == connections
        assert int(files) == most or int(files) > 20_000

    def test_a_variable_that_nobody_gave_is_refused(self) -> None:
        with pytest.raises(KeyError, match="GUICHET_NOT_GIVEN"):
            gateway.render("listen ${GUICHET_NOT_GIVEN};", {})


class TestAReload:
    async def test_takes_up_what_has_changed_and_keeps_open_sockets(
        self, settings: gateway.Gateway, tmp_path: Path
    ) -> None:
        """As for a new certificate: docs/operations.md."""
        async with running_with(settings, tmp_path) as running:
            url = running.url.replace("http", "ws") + "/chat/v1/socket?stay"
            async with websockets.connect(url, proxy=None, subprotocols=[websockets.Subprotocol("guichet.v1")]) as kept:
                await kept.recv()
                file = tmp_path / "gateway" / "nginx.conf"
                file.write_text(file.read_text().replace('{"status":"ok"}', '{"status":"reloaded"}'))
                command = [str(gateway.executable()), "-e", "stderr", "-c", str(file), "-s", "reload"]
                await asyncio.to_thread(subprocess.run, command, check=True)
                async with asyncio.timeout(30):
                    while (await running.client.get("/healthz")).json() != {"status": "reloaded"}:
                        await asyncio.sleep(0.1)
                await kept.send("still here")
                with pytest.raises(websockets.ConnectionClosedOK):
                    await kept.recv()


async def answer_to(url: str, request: bytes) -> tuple[int, str, dict[str, object]]:
    """Status, media type and document of what is answered to these bytes."""
    parts = httpx2.URL(url)
    reader, writer = await asyncio.open_connection(parts.host, parts.port)
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(next(line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length")))
    body = await reader.readexactly(length)
    writer.close()
    media_type = next(
        line.split(":")[1].strip() for line in head.splitlines() if line.lower().startswith("content-type")
    )
    return int(head.split()[1]), media_type, json.loads(body)


class TestWhatNginxRefuses:
    @pytest.mark.parametrize(
        ("request_bytes", "status", "code"),
        [
            (b"POST /index.html HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405, "method_not_allowed"),
            (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
            (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "bad_request"),
            (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "bad_request"),
            (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", 431, "headers_too_large"),
            (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: odd\r\n\r\n", 501, "not_implemented"),
            (b"GET /assets/guichet.svg HTTP/1.1\r\nHost: x\r\nRange: bytes=900-\r\n\r\n", 416, "range_not_satisfiable"),
            (b"GET /assets/none.js HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
        ],
    )
    async def test_it_is_a_problem_document(
        self, running: Running, request_bytes: bytes, status: int, code: str
    ) -> None:
        told, media_type, document = await answer_to(running.url, request_bytes)
        assert (told, media_type) == (status, "application/problem+json")
        assert (document["status"], document["code"]) == (status, code)
        assert document["title"]

    async def test_sockets_of_one_address_are_bounded(self, settings: gateway.Gateway, tmp_path: Path) -> None:
        async with running_with(replace(settings, sockets=2), tmp_path) as running:
            url = running.url.replace("http", "ws") + "/chat/v1/socket?stay"
            opened = partial(websockets.connect, url, proxy=None, subprotocols=[websockets.Subprotocol("guichet.v1")])
            async with opened() as first, opened() as second:
                assert {await first.recv(), await second.recv()} <= {"chat-1", "chat-2"}
                with pytest.raises(websockets.InvalidStatus) as refused:
                    await opened()
                assert refused.value.response.status_code == 429
                assert refused.value.response.headers["content-type"] == "application/problem+json"


class TestRoutes:
    @pytest.mark.parametrize(
        ("path", "service"),
        [
            ("/widget.js", "chat"),
            ("/proofs", "requests"),
            ("/api/v1/proofs", "requests"),
            ("/widget/frame.html?key=demo", "chat"),
            ("/chat/v1/sites/demo", "chat"),
            ("/chat/v1/visitors", "chat"),
            ("/api/v1/conversations/1/entries?after_seq=0", "chat"),
            ("/api/v1/auth/login", "requests"),
            ("/api/v1/auth/refresh", "requests"),
            ("/api/v1/agents", "requests"),
            ("/api/v1/agents/me", "requests"),
            ("/api/v1/requests", "requests"),
            ("/api/v1/requests/1/timeline", "requests"),
            ("/api/v1/templates", "requests"),
            ("/api/v1/reasons", "requests"),
            ("/api/v1/forms/contact", "requests"),
            ("/api/v1/forms", "requests"),
            ("/forms/contact", "requests"),
            ("/forms/assets/form-Ab12Cd34.js", "requests"),
            ("/api/v1/contacts?q=a", "contacts"),
            ("/api/v1/contacts/1/merge", "contacts"),
            ("/api/v1/attachments", "attachments"),
            ("/api/v1/attachments/1/preview", "attachments"),
            ("/api/v1/mail/quarantine", "mailer"),
            ("/api/v1/mail/inbound", "mailer"),
        ],
    )
    async def test_each_address_reaches_its_service(self, running: Running, path: str, service: str) -> None:
        answer = await running.client.get(path)
        assert answer.json()["service"].startswith(service)

    @pytest.mark.parametrize("path", ["/chat/v1/socket", "/api/v1/live"])
    async def test_sockets_reach_chat(self, running: Running, path: str) -> None:
        address = running.url.replace("http", "ws") + path
        async with websockets.connect(address, subprotocols=[websockets.Subprotocol("guichet.v1")]) as socket:
            assert socket.subprotocol == "guichet.v1"
            assert str(await socket.recv()).startswith("chat-")

    @pytest.mark.parametrize(
        "path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/api/v1/unknown", "/api/v1/requestsx", "/chat/x"]
    )
    async def test_what_is_not_published_is_a_problem_404(self, running: Running, path: str) -> None:
        answer = await running.client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "not_found"

    async def test_the_other_replica_answers_while_one_is_down(self, running: Running) -> None:
        await running.stand_ins["chat-1"].stop()
        answers = [await running.client.post("/chat/v1/visitors") for _ in range(10)]
        assert {answer.json()["service"] for answer in answers} == {"chat-2"}

    async def test_a_service_that_is_down_is_told_as_unavailable(self, running: Running) -> None:
        await running.stand_ins["contacts"].stop()
        answer = await running.client.get("/api/v1/contacts")
        assert answer.status_code == 503
        assert answer.json()["code"] == "unavailable"
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0


class TestTheConsolesFiles:
    @pytest.mark.parametrize("path", ["/", "/requests/0192", "/sign-in"])
    async def test_its_page_answers_for_its_addresses_and_is_never_cached(self, running: Running, path: str) -> None:
        answer = await running.client.get(path)
        assert "<title>Guichet</title>" in answer.text
        assert answer.headers["cache-control"] == "no-cache"

    async def test_hashed_files_are_cached_for_good_and_compressed(self, running: Running) -> None:
        answer = await running.client.get("/assets/index-Ab12Cd34.js")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "gzip"

    async def test_a_file_without_a_hash_is_asked_for_again(self, running: Running) -> None:
        answer = await running.client.get("/assets/guichet.svg")
        assert answer.headers["cache-control"] == "no-cache"

    async def test_a_file_that_is_not_there_is_not_the_page(self, running: Running) -> None:
        assert (await running.client.get("/assets/index-00000000.js")).status_code == 404


class TestTheDemoSite:
    async def test_demo_leads_to_the_sites_own_origin_and_its_page_knows_the_gateway(self, running: Running) -> None:
        answer = await running.client.get("/demo/", follow_redirects=True)
        assert answer.history[0].status_code == 307
        assert answer.url.port != httpx2.URL(running.url).port
        assert "http://localhost:1/widget.js" in answer.text


class TestWhatComesFromOutside:
    async def test_identity_headers_are_replaced_or_dropped(self, running: Running) -> None:
        forged = {
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "gopher",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-User": "admin",
            "X-Real-IP": "203.0.113.9",
            "Forwarded": "for=203.0.113.9",
        }
        answer = await running.client.get("/api/v1/requests", headers=forged)
        seen = answer.json()["headers"]
        assert seen["x-forwarded-for"] == "127.0.0.1"
        assert seen["x-forwarded-proto"] == "http"
        assert seen["x-forwarded-host"] == seen["host"]
        assert not {"x-real-ip", "forwarded", "x-forwarded-user"} & seen.keys()

    async def test_a_well_formed_request_id_is_kept(self, running: Running) -> None:
        answer = await running.client.get("/api/v1/requests", headers={"X-Request-Id": "abc-12345678"})
        assert answer.json()["headers"]["x-request-id"] == "abc-12345678"
        assert answer.headers["x-request-id"] == "abc-12345678"

    @pytest.mark.parametrize("forged", ["short", "a" * 65, 'with "quotes" and spaces'])
    async def test_any_other_request_id_is_made_anew(self, running: Running, forged: str) -> None:
        answer = await running.client.get("/api/v1/requests", headers={"X-Request-Id": forged})
        assert len(answer.json()["headers"]["x-request-id"]) == 32


class TestLimits:
    async def test_a_flood_of_sign_ins_is_refused_with_the_time_to_wait(self, running: Running) -> None:
        answers = [await running.client.post("/api/v1/auth/login") for _ in range(10)]
        assert [answer.status_code for answer in answers] == [200] * 10
        answers = await asyncio.gather(*(running.client.post("/api/v1/auth/login") for _ in range(300)))
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "rate_limited"
        assert int(refused.headers["retry-after"]) > 0

    async def test_signing_in_too_often_leaves_the_rest_of_the_api_alone(self, running: Running) -> None:
        answers = await asyncio.gather(*(running.client.post("/api/v1/auth/login") for _ in range(300)))
        assert 429 in {answer.status_code for answer in answers}
        assert (await running.client.post("/api/v1/auth/refresh")).status_code == 200

    async def test_a_body_of_more_than_a_megabyte_is_refused(self, running: Running) -> None:
        answer = await running.client.post("/api/v1/requests", content=b"x" * 1_100_000)
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"

    @pytest.mark.parametrize(("megabytes", "status"), [(25, 200), (28, 413)])
    async def test_a_file_may_have_25_megabytes(self, running: Running, megabytes: int, status: int) -> None:
        answer = await running.client.post("/api/v1/attachments", content=b"x" * megabytes * 1_000_000)
        assert answer.status_code == status

    @pytest.mark.parametrize(("megabytes", "status"), [(50, 200), (54, 413)])
    async def test_a_mail_may_have_50_megabytes(self, running: Running, megabytes: int, status: int) -> None:
        answer = await running.client.post("/api/v1/mail/inbound", content=b"x" * megabytes * 1_000_000)
        assert answer.status_code == status

    async def test_the_eleventh_form_of_a_minute_is_refused_and_can_still_be_seen(self, running: Running) -> None:
        answers = [await running.client.post("/api/v1/forms/contact") for _ in range(11)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert (await running.client.get("/api/v1/forms/contact")).status_code == 200
        assert (await running.client.post("/api/v1/forms")).status_code == 200


class TestSecurityHeaders:
    @pytest.mark.parametrize("path", ["/", "/api/v1/requests", "/api/v1/unknown", "/widget.js"])
    async def test_they_are_on_every_answer(self, running: Running, path: str) -> None:
        headers = (await running.client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert headers["server"] == "nginx"

    async def test_the_console_may_load_only_its_own_and_be_framed_by_nobody(self, running: Running) -> None:
        policy = (await running.client.get("/requests/1")).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy

    @pytest.mark.parametrize("path", ["/widget/frame.html", "/forms/contact"])
    async def test_the_policy_of_what_other_sites_frame_is_left_to_its_service(
        self, running: Running, path: str
    ) -> None:
        answer = await running.client.get(path)
        assert "content-security-policy" not in answer.headers


class TestTheLog:
    async def test_it_is_json_without_the_query(self, running: Running, tmp_path: Path) -> None:
        await running.client.get("/api/v1/contacts?q=ada@example.com&token=secret")
        await asyncio.sleep(0.1)
        lines = [json.loads(line) for line in (tmp_path / "gateway.log").read_text().splitlines()]
        assert lines[-1]["path"] == "/api/v1/contacts"
        assert "secret" not in (tmp_path / "gateway.log").read_text()
