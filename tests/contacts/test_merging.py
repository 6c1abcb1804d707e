"""Merging, parting and erasing, on a real MongoDB through both drivers."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from guichet_contacts.agents import Agent
from guichet_contacts.contact import merging, retention
from guichet_contacts.contact.contact import REVERSIBLE, Contact, Details, State
from guichet_contacts.contact.errors import ContactErased, ContactExists, ContactMerged, ContactMissing, MergeRefused
from guichet_contacts.contact.merging import erase_contact, merge_contact, merged_parts, unmerge_contact
from guichet_contacts.contact.retention import fold_final_merges
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.usecases import create_contact, read_contact, search_contacts, update_contact
from guichet_kit.clock import now, to_wire
from guichet_kit.mongo import Database


@pytest.fixture
async def pair(contacts: ContactStore) -> tuple[Contact, Contact]:
    """Two records of one person."""
    source = await create_contact(contacts, "s", Details("Augusta", "King", "augusta@example.com", notes="Secretnote"))
    target = await create_contact(contacts, "t", Details("Ada", "Lovelace", "ada@example.com", "+33639981234"))
    return source, target


async def _names(contacts: ContactStore, query: str) -> list[str]:
    found, _ = await search_contacts(contacts, query, after=None, limit=50)
    return [contact.details.name for contact in found]


@pytest.mark.usefixtures("pair")
class TestMerge:
    async def test_the_target_takes_over_and_is_found_by_both_addresses(
        self, contacts: ContactStore, relay: Any
    ) -> None:
        grown = await merge_contact(contacts, "s", "t", by="caro")
        assert grown.emails == ("ada@example.com", "augusta@example.com")
        assert await _names(contacts, "") == ["Ada Lovelace"]
        assert await _names(contacts, "augusta@") == ["Ada Lovelace"]
        merged = await read_contact(contacts, "s")
        assert merged.merge is not None
        assert (merged.merge.into, merged.merge.by) == ("t", "caro")
        event = relay.events[-1]
        assert event["type"] == "contacts.contact.merged.v1"
        assert (event["data"]["merged_id"], event["data"]["merged_version"]) == ("s", 2)
        assert event["data"]["contact"]["other_emails"] == ["augusta@example.com"]

    async def test_the_merged_address_belongs_to_the_target(self, contacts: ContactStore) -> None:
        await merge_contact(contacts, "s", "t", by="caro")
        with pytest.raises(ContactExists) as refused:
            await create_contact(contacts, "x", Details(email="Augusta@example.com"))
        assert refused.value.contact_id == "t"
        await update_contact(contacts, "t", {"email": "augusta@example.com"}, version=None)

    async def test_a_merged_contact_is_not_changed_but_points_to_the_other(self, contacts: ContactStore) -> None:
        await merge_contact(contacts, "s", "t", by="caro")
        with pytest.raises(ContactMerged) as refused:
            await update_contact(contacts, "s", {"company": "x"}, version=None)
        assert refused.value.into == "t"

    async def test_a_repeat_changes_nothing(self, contacts: ContactStore, relay: Any) -> None:
        once = await merge_contact(contacts, "s", "t", by="caro")
        assert await merge_contact(contacts, "s", "t", by="caro") == once
        assert relay.types().count("merged") == 1

    async def test_what_makes_no_sense_is_refused(self, contacts: ContactStore) -> None:
        with pytest.raises(MergeRefused):
            await merge_contact(contacts, "t", "t", by="caro")
        with pytest.raises(ContactMissing):
            await merge_contact(contacts, "s", "nobody", by="caro")
        await merge_contact(contacts, "s", "t", by="caro")
        with pytest.raises(ContactMerged):
            await merge_contact(contacts, "t", "s", by="caro")

    async def test_of_two_opposite_merges_at_once_one_happens(self, contacts: ContactStore, relay: Any) -> None:
        results = await asyncio.gather(
            merge_contact(contacts, "s", "t", by="caro"),
            merge_contact(contacts, "t", "s", by="alex"),
            return_exceptions=True,
        )
        assert sorted((type(result) for result in results), key=str) == sorted([Contact, ContactMerged], key=str)
        assert relay.types().count("merged") == 1
        assert len(await contacts.page((), None, 10)) == 1

    async def test_a_merge_and_a_change_at_once_lose_nothing(self, contacts: ContactStore) -> None:
        await asyncio.gather(
            merge_contact(contacts, "s", "t", by="caro"), update_contact(contacts, "t", {"company": "X"}, version=None)
        )
        target = await read_contact(contacts, "t")
        assert (target.version, target.details.company, len(target.emails)) == (3, "X", 2)


@pytest.mark.usefixtures("pair")
class TestUnmerge:
    async def test_both_are_as_they_were(
        self, contacts: ContactStore, pair: tuple[Contact, Contact], relay: Any
    ) -> None:
        await merge_contact(contacts, "s", "t", by="caro")
        parted = await unmerge_contact(contacts, "s")
        for was, contact_id in zip(pair, "st", strict=True):
            contact = await read_contact(contacts, contact_id)
            assert contact == replace(was, version=3, updated_at=parted.updated_at)
        assert await _names(contacts, "augusta") == ["Augusta King"]
        event = relay.events[-1]
        assert event["type"] == "contacts.contact.unmerged.v1"
        assert (event["data"]["contact"]["id"], event["data"]["parted_from"]["id"]) == ("s", "t")
        assert await unmerge_contact(contacts, "s") == parted
        assert await merge_contact(contacts, "s", "t", by="caro")

    async def test_one_of_a_chain_is_undone_from_its_end(self, contacts: ContactStore) -> None:
        await create_contact(contacts, "u", Details(first_name="Countess", email="countess@example.com"))
        await merge_contact(contacts, "s", "t", by="caro")
        assert len((await merge_contact(contacts, "t", "u", by="caro")).emails) == 3
        with pytest.raises(ContactMerged) as refused:
            await unmerge_contact(contacts, "s")
        assert refused.value.into == "u"
        assert (await unmerge_contact(contacts, "t")).emails == ("ada@example.com", "augusta@example.com")
        assert (await unmerge_contact(contacts, "s")).emails == ("augusta@example.com",)
        assert (await read_contact(contacts, "u")).emails == ("countess@example.com",)

    async def test_after_thirty_days_it_is_final(self, contacts: ContactStore, monkeypatch: pytest.MonkeyPatch) -> None:
        await merge_contact(contacts, "s", "t", by="caro")
        monkeypatch.setattr(merging, "now", lambda: now() + REVERSIBLE + timedelta(seconds=1))
        with pytest.raises(MergeRefused) as refused:
            await unmerge_contact(contacts, "s")
        assert refused.value.code == "merge_final"


@pytest.mark.usefixtures("pair")
class TestWhatWasMerged:
    async def test_is_told_the_newest_first_until_it_is_parted(self, contacts: ContactStore) -> None:
        await create_contact(contacts, "u", Details(first_name="Countess"))
        for source in ("s", "u"):
            await merge_contact(contacts, source, "t", by="caro")
        assert [part.id for part in await merged_parts(contacts, "t")] == ["u", "s"]
        await unmerge_contact(contacts, "u")
        assert [part.id for part in await merged_parts(contacts, "t")] == ["s"]

    async def test_is_no_longer_told_once_it_is_final(
        self, contacts: ContactStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await merge_contact(contacts, "s", "t", by="caro")
        monkeypatch.setattr(merging, "now", lambda: now() + REVERSIBLE + timedelta(seconds=1))
        assert await merged_parts(contacts, "t") == []


@pytest.mark.usefixtures("pair")
class TestFinalMerge:
    async def test_nothing_stays_of_who_it_was_but_where_it_went(
        self, contacts: ContactStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        merged = await merge_contact(contacts, "s", "t", by="caro")
        assert await fold_final_merges(contacts) == 0
        monkeypatch.setattr(retention, "now", lambda: now() + REVERSIBLE + timedelta(seconds=1))
        assert [await fold_final_merges(contacts) for _ in range(2)] == [1, 0]
        document = await contacts.collection.find_one({"_id": "s"}, projection={"outbox": False})
        for secret in ("augusta", "king", "secret", "ada", "lovelace"):
            assert secret not in str(document).lower()
        with pytest.raises(ContactMerged) as refused:
            await update_contact(contacts, "s", {"company": "x"}, version=None)
        assert refused.value.into == "t"
        assert await read_contact(contacts, "t") == merged

    async def test_it_is_erased_with_the_one_that_took_its_place(
        self, contacts: ContactStore, relay: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await merge_contact(contacts, "s", "t", by="caro")
        monkeypatch.setattr(retention, "now", lambda: now() + REVERSIBLE + timedelta(seconds=1))
        await fold_final_merges(contacts)
        await erase_contact(contacts, "t")
        assert relay.events[-1]["data"]["merged_ids"] == ["s"]


@pytest.mark.usefixtures("pair")
class TestErase:
    async def test_the_person_is_nowhere_in_the_database_afterwards(
        self, contacts: ContactStore, database: Database, relay: Any
    ) -> None:
        await create_contact(contacts, "u", Details(first_name="Countess", email="countess@example.com"))
        await merge_contact(contacts, "u", "s", by="caro")
        await merge_contact(contacts, "s", "t", by="caro")
        await update_contact(contacts, "t", {"company": "Secretcompany"}, version=None)
        await erase_contact(contacts, "t")
        for name in await database.list_collection_names():
            content = str(await database[name].find().to_list(None)).lower()
            for secret in ("ada", "lovelace", "augusta", "king", "countess", "secret", "example", "39981234"):
                assert secret not in content
        event = relay.events[-1]
        assert event["type"] == "contacts.contact.erased.v1"
        erased = await contacts.find("t")
        assert erased is not None
        addresses = ("countess@example.com", "augusta@example.com", "ada@example.com")
        assert event["data"] == {
            "contact_id": "t",
            "version": 4,
            "merged_ids": ["s", "u"],
            "visitor_ids": [],
            "traces": list(contacts.traces_of(addresses)),
            "erased_at": to_wire(erased.updated_at),
        }

    async def test_it_stays_erased(self, contacts: ContactStore, relay: Any) -> None:
        await erase_contact(contacts, "t")
        await erase_contact(contacts, "t")
        assert relay.types().count("erased") == 1
        with pytest.raises(ContactErased):
            await read_contact(contacts, "t")
        with pytest.raises(ContactErased):
            await merge_contact(contacts, "s", "t", by="caro")
        assert await _names(contacts, "") == ["Augusta King"]
        gone = await contacts.find("t")
        assert gone is not None
        assert gone.state is State.ERASED

    async def test_who_erased_it_and_from_where_is_told_with_the_erasure_and_by_ids_alone(
        self, contacts: ContactStore, relay: Any
    ) -> None:
        await merge_contact(contacts, "s", "t", by="caro")
        for _ in range(2):  # a repeat changes nothing
            await erase_contact(contacts, "t", ["v1"], by=Agent("ida", "admin", "Ida Admin", "192.0.2.7"))
        (told,) = [event["data"] for event in relay.events if event["type"] == "contacts.audit.recorded.v1"]
        assert told == {
            "action": "contact.erased",
            "actor": {"kind": "agent", "id": "ida", "name": "Ida Admin"},
            "subject_id": "t",
            "address": "192.0.2.7",
            "detail": {"merged": "1", "visitors": "1"},
        }

    async def test_what_nobody_did_is_not_told_as_somebodys_act(self, contacts: ContactStore, relay: Any) -> None:
        await erase_contact(contacts, "t")
        assert [event["type"] for event in relay.events if "audit" in event["type"]] == []

    async def test_the_address_is_free_again(self, contacts: ContactStore) -> None:
        await erase_contact(contacts, "t")
        assert (await create_contact(contacts, "n", Details(email="ada@example.com"))).version == 1

    async def test_a_merged_contact_is_erased_with_the_one_that_took_its_place(self, contacts: ContactStore) -> None:
        await merge_contact(contacts, "s", "t", by="caro")
        with pytest.raises(ContactMerged):
            await erase_contact(contacts, "s")
        with pytest.raises(ContactMissing):
            await erase_contact(contacts, "nobody")
