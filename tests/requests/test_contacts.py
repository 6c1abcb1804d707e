"""The contact on a request: linked by an agent or by itself, and live with what ``contacts`` tells, in any order."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from guichet_contracts import contacts as contract
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_requests.contact.contact import ContactErased, ContactNotKnownYet, email_key
from guichet_requests.request import usecases
from guichet_requests.request.linking import unlink
from guichet_requests.request.request import Contact, Request
from guichet_requests.timeline.item import Author

from .conftest import NOON, Visitor, World

CARO = Author("agent", "0190aaaa-0000-7000-8000-00000000ca40", "Caro Agent")


def told(contact_id: str, version: int = 1, name: str = "Ada Lovelace", **fields: Any) -> contract.Contact:
    return contract.Contact(id=contact_id, name=name, version=version, created_at=NOON, updated_at=NOON, **fields)


def changed(contact: contract.Contact) -> contract.ContactChanged:
    data = contract.ContactChangedData(contact=contact)
    return contract.ContactChanged(id=new_id(), time=NOON, subject=contact.id, data=data)


def merged(merged_id: str, merged_version: int, into: contract.Contact) -> contract.ContactMerged:
    data = contract.ContactMergedData(merged_id=merged_id, merged_version=merged_version, contact=into)
    return contract.ContactMerged(id=new_id(), time=NOON, subject=into.id, data=data)


def unmerged(contact: contract.Contact, parted_from: contract.Contact) -> contract.ContactUnmerged:
    data = contract.ContactUnmergedData(contact=contact, parted_from=parted_from)
    return contract.ContactUnmerged(id=new_id(), time=NOON, subject=contact.id, data=data)


def erased(contact_id: str, version: int, *merged_ids: str) -> contract.ContactErased:
    data = contract.ContactErasedData(contact_id=contact_id, version=version, merged_ids=merged_ids)
    return contract.ContactErased(id=new_id(), time=NOON, subject=contact_id, data=data)


async def link(world: World, request_id: str, contact_id: str) -> Request:
    return await usecases.link(
        world.requests, world.contacts, world.guard, request_id, contact_id, by=CARO, expected=None
    )


async def manual(world: World) -> Request:
    return await usecases.create_by_hand(
        world.requests,
        world.contacts,
        world.guard,
        by=CARO,
        request_id=None,
        idempotency_key=None,
        subject="Facture",
        text=None,
        priority="low",
        reason_id=None,
        contact_id=None,
    )


async def shown(world: World, request_id: str) -> str | None:
    contact = (await usecases.get(world.requests, request_id)).contact
    return contact.name if contact else None


class TestLinking:
    async def test_it_is_shown_and_told_on_the_timeline(self, world: World) -> None:
        await world.hear(changed(told("a", email="ada@example.com")))
        request = await manual(world)

        linked = await link(world, request.id, "a")
        await link(world, request.id, "a")
        await usecases.change(world.requests, request.id, lambda r: unlink(r, by=CARO, at=now()))

        assert linked.contact == Contact("a", "Ada Lovelace", "ada@example.com")
        assert [text for name, text in await world.timeline(request.id) if name != "request_created"] == [
            "Caro Agent linked the contact Ada Lovelace",
            "Caro Agent unlinked the contact Ada Lovelace",
        ]
        assert await shown(world, request.id) is None

    async def test_one_that_was_not_told_of_yet_or_erased_is_refused(self, world: World) -> None:
        request = await manual(world)
        with pytest.raises(ContactNotKnownYet):
            await link(world, request.id, "a")
        await world.hear(changed(told("a")), erased("a", 2))
        with pytest.raises(ContactErased):
            await link(world, request.id, "a")

    async def test_a_change_that_comes_between_reading_and_linking_is_shown(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await world.hear(changed(told("a")))
        request = await manual(world)
        replaced = world.requests.replace

        async def overtaken(*arguments: Any) -> bool:
            monkeypatch.setattr(world.requests, "replace", replaced)
            await world.hear(changed(told("a", 2, "Ada King")))
            return await replaced(*arguments)

        monkeypatch.setattr(world.requests, "replace", overtaken)
        linked = await link(world, request.id, "a")

        assert linked.contact == Contact("a", "Ada King")


class TestChanges:
    async def test_all_requests_of_the_contact_show_the_newest_name_whatever_comes_when(self, world: World) -> None:
        await world.hear(changed(told("a")))
        requests = [await link(world, (await manual(world)).id, "a") for _ in range(3)]
        news = [changed(told("a", version, f"Ada {version}")) for version in (2, 3, 4)]
        for order in itertools.permutations(news):
            await world.hear(*order)
            assert {await shown(world, request.id) for request in requests} == {"Ada 4"}

    async def test_it_goes_on_after_a_death_in_the_middle(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("guichet_requests.request.store._BATCH", 2)
        await world.hear(changed(told("a")))
        requests = [await link(world, (await manual(world)).id, "a") for _ in range(5)]
        replaced, lives = world.requests.replace, iter(range(3))

        async def mortal(*arguments: Any) -> bool:
            if next(lives, None) is None:
                raise KeyboardInterrupt
            return await replaced(*arguments)

        event = changed(told("a", 2, "Ada King"))
        monkeypatch.setattr(world.requests, "replace", mortal)
        with pytest.raises(KeyboardInterrupt):
            await world.hear(event)
        monkeypatch.setattr(world.requests, "replace", replaced)
        await world.hear(event)

        now_shown = [await usecases.get(world.requests, request.id) for request in requests]
        assert {(request.contact, request.version) for request in now_shown} == {(Contact("a", "Ada King"), 3)}


class TestMerging:
    async def outcome(self, world: World, events: Sequence[Any]) -> tuple[str | None, str | None, str | None]:
        """What three requests show: linked to *a* and to *b* before, and to *b* after all."""
        await world.clear()
        await world.contacts.collection.delete_many({})
        await world.hear(changed(told("a", 1, "A")), changed(told("b", 1, "B")))
        first, second = [await link(world, (await manual(world)).id, contact_id) for contact_id in "ab"]
        relinked = await link(world, (await manual(world)).id, "a")
        await world.hear(*events)
        await link(world, relinked.id, "b")
        return await shown(world, first.id), await shown(world, second.id), await shown(world, relinked.id)

    async def test_requests_follow_to_the_contact_that_stays_in_any_order(self, world: World) -> None:
        events = [merged("a", 2, told("b", 2, "B2")), changed(told("b", 3, "B3"))]
        for order in itertools.permutations(events):
            assert await self.outcome(world, order) == ("B3", "B3", "B3")

    async def test_they_follow_along_a_chain(self, world: World) -> None:
        events = [merged("b", 3, told("c", 2, "C")), merged("a", 2, told("b", 2, "B2"))]
        for order in itertools.permutations(events):
            assert await self.outcome(world, order) == ("C", "C", "C")

    async def test_parting_returns_those_that_were_moved_and_not_linked_anew(self, world: World) -> None:
        events = [merged("a", 2, told("b", 2, "B2")), unmerged(told("a", 3, "A3"), told("b", 3, "B3"))]
        for order in itertools.permutations(events):
            assert await self.outcome(world, order) == ("A3", "B3", "B3")

    async def test_one_linked_to_the_other_meanwhile_stays_there(self, world: World) -> None:
        await world.hear(changed(told("a", 1, "A")), changed(told("b", 1, "B")))
        request = await link(world, (await manual(world)).id, "a")
        await world.hear(merged("a", 2, told("b", 2, "B2")))
        await link(world, request.id, "b")
        await world.hear(unmerged(told("a", 3, "A3"), told("b", 3, "B3")))
        assert await shown(world, request.id) == "B3"
        assert [name for name, _ in await world.timeline(request.id)] == ["request_created", "contact_linked"]


class TestVisitors:
    async def test_one_linked_once_is_linked_in_later_conversations(self, world: World, ada: Visitor) -> None:
        await world.hear(changed(told("a")), ada.writes("Un"))
        first = await world.requests.current_of(ada.id)
        assert first is not None
        await link(world, first.id, "a")
        await world.hear(ada.is_closed(), changed(told("a", 2, "Ada King")), ada.writes("Deux"))

        second = await world.requests.current_of(ada.id)
        assert second is not None
        assert (second.number, second.contact) == (first.number + 1, Contact("a", "Ada King"))
        assert [name for name, _ in await world.timeline(second.id)] == [
            "conversation_opened",
            "contact_linked",
            "message",
        ]

    async def test_one_unlinked_last_is_not(self, world: World, ada: Visitor) -> None:
        await world.hear(changed(told("a")), ada.writes("Un"))
        first = await world.requests.current_of(ada.id)
        assert first is not None
        await link(world, first.id, "a")
        await usecases.change(world.requests, first.id, lambda r: unlink(r, by=CARO, at=now()))
        await world.hear(ada.is_closed(), ada.writes("Deux"))

        second = await world.requests.current_of(ada.id)
        assert second is not None
        assert second.contact is None

    @pytest.mark.parametrize(("verified", "expected"), [(True, "Ada Lovelace"), (False, None)])
    async def test_an_address_links_only_when_the_site_vouches_for_it(
        self, world: World, verified: bool, expected: str | None
    ) -> None:
        ada = Visitor(begun=now(), email="ADA@Bücher.example", verified=verified)
        await world.hear(changed(told("a", other_emails=("ada@xn--bcher-kva.example",))), ada.writes("Bonjour"))

        request = await world.requests.current_of(ada.id)
        assert request is not None
        assert await shown(world, request.id) == expected

    async def test_a_request_that_an_agent_linked_otherwise_stays_so(self, world: World) -> None:
        ada = Visitor(begun=now(), email="ada@example.com", verified=True)
        await world.hear(changed(told("a", email="ada@example.com")), changed(told("b", 1, "Bob")), ada.writes("Un"))
        request = await world.requests.current_of(ada.id)
        assert request is not None
        await link(world, request.id, "b")
        await world.hear(ada.is_closed("in_progress"), ada.writes("Deux"))

        assert await shown(world, request.id) == "Bob"


class TestAddresses:
    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("Ada@Example.COM", "ada@example.com", True),
            ("ada@bücher.example", "ada@XN--bcher-kva.example", True),
            ("ada@example.com", "adah@example.com", False),
            ("ada@..", "ada@..", True),
        ],
    )
    def test_case_and_the_domains_form_do_not_count(self, one: str, other: str, same: bool) -> None:
        assert (email_key(one) == email_key(other)) is same
