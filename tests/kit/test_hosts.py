"""The nodes of a cluster by one URL: whoever loses one goes on to the next."""

import asyncio

import pytest
from guichet_kit.broker import EventPublisher, LiveEdge, LiveFeed, PublishFailed
from guichet_kit.broker.hosts import Nodes, connect, nodes_of
from yarl import URL

from .conftest import Inbox, Route, eventually, handled_by, running, unique
from .wire import Wire, laid


def both(one: Wire, other: Wire) -> str:
    """The URL that names both ways."""
    first, second = URL(one.url), URL(other.url)
    return one.url.replace(f":{first.port}", f":{first.port},{second.host}:{second.port}")


class TestTheUrl:
    def test_it_names_each_node_with_the_same_user_path_and_query(self) -> None:
        found = nodes_of("amqps://me:p%40w@one:5671,two,[::1]:5673/desk?cafile=/ca.crt")
        assert [str(url) for url in found] == [
            "amqps://me:p%40w@one:5671/desk?cafile=/ca.crt",
            "amqps://me:p%40w@two/desk?cafile=/ca.crt",
            "amqps://me:p%40w@[::1]:5673/desk?cafile=/ca.crt",
        ]

    def test_a_single_one_is_itself(self) -> None:
        assert nodes_of("amqp://me@broker.example:5672/") == [URL("amqp://me@broker.example:5672/")]

    def test_clients_begin_at_different_nodes(self) -> None:
        assert len({Nodes("amqp://one,two,three/").url for _ in range(200)}) == 3


class TestAPlainConnection:
    async def test_it_is_to_a_node_that_answers(self, rabbitmq_url: str) -> None:
        async with laid(rabbitmq_url) as one, laid(rabbitmq_url) as other:
            one.cut()
            for _ in range(6):  # whichever it begins with
                connection = await connect(both(one, other))
                await connection.close()

    async def test_it_fails_as_one_node_does_when_none_answers(self, rabbitmq_url: str) -> None:
        async with laid(rabbitmq_url) as one, laid(rabbitmq_url) as other:
            one.cut()
            other.cut()
            with pytest.raises(ConnectionError):
                await connect(both(one, other))


class TestABroker:
    async def test_it_goes_on_at_the_next_node_when_its_own_is_lost(self, rabbitmq_url: str, route: Route) -> None:
        feed, inbox = LiveFeed(), Inbox()
        async with laid(rabbitmq_url) as one, laid(rabbitmq_url) as other:
            url = both(one, other)
            async with running(url, route.topology, handled_by(route, inbox.put), feed=feed) as broker:
                publisher = EventPublisher(broker, route.topology)
                for count, (gone, there) in enumerate([(one, other), (other, one)] * 2, 1):
                    await there.mend()
                    gone.cut()
                    await eventually(lambda: asyncio.sleep(0, feed.connected))
                    async with asyncio.timeout(30):
                        while True:
                            try:
                                await publisher.publish(route.event(n=count))
                            except PublishFailed:
                                await asyncio.sleep(0.1)
                            else:
                                break
                    things = await inbox.holds(count)
                    assert count in {thing.data["n"] for thing in things}

    async def test_it_starts_though_a_node_is_away(self, rabbitmq_url: str, route: Route) -> None:
        async with laid(rabbitmq_url) as one, laid(rabbitmq_url) as other:
            one.cut()
            for _ in range(3):
                async with running(both(one, other), route.topology):
                    pass


class TestTheLiveEdge:
    async def test_it_is_whole_again_at_the_next_node(self, rabbitmq_url: str) -> None:
        async with laid(rabbitmq_url) as one, laid(rabbitmq_url) as other:
            edge = LiveEdge(both(one, other), unique("group"), unique("replica"))
            async with edge.running():
                await eventually(lambda: asyncio.sleep(0, edge.connected))
                for gone, there in [(one, other), (other, one)]:
                    await there.mend()
                    gone.cut()
                    await eventually(lambda: asyncio.sleep(0, edge.connected), 30)
