"""The whole service: what comes in over RabbitMQ is shown over HTTP, and told to the rest."""

import asyncio
from datetime import timedelta

from faststream.rabbit import RabbitBroker
from guichet_contracts.subscriptions import SUBSCRIPTIONS
from guichet_kit.broker import EventPublisher, Topology
from guichet_kit.clock import now

from .conftest import Service, Visitor


class TestFromTheQueue:
    async def test_what_a_visitor_writes_is_in_the_list_and_on_the_timeline(
        self, service: Service, rabbitmq_url: str
    ) -> None:
        caro = await service.signed_in()
        ada = Visitor(begun=now() - timedelta(seconds=15))
        async with RabbitBroker(rabbitmq_url) as broker:
            publisher = EventPublisher(broker, Topology(SUBSCRIPTIONS))
            for event in (ada.writes("Bonjour"), ada.is_answered("Bonjour Ada")):
                await publisher.publish(event.model_dump(mode="json"))

        async with asyncio.timeout(10):
            while True:
                listed = await caro.get("/requests", view="open", channel="chat")
                mine = [r for r in listed["items"] if (r["visitor"] or {}).get("id") == ada.id]
                if mine and mine[0]["version"] == 2:
                    break
                await asyncio.sleep(0.05)
        assert mine[0]["preview"] == "Bonjour Ada"
        timeline = await caro.get(f"/requests/{mine[0]['id']}/timeline")
        assert [item["text"] for item in timeline["items"]] == [
            "Ada opened a conversation",
            "Bonjour",
            "Bonjour Ada",
        ]
