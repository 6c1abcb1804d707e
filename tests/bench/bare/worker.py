"""The bare path's worker: takes messages from the quorum queue, inserts each (majority, journal), answers.

``python -m tests.bench.bare.worker AMQP_URL MONGODB_URL READY_FILE``
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aio_pika
import uvloop
from pymongo import AsyncMongoClient
from pymongo.write_concern import WriteConcern

from .front import QUEUE, QUORUM

PREFETCH = 200


async def work(amqp_url: str, mongodb_url: str, ready: Path) -> None:
    """Work until the process is told to end."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url, minPoolSize=4)
    durable = WriteConcern("majority", j=True, wtimeout=10_000)
    entries = client.get_database("bare", write_concern=durable)["entries"]
    connection = await aio_pika.connect_robust(amqp_url)
    channel = await connection.channel()
    await channel.set_qos(PREFETCH)
    queue = await channel.declare_queue(QUEUE, durable=True, arguments=QUORUM)
    answering = await connection.channel(publisher_confirms=False)

    async def take(message: Any) -> None:
        frame = json.loads(message.body)
        await entries.insert_one({"_id": frame["id"], "text": frame["text"]})
        answer = json.dumps({"type": "message.accepted", "id": frame["id"]}).encode()
        await answering.default_exchange.publish(
            aio_pika.Message(answer, correlation_id=message.correlation_id), message.reply_to
        )
        await message.ack()

    await queue.consume(take)
    ready.touch()  # noqa: ASYNC240 - once, at the start
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(work(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
