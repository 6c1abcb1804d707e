"""Looks for words wherever the system keeps anything: databases, objects, queues with dead letters, and logs."""

from collections.abc import Sequence

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity
from guichet_contracts.subscriptions import LIVE_EVENTS, SUBSCRIPTIONS
from guichet_kit.broker import Topology
from guichet_kit.objects import PAGE, ObjectMissing, ObjectStore
from guichet_local.testing.stack import Stack
from pymongo import AsyncMongoClient

BUCKETS = ("guichet-attachments", "guichet-mail")
PROGRAMS = ("chat-1", "chat-2", "requests", "contacts", "attachments", "mailer", "gateway")
"""Whose logs are ours; those of the engines are the operator's (docs/erasure.md)."""

_ENGINES_OWN = {"admin", "config", "local"}


async def places_of(stack: Stack, *words: str) -> list[str]:
    """Where any of the words stands, however it is cased."""
    wanted = [word.casefold() for word in words]
    looks = (documents_with, objects_with, messages_with)
    return [place for look in looks for place in await look(stack, wanted)] + lines_with(stack, wanted)


async def documents_with(stack: Stack, wanted: Sequence[str]) -> list[str]:
    """The collections, of every database, in which a word stands anywhere in a document, in keys and bytes too."""
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(stack.mongodb_url)
    found = []
    try:
        for name in sorted(set(await client.list_database_names()) - _ENGINES_OWN):
            for collection in await client[name].list_collection_names():
                found += [
                    f"{name}.{collection} {document['_id']}: {word}"
                    async for document in client[name][collection].find()
                    if (word := _first(wanted, repr(document)))
                ]
    finally:
        await client.close()
    return found


async def objects_with(stack: Stack, wanted: Sequence[str]) -> list[str]:
    """The objects in whose names or bytes a word stands."""
    found = []
    for bucket in BUCKETS:
        store, after = ObjectStore(*stack.s3, bucket), ""
        while True:
            page = await store.page(after)
            for listed in page:
                try:
                    async with store.open(listed.name) as chunks:
                        text = b"".join([chunk async for chunk in chunks]).decode("utf-8", "replace")
                except ObjectMissing:  # it went since it was listed
                    continue
                if word := _first(wanted, listed.name, text):
                    found.append(f"{bucket}/{listed.name}: {word}")
            if len(page) < PAGE:
                break
            after = page[-1].name
        store.close()
    return found


async def messages_with(stack: Stack, wanted: Sequence[str]) -> list[str]:
    """The queues in which a message has a word, in its body or its headers; every message goes back."""
    found = []
    async with await aio_pika.connect(stack.rabbitmq_url) as connection:
        for name in Topology(SUBSCRIPTIONS, LIVE_EVENTS, ()).queues():
            channel = await connection.channel()
            try:
                queue = await channel.declare_queue(name, passive=True)
            except ChannelNotFoundEntity:
                continue
            held = []
            while (message := await queue.get(no_ack=False, fail=False)) is not None:
                held.append(message)
                if word := _first(wanted, message.body.decode("utf-8", "replace"), repr(message.headers)):
                    found.append(f"queue {name}: {word}")
            for message in held:
                await message.nack(requeue=True)
            await channel.close()
    return found


def lines_with(stack: Stack, wanted: Sequence[str]) -> list[str]:
    """The log files of the services and the gateway in which a word stands."""
    return [
        f"log {log.name}: {word}"
        for log in sorted(stack.logs.iterdir())
        if log.stem in PROGRAMS and (word := _first(wanted, log.read_text(errors="replace")))
    ]


def _first(wanted: Sequence[str], *texts: str) -> str | None:
    return next((word for word in wanted for text in texts if word in text.casefold()), None)
