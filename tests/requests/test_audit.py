"""The audit trail: who did what, when and from where; written once, and never changed by anybody."""

import asyncio
import inspect
from datetime import datetime, timedelta
from typing import Any

import pytest
from guichet_contracts.audit import AuditActor, AuditRecordedData
from guichet_contracts.contacts import AuditRecorded
from guichet_kit.clock import now, to_wire
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database
from guichet_requests import consumers
from guichet_requests.audit.audit import Actor, AuditEntry
from guichet_requests.audit.store import AuditStore, Wanted

from .conftest import PASSWORD, Service, Signed

LABEL = {"fr": "Livraison", "en": "Delivery"}


@pytest.fixture
def driver() -> str:
    """What is in question is what is written down, and not by which driver."""
    return "pymongo"


def entry(action: str = "agent.changed", at: datetime | None = None, by: str = "ida") -> AuditEntry:
    actor = Actor("agent", by, by.capitalize(), "192.0.2.7")
    return AuditEntry(id=new_id(), at=at or now(), action=action, actor=actor, subject_id="x", detail={"role": "a → b"})


async def entries(admin: Signed, **wanted: Any) -> list[dict[str, Any]]:
    """What the trail says, the newest first."""
    return list((await admin.get("/audit", **wanted))["items"])


class TestTheTrail:
    async def test_what_is_written_is_read_again_whole(self, database: Database) -> None:
        store, one = AuditStore(database), entry()
        await store.prepare()
        await store.add([one])
        assert (await store.page(Wanted(), 10, None)) == ([one], None)

    async def test_an_entry_that_is_told_again_with_other_words_stays_as_it_was(self, database: Database) -> None:
        store, one = AuditStore(database), entry()
        await store.add([one])
        await store.add([AuditEntry(id=one.id, at=now(), action="agent.added", actor=Actor("operator")), entry()])
        page, _ = await store.page(Wanted(subject_id="x"), 10, None)
        assert (len(page), page[-1]) == (2, one)

    async def test_pages_go_on_where_the_last_one_ended_though_many_have_one_moment(self, database: Database) -> None:
        store, at = AuditStore(database), now()
        written = [entry(at=at) for _ in range(5)] + [entry(at=at - timedelta(seconds=1))]
        await store.add(written)
        read, cursor = await store.page(Wanted(), 2, None)
        while cursor is not None:
            more, cursor = await store.page(Wanted(), 2, cursor)
            read += more
        assert read == sorted(written, key=lambda one: (one.at, one.id), reverse=True)

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (Wanted(), {"agent.changed", "agent.added", "agency.opened", "contact.erased"}),
            (Wanted(action="agent"), {"agent.changed", "agent.added"}),
            (Wanted(action="agent.changed"), {"agent.changed"}),
            (Wanted(action="age"), set()),
            (Wanted(actor_id="bob"), {"contact.erased"}),
            (Wanted(since=datetime.fromisoformat("2026-02-01T00:00:00Z")), {"agency.opened", "contact.erased"}),
            (Wanted(until=datetime.fromisoformat("2026-02-01T00:00:00Z")), {"agent.changed", "agent.added"}),
        ],
    )
    async def test_it_is_filtered_by_whom_what_and_when(
        self, database: Database, wanted: Wanted, found: set[str]
    ) -> None:  # fmt: skip
        store = AuditStore(database)
        january, february = (datetime.fromisoformat(f"2026-0{month}-01T00:00:00Z") for month in (1, 2))
        await store.add([entry("agent.changed", january), entry("agent.added", january)])
        await store.add([entry("agency.opened", february), entry("contact.erased", february, by="bob")])
        page, _ = await store.page(wanted, 10, None)
        assert {one.action for one in page} == found

    async def test_only_age_takes_entries_away(self, database: Database) -> None:
        store, young = AuditStore(database), entry()
        old = entry(at=now() - timedelta(days=31))
        await store.add([old, young])
        limit = now() - timedelta(days=30)
        assert await store.older_than(limit) == (1, old.at)
        assert await store.remove_older_than(limit) == 1
        assert (await store.page(Wanted(), 10, None))[0] == [young]

    def test_the_store_has_no_way_to_change_an_entry(self) -> None:
        public = {name for name, _ in inspect.getmembers(AuditStore, inspect.isfunction) if not name.startswith("_")}
        assert public == {"prepare", "add", "page", "older_than", "remove_older_than"}

    async def test_what_another_service_tells_is_one_entry_however_often_it_is_told(self, database: Database) -> None:
        store = AuditStore(database)
        actor = AuditActor(kind="agent", id="ida", name="Ida")
        data = AuditRecordedData(action="contacts.exported", actor=actor, address="192.0.2.7", detail={"lines": "7"})
        event = AuditRecorded(id=new_id(), time=now(), subject="contacts", data=data)
        for _ in range(2):
            await store.add([consumers.audit_entry(event)])
        (told,) = (await store.page(Wanted(), 10, None))[0]
        assert (told.actor, told.at) == (Actor("agent", "ida", "Ida", "192.0.2.7"), event.time)
        assert (told.action, told.detail) == ("contacts.exported", {"lines": "7"})


class TestSignIns:
    async def test_one_that_succeeds_is_written_down_with_who_how_and_from_where(self, service: Service) -> None:
        admin = await service.signed_in(role="admin")
        (begun,) = await entries(admin, agent_id=admin.agent.id)
        assert (begun["action"], begun["detail"]) == ("session.begun", {"how": "password"})
        assert begun["actor"] == {"kind": "agent", "id": admin.agent.id, "name": admin.agent.name}
        assert begun["address"] == "127.0.0.1"

    async def test_a_wrong_password_is_written_down_with_the_account(self, service: Service) -> None:
        admin, bob = await service.signed_in(role="admin"), await service.agent("Bob")
        wrong = {"email": bob.email.upper(), "password": "no idea of his"}
        assert (await service.client.post("/api/v1/auth/login", json=wrong)).status_code == 401
        (refused,) = await entries(admin, subject_id=bob.id)
        assert (refused["action"], refused["actor"]["kind"]) == ("session.refused", "nobody")
        assert refused["detail"] == {"why": "wrong", "name": "Bob"}
        assert "no idea" not in str(refused)

    async def test_of_an_account_that_is_none_what_was_typed_is_not_kept(self, service: Service) -> None:
        admin = await service.signed_in(role="admin")
        typed = f"geheim-{new_id()}@example.com"
        assert (
            await service.client.post("/api/v1/auth/login", json={"email": typed, "password": PASSWORD})
        ).status_code == 401
        (newest, *_) = await entries(admin, action="session.refused")
        assert (newest["subject_id"], newest["detail"]) == (None, {"why": "wrong"})
        assert typed not in str(await service.database["audit"].find({}).to_list(None))

    async def test_a_stranger_who_guesses_on_does_not_fill_the_trail(self, service: Service) -> None:
        before = await service.database["audit"].count_documents({"action": "session.refused"})
        answers = await asyncio.gather(
            *(
                service.client.post("/api/v1/auth/login", json={"email": f"{new_id()}@example.com", "password": "x"})
                for _ in range(40)
            )
        )
        assert {answer.status_code for answer in answers} <= {401, 429}
        written = await service.database["audit"].count_documents({"action": "session.refused"}) - before
        assert written <= 25

    async def test_a_sign_out_is_written_down_and_one_without_a_session_is_not(self, service: Service) -> None:
        admin, bob = await service.signed_in(role="admin"), await service.agent("Bob")
        given = {"email": bob.email, "password": PASSWORD}
        assert (await service.client.post("/api/v1/auth/login", json=given)).status_code == 200
        # The cookie is for HTTPS alone, and this client speaks without.
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in service.client.cookies.jar)
        service.client.cookies.clear()
        for _ in range(2):
            answer = await service.client.post("/api/v1/auth/logout", headers={"Cookie": cookies})
            assert answer.status_code == 204
            cookies = ""
        told = await entries(admin, agent_id=bob.id)
        assert [one["action"] for one in told] == ["session.ended", "session.begun"]

    async def test_a_new_password_of_ones_own_is_written_down_and_not_what_it_is(self, service: Service) -> None:
        admin, bob = await service.signed_in(role="admin"), await service.signed_in("Bob")
        given = {"current_password": PASSWORD, "password": "ein ganz neues Passwort"}
        assert (await bob.call("POST", "/auth/password", json=given)).status_code == 200
        (changed, *_) = await entries(admin, agent_id=bob.agent.id)
        assert changed["action"] == "password.changed"
        assert "Passwort" not in str(changed)


class TestRightsAndSettings:
    async def test_an_agent_added_changed_and_deactivated_is_three_entries(self, service: Service) -> None:
        admin = await service.signed_in("Ida Admin", role="admin")
        new = {"name": "Bob", "email": f"{new_id()}@example.com", "role": "agent"}
        bob = (await admin.call("POST", "/agents", json=new)).json()["id"]
        for change in ({"role": "supervisor"}, {"active": False}, {"active": False}, {"name": "Robert"}):
            assert (await admin.call("PATCH", f"/agents/{bob}", json=change)).status_code == 200
        told = [(one["action"], one["detail"]) for one in reversed(await entries(admin, subject_id=bob))]
        assert told == [
            ("agent.added", {"name": "Bob", "role": "agent"}),
            ("agent.changed", {"name": "Bob", "role": "agent → supervisor"}),
            ("agent.changed", {"name": "Bob", "active": "true → false"}),
            ("agent.changed", {"name": "Robert", "changed": "name"}),
        ]

    async def test_a_link_to_set_a_password_is_written_down_without_the_link(self, service: Service) -> None:
        admin, bob = await service.signed_in(role="admin"), await service.agent("Bob")
        link = (await admin.call("POST", f"/agents/{bob.id}/password-link")).json()["link"]
        (given,) = await entries(admin, subject_id=bob.id)
        assert (given["action"], given["actor"]["id"]) == ("password.link_given", admin.agent.id)
        assert link.rpartition("/")[2] not in str(given)

    @pytest.mark.parametrize(
        ("noun", "new", "change"),
        [
            ("reason", {"label": LABEL}, {"active": False}),
            ("template", {"name": "Merci", "language": "fr", "body": "Merci !"}, {"body": "Merci bien !"}),
            ("form", {"name": "Contact", "language": "fr", "fields": []}, {"active": False}),
        ],
    )
    async def test_a_setting_that_is_added_changed_and_removed_is_three_entries(
        self, service: Service, noun: str, new: dict[str, Any], change: dict[str, Any]
    ) -> None:
        admin = await service.signed_in(role="admin")
        if noun == "form":
            new = new | {"key": f"f{new_id()[-8:]}"}
        added = await admin.call("POST", f"/{noun}s", json=new)
        assert added.status_code == 201, added.text
        path = f"/{noun}s/{added.json()['id']}"
        assert (await admin.call("PATCH", path, json=change)).status_code == 200
        assert (await admin.call("DELETE", path)).status_code == 204
        told = await entries(admin, subject_id=added.json()["id"])
        assert [one["action"] for one in told] == [f"{noun}.removed", f"{noun}.changed", f"{noun}.added"]
        assert told[1]["detail"]["changed"] == ", ".join(change)

    async def test_what_was_refused_is_not_written_down_as_done(self, service: Service) -> None:
        admin, other = await service.signed_in(role="admin"), await service.signed_in(role="supervisor")
        assert (await other.call("POST", "/reasons", json={"label": LABEL})).status_code == 403
        stale = {"If-Match": '"99"'}
        reason = (await admin.call("POST", "/reasons", json={"label": LABEL})).json()["id"]
        assert (
            await admin.call("PATCH", f"/reasons/{reason}", json={"active": False}, headers=stale)
        ).status_code == 412
        assert [one["action"] for one in await entries(admin, subject_id=reason)] == ["reason.added"]
        assert [one["action"] for one in await entries(admin, agent_id=other.agent.id)] == ["session.begun"]


class TestReading:
    @pytest.mark.parametrize("role", ["agent", "supervisor"])
    async def test_it_is_for_administrators(self, service: Service, role: Any) -> None:
        someone = await service.signed_in(role=role)
        assert (await someone.call("GET", "/audit")).status_code == 403

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    async def test_no_route_changes_or_removes_an_entry(self, service: Service, method: str) -> None:
        admin = await service.signed_in(role="admin")
        (one,) = await entries(admin, agent_id=admin.agent.id)
        for path in ("/audit", f"/audit/{one['id']}"):
            assert (await admin.call(method, path, json={})).status_code in (404, 405)
        assert (await entries(admin, agent_id=admin.agent.id)) == [one]

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"from": "yesterday"}, "from"),
            ({"from": "2026-01-01T00:00:00"}, "from"),
            ({"until": "0001-01-01T00:00:00+14:00"}, "until"),
            ({"until": "9999-12-31T23:59:59-14:00"}, "until"),
            ({"action": "agent.*"}, "action"),
            ({"limit": "0"}, "limit"),
            ({"cursor": "x"}, "cursor"),
        ],
    )
    async def test_a_bad_filter_is_refused_by_its_name(
        self, service: Service, given: dict[str, str], field: str
    ) -> None:  # fmt: skip
        admin = await service.signed_in(role="admin")
        answer = await admin.call("GET", "/audit", params=given)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)

    async def test_moments_bound_it_the_last_one_not_included(self, service: Service) -> None:
        admin = await service.signed_in(role="admin")
        (one,) = await entries(admin, agent_id=admin.agent.id)
        later = to_wire(datetime.fromisoformat(one["at"]) + timedelta(milliseconds=1))
        mine = {"agent_id": admin.agent.id}
        assert await entries(admin, **mine, **{"from": one["at"], "until": later}) == [one]
        assert await entries(admin, **mine, until=one["at"]) == []
