"""The HTTP interface of a real process, with a real broker behind it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aio_pika
import httpx2
import pytest
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_local.testing.events import events_of

Headers = Callable[..., dict[str, str]]


@pytest.fixture
async def agent(client: httpx2.AsyncClient, token: Headers) -> AsyncIterator[httpx2.AsyncClient]:
    """The client of an agent who is new in each test, so that no test uses up another's rate."""
    async with _as(client, token, "agent") as someone:
        yield someone


@pytest.fixture
async def supervisor(client: httpx2.AsyncClient, token: Headers) -> AsyncIterator[httpx2.AsyncClient]:
    async with _as(client, token, "supervisor") as someone:
        yield someone


def _as(client: httpx2.AsyncClient, token: Headers, role: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=client.base_url, headers=token(role, agent_id=str(uuid4())), timeout=30)


@asynccontextmanager
async def _hearing(rabbitmq_url: str, key: str) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """The events under this key, as a subscriber gets them."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(EVENTS_EXCHANGE, key)
        events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            for event in events_of(message.body):
                events.put_nowait(event | {"routing_key": message.routing_key})

        await queue.consume(hear, no_ack=True)
        yield events


@pytest.fixture
async def heard(rabbitmq_url: str) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """What contacts tells of contacts."""
    async with _hearing(rabbitmq_url, "contacts.contact.#") as events:
        yield events


@pytest.fixture
async def audited(rabbitmq_url: str) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """What contacts tells for the audit trail."""
    async with _hearing(rabbitmq_url, "contacts.audit.#") as events:
        yield events


def _email() -> str:
    return f"Ada.{uuid4().hex}@Example.com"


async def _create(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    response = await client.post("/api/v1/contacts", json=fields)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def _assert_problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert {"type", "title", "detail"} <= problem.keys()
    return problem


class TestContacts:
    async def test_a_contact_is_made_read_changed_and_found(self, agent: httpx2.AsyncClient) -> None:
        contact_id, email = str(uuid4()), _email()
        wanted = {"id": contact_id} | {
            "first_name": " Élodie ",
            "last_name": "Œuvre",
            "email": email,
            "phone": "0639981234",
        }
        created = await agent.post("/api/v1/contacts", json=wanted)
        assert created.status_code == 201
        assert created.headers["location"] == f"/api/v1/contacts/{contact_id}"
        assert created.headers["etag"] == '"1"'
        contact = created.json()
        assert contact | {"created_at": None, "updated_at": None} == {
            "id": contact_id,
            "first_name": "Élodie",
            "last_name": "Œuvre",
            "name": "Élodie Œuvre",
            "email": email.replace("Example", "example"),
            "other_emails": [],
            "phone": "+33639981234",
            "company": None,
            "notes": None,
            "merged_into": None,
            "created_at": None,
            "updated_at": None,
            "version": 1,
        }
        assert (await agent.get(f"/api/v1/contacts/{contact_id}")).json() == contact
        again = await agent.post("/api/v1/contacts", json=wanted)
        assert (again.status_code, again.json()) == (201, contact)

        changed = await agent.patch(
            f"/api/v1/contacts/{contact_id}", json={"company": "Lumière", "phone": None}, headers={"If-Match": '"1"'}
        )
        assert changed.status_code == 200
        assert changed.headers["etag"] == '"2"'
        assert (changed.json()["company"], changed.json()["phone"], changed.json()["version"]) == ("Lumière", None, 2)
        found = await agent.get("/api/v1/contacts", params={"q": f"elo oeu {email[:20]}"})
        assert found.json() == {"items": [changed.json()], "next_cursor": None}

    async def test_pages_follow_each_other(self, agent: httpx2.AsyncClient) -> None:
        family = f"Familie{uuid4().hex}"
        for i in range(5):
            await _create(agent, first_name=f"P{i}", last_name=family)
        shown, cursor = [], None
        while True:
            params = {"q": family, "limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await agent.get("/api/v1/contacts", params=params)).json()
            shown += [item["first_name"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert shown == ["P0", "P1", "P2", "P3", "P4"]

    async def test_are_listed_by_name_backwards_and_the_last_changed_first(self, agent: httpx2.AsyncClient) -> None:
        word = _email().split("@")[0].replace("-", "")
        made = [await _create(agent, first_name=name, last_name=word) for name in ("Ada", "Cléo", "Bob")]
        await agent.patch(f"/api/v1/contacts/{made[0]['id']}", json={"company": "Lampe"})

        async def listed(sort: str) -> list[str]:
            found, cursor = [], None
            while True:
                params = {"q": word, "limit": "1", "sort": sort} | ({"cursor": cursor} if cursor else {})
                page = (await agent.get("/api/v1/contacts", params=params)).json()
                found += [one["first_name"] for one in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    return found

        assert await listed("name") == ["Ada", "Bob", "Cléo"]
        assert await listed("-name") == ["Cléo", "Bob", "Ada"]
        assert await listed("-updated_at") == ["Ada", "Bob", "Cléo"]
        cursor = (await agent.get("/api/v1/contacts", params={"q": word, "limit": 1})).json()["next_cursor"]
        answer = await agent.get("/api/v1/contacts", params={"q": word, "sort": "-updated_at", "cursor": cursor})
        _assert_problem(answer, 422, "validation_failed")
        answer = await agent.get("/api/v1/contacts", params={"sort": "phone"})
        _assert_problem(answer, 422, "validation_failed")

    async def test_an_idempotency_key_makes_one_contact(self, agent: httpx2.AsyncClient) -> None:
        calls = [
            agent.post("/api/v1/contacts", json={"first_name": "Ada"}, headers={"Idempotency-Key": "k1"}) for _ in "abc"
        ]
        assert len({response.json()["id"] for response in await asyncio.gather(*calls)}) == 1

    async def test_of_twenty_with_one_address_at_once_one_is_made(self, agent: httpx2.AsyncClient) -> None:
        email = _email()
        calls = [agent.post("/api/v1/contacts", json={"id": str(uuid4()), "email": email}) for _ in range(20)]
        responses = await asyncio.gather(*calls)
        (made,) = [response.json() for response in responses if response.status_code == 201]
        for response in responses:
            if response.status_code != 201:
                assert _assert_problem(response, 409, "contact_exists")["contact_id"] == made["id"]

    async def test_merge_and_back_and_erase(
        self, supervisor: httpx2.AsyncClient, heard: asyncio.Queue[dict[str, Any]]
    ) -> None:
        source = await _create(supervisor, first_name="Gus", email=_email())
        target = await _create(supervisor, first_name="Ada", email=_email())
        at = f"/api/v1/contacts/{source['id']}"
        merged = await supervisor.post(f"{at}/merge", json={"into": target["id"]})
        assert merged.json()["other_emails"] == [source["email"]]
        assert (await supervisor.get(at)).json()["merged_into"] == target["id"]
        (told,) = (await supervisor.get(f"/api/v1/contacts/{target['id']}/merged")).json()["items"]
        assert (told["id"], told["email"]) == (source["id"], source["email"])
        refused = await supervisor.patch(at, json={"company": "x"})
        assert _assert_problem(refused, 409, "contact_merged")["merged_into"] == target["id"]
        parted = await supervisor.post(f"{at}/unmerge")
        assert (parted.json()["email"], parted.json()["merged_into"]) == (source["email"], None)
        assert (await supervisor.delete(at)).status_code == 204
        assert (await supervisor.delete(at)).status_code == 204
        _assert_problem(await supervisor.get(at), 410, "contact_erased")
        _assert_problem(await supervisor.post(f"{at}/merge", json={"into": target["id"]}), 410, "contact_erased")

        wanted = {"merged", "unmerged", "erased"}
        async with asyncio.timeout(15):
            while wanted:
                event = await heard.get()
                assert event["routing_key"] == event["type"]
                if event["subject"] in (source["id"], target["id"]):
                    wanted.discard(event["type"].split(".")[2])


class TestRights:
    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer x.y.z", "Basic YTpi"])
    async def test_without_a_good_token_nothing_is_shown(self, client: httpx2.AsyncClient, header: str) -> None:
        response = await client.get("/api/v1/contacts", headers={"Authorization": header})
        _assert_problem(response, 401, "unauthorized")

    async def test_an_expired_token_is_none(self, client: httpx2.AsyncClient, token: Headers) -> None:
        _assert_problem(await client.get("/api/v1/contacts", headers=token(lifetime=-60)), 401, "unauthorized")

    async def test_what_touches_many_or_is_final_is_for_supervisors_and_administrators(
        self, client: httpx2.AsyncClient, token: Headers
    ) -> None:
        calls = [
            ("DELETE", "/api/v1/contacts/x"),
            ("GET", "/api/v1/contacts/x/merged"),
            ("POST", "/api/v1/contacts/x/merge"),
            ("POST", "/api/v1/contacts/x/unmerge"),
            ("POST", "/api/v1/contacts/imports"),
            ("GET", "/api/v1/contacts/imports/x"),
            ("GET", "/api/v1/contacts/export"),
        ]
        for method, path in calls:
            body = {"into": "y"} if path.endswith("/merge") else None
            response = await client.request(method, path, headers=token("agent"), json=body)
            _assert_problem(response, 403, "forbidden")
            for role in ("supervisor", "admin"):
                response = await client.request(method, path, headers=token(role), json=body)
                assert response.status_code not in (401, 403)

    async def test_one_who_calls_too_often_is_told_when_to_come_back(self, agent: httpx2.AsyncClient) -> None:
        responses = await asyncio.gather(*(agent.get("/api/v1/contacts/none") for _ in range(400)))
        refused = [response for response in responses if response.status_code == 429]
        assert refused
        assert refused[0].headers["retry-after"] == "1"
        _assert_problem(refused[0], 429, "rate_limited")


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "first_name"),
            ({"notes": "somebody"}, "first_name"),
            ({"first_name": "x" * 101}, "first_name"),
            ({"first_name": "a\x00b"}, "first_name"),
            ({"first_name": 5}, "first_name"),
            ({"first_name": ["x"]}, "first_name"),
            ({"email": "nobody"}, "email"),
            ({"email": "a@b@c"}, "email"),
            ({"phone": "12"}, "phone"),
            ({"first_name": "Ada", "id": "7"}, "id"),
            ({"first_name": "Ada", "nmae": "x"}, "nmae"),
        ],
    )
    async def test_a_bad_field_is_named(self, agent: httpx2.AsyncClient, body: dict[str, Any], field: str) -> None:
        problem = _assert_problem(await agent.post("/api/v1/contacts", json=body), 422, "validation_failed")
        assert [error["field"] for error in problem["errors"]] == [field]
        assert problem["errors"][0]["message"]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"first_name": "\\ud800"}'])
    async def test_a_body_that_is_no_contact_is_refused(self, agent: httpx2.AsyncClient, body: bytes) -> None:
        response = await agent.post("/api/v1/contacts", content=body, headers={"Content-Type": "application/json"})
        _assert_problem(response, 422, "validation_failed")

    @pytest.mark.parametrize(
        "params", [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"cursor": "!!"}, {"q": "x" * 201}]
    )
    async def test_a_bad_parameter_is_named(self, agent: httpx2.AsyncClient, params: dict[str, str]) -> None:
        problem = _assert_problem(await agent.get("/api/v1/contacts", params=params), 422, "validation_failed")
        assert problem["errors"][0]["field"] in params

    async def test_what_is_not_there_is_not_found(self, supervisor: httpx2.AsyncClient) -> None:
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/unmerge")):
            _assert_problem(await supervisor.request(method, f"/api/v1/contacts/none{path}"), 404, "not_found")
        _assert_problem(await supervisor.patch("/api/v1/contacts/none", json={"company": "x"}), 404, "not_found")
        _assert_problem(await supervisor.get("/api/v1/contacts/imports/none"), 404, "not_found")

    async def test_an_old_version_gets_the_present_one(self, agent: httpx2.AsyncClient) -> None:
        contact = await _create(agent, first_name="Ada")
        at = f"/api/v1/contacts/{contact['id']}"
        present = (await agent.patch(at, json={"company": "x"}, headers={"If-Match": '"1"'})).json()
        stale = await agent.patch(at, json={"company": "y"}, headers={"If-Match": '"1"'})
        assert _assert_problem(stale, 412, "stale_version")["current"] == present
        _assert_problem(await agent.patch(at, json={}, headers={"If-Match": "1"}), 400, "invalid_if_match")

    async def test_a_contact_is_not_merged_into_itself(self, supervisor: httpx2.AsyncClient) -> None:
        contact = await _create(supervisor, first_name="Ada")
        response = await supervisor.post(f"/api/v1/contacts/{contact['id']}/merge", json={"into": contact["id"]})
        _assert_problem(response, 409, "merge_into_itself")

    async def test_an_id_is_not_used_for_two_people(self, agent: httpx2.AsyncClient) -> None:
        contact = await _create(agent, first_name="Ada")
        response = await agent.post("/api/v1/contacts", json={"id": contact["id"], "first_name": "Bob"})
        _assert_problem(response, 409, "id_taken")


class TestImportAndExport:
    async def test_a_file_is_taken_in_and_given_out(self, supervisor: httpx2.AsyncClient) -> None:
        family = f"Familie{uuid4().hex}"
        text = "first_name,last_name,email\n" + "".join(f"P{i},{family},{family}{i}@example.com\n" for i in range(300))
        job = await _import(supervisor, text)
        assert (job["state"], job["total"], job["written"], job["progress"]) == ("done", 300, 300, 1.0)
        assert job["finished_at"]
        exported = await supervisor.get("/api/v1/contacts/export", params={"separator": "semicolon"})
        assert exported.headers["content-type"] == "text/csv; charset=utf-8"
        assert exported.headers["content-disposition"].startswith('attachment; filename="contacts-')
        assert exported.text.count(f'"{family}"') == 300

    async def test_one_is_given_out_alone(self, supervisor: httpx2.AsyncClient, agent: httpx2.AsyncClient) -> None:
        one = await _create(agent, last_name="Roux", email=_email())
        await _create(agent, last_name="Noir", email=_email())
        params = {"contact_id": one["id"], "separator": "semicolon"}
        answer = await supervisor.get("/api/v1/contacts/export", params=params)
        assert answer.status_code == 200
        header, line = answer.text.removeprefix("\ufeff").splitlines()
        assert header.startswith('"id";"first_name"')
        assert line.startswith(f'"{one["id"]}";"";"Roux"')
        answer = await supervisor.get("/api/v1/contacts/export", params={"contact_id": "nobody"})
        _assert_problem(answer, 404, "not_found")

    async def test_who_gives_out_and_who_takes_in_is_told_and_a_refused_call_is_not(
        self, supervisor: httpx2.AsyncClient, agent: httpx2.AsyncClient, audited: asyncio.Queue[dict[str, Any]]
    ) -> None:
        one = await _create(agent, last_name="Roux", email=_email())
        path = "/api/v1/contacts/export"
        assert (await agent.get(path)).status_code == 403
        assert (await supervisor.get(path, params={"contact_id": "nobody"})).status_code == 404
        assert (await supervisor.get(path, params={"contact_id": one["id"]})).status_code == 200
        assert (await supervisor.get(path)).status_code == 200
        job = await _import(supervisor, f"email\n{_email()}\n")
        told = [(await asyncio.wait_for(audited.get(), 30))["data"] for _ in range(3)]
        assert [(entry["action"], entry["subject_id"]) for entry in told] == [
            ("contact.exported", one["id"]),
            ("contacts.exported", None),
            ("contacts.imported", job["id"]),
        ]
        assert {entry["address"] for entry in told} == {"127.0.0.1"}
        assert len({entry["actor"]["id"] for entry in told}) == 1
        assert one["email"] not in str(told)

    async def test_a_refused_file_comes_with_its_report(self, supervisor: httpx2.AsyncClient) -> None:
        job = await _import(supervisor, f"email\n{_email()}\nnobody\n")
        assert (job["state"], job["refused"], job["written"]) == ("refused", 1, 0)
        assert job["errors"] == [
            {
                "line": 3,
                "field": "email",
                "code": "invalid_email",
                "message": "is not an e-mail address",
                "contact_id": None,
            }
        ]
        assert "nobody" not in json.dumps(job)

    async def test_a_key_starts_one_import(self, supervisor: httpx2.AsyncClient) -> None:
        key = {"Idempotency-Key": "once"}
        first = await supervisor.post("/api/v1/contacts/imports", content="email\nx\n", headers=key)
        again = await supervisor.post("/api/v1/contacts/imports", content="email\nx\n", headers=key)
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json()["id"] == again.json()["id"]

    async def test_what_is_no_csv_is_refused(self, supervisor: httpx2.AsyncClient) -> None:
        response = await supervisor.post("/api/v1/contacts/imports", json={})
        _assert_problem(response, 415, "unsupported_media_type")
        job = await _import(supervisor, "")
        assert (job["state"], job["failure"]["code"]) == ("failed", "empty")

    async def test_a_file_that_is_too_large_is_refused(self, supervisor: httpx2.AsyncClient) -> None:
        response = await supervisor.post("/api/v1/contacts/imports", content=b"email\n" + b"x" * (20 << 20))
        _assert_problem(response, 413, "too_large")


async def _import(client: httpx2.AsyncClient, text: str) -> dict[str, Any]:
    response = await client.post("/api/v1/contacts/imports", content=text, headers={"Content-Type": "text/csv"})
    assert response.status_code == 202, response.text
    async with asyncio.timeout(60):
        while True:
            job: dict[str, Any] = (await client.get(response.headers["location"])).json()
            assert 0 <= job["progress"] <= 1
            if job["state"] in ("done", "refused", "failed"):
                return job
            await asyncio.sleep(0.1)
