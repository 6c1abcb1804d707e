"""Raw mail never lies in the store without a document that knows of it, whenever a process dies."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from guichet_contracts.addresses import trace_of
from guichet_kit.clock import now
from guichet_kit.mongo import Database
from guichet_kit.objects import Listed, StoreUnavailable
from guichet_local.testing.databases import Databases
from guichet_mailer.inbound import sweep
from guichet_mailer.inbound.received import Envelope, Received, State
from guichet_mailer.inbound.store import ReceivedStore
from guichet_mailer.inbound.usecases import Reception, erase_quarantined, take_in

RAW = b"From: Elodie Marchand <elodie@example.com>\r\n\r\nBonjour"
NAME = f"raw/{hashlib.sha256(RAW).hexdigest()}"


class Bucket:
    """A bucket that can be away, and whose objects have an age."""

    def __init__(self) -> None:
        self.objects: dict[str, datetime] = {}
        self.contents: dict[str, bytes] = {}
        self.away = self.dies = False

    async def put(self, name: str, *_rest: Any) -> None:
        if self.away:
            raise StoreUnavailable("away")
        self.objects[name] = now()
        if self.dies:
            raise KeyboardInterrupt

    @asynccontextmanager
    async def open(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async def chunks() -> AsyncIterator[bytes]:
            yield self.contents[name]

        yield chunks()

    async def remove(self, name: str) -> None:
        self.objects.pop(name, None)

    async def page(self, after: str = "") -> list[Listed]:
        return [Listed(name, 1, at) for name, at in sorted(self.objects.items()) if name > after]


@pytest.fixture
async def database(databases: Databases) -> Database:
    return await databases.empty("mailer", "pymongo")


@pytest.fixture
async def reception(database: Database) -> Reception:
    store = ReceivedStore(database)
    await store.ensure_indexes()
    return cast("Reception", SimpleNamespace(store=store, objects=Bucket(), arrived=asyncio.Event()))


async def age(reception: Reception, by: timedelta) -> None:
    """Let time pass."""
    await reception.store.collection.update_many({}, {"$set": {"received_at": now() - by}})


async def states(reception: Reception) -> list[str]:
    return [document["state"] async for document in reception.store.collection.find({})]


def bucket_of(reception: Reception) -> Bucket:
    return cast("Bucket", reception.objects)


async def test_a_mail_that_was_stored_is_received_and_stays(reception: Reception) -> None:
    mail_id = await take_in(reception, RAW, Envelope("http"))
    await age(reception, timedelta(days=9))
    bucket_of(reception).objects[NAME] -= timedelta(days=9)
    await sweep.RawSweep(reception).run()
    assert (await states(reception), list(bucket_of(reception).objects)) == ([State.RECEIVED], [NAME])
    assert await take_in(reception, RAW, Envelope("smtp")) == mail_id


@pytest.mark.parametrize("dies", ["before_the_bytes", "after_the_bytes"])
async def test_what_a_death_left_is_taken_up_by_the_sender_or_swept(reception: Reception, dies: str) -> None:
    bucket = bucket_of(reception)
    bucket.away, bucket.dies = dies == "before_the_bytes", dies == "after_the_bytes"
    with pytest.raises((StoreUnavailable, KeyboardInterrupt)):
        await take_in(reception, RAW, Envelope("http"))
    assert await states(reception) == [State.RECEIVING]
    await sweep.RawSweep(reception).run()  # it may still be under way
    assert await states(reception) == [State.RECEIVING]

    await age(reception, timedelta(hours=2))
    await sweep.RawSweep(reception).run()
    assert (await states(reception), bucket.objects) == ([], {})

    bucket.away = bucket.dies = False
    await take_in(reception, RAW, Envelope("http"))
    assert (await states(reception), list(bucket.objects)) == ([State.RECEIVED], [NAME])


async def test_a_mail_that_comes_while_its_remains_are_removed_is_to_come_again(reception: Reception) -> None:
    bucket_of(reception).away = True
    with pytest.raises(StoreUnavailable):
        await take_in(reception, RAW, Envelope("http"))
    bucket_of(reception).away = False
    abandoned = await reception.store.abandon(now() + timedelta(seconds=1))
    assert abandoned is not None
    with pytest.raises(StoreUnavailable):
        await take_in(reception, RAW, Envelope("http"))
    await sweep.drop_abandoned(reception)
    assert (await states(reception), bucket_of(reception).objects) == ([], {})


async def test_of_an_erased_person_nothing_stays_in_quarantine_and_of_others_all(reception: Reception) -> None:
    before, secret = now() - timedelta(minutes=5), b"k" * 48
    mails = {"theirs": RAW, "late": RAW + b"late", "others": RAW.replace(b"elodie@", b"melodie@")}
    for name, raw in mails.items():
        mail = Received(name, State.QUARANTINED, Envelope("smtp"), 9, f"raw/{name}", before, reason="unreadable")
        await reception.store.begin(mail, name)
        bucket_of(reception).contents[f"raw/{name}"] = raw
        bucket_of(reception).objects[f"raw/{name}"] = now()
    await reception.store.collection.update_one({"_id": "late"}, {"$set": {"received_at": now()}})
    traces = frozenset({trace_of(secret, "ELODIE@example.com")})

    await erase_quarantined(reception, traces, now() - timedelta(minutes=1), secret)

    found = {one["_id"]: one["state"] async for one in reception.store.collection.find({})}
    assert found == {"theirs": State.ERASED, "late": State.QUARANTINED, "others": State.QUARANTINED}
    assert set(bucket_of(reception).objects) == {"raw/late", "raw/others"}


async def test_bytes_without_a_document_go_after_a_day_and_no_others(reception: Reception) -> None:
    bucket = bucket_of(reception)
    await take_in(reception, RAW, Envelope("http"))
    bucket.objects |= {
        NAME: now() - timedelta(days=2),
        "raw/old": now() - timedelta(days=2),
        "raw/young": now(),
        "other/old": now() - timedelta(days=2),
    }
    await sweep.RawSweep(reception).run()
    assert set(bucket.objects) == {NAME, "raw/young", "other/old"}
    assert await states(reception) == [State.RECEIVED]
