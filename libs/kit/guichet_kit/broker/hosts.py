"""The nodes of a RabbitMQ cluster: one URL names them all, and whoever loses one goes on to the next.

``amqp://user:password@one:5672,two:5672,three:5672/``, as MongoDB's URLs name the members of a replica set. A name that
resolves to several addresses, as a headless Service of Kubernetes does, needs no list: asyncio tries each of them.
"""

import asyncio
import random
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPException
from aiormq.exceptions import AMQPError
from yarl import URL

CONNECT_SECONDS = 5.0
"""A node that does not answer for so long is passed over."""

# What a node raises that is away or half there: one that accepts a connection and closes it makes the client raise
# StopAsyncIteration, inside a generator RuntimeError (aiormq 7).
UNREACHABLE = (AMQPException, AMQPError, OSError, TimeoutError, StopAsyncIteration, RuntimeError)


def nodes_of(url: str) -> list[URL]:
    """The URL of each node, in the order in which they are named; ``url`` is one that the settings took."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    return [URL(urlunsplit(parts._replace(netloc=f"{user}{at}{host}"))) for host in hosts.split(",")]


class Nodes:
    """The nodes, and which of them is asked now. Each client begins with one by chance, so that they spread."""

    def __init__(self, url: str, **query: Any) -> None:
        self._urls = [one.update_query(query) for one in nodes_of(url)]
        self._at = random.randrange(len(self._urls))  # noqa: S311 - spreads, hides nothing

    def __len__(self) -> int:
        return len(self._urls)

    @property
    def url(self) -> URL:
        """The node that is asked now."""
        return self._urls[self._at]

    def pass_over(self) -> None:
        """Ask the next one from now on."""
        self._at = (self._at + 1) % len(self._urls)

    async def connect(self) -> AbstractConnection:
        """A plain connection to the first node that answers; raises one of `UNREACHABLE` when none does."""
        tried = 0
        while True:
            try:
                return await aio_pika.connect(self.url, timeout=CONNECT_SECONDS)
            except UNREACHABLE:
                tried += 1
                self.pass_over()
                if tried >= len(self):
                    raise

    def robust(self) -> type[aio_pika.RobustConnection]:
        """A class of connections that come back by themselves, each time to the next node."""
        nodes = self

        class OneOfNodes(aio_pika.RobustConnection):
            def __init__(self, url: URL, loop: asyncio.AbstractEventLoop | None = None, **options: Any) -> None:
                super().__init__(nodes.url.update_query(url.query), loop, **options)

            # Called when a connection is lost, and for each attempt that fails (aio_pika.abc.UnderlayConnection).
            async def _on_connection_close(self, closing: asyncio.Future[Any]) -> None:
                nodes.pass_over()
                self.url = nodes.url.update_query(self.url.query)
                await super()._on_connection_close(closing)

        return OneOfNodes


async def connect(url: str) -> AbstractConnection:
    """A plain connection to one of the nodes of ``url``; raises one of `UNREACHABLE` when none answers."""
    return await Nodes(url).connect()
