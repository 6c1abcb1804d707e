"""What ``chat`` hears durably: whom to forget, and which entries somebody lacks."""

from faststream.rabbit import RabbitBroker
from guichet_contracts.requests import EntriesWanted, VisitorsErased
from guichet_contracts.subscriptions import CHAT_ERASURES, CHAT_WANTED
from guichet_kit.broker import durable_subscriber

from guichet_chat.log.healing import Healing
from guichet_chat.usecases import Chat


def subscribe(broker: RabbitBroker, chat: Chat, healing: Healing) -> None:
    """Hear the queues ``chat.erasures`` and ``chat.wanted``."""

    @durable_subscriber(broker, CHAT_ERASURES)
    async def on_erasure(event: VisitorsErased) -> None:
        for visitor_id in event.data.visitor_ids:
            await chat.erase(visitor_id)

    @durable_subscriber(broker, CHAT_WANTED)
    async def on_wanted(event: EntriesWanted) -> None:
        await healing.tell_again(event.data.conversation_id, event.data.after_seq, event.data.up_to_seq)
