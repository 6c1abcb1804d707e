"""A person who is erased is nowhere in this database any more, and the other services are told whom to forget."""

import asyncio
import itertools
from dataclasses import fields, replace
from datetime import timedelta
from functools import partial
from typing import Any, Literal

import orjson
import pytest
from guichet_contracts import contacts as contract
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database
from guichet_local.testing.moments import Moment
from guichet_requests import consumers
from guichet_requests.erasure.claims import claims_of
from guichet_requests.erasure.usecases import Everywhere
from guichet_requests.erasure.worker import look_after, resume
from guichet_requests.request import linking, usecases
from guichet_requests.request.hearing import PredecessorUnknown
from guichet_requests.request.request import Change, Contact, Request, edit, note
from guichet_requests.timeline.item import Author

from .conftest import NOON, Visitor, World

CARO = Author("agent", "0190aaaa-0000-7000-8000-00000000ca40", "Caro Agent")
TRACES = ("Élodie", "elodie", "ELODIE", "Marchand", "marchand", "0639980101", "06 39 98 01 01", "+33639980101")


@pytest.fixture
def elodie() -> Visitor:
    return Visitor("elodie", begun=now(), email="elodie.marchand@example.com")


def told() -> contract.ContactChanged:
    contact = contract.Contact(
        id="e",
        name="Élodie Marchand",
        first_name="Élodie",
        email="elodie.marchand@example.com",
        phone="+33639980101",
        created_at=NOON,
        updated_at=NOON,
        version=1,
    )
    data = contract.ContactChangedData(contact=contact)
    return contract.ContactChanged(id=new_id(), time=NOON, subject="e", data=data)


def erased() -> contract.ContactErased:
    data = contract.ContactErasedData(contact_id="e", version=2, erased_at=now())
    return contract.ContactErased(id=new_id(), time=now(), subject="e", data=data)


async def fill(world: World, elodie: Visitor) -> list[str]:
    """Two requests of the person, one with a chat, with their name wherever one can be; the ids."""
    await world.hear(told(), elodie.writes("Je suis Élodie, 06 39 98 01 01"), elodie.is_answered("Bonjour ELODIE !"))
    chat = await world.requests.current_of(elodie.id)
    manual = await usecases.create_by_hand(
        world.requests,
        world.contacts,
        world.guard,
        by=CARO,
        request_id=None,
        idempotency_key=None,
        subject="Rappeler Mme Marchand",
        text="au 0639980101",
        priority="low",
        reason_id=None,
        contact_id="e",
    )
    assert chat is not None
    await usecases.link(world.requests, world.contacts, world.guard, chat.id, "e", by=CARO, expected=None)
    for request_id in (chat.id, manual.id):
        await usecases.change(
            world.requests, request_id, lambda r: edit(r, by=CARO, at=now(), subject="Lampe de Marchand")
        )
        await usecases.change(
            world.requests, request_id, lambda r: note(r, new_id(), "elodie.marchand@example.com", by=CARO, at=now())
        )
    await world.hear(elodie.is_closed(), elodie.writes("C’est encore marchand"))
    return [chat.id, manual.id]


async def everything(database: Database) -> str:
    """All that the database holds, as text."""
    found: list[Any] = []
    for name in await database.list_collection_names():
        found += await database[name].find({}).to_list(None)
    return orjson.dumps(found, default=str).decode()


class TestErasure:
    async def test_a_request_that_the_contact_was_taken_off_names_them_no_more(
        self, world: World, database: Database
    ) -> None:
        visitor = Visitor(None, begun=now())
        await world.hear(told(), visitor.writes("Bonjour"))
        request = await world.requests.current_of(visitor.id)
        assert request is not None
        await usecases.link(world.requests, world.contacts, world.guard, request.id, "e", by=CARO, expected=None)
        await usecases.change(world.requests, request.id, lambda r: linking.unlink(r, by=CARO, at=now()))
        assert "Marchand" in await everything(database)

        await world.hear(erased())

        assert [trace for trace in TRACES if trace in await everything(database)] == []
        kinds = {kind for kind, _ in await world.timeline(request.id)}
        assert kinds == {"conversation_opened", "message", "contact_linked", "contact_unlinked"}
        assert ("message", "Bonjour") in await world.timeline(request.id)

    async def test_nothing_of_the_person_is_left_in_any_collection(
        self, world: World, database: Database, elodie: Visitor
    ) -> None:
        requests = await fill(world, elodie)
        before = await everything(database)
        assert all(trace in before for trace in ("Élodie", "elodie", "Marchand", "06 39 98 01 01", "+33639980101"))

        await world.hear(erased())

        after = await everything(database)
        assert [trace for trace in TRACES if trace in after] == []
        said = [text for kind, text in await world.timeline(requests[0]) if kind == "message"]
        assert said == ["Je suis [effacé], [effacé]", "Bonjour [effacé] !"]
        assert "Caro Agent" in after
        shown = await usecases.get(world.requests, requests[1])
        assert (shown.contact, shown.subject) == (None, "Lampe de [effacé]")

    async def test_the_other_services_are_told_which_visitors_and_no_names(self, world: World, elodie: Visitor) -> None:
        await fill(world, elodie)
        await world.hear(erased())
        events = [event for event in world.relay.events if event["type"] == "requests.visitors.erased.v1"]
        assert [(event["data"]["contact_id"], event["data"]["visitor_ids"]) for event in events] == [("e", [elodie.id])]

    async def test_a_repeat_completes_what_a_death_left_and_then_changes_nothing(
        self, world: World, database: Database, elodie: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await fill(world, elodie)
        for method, calls in (("rewrite", 1), ("rewrite", 2)):
            real, left = getattr(world.items, method), iter(range(calls - 1))

            async def mortal(*arguments: Any, real: Any = real, left: Any = left) -> None:
                if next(left, None) is None:
                    raise KeyboardInterrupt
                await real(*arguments)

            monkeypatch.setattr(world.items, method, mortal)
            with pytest.raises(KeyboardInterrupt):
                await world.hear(erased())
            monkeypatch.setattr(world.items, method, real)

        await world.hear(erased())
        after = await everything(database)
        assert [trace for trace in TRACES if trace in after] == []
        versions = await world.requests.collection.distinct("version")
        await asyncio.gather(*(world.hear(erased(), told()) for _ in range(2)))
        assert await world.requests.collection.distinct("version") == versions
        assert not [trace for trace in TRACES if trace in await everything(database)]


@pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is who comes first
class TestWhatIsHeardWhileAPersonIsErased:
    """Or after it, since it waited in a queue."""

    async def begin(self, world: World, database: Database) -> tuple[Visitor, list[Any]]:
        """The person, linked, in a database that is empty else; and what is yet to be heard, for two requests."""
        for name in await database.list_collection_names():
            await database[name].delete_many({})
        elodie = Visitor("Élodie Marchand", begun=now(), email="elodie.marchand@example.com")
        await world.hear(told(), elodie.writes("Je suis Élodie"))
        chat = await world.requests.current_of(elodie.id)
        assert chat is not None
        await usecases.link(world.requests, world.contacts, world.guard, chat.id, "e", by=CARO, expected=None)
        late = [
            elodie.writes("Élodie Marchand, elodie.marchand@example.com"),
            elodie.is_closed("closed"),
            elodie.writes("Encore ELODIE"),
        ]
        return elodie, late

    async def nothing_is_left(self, world: World, database: Database, elodie: Visitor, requests: int) -> None:
        after = await everything(database)
        assert [trace for trace in TRACES if trace in after] == []
        assert await world.requests.collection.count_documents({"visitor.id": elodie.id}) == requests

    async def test_comes_in_without_the_person_in_whatever_order(self, world: World, database: Database) -> None:
        for order in itertools.permutations(range(4)):
            elodie, late = await self.begin(world, database)
            waiting = [[*late, erased()][turn] for turn in order]
            while waiting:
                event = waiting.pop(0)
                try:
                    await world.hear(event)
                except PredecessorUnknown:
                    waiting.append(event)
            await self.nothing_is_left(world, database, elodie, 2)

    @pytest.mark.parametrize("first", ["entry", "erasure"])
    @pytest.mark.parametrize("heard", [0, 2], ids=["on_a_known_request", "on_a_new_request"])
    async def test_comes_in_without_the_person_at_whatever_moment(
        self, world: World, database: Database, first: Literal["entry", "erasure"], heard: Literal[0, 2]
    ) -> None:
        for nth in itertools.count():
            elodie, late = await self.begin(world, database)
            await world.hear(*late[:heard])
            entry = partial(consumers.take_in, event=late[heard])
            erasure = partial(consumers.take_in_contact, event=erased())
            begun, interrupting = (entry, erasure) if first == "entry" else (erasure, entry)
            moment = Moment(nth, partial(interrupting, world.stores))
            stores: Any = {
                field.name: moment.watch(getattr(world.everywhere, field.name)) for field in fields(world.everywhere)
            }
            await begun(replace(world.stores, everywhere=Everywhere(**stores)))
            if not moment.passed:
                assert nth > 3
                return
            await self.nothing_is_left(world, database, elodie, 1 if heard == 0 else 2)


@pytest.mark.parametrize("driver", ["pymongo"])
class TestNobodyIsLeftBehind:
    async def claims(self, world: World, elodie: Visitor) -> tuple[Visitor, Visitor]:
        """Beside her linked chats one more that claims her address, and one of somebody else."""
        await world.requests.prepare()
        await fill(world, elodie)
        again = Visitor("Élodie M.", begun=now(), email="Elodie.MARCHAND@example.com")
        other = Visitor("Zoé", begun=now(), email="zoe@example.org")
        await world.hear(again.writes("C’est marchand"), other.writes("Bonjour"))
        return again, other

    async def test_whoever_erases_is_shown_who_claims_the_address(self, world: World, elodie: Visitor) -> None:
        again, _ = await self.claims(world, elodie)
        request = await world.requests.current_of(again.id)
        assert request is not None
        (claim,) = await claims_of(world.requests, world.contacts, "e")
        assert (claim.visitor_id, claim.name, claim.email) == (again.id, "Élodie M.", "Elodie.MARCHAND@example.com")
        assert (claim.request_ids, claim.numbers) == ((request.id,), (request.number,))
        assert await claims_of(world.requests, world.contacts, "unknown") == []

    async def test_those_whom_they_name_go_too_and_nobody_who_does_not_claim_it(
        self, world: World, database: Database, elodie: Visitor
    ) -> None:
        again, other = await self.claims(world, elodie)
        event = erased()
        data = event.data.model_copy(update={"visitor_ids": (again.id, other.id)})
        await world.hear(event.model_copy(update={"data": data}))
        assert [trace for trace in TRACES if trace in await everything(database)] == []
        gone = world.told("requests.visitors.erased.v1")[-1]
        assert {again.id, elodie.id} <= set(gone["visitor_ids"])
        assert other.id not in gone["visitor_ids"]
        zoe = await world.requests.current_of(other.id)
        assert zoe is not None
        assert (zoe.visitor and zoe.visitor.name, zoe.preview) == ("Zoé", "Bonjour")

    async def test_those_whom_they_do_not_name_stay(self, world: World, elodie: Visitor) -> None:
        again, _ = await self.claims(world, elodie)
        await world.hear(erased())
        request = await world.requests.current_of(again.id)
        assert request is not None
        assert (request.visitor and request.visitor.name, request.preview) == ("Élodie M.", "C’est marchand")


@pytest.mark.parametrize("driver", ["pymongo"])
class TestAnErasureThatWasStopped:
    async def test_is_brought_to_its_end_without_its_event(
        self, world: World, database: Database, elodie: Visitor
    ) -> None:
        await world.erasures.prepare()
        await fill(world, elodie)

        async def dies() -> None:
            raise KeyboardInterrupt

        moment = Moment(9, dies)
        stores: Any = {field.name: moment.watch(getattr(world.everywhere, field.name)) for field in fields(Everywhere)}
        with pytest.raises(KeyboardInterrupt):
            await consumers.take_in_contact(replace(world.stores, everywhere=Everywhere(**stores)), erased())
        stopped = await world.erasures.progress("e")
        assert stopped is not None
        assert stopped.finished_at is None
        assert await resume(world.everywhere) == 0  # somebody may be at it
        await world.erasures.collection.update_many({}, {"$set": {"begun_at": NOON}})

        assert await resume(world.everywhere) == 1

        assert [trace for trace in TRACES if trace in await everything(database)] == []
        assert len(world.told("requests.visitors.erased.v1")) == 1
        ended = await world.erasures.progress("e")
        assert ended is not None
        assert ended.finished_at is not None
        assert await resume(world.everywhere, timedelta(0)) == 0

    async def test_is_looked_after_where_a_link_died_before_it_looked_again(
        self, world: World, database: Database, elodie: Visitor
    ) -> None:
        await fill(world, elodie)
        nobody = Visitor(None, begun=now())
        await world.hear(nobody.writes("Bonjour"))
        request = await world.requests.current_of(nobody.id)
        assert request is not None

        async def decide(found: Request) -> Change | None:
            await world.hear(erased())  # between what the link read, and its write
            shown = Contact("e", "Élodie Marchand", "elodie.marchand@example.com")
            return linking.link(found, "e", shown, by=CARO, at=now())

        await usecases.change_after(world.requests, request.id, decide)
        assert "Marchand" in await everything(database)

        assert await look_after(world.everywhere) == 1

        assert [trace for trace in TRACES if trace in await everything(database)] == []
        assert nobody.id in world.told("requests.visitors.erased.v1")[-1]["visitor_ids"]
        assert await look_after(world.everywhere) == 0
