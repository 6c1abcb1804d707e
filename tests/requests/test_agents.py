"""The agents' directory, and who may change it."""

import pytest
from guichet_kit.ids import new_id
from guichet_requests.agent.agent import email_key, initials

from .conftest import Service


class TestInitials:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("Caro Agent", "CA"),
            ("Alex Martin", "AM"),
            ("Caro", "CA"),
            ("élodie ñandú", "ÉÑ"),
            ("E\u0301lodie Martin", "ÉM"),
            ("Jean-Pierre Dupont", "JD"),
            ("Jean-Pierre", "JP"),
            ("Ludwig van Beethoven", "LB"),
            ("  Ada   Lovelace ", "AL"),
            ("D'Artagnan", "DA"),
            ("(Ada) Lovelace", "AL"),
            ("Ada -", "AD"),
            ("王小明", "王小"),
            ("ßeta Straße", "SS"),
            ("X", "X"),
            ("007", "00"),
            ("☂", "?"),
        ],
    )
    def test_they_are_of_the_first_and_the_last_word(self, name: str, expected: str) -> None:
        assert initials(name) == expected


class TestAddresses:
    @pytest.mark.parametrize("other", ["CARO@Example.com", " caro@example.com ", "ｃaro@example.com"])
    def test_case_space_and_width_do_not_make_another_account(self, other: str) -> None:
        assert email_key(other) == email_key("caro@example.com")


class TestTheDirectory:
    async def test_it_is_sorted_by_name_in_pages(self, service: Service) -> None:
        for name in ("Zoé Test", "élan Test", "Ari Test"):
            await service.agent(name)
        caro = await service.signed_in("Ben Test")
        names, cursor = [], None
        while True:
            page = await caro.get("/agents", limit=2, **({"cursor": cursor} if cursor else {}))
            names += [agent["name"] for agent in page["items"] if agent["name"].endswith(" Test")]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert names == ["Ari Test", "Ben Test", "élan Test", "Zoé Test"]

    async def test_an_unknown_agent_is_404(self, service: Service) -> None:
        caro = await service.signed_in()
        answer = await caro.call("GET", "/agents/nobody")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestAdministration:
    async def test_only_administrators_add_and_change_agents(self, service: Service) -> None:
        new = {"name": "Alex", "email": f"{new_id()}@example.com"}
        for role in ("agent", "supervisor"):
            caller = await service.signed_in("Caro Agent", role)
            for answer in (
                await caller.call("POST", "/agents", json=new),
                await caller.call("PATCH", f"/agents/{caller.agent.id}", json={"role": "admin"}),
            ):
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    async def test_a_repeated_creation_answers_the_first_one_and_a_known_address_is_refused(
        self, service: Service
    ) -> None:
        admin = await service.signed_in("Ida Admin", "admin")
        new = {"id": new_id(), "name": "Alex", "email": f"{new_id()}@example.com"}
        first, again = [await admin.call("POST", "/agents", json=new) for _ in range(2)]
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json()["link"]
        assert again.json() == first.json() | {"link": None}
        assert first.headers["etag"] == '"1"'

        taken = await admin.call("POST", "/agents", json=new | {"id": new_id(), "email": new["email"].upper()})
        assert (taken.status_code, taken.json()["code"]) == (409, "agent_exists")

    async def test_a_stale_change_is_told_the_present_state(self, service: Service) -> None:
        admin, agent = await service.signed_in("Ida Admin", "admin"), await service.agent()
        path, headers = f"/agents/{agent.id}", {"If-Match": '"1"'}
        done = await admin.call("PATCH", path, json={"available": False}, headers=headers)
        assert (done.status_code, done.headers["etag"], done.json()["available"]) == (200, '"2"', False)

        stale = await admin.call("PATCH", path, json={"available": True}, headers=headers)
        assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
        assert stale.json()["current"] == done.json()

    async def test_administrators_cannot_lock_themselves_out(self, service: Service) -> None:
        admin = await service.signed_in("Ida Admin", "admin")
        for change in ({"role": "agent"}, {"active": False}):
            answer = await admin.call("PATCH", f"/agents/{admin.agent.id}", json=change)
            assert (answer.status_code, answer.json()["code"]) == (409, "own_account")

    async def test_a_new_name_shows_on_the_open_requests_of_the_agent(self, service: Service) -> None:
        admin, agent = await service.signed_in("Ida Admin", "admin"), await service.agent("Caro Agent")
        made = await admin.call("POST", "/requests", json={"subject": "À suivre"})
        path = f"/requests/{made.json()['id']}"
        await admin.call("PUT", f"{path}/assignee", json={"agent_id": agent.id})

        await admin.call("PATCH", f"/agents/{agent.id}", json={"name": "Caro Dupont"})

        assignee = (await admin.get(path))["assignee"]
        assert assignee == {"id": agent.id, "name": "Caro Dupont", "initials": "CD"}

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"email": "no address"}, "email"),
            ({"role": "king"}, "role"),
            ({"password": "another password"}, "password"),
            ({"name": "   "}, "name"),
            ({"name": 7}, "name"),
            ({"initials": "XX"}, "initials"),
        ],
    )
    async def test_bad_fields_are_named(self, service: Service, change: dict[str, object], field: str) -> None:
        admin = await service.signed_in("Ida Admin", "admin")
        new = {"name": "Alex", "email": f"{new_id()}@example.com"}
        for answer in (
            await admin.call("POST", "/agents", json=new | change),
            await admin.call("PATCH", f"/agents/{admin.agent.id}", json=change),
        ):
            assert answer.status_code == 422
            assert [error["field"] for error in answer.json()["errors"]] == [field]
