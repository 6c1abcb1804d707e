"""The system as a cluster on one machine: three nodes of RabbitMQ, three of MongoDB, two replicas of every service.

They stand for three machines: the first of each is one, the second another; the third has no services.
"""

from collections.abc import Mapping, Sequence

from guichet_local.program import Program
from guichet_local.servers import gateway, mongodb, rabbitmq
from guichet_local.services import SECOND, SERVICES
from guichet_local.system import System

MACHINES: tuple[tuple[str, ...], ...] = (
    (rabbitmq.NODES[0], mongodb.MEMBERS[0], "chat-1", *(name for name in SERVICES if not name.startswith("chat"))),
    (rabbitmq.NODES[1], mongodb.MEMBERS[1], "chat-2", *SECOND),
    (rabbitmq.NODES[2], mongodb.MEMBERS[2]),
)
"""What ends together when one of the three machines does."""


class Cluster(System):
    """`make up-cluster`. The object store and the gateway are one each: they are the affair of other projects."""

    async def start(self) -> None:
        """Starts everything; returns when all is ready. Raises NotReadyError, SeedError.

        At the very first start the other nodes join RabbitMQ's first, and services come when the cluster is whole: a
        queue has its members on the nodes that are there when it is declared. Later all nodes start at once, since
        each waits for the others.
        """
        formed = (self.data.of(rabbitmq.NODES[0]) / "mnesia").exists()
        programs = self._ready_in_time()
        first = [one for one in programs if one.name == "epmd" or (one.name in rabbitmq.NODES[:1] and not formed)]
        servers = [one for one in programs if one.name in (*rabbitmq.NODES, *mongodb.MEMBERS) and one not in first]
        rest = [one for one in programs if one not in (*first, *servers)]
        for some in (first, servers, rest):
            await self.supervisor.start(some)
        await self._seed()

    def _brokers(self) -> list[Program]:
        ports, password = self.settings.ports, self.data.secrets().rabbitmq_password
        folder = self.data.of(rabbitmq.NODES[0])
        return [
            rabbitmq.port_mapper(folder, ports),
            *(rabbitmq.node(self.data.of(name), ports, password, name, rabbitmq.NODES) for name in rabbitmq.NODES),
        ]

    def _databases(self) -> list[Program]:
        members = mongodb.MEMBERS
        return [mongodb.program(self.data.of(name), self.settings.ports, name, members) for name in members]

    def _replicas(self) -> Mapping[str, Sequence[str]]:
        doubled = {name: (name, f"{name}-2") for name in gateway.REPLICAS if name != "chat"}
        return {**gateway.REPLICAS, **doubled}
