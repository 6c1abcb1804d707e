"""A request that began from an address gets to know whose it is, once for each person, on a real MongoDB."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import aio_pika
import httpx2
import pytest
from guichet_contacts.contact.contact import Details
from guichet_contacts.contact.merging import erase_contact, merge_contact
from guichet_contacts.contact.staging import Staged, StagedContacts
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.usecases import create_contact, search_contacts, update_contact
from guichet_contacts.contact.wanted import AddressStaged, tell_or_make_contact
from guichet_contracts.requests import ContactWanted, ContactWantedData
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_kit.clock import now
from guichet_local.testing.moments import Moment


async def _wanted(
    contacts: ContactStore, email: str, name: str = "", request_id: str = "r1", at: datetime | None = None
) -> None:
    await tell_or_make_contact(contacts, request_id, email, name, "FR", at or now())


async def _all(contacts: ContactStore) -> list[Details]:
    found, _ = await search_contacts(contacts, "", after=None, limit=50)
    return [contact.details for contact in found]


class TestUnknownAddress:
    async def test_it_becomes_a_contact_with_what_was_given_and_nothing_else(
        self, contacts: ContactStore, relay: Any
    ) -> None:
        await _wanted(contacts, "Ada@Example.org", "Ada Lovelace")
        assert await _all(contacts) == [Details("Ada", "Lovelace", "Ada@example.org")]
        assert relay.types() == ["changed"]

    @pytest.mark.parametrize("name", ["", "ada@example.org", "\x07", "x" * 200])
    async def test_without_a_name_it_has_none(self, contacts: ContactStore, name: str) -> None:
        await _wanted(contacts, "ada@example.org", name)
        assert await _all(contacts) == [Details(email="ada@example.org")]

    @pytest.mark.parametrize("email", ["", "nobody", "a b@example.org"])
    async def test_what_is_no_address_makes_no_contact(self, contacts: ContactStore, email: str) -> None:
        await _wanted(contacts, email, "Ada Lovelace")
        assert await _all(contacts) == []

    async def test_many_requests_at_once_make_one_contact_that_each_hears_of(
        self, contacts: ContactStore, relay: Any
    ) -> None:
        spellings = ("ada@example.org", "ADA@example.org")
        wishes = [_wanted(contacts, spellings[i % 2], "Ada", request_id=f"r{i}") for i in range(30)]
        await asyncio.gather(*wishes)
        assert len(await _all(contacts)) == 1
        assert len({event["data"]["contact"]["id"] for event in relay.events}) == 1
        assert len(relay.events) == 30

    async def test_one_wish_heard_many_times_at_once_makes_one_contact(
        self, contacts: ContactStore, relay: Any
    ) -> None:
        await asyncio.gather(*(_wanted(contacts, "ada@example.org", "Ada") for _ in range(10)))
        assert len(await _all(contacts)) == 1
        assert len(relay.events) >= 1

    async def test_a_repeat_brings_nobody_back_who_was_erased(self, contacts: ContactStore, relay: Any) -> None:
        await _wanted(contacts, "ada@example.org", "Ada")
        await erase_contact(contacts, relay.events[0]["data"]["contact"]["id"])
        await _wanted(contacts, "ada@example.org", "Ada")
        assert await _all(contacts) == []
        await _wanted(contacts, "ada@example.org", "Ada", request_id="r2")
        assert len(await _all(contacts)) == 1

    async def test_what_was_written_before_an_erasure_brings_nobody_back_whenever_it_is_heard(
        self, contacts: ContactStore
    ) -> None:
        before = now()
        await create_contact(contacts, "c1", Details("Ada", None, "ada@example.org"))
        await erase_contact(contacts, "c1")
        await _wanted(contacts, "ADA@example.org", "Ada", request_id="waited", at=before)
        assert await _all(contacts) == []
        document = await contacts.collection.find_one({"_id": "c1"})
        assert "ada" not in str(document).lower()
        await _wanted(contacts, "ada@example.org", "Ada", request_id="new")
        await _wanted(contacts, "bea@example.org", "Bea", request_id="another", at=before)
        assert [details.email for details in await _all(contacts)] == ["ada@example.org", "bea@example.org"]

    async def test_nobody_is_made_anew_at_whatever_moment_they_are_erased(self, contacts: ContactStore) -> None:
        for nth in itertools.count():
            await contacts.collection.delete_many({})
            before = now()
            await create_contact(contacts, "c1", Details("Ada", None, "ada@example.org"))
            moment = Moment(nth, partial(erase_contact, contacts, "c1"))
            await tell_or_make_contact(moment.watch(contacts), "r1", "ada@example.org", "Ada", "FR", before)
            if not moment.passed:
                assert nth > 2
                return
            assert await _all(contacts) == [], f"at call {nth}"


class TestKnownAddress:
    async def test_its_contact_is_told_of_again_and_not_changed(self, contacts: ContactStore, relay: Any) -> None:
        made = await create_contact(contacts, "c1", Details("Augusta", "King", "ada@example.org"))
        await _wanted(contacts, "ADA@example.org", "Ada Lovelace")
        assert await contacts.find("c1") == made
        assert relay.types() == ["changed", "changed"]
        assert relay.events[0]["data"] == relay.events[1]["data"]
        assert relay.events[0]["id"] != relay.events[1]["id"]

    async def test_a_further_address_is_its_contacts_too(self, contacts: ContactStore, relay: Any) -> None:
        await create_contact(contacts, "s", Details("Augusta", email="augusta@example.org"))
        await create_contact(contacts, "t", Details("Ada", email="ada@example.org"))
        await merge_contact(contacts, "s", "t", by="caro")
        await _wanted(contacts, "augusta@example.org")
        assert relay.events[-1]["data"]["contact"]["id"] == "t"

    async def test_an_address_that_a_change_takes_away_at_the_same_moment_has_one_holder(
        self, contacts: ContactStore
    ) -> None:
        await create_contact(contacts, "c1", Details("Ada", email="ada@example.org"))
        await asyncio.gather(
            update_contact(contacts, "c1", {"email": None}, version=None), _wanted(contacts, "ada@example.org")
        )
        assert sum(details.email == "ada@example.org" for details in await _all(contacts)) <= 1

    async def test_one_that_an_undecided_import_holds_is_asked_for_again(self, contacts: ContactStore) -> None:
        staged = StagedContacts(contacts)
        await staged.stage("i", [Staged(2, "c1", Details("Ada", email="ada@example.org"))])
        with pytest.raises(AddressStaged):
            await _wanted(contacts, "ada@example.org")
        await staged.activate("i", 10)
        await _wanted(contacts, "ada@example.org")
        assert len(await _all(contacts)) == 1


class TestService:
    async def test_the_event_of_a_request_makes_the_contact(
        self, client: httpx2.AsyncClient, rabbitmq_url: str, token: Callable[..., dict[str, str]]
    ) -> None:
        data = ContactWantedData(request_id=str(uuid4()), email="grace@example.org", name="Grace Hopper")
        event = ContactWanted(id=str(uuid4()), time=now(), subject=data.request_id, data=data)
        async with await aio_pika.connect(rabbitmq_url) as connection:
            exchange = await (await connection.channel()).get_exchange(EVENTS_EXCHANGE)
            body = event.model_dump_json().encode()
            message = aio_pika.Message(body, content_type="application/json", message_id=event.id, type=event.type)
            await exchange.publish(message, event.type)
        async with asyncio.timeout(20):
            while not (found := (await _found(client, token, "grace@")).get("items")):
                await asyncio.sleep(0.1)
        assert [contact["name"] for contact in found] == ["Grace Hopper"]


async def _found(client: httpx2.AsyncClient, token: Callable[..., dict[str, str]], query: str) -> dict[str, Any]:
    answer = await client.get("/api/v1/contacts", params={"q": query}, headers=token())
    contacts: dict[str, Any] = answer.raise_for_status().json()
    return contacts
