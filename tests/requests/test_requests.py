"""Requests over HTTP: lists, edits, assignment, notes and manual requests."""

import asyncio
from typing import Any

import httpx2
import pytest
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.pages import encode_cursor

from .conftest import NOON, Service, Signed, Visitor


async def made(agent: Signed, **fields: Any) -> dict[str, Any]:
    answer = await agent.call("POST", "/requests", json={"subject": "Lampe cassée"} | fields)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def timeline(agent: Signed, request: dict[str, Any], **parameters: Any) -> list[dict[str, Any]]:
    page = await agent.get(f"/requests/{request['id']}/timeline", **parameters)
    items: list[dict[str, Any]] = page["items"]
    return items


def problem(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


class TestAManualRequest:
    async def test_it_has_a_number_a_subject_and_its_text_as_first_note(self, service: Service) -> None:
        caro = await service.signed_in()
        answer = await caro.call(
            "POST", "/requests", json={"subject": " Lampe cassée ", "text": "Vue en magasin", "priority": "high"}
        )
        request = answer.json()
        assert answer.headers["etag"] == '"1"'
        assert request["number"] >= 1001
        shown = {key: request[key] for key in ("channel", "status", "priority", "subject", "preview", "version")}
        assert shown == {
            "channel": "manual",
            "status": "new",
            "priority": "high",
            "subject": "Lampe cassée",
            "preview": "Vue en magasin",
            "version": 1,
        }
        first, second = await timeline(caro, request)
        assert (first["event"]["name"], first["author"]["name"]) == ("request_created", "Caro Agent")
        assert (second["kind"], second["direction"], second["text"]) == ("note", "internal", "Vue en magasin")

    @pytest.mark.parametrize("by", ["id", "Idempotency-Key"])
    async def test_a_repeat_answers_the_first_one_also_at_the_same_moment(self, service: Service, by: str) -> None:
        caro, key = await service.signed_in(), new_id()
        body = {"subject": "Lampe"} | ({"id": key} if by == "id" else {})
        headers = {"Idempotency-Key": "order 66"} if by != "id" else {}
        answers = await asyncio.gather(*(caro.call("POST", "/requests", json=body, headers=headers) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert len({answer.json()["number"] for answer in answers}) == 1

    async def test_an_id_of_another_agents_request_is_refused(self, service: Service) -> None:
        caro, alex = await service.signed_in(), await service.signed_in("Alex Martin")
        request = await made(caro, id=new_id())
        answer = await alex.call("POST", "/requests", json={"subject": "Autre", "id": request["id"]})
        assert problem(answer) == (409, "id_taken")


class TestEditing:
    async def test_each_change_is_on_the_timeline_with_its_values_and_author(self, service: Service) -> None:
        caro = await service.signed_in()
        request = await made(caro)
        body = {"status": "pending", "priority": "high", "subject": "Lampe à réparer"}
        answer = await caro.call(
            "PATCH", f"/requests/{request['id']}", json=body, headers={"If-Match": '"1"'}
        )  # fmt: skip
        edited = answer.json()
        assert {key: edited[key] for key in body} == body
        assert (edited["version"], answer.headers["etag"]) == (2, '"2"')

        events = [item["event"] for item in await timeline(caro, request)][1:]
        by = {"kind": "agent", "id": caro.agent.id, "name": "Caro Agent"}
        assert sorted(events, key=lambda event: event["name"]) == [
            {"name": "priority_changed", "from": "low", "to": "high", "by": by},
            {"name": "status_changed", "from": "new", "to": "pending", "by": by},
            {"name": "subject_changed", "from": "Lampe cassée", "to": "Lampe à réparer", "by": by},
        ]

    async def test_what_is_so_already_changes_nothing(self, service: Service) -> None:
        caro = await service.signed_in()
        request = await made(caro)
        for body in ({}, {"status": "new", "priority": "low"}):
            answer = await caro.call("PATCH", f"/requests/{request['id']}", json=body)
            assert answer.json() == request

    async def test_a_stale_edit_is_told_the_present_state(self, service: Service) -> None:
        caro = await service.signed_in()
        request = await made(caro)
        path, headers = f"/requests/{request['id']}", {"If-Match": '"1"'}
        current = (await caro.call("PATCH", path, json={"priority": "high"}, headers=headers)).json()

        for method, url, body in (
            ("PATCH", path, {"priority": "medium"}),
            ("PUT", f"{path}/assignee", {"agent_id": caro.agent.id}),
            ("DELETE", f"{path}/assignee", None),
        ):
            answer = await caro.call(method, url, json=body, headers=headers)
            assert problem(answer) == (412, "stale_version")
            assert answer.json()["current"] == current
            assert answer.headers["etag"] == '"2"'

    async def test_closing_and_reopening_keep_when_it_was_closed(self, service: Service) -> None:
        caro = await service.signed_in()
        path = f"/requests/{(await made(caro))['id']}"
        closed = (await caro.call("PATCH", path, json={"status": "closed"})).json()
        assert closed["closed_at"] is not None
        reopened = (await caro.call("PATCH", path, json={"status": "in_progress"})).json()
        assert (reopened["status"], reopened["closed_at"]) == ("in_progress", None)

    async def test_nothing_becomes_new_again(self, service: Service) -> None:
        caro = await service.signed_in()
        path = f"/requests/{(await made(caro))['id']}"
        await caro.call("PATCH", path, json={"status": "pending"})
        assert problem(await caro.call("PATCH", path, json={"status": "new"})) == (409, "illegal_status")

    async def test_a_second_open_request_of_a_visitor_is_refused_by_name(self, service: Service) -> None:
        caro, ada = await service.signed_in(), Visitor(begun=now())
        await service.world.hear(ada.writes("Un"))
        first = await service.world.requests.current_of(ada.id)
        await service.world.hear(ada.is_closed("closed"), ada.writes("Deux"))
        second = await service.world.requests.current_of(ada.id)
        assert first is not None
        assert second is not None

        answer = await caro.call("PATCH", f"/requests/{first.id}", json={"status": "in_progress"})

        assert problem(answer) == (409, "visitor_has_open_request")
        assert answer.json()["request_id"] == second.id


class TestAssignment:
    async def test_two_agents_who_take_it_at_once_are_told_who_has_it(self, service: Service) -> None:
        caro, alex = await service.signed_in(), await service.signed_in("Alex Martin")
        for _ in range(5):
            request = await made(caro)
            answers = await asyncio.gather(
                *(
                    agent.call("PUT", f"/requests/{request['id']}/assignee", json={"agent_id": agent.agent.id})
                    for agent in (caro, alex)
                )
            )
            won, lost = sorted(answers, key=lambda answer: answer.status_code)
            assert won.status_code == 200
            assert problem(lost) == (409, "already_assigned")
            assert lost.json()["assignee"] == won.json()["assignee"]

    async def test_one_may_take_over_say_what_one_saw_pass_on_and_release(self, service: Service) -> None:
        caro, alex = await service.signed_in(), await service.signed_in("Alex Martin")
        request = await made(caro)
        path = f"/requests/{request['id']}/assignee"
        to_caro, to_alex = {"agent_id": caro.agent.id}, {"agent_id": alex.agent.id}
        steps = [
            await caro.call("PUT", path, json=to_caro),
            await caro.call("PUT", path, json=to_caro),
            await alex.call("PUT", path, json=to_alex | {"take_over": True}),
            await alex.call("PUT", path, json=to_caro, headers={"If-Match": '"3"'}),
            await alex.call("DELETE", path),
            await alex.call("DELETE", path),
        ]
        assert [step.status_code for step in steps] == [200] * 6
        assert [step.json()["version"] for step in steps] == [2, 2, 3, 4, 5, 5]
        assert [(step.json()["assignee"] or {}).get("initials") for step in steps] == [
            *("CA", "CA", "AM", "CA", None, None)
        ]
        items = (await timeline(caro, request))[1:]
        assert [item["text"] for item in items] == [
            "Caro Agent took the request",
            "Alex Martin took the request",
            "Alex Martin assigned the request to Caro Agent",
            "Alex Martin released the request",
        ]
        assert items[1]["event"]["from"] == {"id": caro.agent.id, "name": "Caro Agent"}

    async def test_only_active_agents_can_be_given_a_request(self, service: Service) -> None:
        admin, gone = await service.signed_in("Ida Admin", "admin"), await service.agent()
        await admin.call("PATCH", f"/agents/{gone.id}", json={"active": False})
        request = await made(admin)
        for agent_id in (gone.id, "nobody"):
            answer = await admin.call("PUT", f"/requests/{request['id']}/assignee", json={"agent_id": agent_id})
            assert problem(answer) == (422, "validation_failed")
            assert answer.json()["errors"][0]["field"] == "agent_id"


class TestNotes:
    async def test_a_repeated_note_is_one_also_at_the_same_moment(self, service: Service) -> None:
        caro = await service.signed_in()
        request, note = await made(caro), {"id": new_id(), "text": "Rappeler demain"}
        path = f"/requests/{request['id']}/notes"
        answers = await asyncio.gather(*(caro.call("POST", path, json=note) for _ in range(8)))

        assert {answer.status_code for answer in answers} == {201}
        assert all(answer.json() == answers[0].json() for answer in answers)
        notes = [item for item in await timeline(caro, request) if item["kind"] == "note"]
        assert notes == [answers[0].json()]
        assert (await caro.get(f"/requests/{request['id']}"))["version"] == 2

    async def test_an_id_of_another_item_is_refused(self, service: Service) -> None:
        caro, alex = await service.signed_in(), await service.signed_in("Alex Martin")
        first, second = await made(caro), await made(caro)
        note = {"id": new_id(), "text": "Rappeler demain"}
        await caro.call("POST", f"/requests/{first['id']}/notes", json=note)
        for agent, request in ((caro, second), (alex, first)):
            answer = await agent.call("POST", f"/requests/{request['id']}/notes", json=note)
            assert problem(answer) == (409, "id_taken")


class TestLists:
    async def test_a_manual_request_is_in_the_views_it_belongs_to(self, service: Service) -> None:
        caro = await service.signed_in()
        request = await made(caro)

        async def views() -> set[str]:
            found = set()
            for view in ("all", "open", "mine", "unassigned", "closed"):
                page = await caro.get("/requests", view=view, channel="manual", limit=200)
                found |= {view for shown in page["items"] if shown["id"] == request["id"]}
            return found

        assert await views() == {"all", "open", "unassigned"}
        await caro.call("PUT", f"/requests/{request['id']}/assignee", json={"agent_id": caro.agent.id})
        assert await views() == {"all", "open", "mine"}
        assert (await caro.get("/requests/counts"))["mine"] == 1
        await caro.call("PATCH", f"/requests/{request['id']}", json={"status": "closed"})
        assert await views() == {"all", "closed"}
        assert (await caro.get("/requests/counts"))["mine"] == 0

    async def test_the_timeline_can_be_read_from_its_end(self, service: Service) -> None:
        caro = await service.signed_in()
        request = await made(caro, text="Un")
        for text in ("Deux", "Trois"):
            await caro.call("POST", f"/requests/{request['id']}/notes", json={"id": new_id(), "text": text})
        page = await caro.get(f"/requests/{request['id']}/timeline", order="desc", limit=2)
        assert [item["text"] for item in page["items"]] == ["Trois", "Deux"]
        rest = await caro.get(
            f"/requests/{request['id']}/timeline", order="desc", limit=50, cursor=page["next_cursor"]
        )  # fmt: skip
        assert [item["text"] for item in rest["items"]] == ["Un", "Caro Agent created the request"]
        assert rest["next_cursor"] is None


class TestBadInput:
    @pytest.mark.parametrize(
        ("path", "field"),
        [
            ("/requests?limit=0", "limit"),
            ("/requests?limit=201", "limit"),
            ("/requests?limit=many", "limit"),
            ("/requests?view=everything", "view"),
            ("/requests?channel=fax", "channel"),
            ("/requests?status=done", "status"),
            ("/requests?priority=urgent", "priority"),
            ("/requests?sort=name", "sort"),
            ("/requests?cursor=nonsense", "cursor"),
            (f"/requests?cursor={encode_cursor(['a', 'b'])}", "cursor"),
            (f"/requests?sort=-priority&cursor={encode_cursor([NOON, 'b'])}", "cursor"),
            (f"/requests?sort=-priority&cursor={encode_cursor([2**63, 'b'])}", "cursor"),
            ("/agents?cursor=%F0%9F%92%A5", "cursor"),
            ("/agents?limit=0", "limit"),
        ],
    )
    async def test_a_bad_parameter_is_named(self, service: Service, path: str, field: str) -> None:
        caro = await service.signed_in()
        answer = await caro.call("GET", path)
        assert problem(answer) == (422, "validation_failed")
        assert [error["field"] for error in answer.json()["errors"]] == [field]

    @pytest.mark.parametrize(
        ("method", "path", "body", "field"),
        [
            ("POST", "", {}, "subject"),
            ("POST", "", {"subject": " "}, "subject"),
            ("POST", "", {"subject": "x" * 201}, "subject"),
            ("POST", "", {"subject": "x", "id": "no-uuid"}, "id"),
            ("POST", "", {"subject": "x", "channel": "chat"}, "channel"),
            ("PATCH", "/{id}", {"status": "done"}, "status"),
            ("PATCH", "/{id}", {"priority": 3}, "priority"),
            ("PATCH", "/{id}", {"number": 1}, "number"),
            ("PUT", "/{id}/assignee", {}, "agent_id"),
            ("PUT", "/{id}/assignee", {"agent_id": "x", "take_over": "perhaps"}, "take_over"),
            ("POST", "/{id}/notes", {"text": "x"}, "id"),
            ("POST", "/{id}/notes", {"id": new_id(), "text": " \n"}, "text"),
            ("POST", "/{id}/notes", {"id": new_id(), "text": "x" * 10_001}, "text"),
        ],
    )
    async def test_a_bad_field_is_named(
        self, service: Service, method: str, path: str, body: dict[str, Any], field: str
    ) -> None:
        caro = await service.signed_in()
        path = path.replace("{id}", (await made(caro))["id"])
        answer = await caro.call(method, f"/requests{path}", json=body)
        assert problem(answer) == (422, "validation_failed")
        assert [error["field"] for error in answer.json()["errors"]] == [field]

    @pytest.mark.parametrize("content", [b"{", b"", b"[]", b"\xff\xfe", b'{"subject": "\\ud800"}'])
    async def test_a_body_that_is_no_json_object_is_refused(self, service: Service, content: bytes) -> None:
        caro = await service.signed_in()
        answer = await caro.call("POST", "/requests", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
        assert problem(answer)[1] in ("validation_failed", "bad_request")

    async def test_a_bad_if_match_is_refused(self, service: Service) -> None:
        caro = await service.signed_in()
        path = f"/requests/{(await made(caro))['id']}"
        answer = await caro.call("PATCH", path, json={}, headers={"If-Match": "yesterday"})
        assert problem(answer) == (400, "invalid_if_match")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", ""),
            ("PATCH", ""),
            ("GET", "/timeline"),
            ("PUT", "/assignee"),
            ("DELETE", "/assignee"),
            ("POST", "/notes"),
        ],
    )
    async def test_an_unknown_request_is_404_and_a_missing_token_401(
        self, service: Service, method: str, path: str
    ) -> None:
        caro = await service.signed_in()
        bodies = {"/assignee": {"agent_id": caro.agent.id}, "/notes": {"id": new_id(), "text": "x"}, "": {}}
        answer = await caro.call(method, f"/requests/nothing{path}", json=bodies.get(path))
        assert problem(answer) == (404, "not_found")
        without = await service.client.request(method, f"/api/v1/requests/nothing{path}", json=bodies.get(path))
        assert problem(without) == (401, "unauthorized")
        assert without.headers["www-authenticate"] == "Bearer"


class TestLimits:
    async def test_an_agent_beyond_the_burst_is_told_to_wait_and_the_others_are_not(self, service: Service) -> None:
        caro, alex = await service.signed_in(), await service.signed_in("Alex Martin")
        # Calls that cost the service nothing else, so that even a busy machine answers them faster than the limit.
        answers = await asyncio.gather(*(caro.call("GET", "/requests?limit=0") for _ in range(1000)))
        refused = [answer for answer in answers if answer.status_code != 422]
        assert refused
        assert problem(refused[0]) == (429, "rate_limited")
        assert refused[0].headers["retry-after"] == "1"
        assert (await alex.call("GET", "/requests/counts")).status_code == 200
