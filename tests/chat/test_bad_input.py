"""Whatever comes in, the socket and the service go on, and the answer names the rule."""

import json
import uuid
from typing import Any

import httpx2
import pytest
from guichet_local.testing.sockets import SocketClient

from .conftest import Open, Replicas, Visit

ID = str(uuid.uuid4())


def post(**fields: Any) -> str:
    return json.dumps({"type": "message.post", "id": ID, "text": "Bonjour"} | fields)


BAD_FRAMES: dict[str, tuple[str | bytes, str, str | None]] = {
    "broken JSON": ('{"type": "ping"', "invalid_json", None),
    "no object": ("[1, 2]", "invalid_frame", None),
    "nothing": ("", "invalid_json", None),
    "NaN": ('{"type": "typing", "on": NaN}', "invalid_json", None),
    "a lone surrogate": ('{"type": "ping", "x": "\\ud800"}', "invalid_json", None),
    "bytes": (b'{"type": "ping"}', "invalid_frame", None),
    "a frame of 200 KB": (post(text="x" * (200 << 10)), "frame_too_large", None),
    "64 KiB of two-byte characters": (post(text="é" * (33 << 10)), "frame_too_large", None),
    "no type": ("{}", "invalid_frame", "type"),
    "a type of another type": ('{"type": 7}', "invalid_frame", "type"),
    "an unknown type": ('{"type": "message.delete"}', "unknown_type", None),
    "an agent's type": ('{"type": "subscribe", "conversation_id": "x", "after_seq": 0}', "unknown_type", None),
    "text of another type": (post(text=7), "invalid_frame", "text"),
    "10,001 characters": (post(text="x" * 10_001), "invalid_frame", "text"),
    "an empty text": (post(text=""), "invalid_frame", "text"),
    "a blank text": (post(text=" \n "), "invalid_frame", "text"),
    "a text of marks without a shape": (post(text="\u200b\u202e\u3164"), "invalid_frame", "text"),
    "an id that is no UUID": (post(id="1"), "invalid_frame", "id"),
    "no id": ('{"type": "message.post", "text": "Bonjour"}', "invalid_frame", "id"),
    "a forged receipt": (post(receipts=["x.y.z"]), "invalid_frame", "receipts.0"),
    "eleven receipts": (post(receipts=["x"] * 11), "invalid_frame", "receipts"),
    "a cursor below 0": ('{"type": "sync", "conversation_id": "x", "after_seq": -1}', "invalid_frame", "after_seq"),
    "a cursor of 100 digits": (
        '{"type": "sync", "conversation_id": "x", "after_seq": ' + "9" * 100 + "}",
        "invalid_frame",
        "after_seq",
    ),
    "an unknown conversation": ('{"type": "sync", "conversation_id": "x", "after_seq": 0}', "not_found", None),
    "typing in no conversation": ('{"type": "typing", "on": true}', "not_found", None),
    "typing that is not said": ('{"type": "typing"}', "invalid_frame", "on"),
}


class TestAFrameThatIsRefused:
    @pytest.mark.parametrize("name", BAD_FRAMES)
    async def test_is_answered_with_its_error_and_the_socket_stays(
        self, name: str, visit: Visit, customer: Open
    ) -> None:
        data, code, field = BAD_FRAMES[name]
        socket = await customer(await visit())
        await socket.send_raw(data)
        error = await socket.frame("error")
        assert error["code"] == code, error
        assert error["detail"]
        if field:
            assert field in [item["field"] for item in error["errors"]]
        await socket.send("ping")
        await socket.frame("pong")

    async def test_names_the_frame_by_its_id(self, visit: Visit, customer: Open) -> None:
        socket = await customer(await visit())
        await socket.send_raw(post(text="x" * 10_001))
        assert (await socket.frame("error"))["ref"] == ID

    async def test_10000_characters_are_taken(self, visit: Visit, customer: Open) -> None:
        socket = await customer(await visit())
        await socket.frame("message.accepted", id=await socket.post("é" * 10_000))

    async def test_an_agent_must_name_the_conversation(self, agent: Open) -> None:
        socket = await agent()
        await socket.send_raw(post())
        error = await socket.frame("error")
        assert (error["code"], error["errors"][0]["field"]) == ("invalid_frame", "conversation_id")


class TestReceipts:
    """Proofs of checked files, which only their owner may use, in time, and where they were made for."""

    def receipt(self, replicas: Replicas, owner: str, scope: str = "visitor", lifetime: int = 60) -> str:
        file = {"name": "a.txt", "media_type": "text/plain", "size": 3, "scope": scope, "owner": owner}
        return replicas.receipt_tokens.issue("f1", lifetime, **file)

    async def test_ones_own_is_taken_and_the_entry_names_the_file(
        self, replicas: Replicas, visit: Visit, customer: Open
    ) -> None:
        person = await visit()
        socket = await customer(person)
        await socket.post("", receipts=[self.receipt(replicas, person.id)])
        (entry,) = await socket.entries(1)
        assert entry["attachments"] == [{"id": "f1", "name": "a.txt", "media_type": "text/plain", "size": 3}]

    @pytest.mark.parametrize("what", ["another visitor's", "an expired one", "one for another conversation"])
    async def test_any_other_is_refused_by_its_place_in_the_list(
        self, what: str, replicas: Replicas, visit: Visit, customer: Open
    ) -> None:
        person, other = await visit(), await visit()
        socket = await customer(person)
        bad = {
            "another visitor's": self.receipt(replicas, other.id),
            "an expired one": self.receipt(replicas, person.id, lifetime=-60),
            "one for another conversation": self.receipt(replicas, person.id, scope="conversation:c2"),
        }[what]
        sent = await socket.post("avec un fichier", receipts=[self.receipt(replicas, person.id), bad])
        error = await socket.frame("error", ref=sent)
        assert (error["code"], error["errors"][0]["field"]) == ("invalid_frame", "receipts.1")
        assert socket.shown() == []


class TestRights:
    async def test_another_visitors_conversation_does_not_exist(self, visit: Visit, customer: Open) -> None:
        ada, eve = await customer(await visit()), await customer(await visit())
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        for frame_type, fields in (
            ("message.post", {"id": str(uuid.uuid4()), "text": "x"}),
            ("sync", {"after_seq": 0}),
            ("read", {"seq": 1}),
        ):
            eve.frames.clear()
            await eve.send(frame_type, conversation_id=conversation_id, **fields)
            assert (await eve.frame("error"))["code"] == "not_found"
        assert eve.shown() == []

    @pytest.mark.parametrize("path", ["/chat/v1/socket", "/api/v1/live"])
    async def test_a_bad_token_closes_with_4401(self, path: str, replicas: Replicas) -> None:
        assert await (await SocketClient.open(f"{replicas.first.url}{path}", "x.y.z")).closed() == 4401

    async def test_a_token_for_one_side_does_not_open_the_other(self, replicas: Replicas, visit: Visit) -> None:
        person = await visit()
        for path, token in (("/api/v1/live", person.token), ("/chat/v1/socket", replicas.agent_token())):
            assert await (await SocketClient.open(f"{replicas.first.url}{path}", token)).closed() == 4401

    async def test_an_expired_token_closes_with_4401_also_in_the_middle(self, replicas: Replicas) -> None:
        url = f"{replicas.first.url}/api/v1/live"
        expired = await SocketClient.open(url, replicas.agent_token(lifetime=-60))
        assert await expired.closed() == 4401
        soon = await SocketClient.open(url, replicas.agent_token(lifetime=1))
        await soon.frame("ready")
        assert await soon.closed() == 4401

    async def test_a_foreign_page_closes_with_4403(self, replicas: Replicas, visit: Visit) -> None:
        person = await visit()
        url = f"{replicas.first.url}/chat/v1/socket"
        assert await (await SocketClient.open(url, person.token, origin="http://evil.example")).closed() == 4403
        own = await SocketClient.open(url, person.token, origin=replicas.first.url)
        await own.frame("ready")
        await own.close()


class TestTraffic:
    async def test_more_than_the_limit_closes_with_4429(self, visit: Visit, customer: Open) -> None:
        socket = await customer(await visit())
        for _ in range(150):
            await socket.send("ping")
        assert await socket.closed() == 4429

    async def test_a_burst_of_100_is_served(self, visit: Visit, customer: Open) -> None:
        socket = await customer(await visit())
        for _ in range(100):
            await socket.send("ping")
        await socket.count("pong", 100)


class TestHttp:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ('{"widget_key": "nope"}', 404, "unknown_widget_key"),
            ("{}", 422, "validation_failed"),
            ("{", 422, "validation_failed"),
            ('{"widget_key": 7}', 422, "validation_failed"),
            ('{"widget_key": "shop", "email": "nope"}', 422, "validation_failed"),
            ('{"widget_key": "shop", "name": "' + "x" * 201 + '"}', 422, "validation_failed"),
            ('{"widget_key": "shop", "token": "x.y.z"}', 401, "unauthorized"),
            ('{"widget_key": "' + "x" * (1 << 20) + '"}', 413, "too_large"),
        ],
    )
    async def test_a_bad_session_is_a_problem_with_its_code(
        self, body: str, status: int, code: str, http: httpx2.AsyncClient
    ) -> None:
        headers = {"Content-Type": "application/json"}
        answer = await http.post("/chat/v1/visitors", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_an_old_token_renews_the_same_visitor(self, visit: Visit, http: httpx2.AsyncClient) -> None:
        person = await visit()
        answer = await http.post("/chat/v1/visitors", json={"widget_key": "shop", "token": person.token})
        assert answer.json()["visitor_id"] == person.id

    @pytest.mark.parametrize(
        ("query", "field"),
        [("after_seq=-1", "after_seq"), ("limit=0", "limit"), ("limit=201", "limit"), ("cursor=x", "cursor")],
    )
    async def test_a_bad_query_names_its_field(self, query: str, field: str, http: httpx2.AsyncClient) -> None:
        answer = await http.get(f"/api/v1/conversations/c/entries?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)

    async def test_a_log_is_for_agents_only(self, visit: Visit, http: httpx2.AsyncClient) -> None:
        person = await visit()
        for headers in ({"Authorization": ""}, {"Authorization": f"Bearer {person.token}"}):
            answer = await http.get("/api/v1/conversations/c/entries", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert (await http.get("/api/v1/conversations/c/entries")).status_code == 404

    async def test_a_bad_request_status_is_refused(self, http: httpx2.AsyncClient) -> None:
        answer = await http.post("/api/v1/conversations/c/close", json={"request_status": "new"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "request_status")

    async def test_the_log_comes_in_pages(self, visit: Visit, customer: Open, http: httpx2.AsyncClient) -> None:
        ada = await customer(await visit())
        for n in range(5):
            await ada.post(f"{n}")
        conversation_id = (await ada.entries(5))[0]["conversation_id"]
        path = f"/api/v1/conversations/{conversation_id}/entries"
        page = (await http.get(path, params={"limit": 3})).json()
        rest = (await http.get(path, params={"limit": 3, "cursor": page["next_cursor"]})).json()
        assert [e["seq"] for e in page["items"] + rest["items"]] == [1, 2, 3, 4, 5]
        assert rest["next_cursor"] is None


class TestTheWidgetsFiles:
    async def test_the_frame_may_be_framed_by_its_sites_pages_only(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/widget/frame.html", params={"key": "shop"})
        assert "frame-ancestors http://shop.example" in answer.headers["content-security-policy"]
        assert (await http.get("/widget/frame.html", params={"key": "nope"})).status_code == 404

    async def test_hashed_files_are_kept_for_ever_and_the_loader_is_not(self, http: httpx2.AsyncClient) -> None:
        assert "immutable" in (await http.get("/widget/assets/frame-abc123.js")).headers["cache-control"]
        assert "immutable" not in (await http.get("/widget.js")).headers["cache-control"]

    @pytest.mark.parametrize("path", ["../secret.txt", "%2e%2e/secret.txt", "assets", "nope.js", "%00", "x" * 5000])
    async def test_nothing_else_is_served(self, path: str, http: httpx2.AsyncClient) -> None:
        answer = await http.get(f"/widget/{path}")
        assert answer.status_code == 404, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
