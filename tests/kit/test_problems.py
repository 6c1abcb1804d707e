"""Every error of an application is a problem document (RFC 9457), and none tells how the program is made."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from guichet_kit import problems
from guichet_kit.health import Health
from guichet_kit.http import create_app
from guichet_kit.mongo import OUTAGES
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

PROBLEM = "application/problem+json"


class Place(BaseModel):
    city: str = Field(min_length=1)


class Person(BaseModel):
    name: str
    places: list[Place] = []


RAISED: dict[str, Exception] = {
    "problem": problems.Problem("Odd.", code="odd", seen=3),
    "unauthorized": problems.Unauthorized(),
    "forbidden": problems.Forbidden("Not you."),
    "missing": problems.NotFound("Nowhere."),
    "conflict": problems.Conflict("Closed.", code="conversation_closed"),
    "stale": problems.Stale("Old.", current={"version": 4}),
    "large": problems.TooLarge("Too much."),
    "invalid": problems.Invalid.of("name", "is empty"),
    "often": problems.TooMany("Slow down.", retry_after=7),
    "away": problems.Unavailable(),
    "teapot": HTTPException(418, "Short and stout."),
    "crash": RuntimeError("the secret is hunter2"),
    "outage": OUTAGES[0]("mongodb-7.internal is away"),
}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    app = create_app("Test", health=Health())

    @app.get("/raise/{name}")
    async def fail(name: str) -> JSONResponse:
        raise RAISED[name]

    @app.post("/people/{number}")
    async def add(number: int, person: Person, limit: int = 1) -> Person:
        return person

    return app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def document(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == PROBLEM
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:guichet:problem:{body['code']}"
    assert body["title"]
    return body


class TestEachClass:
    @pytest.mark.parametrize(
        ("name", "status", "code", "detail"),
        [
            ("problem", 400, "odd", "Odd."),
            ("unauthorized", 401, "unauthorized", "A valid access token is required."),
            ("forbidden", 403, "forbidden", "Not you."),
            ("missing", 404, "not_found", "Nowhere."),
            ("conflict", 409, "conversation_closed", "Closed."),
            ("stale", 412, "stale_version", "Old."),
            ("large", 413, "too_large", "Too much."),
            ("invalid", 422, "validation_failed", "name: is empty"),
            ("often", 429, "rate_limited", "Slow down."),
            ("away", 503, "unavailable", "The service cannot answer now; try again in a moment."),
        ],
    )
    async def test_it_has_its_status_and_a_stable_code(
        self, http: httpx2.AsyncClient, name: str, status: int, code: str, detail: str
    ) -> None:
        answer = await http.get(f"/raise/{name}")
        body = document(answer)
        assert (answer.status_code, body["code"], body["detail"]) == (status, code, detail)

    async def test_what_else_it_knows_stands_beside(self, http: httpx2.AsyncClient) -> None:
        assert document(await http.get("/raise/problem"))["seen"] == 3
        assert document(await http.get("/raise/stale"))["current"] == {"version": 4}

    async def test_an_invalid_field_is_named(self, http: httpx2.AsyncClient) -> None:
        assert document(await http.get("/raise/invalid"))["errors"] == [{"field": "name", "message": "is empty"}]

    async def test_headers_tell_when_to_come_back_and_how_to_sign_in(self, http: httpx2.AsyncClient) -> None:
        assert (await http.get("/raise/often")).headers["retry-after"] == "7"
        assert (await http.get("/raise/away")).headers["retry-after"] == "2"
        assert (await http.get("/raise/unauthorized")).headers["www-authenticate"] == "Bearer"

    def test_retry_after_is_a_second_at_least(self) -> None:
        assert problems.TooMany("Slow down.", retry_after=0).headers == {"Retry-After": "1"}


class TestErrorsOfTheFramework:
    async def test_an_unknown_route(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/nowhere")
        assert (answer.status_code, document(answer)["code"]) == (404, "not_found")

    async def test_a_wrong_method_tells_the_right_ones(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/people/1")
        assert (answer.status_code, document(answer)["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"

    async def test_another_http_error_keeps_its_status(self, http: httpx2.AsyncClient) -> None:
        body = document(await http.get("/raise/teapot"))
        assert (body["status"], body["code"], body["detail"]) == (418, "bad_request", "Short and stout.")

    @pytest.mark.parametrize("content", [b"{", b'{"name": ', b"\xff\xfe", b"nonsense"])
    async def test_broken_json(self, http: httpx2.AsyncClient, content: bytes) -> None:
        answer = await http.post("/people/1", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, document(answer)["code"]) == (422, "validation_failed")
        assert [error["field"] for error in answer.json()["errors"]] == ["body"]

    async def test_json_that_is_nested_too_deep(self, http: httpx2.AsyncClient) -> None:
        answer = await http.post("/people/1", content=b"[" * 100_000, headers={"content-type": "application/json"})
        assert (answer.status_code, document(answer)["code"]) == (400, "bad_request")

    async def test_each_broken_field_is_named_by_its_path(self, http: httpx2.AsyncClient) -> None:
        answer = await http.post("/people/x?limit=y", json={"places": [{"city": ""}]})
        assert [error["field"] for error in document(answer)["errors"]] == ["number", "limit", "name", "places.0.city"]

    async def test_a_body_that_is_missing_is_called_body(self, http: httpx2.AsyncClient) -> None:
        answer = await http.post("/people/1")
        assert document(answer)["errors"] == [{"field": "body", "message": "Field required"}]


class TestCrashes:
    async def test_a_crash_is_a_500_that_tells_nothing_of_the_program(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/raise/crash")
        body = document(answer)
        assert (body["status"], body["code"]) == (500, "internal_error")
        assert body["detail"] == "An unexpected error happened; it was recorded."
        for leaked in ("hunter2", "Traceback", "RuntimeError", ".py"):
            assert leaked not in answer.text

    async def test_a_crash_is_answered_with_the_id_that_its_log_lines_have(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/raise/crash", headers={"X-Request-ID": "request-1"})
        assert answer.headers["x-request-id"] == "request-1"

    async def test_a_database_that_is_away_is_a_503_that_does_not_name_it(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/raise/outage")
        assert document(answer)["code"] == "unavailable"
        assert "internal" not in answer.text
