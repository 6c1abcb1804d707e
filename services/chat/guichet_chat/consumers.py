"""What ``chat`` hears durably: whom to forget, and which entries somebody lacks."""

from typing import Annotated, Any

from faststream.rabbit import RabbitBroker
from guichet_contracts.chat import PersonForgotten
from guichet_contracts.forgetting import PersonForgottenData
from guichet_contracts.requests import EntriesWanted, RequestExpired, VisitorsErased
from guichet_contracts.subscriptions import CHAT_ERASURES, CHAT_WANTED
from guichet_kit.broker import EventPublisher, durable_subscriber
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from pydantic import Field

from guichet_chat.log.healing import Healing
from guichet_chat.usecases import Chat

Forgetting = Annotated[VisitorsErased | RequestExpired, Field(discriminator="type")]


def subscribe(broker: RabbitBroker, publisher: EventPublisher, chat: Chat, healing: Healing) -> None:
    """Hear the queues ``chat.erasures`` and ``chat.wanted``."""

    @durable_subscriber(broker, CHAT_ERASURES)
    async def on_erasure(event: Forgetting) -> None:
        if isinstance(event, RequestExpired):
            if event.data.what == "all":
                await chat.let_go(event.data.conversation_ids)
            return
        for visitor_id in event.data.visitor_ids:
            await chat.erase(visitor_id, event.data.words)
        await publisher.publish(_forgotten(event))

    @durable_subscriber(broker, CHAT_WANTED)
    async def on_wanted(event: EntriesWanted) -> None:
        await healing.tell_again(event.data.conversation_id, event.data.after_seq, event.data.up_to_seq)


def _forgotten(event: VisitorsErased) -> dict[str, Any]:
    """Told once all of it is done: when this is not published, the event comes again, and all is done again."""
    data = PersonForgottenData(contact_id=event.data.contact_id)
    told = PersonForgotten(id=new_id(), time=now(), subject=data.contact_id, data=data, causationid=event.id)
    return told.model_dump(mode="json")
