"""What every service's HTTP side does: limits, ids, metrics, tokens, versions, health."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request, Response
from guichet_kit import health as health_module
from guichet_kit import trace
from guichet_kit.health import Health
from guichet_kit.http import bearer, create_app, etag, if_match
from guichet_kit.tokens import Claims
from guichet_local.testing.signing import SIGNING

LIMIT = 1000
AGENTS = SIGNING.tokens("agents")


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def app(health: Health) -> FastAPI:
    app = create_app("Test", health=health, body_limit=LIMIT)

    @app.post("/measure")
    async def measure(request: Request) -> int:
        return len(await request.body())

    @app.get("/things/{name}")
    async def thing(name: str) -> dict[str, str | None]:
        return {"correlation": trace.correlation_id.get(), "traceparent": trace.traceparent.get()}

    @app.get("/me")
    async def me(claims: Annotated[Claims, Depends(bearer(AGENTS))]) -> str:
        return claims.subject

    @app.get("/version")
    async def version(wanted: Annotated[int | None, Depends(if_match)], response: Response) -> int | None:
        response.headers["ETag"] = etag(wanted or 0)
        return wanted

    return app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        yield client


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    """A body whose length nobody tells before."""
    for _ in range(size // 100):
        yield b"x" * 100


class TestTheBodysLimit:
    @pytest.mark.parametrize("size", [0, LIMIT])
    async def test_a_body_up_to_the_limit_is_read(self, http: httpx2.AsyncClient, size: int) -> None:
        assert (await http.post("/measure", content=b"x" * size)).json() == size
        assert (await http.post("/measure", content=in_pieces(size))).json() == size

    async def test_a_larger_one_is_refused_when_its_length_is_told(self, http: httpx2.AsyncClient) -> None:
        answer = await http.post("/measure", content=b"x" * (LIMIT + 1))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    async def test_a_larger_one_is_refused_when_its_length_is_not_told(self, http: httpx2.AsyncClient) -> None:
        answer = await http.post("/measure", content=in_pieces(LIMIT + 100))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


class TestTheRequestsId:
    async def test_a_well_formed_one_is_kept_and_told(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/things/a", headers={"X-Request-ID": "gateway-1.2_3"})
        assert answer.headers["x-request-id"] == answer.json()["correlation"] == "gateway-1.2_3"

    @pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space", "semi;colon", 'quo"te-quote', "éééééééé"])
    async def test_any_other_is_replaced(self, http: httpx2.AsyncClient, given: str) -> None:
        answer = await http.get("/things/a", headers={b"X-Request-ID": given.encode()})
        assert uuid.UUID(answer.headers["x-request-id"]).version == 7
        assert answer.json()["correlation"] == answer.headers["x-request-id"]

    async def test_the_callers_trace_is_joined(self, http: httpx2.AsyncClient) -> None:
        incoming = trace.continue_trace(None)
        joined = (await http.get("/things/a", headers={"traceparent": incoming})).json()["traceparent"]
        assert joined.split("-")[1] == incoming.split("-")[1]
        assert joined != incoming


class TestMetrics:
    async def test_requests_are_counted_by_route_and_not_by_address(self, http: httpx2.AsyncClient) -> None:
        before = await self._metrics(http)
        for name in ("one", "two"):
            await http.get(f"/things/{name}")
        after = await self._metrics(http)
        counter = 'guichet_http_requests_total{method="GET",route="/things/{name}",status="200"}'
        assert after[counter] - before.get(counter, 0) == 2
        timer = 'guichet_http_seconds_count{method="GET",route="/things/{name}"}'
        assert after[timer] - before.get(timer, 0) == 2

    async def test_unknown_addresses_do_not_each_make_a_series(self, http: httpx2.AsyncClient) -> None:
        await http.get("/nowhere/at/all")
        metrics = await self._metrics(http)
        assert metrics['guichet_http_requests_total{method="GET",route="(none)",status="404"}'] >= 1
        assert not any("/nowhere" in name for name in metrics)

    async def _metrics(self, http: httpx2.AsyncClient) -> dict[str, float]:
        answer = await http.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        lines = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}


class TestBearer:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
    async def test_a_good_token_is_let_in(self, http: httpx2.AsyncClient, scheme: str) -> None:
        answer = await http.get("/me", headers={"Authorization": f"{scheme} {AGENTS.issue('agent-1', 900)}"})
        assert answer.json() == "agent-1"

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "nonsense"])
    async def test_any_other_header_is_a_401(self, http: httpx2.AsyncClient, header: str) -> None:
        answer = await http.get("/me", headers={"Authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")

    async def test_no_header_is_a_401(self, http: httpx2.AsyncClient) -> None:
        assert (await http.get("/me")).status_code == 401


class TestIfMatch:
    async def test_a_version_in_quotes_is_read_and_told(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/version", headers={"If-Match": '"42"'})
        assert answer.json() == 42
        assert answer.headers["etag"] == '"42"'

    @pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}])
    async def test_without_one_any_version_will_do(self, http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        assert (await http.get("/version", headers=headers)).json() is None

    @pytest.mark.parametrize("given", ["42", '"x"', '""', 'W/"42"', '"1", "2"', '"-1"', f'"{10**18}"', '"٣"'])
    async def test_another_form_is_refused(self, http: httpx2.AsyncClient, given: str) -> None:
        answer = await http.get("/version", headers={b"If-Match": given.encode()})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_if_match")


class TestHealth:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health_module, "CHECK_SECONDS", 0.1)

    async def test_a_process_that_answers_is_alive_whatever_its_checks_say(
        self, http: httpx2.AsyncClient, health: Health
    ) -> None:
        health.check("database", _failing)
        assert (await http.get("/livez")).status_code == 200

    async def test_it_is_ready_when_all_checks_pass(self, http: httpx2.AsyncClient, health: Health) -> None:
        health.check("database", _passing)
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": {"database": "ok"}})

    async def test_checks_that_fail_or_hang_make_it_not_ready_within_the_bound(
        self, http: httpx2.AsyncClient, health: Health
    ) -> None:
        for name, check in (("good", _passing), ("bad", _failing), ("slow", _hanging), ("slower", _hanging)):
            health.check(name, check)
        async with asyncio.timeout(1):
            answer = await http.get("/readyz")
        assert answer.status_code == 503
        states = {"good": "ok", "bad": "failing", "slow": "failing", "slower": "failing"}
        assert answer.json() == {"status": "failing", "checks": states}

    async def test_a_service_that_is_about_to_stop_is_not_ready(self, http: httpx2.AsyncClient, health: Health) -> None:
        health.check("database", _passing)
        health.draining = True
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/livez")).status_code == 200


async def _passing() -> None:
    return


async def _failing() -> None:
    raise ConnectionError("away")


async def _hanging() -> None:
    await asyncio.Event().wait()
