"""MongoDB behaves the same through either driver."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest
from guichet_kit import mongo as mongo_module
from guichet_kit.clock import now
from guichet_kit.mongo import (
    ASCENDING,
    MAJORITY,
    OUTAGES,
    Database,
    DuplicateKeyError,
    IndexModel,
    MongoClient,
    aggregate,
    create_indexes,
    explain,
    in_transaction,
    open_client,
)
from yarl import URL

from .wire import laid

DRIVERS = ["pymongo", "motor"]


@pytest.fixture(params=DRIVERS)
def absent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[MongoClient]:
    """A client of a server that is not there: the port is taken, and nobody listens."""
    monkeypatch.setitem(mongo_module._TIMEOUTS, "serverSelectionTimeoutMS", 200)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"mongodb://127.0.0.1:{taken.getsockname()[1]}/"
        yield open_client(url, request.param, "tests")


class TestReadingAndWriting:
    async def test_an_aggregation_yields_all_its_documents(self, database: Database) -> None:
        await database["things"].insert_many([{"_id": n, "kind": n % 2} for n in range(500)])
        pipeline = [{"$match": {"kind": 1}}, {"$sort": {"_id": 1}}, {"$project": {"kind": 0}}]
        assert await aggregate(database["things"], pipeline) == [{"_id": n} for n in range(1, 500, 2)]

    async def test_an_aggregation_of_nothing_is_empty(self, database: Database) -> None:
        assert await aggregate(database["nothing"], [{"$match": {}}]) == []

    async def test_a_time_comes_back_equal_and_in_utc(self, database: Database) -> None:
        moment = now()
        await database["things"].insert_one({"_id": 1, "at": moment})
        assert await database["things"].find_one({"_id": 1}) == {"_id": 1, "at": moment}

    async def test_a_duplicate_key_tells_which_index_and_which_value(self, database: Database) -> None:
        index = IndexModel([("conversation_id", ASCENDING), ("seq", ASCENDING)], name="by_seq", unique=True)
        await database["entries"].create_indexes([index])
        entry = {"conversation_id": "c", "seq": 1}
        await database["entries"].insert_one(dict(entry))
        with pytest.raises(DuplicateKeyError) as refusal:
            await database["entries"].insert_one(dict(entry))
        assert refusal.value.details is not None
        assert refusal.value.details["keyPattern"] == {"conversation_id": 1, "seq": 1}
        assert refusal.value.details["keyValue"] == entry

    @pytest.mark.parametrize("driver", DRIVERS)
    async def test_an_index_may_take_longer_to_make_than_a_connection_waits(
        self, database: Database, mongodb_url: str, driver: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await database["things"].insert_many(
            [{"_id": n, "words": [f"{n}-{k}" for k in range(20)]} for n in range(20_000)]
        )
        monkeypatch.setitem(mongo_module._TIMEOUTS, "socketTimeoutMS", 100)
        hurried = open_client(mongodb_url, driver, "tests")
        things = hurried.database(database.name)["things"]
        index = IndexModel("words", name="words")
        with pytest.raises(OUTAGES):
            await things.create_indexes([index])
        await database["things"].drop_indexes()
        await create_indexes(things, [index])
        assert "words" in await database["things"].index_information()
        await hurried.close()

    async def test_a_write_is_acknowledged_when_it_is_on_the_disk_of_a_majority(self, database: Database) -> None:
        assert database.write_concern.document == {"w": "majority", "j": True, "wtimeout": 10_000}
        assert database["things"].write_concern == database.write_concern
        written = database["things"].with_options(read_concern=MAJORITY)
        await database["things"].insert_one({"_id": 1})
        assert await written.find_one({"_id": 1}) == {"_id": 1}

    async def test_the_plan_of_a_query_is_told(self, database: Database) -> None:
        await database["things"].insert_one({"_id": 1})
        plan = await explain(database, {"find": "things", "filter": {"_id": 1}})
        assert plan["executionStats"]["totalKeysExamined"] == 1


class TestATransaction:
    async def test_all_its_writes_are_there_after_it(self, database: Database) -> None:
        async def work(session: object) -> str:
            await database["one"].insert_one({"_id": 1}, session=session)  # type: ignore[arg-type]
            await database["two"].insert_one({"_id": 1}, session=session)  # type: ignore[arg-type]
            return "done"

        assert await in_transaction(database, work) == "done"
        assert await database["one"].count_documents({}) == await database["two"].count_documents({}) == 1

    async def test_none_of_its_writes_is_there_when_it_fails(self, database: Database) -> None:
        async def work(session: object) -> None:
            await database["one"].insert_one({"_id": 1}, session=session)  # type: ignore[arg-type]
            raise LookupError("changed my mind")

        with pytest.raises(LookupError):
            await in_transaction(database, work)
        assert await database["one"].count_documents({}) == 0

    async def test_two_that_change_the_same_document_both_happen(self, database: Database) -> None:
        await database["counters"].insert_one({"_id": "n", "value": 0})

        async def work(session: object) -> None:
            found = await database["counters"].find_one({"_id": "n"}, session=session)
            assert found is not None
            changed = {"$set": {"value": found["value"] + 1}}
            await database["counters"].update_one({"_id": "n"}, changed, session=session)  # type: ignore[arg-type]

        await asyncio.gather(in_transaction(database, work), in_transaction(database, work))
        assert await database["counters"].find_one({"_id": "n"}) == {"_id": "n", "value": 2}


class TestAServerThatIsThere:
    async def test_it_is_ready_at_once(self, mongo: MongoClient) -> None:
        await mongo.wait_until_ready(5)
        await mongo.ping()

    @pytest.mark.parametrize("driver", DRIVERS)
    async def test_a_closed_client_asks_no_more(self, mongodb_url: str, driver: str) -> None:
        client = open_client(mongodb_url, driver, "tests")
        await client.ping()
        await client.close()
        with pytest.raises(Exception, match=r"(?i)close"):
            await client.ping()


class TestAServerThatIsLost:
    @pytest.mark.parametrize("driver", DRIVERS)
    async def test_is_told_of_each_time_also_when_nobody_asks_anything(self, mongodb_url: str, driver: str) -> None:
        direct = str(URL(mongodb_url).with_query(directConnection="true"))
        async with laid(direct) as wire:
            client, losses = open_client(wire.url, driver, "tests"), list[str]()
            client.when_lost(lambda: losses.append("lost"))
            await client.wait_until_ready(30)
            assert losses == []
            for times in (1, 2):
                wire.cut()
                async with asyncio.timeout(30):
                    while len(losses) < times:
                        await asyncio.sleep(0.05)
                await wire.mend()
                await client.wait_until_ready(30)
            assert losses == ["lost", "lost"]
            await client.close()


class TestAServerThatIsAway:
    async def test_a_ping_is_an_outage(self, absent: MongoClient) -> None:
        with pytest.raises(OUTAGES):
            await absent.ping()
        await absent.close()

    async def test_waiting_for_it_ends_in_time(self, absent: MongoClient) -> None:
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            await absent.wait_until_ready(0.5)
        assert time.monotonic() - begun < 3
        await absent.close()
