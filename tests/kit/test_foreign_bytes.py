"""Bytes that no client of ours sends: each is refused with a reason, never answered with a 500."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI, File, Form, UploadFile
from guichet_kit.health import Health
from guichet_kit.http import create_app
from pydantic import BaseModel


class Inner(BaseModel):
    words: list[str]


class Letter(BaseModel):
    text: str
    inner: Inner | None = None


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app = create_app("Test", health=Health(), body_limit=10_000)

    @app.post("/letters")
    async def letters(letter: Letter) -> int:
        return len(letter.text.encode())

    @app.post("/files")
    async def files(file: Annotated[UploadFile, File()], scope: Annotated[str, Form()]) -> str:
        return f"{file.filename} {scope}"

    @app.get("/found/{name}")
    async def found(name: str, q: str = "") -> int:
        return len(name.encode() + q.encode())

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


class TestALoneSurrogate:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (rb'{"text": "a\ud800b"}', "text"),
            (rb'{"text": "\uDFFF"}', "text"),
            (rb'{"text": "fine", "inner": {"words": ["fine", "\ud83d"]}}', "inner.words.1"),
            (rb'{"text": "\ude00\ud83d"}', "text"),
            (rb'{"text": "fine", "\ud800": 1}', "body"),
        ],
    )
    async def test_it_is_refused_and_the_field_named(self, http: httpx2.AsyncClient, body: bytes, field: str) -> None:
        for headers in ({"Content-Type": "application/json"}, {"Content-Type": "application/x+JSON"}, {}):
            answer = await http.post("/letters", content=body, headers=headers)
            assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"field": field, "message": "has half of a surrogate pair, which is no character"}
        ]

    @pytest.mark.parametrize("text", [rb"\ud83d\ude00", "😀".encode(), rb"\\ud800", rb"\u00e9"])
    async def test_a_whole_pair_and_what_only_looks_like_one_is_text(
        self, http: httpx2.AsyncClient, text: bytes
    ) -> None:
        body = b'{"text": "' + text + b'"}'
        answer = await http.post("/letters", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200

    async def test_in_a_path_or_a_query_it_is_no_500(self, http: httpx2.AsyncClient) -> None:
        for path in ("/found/%ed%a0%80", "/found/a?q=%ed%a0%80", "/found/%ff?q=%ff"):
            assert (await http.get(path)).status_code < 500


class TestAMalformedForm:
    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            (f"multipart/form-data; boundary={'b' * 300}", b"--" + b"b" * 300 + b"--\r\n"),
            ("multipart/form-data", b""),
            ("multipart/form-data; boundary=b", b"no boundary in here"),
            (
                "multipart/form-data; boundary=b",
                b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--\r\n',
            ),
            ("multipart/form-data; boundary=b", b"--b\r\n: nothing\r\n\r\nx\r\n--b--\r\n"),
            (
                "multipart/form-data; boundary=b; charset=nonsense",
                b'--b\r\nContent-Disposition: form-data; name="scope"\r\n\r\n\xff\xfe\r\n--b--\r\n',
            ),
            ("application/x-www-form-urlencoded; charset=\xff", b"scope=%ff%fe"),
        ],
    )
    async def test_it_is_refused(self, http: httpx2.AsyncClient, content_type: str, body: bytes) -> None:
        answer = await http.post("/files", content=body, headers={b"Content-Type": content_type.encode("latin-1")})
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"


class TestDeepJson:
    async def test_it_is_refused(self, http: httpx2.AsyncClient) -> None:
        body = b'{"text": ' + b"[" * 4_900 + b"]" * 4_900 + b"}"
        answer = await http.post("/letters", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)

    async def test_a_number_of_many_digits_is_refused(self, http: httpx2.AsyncClient) -> None:
        body = b'{"text": ' + b"9" * 5_000 + b"}"
        answer = await http.post("/letters", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
