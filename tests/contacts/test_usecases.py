"""What can be done with contacts, on a real MongoDB through both drivers."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from guichet_contacts.contact.contact import Contact, Details
from guichet_contacts.contact.errors import ContactErased, ContactExists, IdTaken, StaleVersion
from guichet_contacts.contact.merging import erase_contact
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.usecases import create_contact, read_contact, search_contacts, update_contact
from guichet_kit.ids import new_id

ADA = Details(first_name="Ada", last_name="Lovelace", email="ada@example.com")


async def _made(contacts: ContactStore, **details: str) -> Contact:
    return await create_contact(contacts, new_id(), Details(**details))


async def _names(contacts: ContactStore, query: str) -> list[str]:
    found, _ = await search_contacts(contacts, query, after=None, limit=50)
    return [contact.details.name for contact in found]


class TestCreate:
    async def test_a_contact_is_saved_with_its_event(self, contacts: ContactStore, relay: Any) -> None:
        made = await create_contact(contacts, "c1", ADA)
        assert await read_contact(contacts, "c1") == made
        (event,) = relay.events
        assert event["type"] == "contacts.contact.changed.v1"
        assert event["data"]["contact"]["email"] == "ada@example.com"
        document = await contacts.collection.find_one({"_id": "c1"})
        assert document is not None
        assert [entry["event"] for entry in document["outbox"]] == relay.events

    async def test_of_many_at_once_with_one_address_one_is_made_and_the_others_learn_which(
        self, contacts: ContactStore, relay: Any
    ) -> None:
        spellings = ("ada@example.com", "ADA@example.com", "Ada@example.com")
        attempts = [
            create_contact(contacts, new_id(), replace(ADA, email=spellings[i % 3], notes=str(i))) for i in range(30)
        ]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        made = [result for result in results if isinstance(result, Contact)]
        refused = [result for result in results if isinstance(result, ContactExists)]
        assert (len(made), len(refused)) == (1, 29)
        assert {error.contact_id for error in refused} == {made[0].id}
        assert relay.types() == ["changed"]

    async def test_the_same_call_twenty_times_at_once_makes_one_contact(
        self, contacts: ContactStore, relay: Any
    ) -> None:
        results = await asyncio.gather(*(create_contact(contacts, "c1", ADA) for _ in range(20)))
        assert {result.id for result in results} == {"c1"}
        assert len({result.created_at for result in results}) == 1
        assert relay.types() == ["changed"]

    async def test_a_repeat_after_a_change_shows_the_contact_as_it_is_now(self, contacts: ContactStore) -> None:
        await create_contact(contacts, "c1", ADA)
        changed = await update_contact(contacts, "c1", {"email": None}, version=1)
        assert await create_contact(contacts, "c1", ADA) == changed

    async def test_an_id_is_not_used_twice_for_different_people(self, contacts: ContactStore) -> None:
        await create_contact(contacts, "c1", ADA)
        with pytest.raises(IdTaken):
            await create_contact(contacts, "c1", Details(first_name="Charles"))

    async def test_the_id_of_an_erased_contact_brings_nobody_back(self, contacts: ContactStore) -> None:
        await create_contact(contacts, "c1", ADA)
        await erase_contact(contacts, "c1")
        with pytest.raises(ContactErased):
            await create_contact(contacts, "c1", ADA)

    async def test_contacts_without_an_address_do_not_stand_in_each_others_way(self, contacts: ContactStore) -> None:
        await _made(contacts, first_name="Ada")
        await _made(contacts, first_name="Ada")
        assert await _names(contacts, "ada") == ["Ada", "Ada"]


class TestUpdate:
    async def test_a_change_counts_up_and_tells(self, contacts: ContactStore, relay: Any) -> None:
        await create_contact(contacts, "c1", ADA)
        changed = await update_contact(contacts, "c1", {"company": "Analytical", "email": None}, version=1)
        assert (changed.version, changed.details.company, changed.details.email) == (2, "Analytical", None)
        assert await read_contact(contacts, "c1") == changed
        assert [event["data"]["contact"]["version"] for event in relay.events] == [1, 2]
        assert await _names(contacts, "analyt") == ["Ada Lovelace"]

    async def test_an_old_version_is_refused_with_the_present_state(self, contacts: ContactStore) -> None:
        await create_contact(contacts, "c1", ADA)
        present = await update_contact(contacts, "c1", {"company": "Analytical"}, version=1)
        with pytest.raises(StaleVersion) as refused:
            await update_contact(contacts, "c1", {"company": "Other"}, version=1)
        assert refused.value.current == present

    async def test_of_many_at_once_that_saw_one_version_one_wins(self, contacts: ContactStore) -> None:
        await create_contact(contacts, "c1", ADA)
        attempts = [update_contact(contacts, "c1", {"company": f"Company {i}"}, version=1) for i in range(10)]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        assert sum(isinstance(result, Contact) for result in results) == 1
        assert sum(isinstance(result, StaleVersion) for result in results) == 9

    async def test_of_many_at_once_that_name_no_version_none_is_lost(self, contacts: ContactStore) -> None:
        await create_contact(contacts, "c1", ADA)
        fields = ("first_name", "last_name", "company", "notes")
        await asyncio.gather(*(update_contact(contacts, "c1", {name: name}, version=None) for name in fields))
        contact = await read_contact(contacts, "c1")
        assert contact.version == 5
        assert contact.details == Details(email="ada@example.com", **dict(zip(fields, fields, strict=True)))

    async def test_a_change_to_the_same_is_none(self, contacts: ContactStore, relay: Any) -> None:
        await create_contact(contacts, "c1", ADA)
        assert (await update_contact(contacts, "c1", {"first_name": "Ada"}, version=1)).version == 1
        assert relay.types() == ["changed"]

    async def test_an_address_of_somebody_else_is_refused_and_one_that_was_freed_is_not(
        self, contacts: ContactStore
    ) -> None:
        await create_contact(contacts, "c1", ADA)
        await create_contact(contacts, "c2", Details(first_name="Charles"))
        with pytest.raises(ContactExists) as refused:
            await update_contact(contacts, "c2", {"email": "ADA@example.com"}, version=1)
        assert refused.value.contact_id == "c1"
        await update_contact(contacts, "c1", {"email": None}, version=1)
        assert (await update_contact(contacts, "c2", {"email": "ada@example.com"}, version=1)).version == 2


class TestSearch:
    @pytest.mark.parametrize(
        "query", ["e", "elo", "ÉLODIE", "oeuvre", "Œu", "chât", "elodie.oeuvre@", "exam", "06 39 98", "+33 6",
                  "0033639981234", "639981234", "oeuvre elo", "lodz izmir", "ł izm", "gross"],
    )  # fmt: skip
    async def test_the_beginnings_of_words_find_a_contact(self, contacts: ContactStore, query: str) -> None:
        await _made(
            contacts, first_name="Élodie", last_name="Œuvre-Château", email="elodie.oeuvre@example.com",
            phone="+33639981234", company="Łódź & İzmir Groß",
        )  # fmt: skip
        await _made(contacts, first_name="Zoé", last_name="Zéphyr", phone="+33140000000")
        assert await _names(contacts, query) == ["Élodie Œuvre-Château"]

    @pytest.mark.parametrize("query", ["lodie", "elo xyz", "!?", "elodies", ".*", "^x.*y", "$where"])
    async def test_anything_else_does_not(self, contacts: ContactStore, query: str) -> None:
        await _made(contacts, first_name="Élodie", email="x@example.com")
        assert await _names(contacts, query) == []

    async def test_without_words_all_are_listed_by_name(self, contacts: ContactStore) -> None:
        for name in ("Zoé", "éric", "Émile", "Ada", "ada"):
            await _made(contacts, first_name=name)
        assert [name.lower() for name in await _names(contacts, " ")] == ["ada", "ada", "émile", "éric", "zoé"]

    @pytest.mark.parametrize("query", ["", "ma", "marti"])
    async def test_pages_show_each_once_also_those_of_one_name(self, contacts: ContactStore, query: str) -> None:
        made = [await _made(contacts, first_name="Marie", last_name="Martin") for _ in range(7)]
        shown: list[str] = []
        after = None
        while True:
            page, after = await search_contacts(contacts, query, after, limit=3)
            shown += [contact.id for contact in page]
            if after is None:
                break
        assert sorted(shown) == sorted(contact.id for contact in made)
        assert len(shown) == 7
