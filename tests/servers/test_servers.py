"""The servers that the other tests stand on are real and answer."""

import asyncio
import uuid

import aio_pika
import pytest
from guichet_local.testing import S3, RabbitMQServer
from minio import Minio
from pymongo import AsyncMongoClient


class TestTheSharedServers:
    async def test_the_broker_delivers_what_a_quorum_queue_was_given(self, rabbitmq_url: str) -> None:
        async with await aio_pika.connect(rabbitmq_url) as connection:
            channel = await connection.channel()
            name = f"test.{uuid.uuid4()}"
            queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
            await channel.default_exchange.publish(aio_pika.Message(b"hello"), routing_key=name)
            message = await queue.get(timeout=5)
            await message.ack()
            await queue.delete(if_unused=False, if_empty=False)
        assert message.body == b"hello"

    async def test_the_database_is_a_replica_set_that_takes_transactions(self, mongodb_url: str) -> None:
        async with AsyncMongoClient[dict[str, object]](mongodb_url) as client:
            database = client[f"test_{uuid.uuid4().hex}"]
            async with client.start_session() as session, await session.start_transaction():
                await database["things"].insert_one({"name": "a"}, session=session)
            assert await database["things"].count_documents({}) == 1
            await client.drop_database(database.name)

    def test_the_object_store_keeps_a_bucket_for_its_owner(self, s3: S3) -> None:
        client = Minio(
            endpoint=s3.endpoint.removeprefix("http://"),
            access_key=s3.access_key,
            secret_key=s3.secret_key,
            secure=False,
            region="us-east-1",
        )
        bucket = f"test-{uuid.uuid4()}"
        client.make_bucket(bucket_name=bucket)
        assert client.bucket_exists(bucket_name=bucket)
        client.remove_bucket(bucket_name=bucket)


class TestTheServerThatATestMayBreak:
    async def test_it_comes_back_after_a_crash_with_what_it_had_confirmed(
        self, rabbitmq_server: RabbitMQServer
    ) -> None:
        name = f"test.{uuid.uuid4()}"
        async with await aio_pika.connect(rabbitmq_server.url) as connection:
            channel = await connection.channel()
            await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
            await channel.default_exchange.publish(
                aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT), routing_key=name
            )

        # The broker writes its register of quorum queues with some delay: a queue of the last seconds before a kill
        # is known afterwards, but has no leader (seen on 3.10.8).
        await asyncio.sleep(6)
        await rabbitmq_server.kill()
        with pytest.raises(OSError, match="Connect"):
            await asyncio.wait_for(aio_pika.connect(rabbitmq_server.url), timeout=2)
        await rabbitmq_server.ready()

        async with await aio_pika.connect(rabbitmq_server.url) as connection:
            channel = await connection.channel()
            queue = await channel.get_queue(name)
            message = await queue.get(timeout=20)
        assert message.body == b"kept"
