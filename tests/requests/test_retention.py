"""Closed requests go by age, with all that hangs on them; of an open one nothing does."""

from datetime import timedelta
from typing import Any

import pytest
from guichet_contracts.mailer import Attachment
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database, explain
from guichet_requests.request.request import Request
from guichet_requests.retention.store import ExpiredStore
from guichet_requests.retention.usecases import let_go

from .conftest import Visitor, World
from .mailing import contact, received, stored

DAY = timedelta(days=1)


@pytest.fixture
def driver() -> str:
    """What is in question is what goes, and not by which driver."""
    return "pymongo"


@pytest.fixture
async def expired(database: Database, world: World) -> ExpiredStore:
    store = ExpiredStore(database, world.relay)
    await store.prepare()
    await world.files.prepare()
    return store


async def age(world: World, request_id: str, days: float, **changed: Any) -> None:
    """Let the request be closed for so long, and all of it told."""
    then = now() - days * DAY
    closed = {"status": "closed", "closed_at": then, "last_activity_at": then, "outbox": []} | changed
    await world.requests.collection.update_one({"_id": request_id}, {"$set": closed, "$unset": {"untold": ""}})


async def chat(world: World, *, closing: bool = True) -> Request:
    """A request with a conversation."""
    ada = Visitor(begun=now() - 50 * DAY)
    await world.hear(ada.writes("Guten Tag"), ada.is_answered("Bonjour"))
    if closing:
        await world.hear(ada.is_closed("closed"))
    return await world.the_request(await world.count() - 1)


def file(file_id: str) -> Attachment:
    return Attachment(
        id=file_id, name=f"{file_id}.png", media_type="image/png", size=9, inline=False, state="ready"
    )  # fmt: skip


async def mail(world: World, *file_ids: str) -> Request:
    """A request with an e-mail that came in with files."""
    await world.hear(contact(), *(stored(one) for one in file_ids))
    await world.hear(received("Hallo", attachments=tuple(file(one) for one in file_ids)))
    return await world.the_request(await world.count() - 1)


async def left(world: World) -> set[str]:
    """The ids of requests that are there, or of which anything is on a timeline."""
    found = {one["_id"] async for one in world.requests.collection.find({}, {"_id": True})}
    return found | {one["request_id"] async for one in world.items.collection.find({}, {"request_id": True})}


class TestWholeRequests:
    async def test_an_old_one_goes_with_its_timeline_and_a_younger_one_stays(
        self, world: World, expired: ExpiredStore
    ) -> None:
        old, young, open_one = await chat(world), await chat(world), await chat(world)
        await age(world, old.id, 31)
        await age(world, young.id, 29)
        await age(world, open_one.id, 4000, status="in_progress", closed_at=None)
        assert (await expired.due("all", now() - 30 * DAY)).count == 1
        assert await let_go(expired, "all", now() - 30 * DAY) == 1
        assert await left(world) == {young.id, open_one.id}
        (told,) = world.told("requests.request.expired.v1")
        assert (told["request_id"], told["what"]) == (old.id, "all")
        assert told["conversation_ids"] == [old.conversations[0].id]

    async def test_what_hangs_on_it_is_told_and_its_copies_go(self, world: World, expired: ExpiredStore) -> None:
        theirs, others = await mail(world, "a", "b"), await mail(world, "c")
        (email,) = await world.emails(theirs.id)
        await age(world, theirs.id, 31)
        assert await let_go(expired, "all", now() - 30 * DAY) == 1
        (told,) = world.told("requests.request.expired.v1")
        assert (told["email_ids"], sorted(told["attachment_ids"])) == ([email.id], ["a", "b"])
        assert {one["_id"] async for one in world.files.collection.find({}, {"_id": True})} == {"c"}
        filed = [one["_id"] async for one in world.filings.collection.find({}, {"_id": True})]
        assert filed == [item.id for item in await world.emails(others.id)]

    async def test_a_file_that_stands_on_an_open_request_too_stays(self, world: World, expired: ExpiredStore) -> None:
        old, open_one = await mail(world, "a", "b"), await mail(world, "b")
        await age(world, old.id, 31)
        await let_go(expired, "all", now() - 30 * DAY)
        (told,) = world.told("requests.request.expired.v1")
        assert told["attachment_ids"] == ["a"]
        assert await world.files.collection.find_one({"_id": "b"}) is not None
        assert await left(world) == {open_one.id}

    @pytest.mark.parametrize(
        "lives",
        [
            {"status": "in_progress", "closed_at": None},
            {"status": "pending"},
            {"last_activity_at": now()},
            {"outbox": [{"id": "e", "at": now(), "event": {}}]},
            {"pending": [{"_id": "item"}]},
            {"untold": now()},
        ],
        ids=lambda lives: next(iter(lives)),
    )
    async def test_one_that_is_open_or_has_something_to_tell_stays(
        self, world: World, expired: ExpiredStore, lives: dict[str, Any]
    ) -> None:
        request = await chat(world)
        await age(world, request.id, 31)
        await world.requests.collection.update_one({"_id": request.id}, {"$set": lives})
        assert await let_go(expired, "all", now() - 30 * DAY) == 0
        assert await left(world) == {request.id}

    async def test_one_whose_conversation_is_open_stays(self, world: World, expired: ExpiredStore) -> None:
        request = await chat(world, closing=False)
        await age(world, request.id, 31)
        assert await let_go(expired, "all", now() - 30 * DAY) == 0

    async def test_one_that_is_opened_again_at_that_moment_stays_whole(
        self, world: World, expired: ExpiredStore
    ) -> None:
        request = await chat(world)
        await age(world, request.id, 31)
        before = now() - 30 * DAY
        (seen,) = await expired.some("all", before)
        await world.requests.collection.update_one(
            {"_id": request.id}, {"$set": {"status": "in_progress", "closed_at": None}, "$inc": {"version": 1}}
        )
        assert await let_go(expired, "all", before) == 0
        assert seen.id == request.id
        assert len(await world.timeline(request.id)) >= 3
        assert world.told("requests.request.expired.v1") == []

    async def test_more_than_a_page_of_them_go_at_once(self, world: World, expired: ExpiredStore) -> None:
        request = await chat(world)
        await age(world, request.id, 31)
        document = await world.requests.collection.find_one({"_id": request.id})
        assert document is not None
        lone = {name: value for name, value in document.items() if name != "conversations"} | {"current": False}
        copies = [lone | {"_id": new_id(), "number": 5000 + n, "conversations": []} for n in range(120)]
        await world.requests.collection.insert_many(copies)
        assert await let_go(expired, "all", now() - 30 * DAY) == 121
        assert await left(world) == set()

    async def test_the_old_ones_are_found_by_an_index(self, database: Database, expired: ExpiredStore) -> None:
        plan = await explain(
            database,
            {"find": "requests", "filter": {"status": "closed", "closed_at": {"$lt": now()}}, "sort": {"closed_at": 1}},
        )
        assert "COLLSCAN" not in str(plan)


@pytest.mark.parametrize("what", ["files", "raw_mail"])
class TestPartsOfRequests:
    async def test_they_are_told_once_and_the_request_stays(
        self, world: World, expired: ExpiredStore, what: Any
    ) -> None:
        request, young = await mail(world, "a"), await mail(world, "b")
        await age(world, request.id, 31)
        await age(world, young.id, 29)
        assert await let_go(expired, what, now() - 30 * DAY) == 1
        assert await let_go(expired, what, now() - 30 * DAY) == 0
        (told,) = world.told("requests.request.expired.v1")
        assert (told["request_id"], told["what"], told["attachment_ids"]) == (request.id, what, ["a"])
        assert await left(world) == {request.id, young.id}

    async def test_one_that_was_opened_again_and_closed_is_told_again(
        self, world: World, expired: ExpiredStore, what: Any
    ) -> None:
        request = await mail(world, "a")
        await age(world, request.id, 400)
        assert await let_go(expired, what, now() - 30 * DAY) == 1
        await age(world, request.id, 35)
        assert await let_go(expired, what, now() - 30 * DAY) == 1
