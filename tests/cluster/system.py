"""`make up-cluster`'s system, and what can be done to it."""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress

from guichet_contracts.subscriptions import SUBSCRIPTIONS
from guichet_local.cluster import MACHINES, Cluster
from guichet_local.program import Program
from guichet_local.servers import mongodb, rabbitmq
from guichet_local.testing.background import Background
from guichet_local.testing.stack import Stack
from pymongo import MongoClient

REPLICAS = tuple(name for machine in MACHINES for name in machine if name not in (*rabbitmq.NODES, *mongodb.MEMBERS))
READY_SECONDS = 120.0
SEND_SECONDS = 10
"""How long a server may take for one e-mail. One whose sender has died is uncertain after four times as long."""


class ClusterStack(Stack):
    """A cluster in a temporary folder on free ports."""

    def __init__(self, background: Background) -> None:
        super().__init__(background, {"GUICHET_SEND_TIMEOUT": str(SEND_SECONDS)}, system=Cluster)

    @property
    def mongodb_url(self) -> str:
        """The replica set."""
        return mongodb.url(self.ports, mongodb.MEMBERS)

    async def leaders(self) -> Mapping[str, str]:
        """Which node, by its program, leads each queue of a consumer."""
        said = await rabbitmq.control(self._node(), "list_queues", "name", "leader", "--formatter", "json")
        programs = {rabbitmq.node_name(name): name for name in rabbitmq.NODES}
        return {row["name"]: programs[row["leader"]] for row in json.loads(said) if row["name"] in SUBSCRIPTIONS}

    async def copies(self) -> Mapping[str, int]:
        """On how many nodes each queue of a consumer is kept."""
        said = await rabbitmq.control(self._node(), "list_queues", "name", "members", "--formatter", "json")
        return {row["name"]: len(row["members"]) for row in json.loads(said) if row["name"] in SUBSCRIPTIONS}

    async def primary(self) -> str:
        """Which program is MongoDB's primary."""

        def ask() -> int:
            with MongoClient[dict[str, object]](self.mongodb_url) as client:
                client.admin.command("ping")
                assert client.primary is not None
                return int(client.primary[1])

        port = await asyncio.to_thread(ask)
        return next(name for name in mongodb.MEMBERS if self.ports[name] == port)

    async def mails_settled(self) -> None:
        """Returns when no e-mail is on its way: each was sent, or is uncertain."""

        def under_way() -> int:
            with MongoClient[dict[str, object]](self.mongodb_url) as client:
                deliveries = client["guichet_mailer"]["deliveries"]
                return deliveries.count_documents({"state": {"$in": ["queued", "sending"]}})

        async with asyncio.timeout(READY_SECONDS + 4 * SEND_SECONDS):
            while await asyncio.to_thread(under_way):
                await asyncio.sleep(1)

    async def replaced(self, name: str) -> None:
        """Ends one replica in an orderly way, as a rolling update does; returns when the one in its place is ready."""
        before = self.pid(name)
        os.kill(before, signal.SIGTERM)
        async with asyncio.timeout(READY_SECONDS):
            while True:
                with suppress(ProcessLookupError):
                    if self.pid(name) != before:
                        break
                await asyncio.sleep(0.1)
            await self.ready(name)

    def _node(self) -> Program:
        password = self._system.data.secrets().rabbitmq_password
        return rabbitmq.node(self._system.data.of(rabbitmq.NODES[0]), self.ports, password)
