"""What administrators keep and agents choose from: reasons and templates, over HTTP."""

import asyncio
from typing import Any

import aio_pika
import httpx2
import pytest
from guichet_contracts.requests import TemplateChanged
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_kit.ids import new_id
from guichet_kit.tokens import Tokens
from guichet_local.testing.events import events_of
from guichet_requests.contact.contact import ContactCopy
from guichet_requests.template.template import render

from .conftest import Service, Signed

LABEL = {"fr": "Livraison", "en": "Delivery"}
TEMPLATE = {"name": "Bonjour", "language": "fr", "body": "Bonjour {{contact.first_name}}"}


def problem(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def made(by: Signed, path: str, **body: Any) -> Any:
    answer = await by.call("POST", path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
async def admin(service: Service) -> Signed:
    return await service.signed_in("Ida Admin", "admin")


@pytest.mark.parametrize(("path", "body"), [("/reasons", {"label": LABEL}), ("/templates", TEMPLATE)])
class TestCatalogues:
    async def test_entries_are_listed_in_their_order_and_new_ones_come_last(
        self, admin: Signed, path: str, body: dict[str, Any]
    ) -> None:
        await made(admin, path, **body)
        last = await made(admin, path, **body)
        after = await made(admin, path, **body)
        first = await made(admin, path, **body, position=0)
        listed = [entry["id"] for entry in (await admin.get(path, limit=200))["items"]]
        assert after["position"] == last["position"] + 1
        assert [entry_id for entry_id in listed if entry_id in (first["id"], last["id"], after["id"])] == [
            first["id"],
            last["id"],
            after["id"],
        ]

    async def test_pages_hold_each_entry_once(self, admin: Signed, path: str, body: dict[str, Any]) -> None:
        ids = {(await made(admin, path, **body, position=7))["id"] for _ in range(5)}
        seen, cursor = [], None
        while True:
            page = await admin.get(path, limit=2, **({"cursor": cursor} if cursor else {}))
            seen += [entry["id"] for entry in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen))
        assert ids <= set(seen)

    async def test_a_repeat_with_the_same_id_makes_one(self, admin: Signed, path: str, body: dict[str, Any]) -> None:
        entry_id = new_id()
        assert await made(admin, path, id=entry_id, **body) == await made(admin, path, id=entry_id, **body)

    async def test_a_stale_change_is_refused_and_shows_the_present_state(
        self, admin: Signed, path: str, body: dict[str, Any]
    ) -> None:
        entry = await made(admin, path, **body)
        changed = await admin.call("PATCH", f"{path}/{entry['id']}", json={"position": 3})
        assert (changed.json(), changed.headers["etag"]) == (entry | {"position": 3, "version": 2}, '"2"')
        for method, options in (("PATCH", {"json": {"position": 4}}), ("DELETE", {})):
            stale = await admin.call(method, f"{path}/{entry['id']}", headers={"If-Match": '"1"'}, **options)
            assert problem(stale) == (412, "stale_version")
            assert stale.json()["current"] == changed.json()

    async def test_a_deleted_one_is_gone(self, admin: Signed, path: str, body: dict[str, Any]) -> None:
        entry = await made(admin, path, **body)
        gone = await admin.call("DELETE", f"{path}/{entry['id']}", headers={"If-Match": '"1"'})
        assert gone.status_code == 204
        assert problem(await admin.call("PATCH", f"{path}/{entry['id']}", json={})) == (404, "not_found")

    async def test_agents_may_read_but_not_change(self, service: Service, path: str, body: dict[str, Any]) -> None:
        caro = await service.signed_in()
        await caro.get(path)
        for method, entry in (("POST", ""), ("PATCH", "/x"), ("DELETE", "/x")):
            options = {} if method == "DELETE" else {"json": body}
            assert problem(await caro.call(method, f"{path}{entry}", **options)) == (403, "forbidden")


class TestReasons:
    async def test_an_agent_gives_one_and_takes_it_away(self, service: Service, admin: Signed) -> None:
        caro, reason = await service.signed_in(), await made(admin, "/reasons", label=LABEL)
        request = await made(caro, "/requests", subject="Lampe")
        for reason_id in (reason["id"], reason["id"], None):
            answer = await caro.call("PATCH", f"/requests/{request['id']}", json={"reason_id": reason_id})
            assert answer.json()["reason_id"] == reason_id
        items = (await caro.get(f"/requests/{request['id']}/timeline"))["items"]
        party = {"id": reason["id"], "name": "Delivery"}
        told = [(item["text"], item["event"]["from"], item["event"]["to"]) for item in items[1:]]
        assert told == [
            ("Caro Agent changed the reason to “Delivery”", None, party),
            ("Caro Agent removed the reason", party, None),
        ]

    async def test_one_that_is_unknown_or_put_away_cannot_be_chosen_but_stays(
        self, service: Service, admin: Signed
    ) -> None:
        caro, reason = await service.signed_in(), await made(admin, "/reasons", label=LABEL)
        with_it = await made(caro, "/requests", subject="Lampe", reason_id=reason["id"])
        without = await made(caro, "/requests", subject="Lampe")
        await admin.call("PATCH", f"/reasons/{reason['id']}", json={"active": False})

        for reason_id in (reason["id"], "unknown"):
            answer = await caro.call("PATCH", f"/requests/{without['id']}", json={"reason_id": reason_id})
            assert problem(answer) == (422, "validation_failed")
            assert answer.json()["errors"][0]["field"] == "reason_id"
        again = await caro.call("PATCH", f"/requests/{with_it['id']}", json={"reason_id": reason["id"]})
        assert again.json()["reason_id"] == reason["id"]

    async def test_one_in_use_is_not_deleted(self, service: Service, admin: Signed) -> None:
        caro, reason = await service.signed_in(), await made(admin, "/reasons", label=LABEL)
        await made(caro, "/requests", subject="Lampe", reason_id=reason["id"])
        assert problem(await admin.call("DELETE", f"/reasons/{reason['id']}")) == (409, "reason_in_use")


class TestRendering:
    def test_placeholders_are_filled_once_and_what_has_no_value_stays(self) -> None:
        values = {"agent.name": "{{contact.name}}", "contact.name": None, "request.number": "1001"}
        rendered = render("{{agent.name}} {{ request.number }} {{contact.name}} {{x.y}} {{x.y}} {{}} {one}", values)
        assert rendered.text == "{{contact.name}} 1001 {{contact.name}} {{x.y}} {{x.y}} {{}} {one}"
        assert rendered.missing == ("contact.name", "x.y", "")

    async def test_they_come_from_the_contact_the_agent_and_the_request(self, service: Service, admin: Signed) -> None:
        contact = ContactCopy(id=new_id(), version=1, name="Ada Lovelace", first_name="Ada")
        await service.world.contacts.keep(contact)
        body = "{{contact.first_name}}|{{contact.name}}|{{agent.name}}|{{request.number}}|{{shop}}"
        template = await made(admin, "/templates", **TEMPLATE | {"body": body})
        caro = await service.signed_in()
        linked = await made(caro, "/requests", subject="Lampe", contact_id=contact.id)
        alone = await made(caro, "/requests", subject="Lampe")

        async def rendered(request: Any) -> Any:
            path = f"/templates/{template['id']}/render"
            return (await caro.call("POST", path, json={"request_id": request["id"]})).json()

        assert await rendered(linked) == {
            "text": f"Ada|Ada Lovelace|Caro Agent|{linked['number']}|{{{{shop}}}}",
            "missing": ["shop"],
        }
        assert await rendered(alone) == {
            "text": f"{{{{contact.first_name}}}}|{{{{contact.name}}}}|Caro Agent|{alone['number']}|{{{{shop}}}}",
            "missing": ["contact.first_name", "contact.name", "shop"],
        }


class TestAHugePlaceholder:
    @pytest.mark.parametrize("body", ["{{" + " " * 400_000, "{{" * 200_000, "{{ a" + " b" * 200_000 + "}"])
    def test_it_is_looked_at_once(self, body: str) -> None:
        # Anything above linear time does not end before the tests' time limit.
        assert render(body, {}).text == body


class TestTemplateFiles:
    async def test_files_are_taken_by_receipt_and_can_be_let_go(
        self, service: Service, admin: Signed, receipts: Tokens
    ) -> None:
        template_id = new_id()

        def receipt(file_id: str, owner: str = admin.agent.id, scope: str = f"template:{template_id}") -> str:
            extra = {"name": "guide.pdf", "media_type": "application/pdf", "size": 9}
            return receipts.issue(file_id, 60, scope=scope, owner=owner, **extra)

        template = await made(admin, "/templates", id=template_id, **TEMPLATE, receipts=[receipt("f1"), receipt("f2")])
        assert template["attachments"][0] == {
            "id": "f1",
            "name": "guide.pdf",
            "media_type": "application/pdf",
            "size": 9,
        }
        edit = {"attachment_ids": ["f2"], "receipts": [receipt("f3")]}
        edited = await admin.call("PATCH", f"/templates/{template_id}", json=edit)
        assert [file["id"] for file in edited.json()["attachments"]] == ["f2", "f3"]
        for forged in (receipt("f4", owner="another"), receipt("f4", scope="template:another"), "nonsense"):
            refused = await admin.call("PATCH", f"/templates/{template_id}", json={"receipts": [receipt("f4"), forged]})
            assert problem(refused) == (422, "validation_failed")
            assert refused.json()["errors"][0]["field"] == "receipts.1"

    async def test_each_change_tells_which_files_the_template_names(
        self, service: Service, admin: Signed, receipts: Tokens, rabbitmq_url: str
    ) -> None:
        template_id = new_id()
        extra = {"name": "guide.pdf", "media_type": "application/pdf", "size": 9, "owner": admin.agent.id}
        receipt = receipts.issue("f1", 60, scope=f"template:{template_id}", **extra)
        async with await aio_pika.connect(rabbitmq_url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True)
            await queue.bind(await channel.get_exchange(EVENTS_EXCHANGE), "requests.template.changed.v1")
            await made(admin, "/templates", id=template_id, **TEMPLATE, receipts=[receipt])
            await admin.call("PATCH", f"/templates/{template_id}", json={"position": 3})
            await admin.call("DELETE", f"/templates/{template_id}")
            told: dict[int, tuple[str, ...]] = {}
            async with asyncio.timeout(20), queue.iterator() as messages:
                async for message in messages:
                    for event in events_of(message.body):
                        data = TemplateChanged.model_validate(event).data
                        if data.template_id == template_id:
                            told[data.version] = data.attachment_ids
                    if 3 in told and len(told) == 3:
                        break
        assert told == {1: ("f1",), 2: ("f1",), 3: ()}

    async def test_the_id_of_a_deleted_one_is_not_taken_again(self, admin: Signed) -> None:
        template = await made(admin, "/templates", **TEMPLATE)
        await admin.call("DELETE", f"/templates/{template['id']}")
        again = await admin.call("POST", "/templates", json=TEMPLATE | {"id": template["id"]})
        assert problem(again) == (404, "not_found")
        listed = [entry["id"] for entry in (await admin.get("/templates", limit=200))["items"]]
        assert template["id"] not in listed


class TestContactOverHTTP:
    async def test_it_is_linked_shown_filtered_by_and_unlinked(self, service: Service) -> None:
        caro, contact = await service.signed_in(), ContactCopy(id=new_id(), version=1, name="Ada Lovelace")
        request = await made(caro, "/requests", subject="Lampe")
        path = f"/requests/{request['id']}/contact"
        unknown = await caro.call("PUT", path, json={"contact_id": contact.id})
        assert problem(unknown) == (409, "contact_not_known_yet")
        assert unknown.headers["retry-after"] == "1"

        await service.world.contacts.keep(contact)
        linked = await caro.call("PUT", path, json={"contact_id": contact.id}, headers={"If-Match": '"1"'})
        assert linked.json()["contact"] == {"id": contact.id, "name": "Ada Lovelace", "email": None}
        stale = await caro.call("DELETE", path, headers={"If-Match": '"1"'})
        assert problem(stale) == (412, "stale_version")
        found = (await caro.get("/requests", contact_id=contact.id))["items"]
        assert [shown["id"] for shown in found] == [request["id"]]
        assert (await caro.call("DELETE", path)).json()["contact"] is None
        assert (await caro.get("/requests", contact_id=contact.id))["items"] == []

        await service.world.contacts.keep(ContactCopy(id=contact.id, version=2, state="erased"))
        assert problem(await caro.call("PUT", path, json={"contact_id": contact.id})) == (409, "contact_erased")
